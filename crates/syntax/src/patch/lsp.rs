//! The patch as a `WorkspaceEdit` of the Language Server Protocol 3.17: versioned documents, annotated edits, files made,
//! renamed and removed. The protocol knows no modes: a file that gets another is an error.

use std::collections::BTreeMap;

use reweave_core::{FileKind, Patch, RelativePath, Span};
use serde::Serialize;

use super::position::{Cursor, LineEnds, Position as Place, replacements};
use super::{Change, Error, uri};

/// What an editor takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceEdit {
    /// To be done in this order.
    pub document_changes: Vec<DocumentChange>,
    /// By the ids that the edits name.
    pub change_annotations: BTreeMap<String, ChangeAnnotation>,
}

/// Edits of a document, or something that is done with a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DocumentChange {
    Text(TextDocumentEdit),
    File(FileOperation),
}

/// What is done with a file as a whole. Without options, none of these overwrites a file, or passes over one that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum FileOperation {
    Create { uri: String, annotation_id: String },
    Rename { old_uri: String, new_uri: String, annotation_id: String },
    Delete { uri: String, annotation_id: String },
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
    let mut document_changes = Vec::new();
    for document in documents {
        document.change.said_without_mode("the Language Server Protocol")?;
        document_changes.extend(file_operation(root, &document.change, &mut annotations).map(DocumentChange::File));
        if *document.change.kind == FileKind::Deleted || document.change.edits.is_empty() {
            continue;
        }
        let text_document = DocumentIdentifier { uri: at(root, document.change.path), version: document.version };
        let edits = edits(document.change, &mut annotations)?;
        document_changes.push(DocumentChange::Text(TextDocumentEdit { text_document, edits }));
    }
    Ok(WorkspaceEdit { document_changes, change_annotations: annotations.by_id() })
}

fn at(root: &str, path: &RelativePath) -> String {
    format!("{root}{}", uri::encoded(path.as_str()))
}

/// What is done with the file before its text is edited.
fn file_operation(root: &str, change: &Change<'_>, annotations: &mut Annotations<'_>) -> Option<FileOperation> {
    let uri = at(root, change.path);
    let annotation_id =
        |annotations: &mut Annotations<'_>, what| annotations.id(annotation_of_file(annotations.patch, what));
    match change.kind {
        FileKind::Edited => None,
        FileKind::Created => {
            let annotation_id = annotation_id(annotations, format!("make {}", change.path));
            Some(FileOperation::Create { uri, annotation_id })
        }
        FileKind::Deleted => {
            let annotation_id = annotation_id(annotations, format!("remove {}", change.path));
            Some(FileOperation::Delete { uri, annotation_id })
        }
        FileKind::Renamed { from } => {
            let annotation_id = annotation_id(annotations, format!("rename {from} to {}", change.path));
            Some(FileOperation::Rename { old_uri: at(root, from), new_uri: uri, annotation_id })
        }
    }
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
        annotation_id: annotations.id(annotation(annotations.patch, change.path, replacement.edit)),
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
    fn id(&mut self, annotation: ChangeAnnotation) -> String {
        let next = format!("reweave-{}", self.by_content.len() + 1);
        self.by_content.entry(annotation).or_insert(next).clone()
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
    described(patch, label, &who)
}

fn annotation_of_file(patch: &Patch, what: String) -> ChangeAnnotation {
    described(patch, what, "reweave")
}

fn described(patch: &Patch, label: String, who: &str) -> ChangeAnnotation {
    let description = format!("{who}, risk {:.2}", patch.risk_score());
    ChangeAnnotation { label, needs_confirmation: !patch.can_apply(), description }
}
