//! The patch as a `WorkspaceEdit` of the Language Server Protocol 3.17: versioned documents, annotated edits.

use std::collections::BTreeMap;

use reweave_core::{Patch, RelativePath, Span};
use serde::Serialize;

use super::position::{Cursor, Error, LineEnds, Position as Place, replacements};
use super::{Change, uri};

/// What an editor takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceEdit {
    pub document_changes: Vec<TextDocumentEdit>,
    /// By the ids that the edits name.
    pub change_annotations: BTreeMap<String, ChangeAnnotation>,
}

/// The edits of one document, sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextDocumentEdit {
    pub text_document: DocumentIdentifier,
    pub edits: Vec<AnnotatedTextEdit>,
}

/// A document, and the version of it that the edits are for; none stands for what is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentIdentifier {
    pub uri: String,
    pub version: Option<i32>,
}

/// One replacement, with the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnnotatedTextEdit {
    pub range: Range,
    pub new_text: String,
    pub annotation_id: String,
}

/// From a position up to, not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    pub start: Position,
    pub end: Position,
}

/// Both from 0; `character` in UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    pub line: u32,
    pub character: u32,
}

/// Why edits are made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeAnnotation {
    pub label: String,
    pub needs_confirmation: bool,
    pub description: String,
}

/// A file's change in an editor's terms.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    pub change: Change<'a>,
    /// The version that the editor gave the text, where it has one open.
    pub version: Option<i32>,
}

/// The edit of `documents` below the folder with the URI `root`, which ends with `/`; `patch` says why.
pub fn workspace_edit(root: &str, documents: &[Document<'_>], patch: &Patch) -> Result<WorkspaceEdit, Error> {
    let mut annotations = Annotations { patch, by_content: BTreeMap::new() };
    let changed = documents.iter().filter(|document| !document.change.edits.is_empty());
    let document_changes = changed
        .map(|document| {
            let uri = format!("{root}{}", uri::encoded(document.change.path.as_str()));
            let text_document = DocumentIdentifier { uri, version: document.version };
            Ok(TextDocumentEdit { text_document, edits: edits(document.change, &mut annotations)? })
        })
        .collect::<Result<_, _>>()?;
    Ok(WorkspaceEdit { document_changes, change_annotations: annotations.by_id() })
}

fn edits(change: Change<'_>, annotations: &mut Annotations<'_>) -> Result<Vec<AnnotatedTextEdit>, Error> {
    let mut cursor = Cursor::new(change.before, LineEnds::WithReturn);
    let replacements = replacements(change.before, change.edits)?;
    let edits = replacements.into_iter().map(|replacement| AnnotatedTextEdit {
        range: Range {
            start: cursor.advance(replacement.span.start).into(),
            end: cursor.advance(replacement.span.end).into(),
        },
        new_text: replacement.text.into_owned(),
        annotation_id: annotations.id(change.path, replacement.edit),
    });
    Ok(edits.collect())
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Self { line: place.line, character: place.column }
    }
}

/// The reasons met so far, each with its id.
struct Annotations<'a> {
    patch: &'a Patch,
    by_content: BTreeMap<ChangeAnnotation, String>,
}

impl Annotations<'_> {
    fn id(&mut self, path: &RelativePath, edit: Span) -> String {
        let next = format!("reweave-{}", self.by_content.len() + 1);
        self.by_content.entry(annotation(self.patch, path, edit)).or_insert(next).clone()
    }

    fn by_id(self) -> BTreeMap<String, ChangeAnnotation> {
        self.by_content.into_iter().map(|(annotation, id)| (id, annotation)).collect()
    }
}

fn annotation(patch: &Patch, path: &RelativePath, edit: Span) -> ChangeAnnotation {
    let hunk = patch.provenance.hunks.iter().find(|hunk| hunk.span == edit && hunk.path == *path);
    let (label, who) = match hunk {
        Some(hunk) => (hunk.description.clone(), format!("{}/{}", hunk.proposer.as_str(), hunk.operator)),
        None => (format!("change {path}"), "reweave".to_owned()),
    };
    let description = format!("{who}, risk {:.2}", patch.risk_score());
    ChangeAnnotation { label, needs_confirmation: !patch.can_apply(), description }
}
