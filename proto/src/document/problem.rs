//! What is wrong with a document, as a refusal that points at line, column and field.

use prost_reflect::Kind;
use reweave_core::{EvidenceKind, Refusal, RefusalCode};

use super::{
    nearest::nearest,
    place::{self, Place},
    reflect,
};

/// How the decoder says that it knows no such field; the name follows in quotes.
const UNKNOWN_FIELD: &str = "unrecognized field name '";
/// How the decoder says that two of a kind were given; the oneof's name follows in quotes.
const SECOND_OF_ONEOF: &str = "multiple fields provided for oneof '";

/// A parser's or decoder's complaint.
#[derive(Debug)]
pub(super) struct Problem {
    /// Path of the message or field being read.
    path: String,
    message: String,
    /// Where the parser stood.
    place: Option<Place>,
    /// The text can be read, but holds something else than a field takes.
    wrong_type: bool,
}

impl Problem {
    /// A text that its parser cannot read.
    pub(super) fn syntax(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { path: String::new(), message: message.into(), place, wrong_type: false }
    }

    /// A field that cannot hold what stands there; `path` as the decoder tracked it.
    pub(super) fn content(path: &str, message: impl Into<String>, place: Option<Place>) -> Self {
        // `?` stands for a key that was not read to its end, `.` for the root.
        let path = path.trim_end_matches('?').trim_matches('.').to_owned();
        Self { path, message: message.into(), place, wrong_type: true }
    }

    pub(super) fn refuse(self, text: &str) -> Refusal {
        if let Some(name) = quoted_after(&self.message, UNKNOWN_FIELD) {
            return self.unknown_field(text, name);
        }
        let expected = self.wrong_type.then(|| self.expected()).flatten();
        let reason = match expected {
            Some(expected) if self.path.is_empty() => format!("the document is not {expected}"),
            Some(expected) => format!("`{}` is not {expected}", self.path),
            None => format!("the document is not a spec: {}", self.message),
        };
        let place = place::of(text, &self.path).or(self.place);
        let refusal = invalid(reason, field(place, &self.path));
        match expected {
            Some(_) => refusal.with(EvidenceKind::Error, self.message),
            None => refusal,
        }
    }

    /// What the field at the path takes, unless the complaint is about something else than its type.
    fn expected(&self) -> Option<&'static str> {
        if let Some(oneof) = quoted_after(&self.message, SECOND_OF_ONEOF) {
            return Some(if oneof == "kind" {
                "one request: `refactor`, `edit`, `batch` or `issue`"
            } else {
                "one source"
            });
        }
        if self.path.is_empty() {
            return Some("a spec: fields were expected, such as `refactor:`");
        }
        let field = reflect::field_at(reflect::descriptor(reflect::SPEC), &self.path)?;
        if field.is_list() && !self.path.ends_with(']') {
            return Some("a list");
        }
        Some(match field.kind() {
            Kind::String => "a text",
            Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
                "a time such as `2026-01-31T12:00:00Z`"
            }
            Kind::Message(_) => "a group of fields",
            Kind::Int32 => "a whole number of 32 bits",
            Kind::Uint32 => "a whole number from 0 to 4294967295",
            Kind::Uint64 => "a whole number of 64 bits from 0 on",
            _ => return None,
        })
    }

    fn unknown_field(&self, text: &str, name: &str) -> Refusal {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let shown = name.chars().take(80).collect::<String>().escape_debug().to_string();
        let refusal = invalid(format!("`{shown}` is not a field"), field(place::of(text, &path).or(self.place), &path));
        let Some(message) = reflect::message_at(reflect::descriptor(reflect::SPEC), &self.path) else {
            return refusal;
        };
        let fields: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
        match nearest(name, fields.iter().map(String::as_str)) {
            Some(meant) => {
                refusal.with(EvidenceKind::Suggestion, meant).next(format!("write `{meant}` instead of `{shown}`"))
            }
            None => refusal.with(EvidenceKind::Suggestion, format!("fields here are {}", fields.join(", "))),
        }
    }
}

/// Adds line and column to the field that a refused conversion names.
pub(super) fn locate(mut refusal: Refusal, text: &str) -> Refusal {
    for evidence in &mut refusal.evidence {
        if evidence.kind == EvidenceKind::Field
            && let Some(path) = evidence.detail.strip_prefix("field ")
        {
            evidence.detail = field(place::of(text, path), path);
        }
    }
    refusal
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('\'').next()
}

fn invalid(reason: String, field: String) -> Refusal {
    let refusal = Refusal::new(RefusalCode::SpecInvalid, reason);
    if field.is_empty() { refusal } else { refusal.with(EvidenceKind::Field, field) }
}

fn field(place: Option<Place>, path: &str) -> String {
    let place = place.map(|Place { line, column }| format!("line {line}, column {column}"));
    let field = (!path.is_empty()).then(|| format!("field {path}"));
    place.into_iter().chain(field).collect::<Vec<_>>().join(", ")
}
