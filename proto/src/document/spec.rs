//! Specs out of YAML, JSON and binary documents.

use prost_reflect::DynamicMessage;
use reweave_core::{EvidenceKind, Refusal, RefusalCode, Spec, limits};
use serde_saphyr::Options;

use super::{
    place::Place,
    problem::{self, Problem},
    reflect, text,
    unique::Unique,
};
use crate::{
    convert::{self, Door},
    wire::spec as wire,
};

/// Deepest nesting of a document; the deepest spec has 7 levels.
const DEPTH_MAX: usize = 32;
/// Most values of a document. The largest spec within our other limits has about 70,000.
const NODES_MAX: usize = 200_000;
/// Most values that YAML aliases may stand for, in all: what ends a "billion laughs".
const ALIASED_MAX: usize = 10_000;

pub(super) fn read(document: &[u8], door: Door) -> Result<Spec, Refusal> {
    let text = text::read(document)?;
    accept(if text.trim_start().starts_with('{') { flow(text) } else { yaml(text) }, text, door)
}

pub(super) fn decode(content_type: Option<&str>, body: &[u8]) -> Result<Spec, Refusal> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "" | "application/json" => {
            let text = text::read(body)?;
            accept(json(text).unwrap_or_else(Err), text, Door::Remote)
        }
        "application/yaml" | "application/x-yaml" | "text/yaml" => read(body, Door::Remote),
        "application/protobuf" | "application/x-protobuf" => binary(body),
        _ => Err(Refusal::new(RefusalCode::SpecInvalid, "the content type is none that a spec has")
            .with(EvidenceKind::Field, format!("content-type `{}`", media_type.escape_debug()))
            .next("send application/json, application/protobuf or application/yaml")),
    }
}

/// Options under which no document costs more than its size.
pub(super) fn yaml_options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 2 * NODES_MAX,
            max_documents: 2,
            max_recorded_anchor_events: 10 * ALIASED_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: ALIASED_MAX,
            max_replay_stack_depth: DEPTH_MAX,
        },
        with_snippet: false,
    }
}

fn accept(message: Result<DynamicMessage, Problem>, text: &str, door: Door) -> Result<Spec, Refusal> {
    let message: wire::Spec = reflect::typed(&message.map_err(|problem| problem.refuse(text))?);
    convert::spec(message, door).map_err(|refusal| problem::locate(refusal, text))
}

fn binary(body: &[u8]) -> Result<Spec, Refusal> {
    if body.len() > limits::SPEC_BYTES_MAX {
        return Err(text::too_large(body.len()));
    }
    let message = reflect::from_binary::<wire::Spec>(body, reflect::SPEC).map_err(|malformed| {
        Refusal::new(RefusalCode::SpecInvalid, format!("the body is not a binary spec: {}", malformed.reason))
            .with(EvidenceKind::Field, format!("field {}", malformed.field))
    })?;
    convert::spec(message, Door::Remote)
}

/// A document in braces: JSON, or else YAML's flow style, which is a little more.
fn flow(text: &str) -> Result<DynamicMessage, Problem> {
    json(text).unwrap_or_else(|not_json| yaml(text).map_err(|problem| if quoted(text) { not_json } else { problem }))
}

/// Whether the first key is quoted, as JSON's must be: then JSON is what was meant.
fn quoted(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

/// The outer error says that the text is not JSON; the inner one that the JSON is not a spec.
fn json(text: &str) -> Result<Result<DynamicMessage, Problem>, Problem> {
    match serde_json::from_str::<Unique>(text) {
        Ok(Unique) => {}
        Err(error) if error.is_data() => return Ok(Err(json_syntax(&error))),
        Err(error) => return Err(json_syntax(&error)),
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let message =
        DynamicMessage::deserialize_with_options(reflect::descriptor(reflect::SPEC), tracked, &reflect::strict());
    Ok(message.map_err(|error| {
        Problem::content(&track.path().to_string(), before_place(&error.to_string()), Some(json_place(&error)))
    }))
}

fn json_syntax(error: &serde_json::Error) -> Problem {
    Problem::syntax(before_place(&error.to_string()), Some(json_place(error)))
}

fn json_place(error: &serde_json::Error) -> Place {
    Place { line: error.line() as u64, column: error.column() as u64 }
}

fn yaml(text: &str) -> Result<DynamicMessage, Problem> {
    let mut track = serde_path_to_error::Track::new();
    let message = serde_saphyr::with_deserializer_from_str_with_options(text, yaml_options(), |yaml| {
        let tracked = serde_path_to_error::Deserializer::new(yaml, &mut track);
        DynamicMessage::deserialize_with_options(reflect::descriptor(reflect::SPEC), tracked, &reflect::strict())
    });
    message.map_err(|error| yaml_problem(&error, &track.path().to_string()))
}

fn yaml_problem(error: &serde_saphyr::Error, path: &str) -> Problem {
    use serde_saphyr::Error as Yaml;
    let place = error.location().map(|location| Place { line: location.line(), column: location.column() });
    match error {
        Yaml::Message { msg, .. } => Problem::content(path, msg, place),
        Yaml::Unexpected { .. } | Yaml::InvalidScalar { .. } | Yaml::SerdeInvalidType { .. } => {
            Problem::content(path, before_place(&error.to_string()), place)
        }
        Yaml::MultipleDocuments { .. } => {
            Problem::syntax("it holds several YAML documents, and one spec is one", place)
        }
        Yaml::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or_default().escape_debug();
            Problem::syntax(format!("the key `{key}` stands twice"), place)
        }
        // The parser has some forty ways to say that a text is not YAML.
        _ => Problem::syntax(before_place(&error.to_string()), place),
    }
}

/// A parser's message without the place, which is told once, as evidence, and without lines of advice.
fn before_place(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.split(" at line ").next().unwrap_or(line).to_owned()
}
