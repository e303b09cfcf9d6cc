//! What was written here: one outcome event a patch below `.reweave/patches`, which is what `reweave undo` reads.

use reweave_core::{FileKind, OutcomeEvent, RelativePath, Sha256};
use reweave_proto::document;

use super::{
    Error,
    transaction::{Change, Workspace},
};

const FOLDER: &str = ".reweave/patches";

/// A patch that was written and not undone.
#[derive(Debug)]
pub(super) struct Record {
    path: String,
    text: String,
    pub(super) event: OutcomeEvent,
}

/// What adds a record of `event`.
pub(super) fn added(workspace: &Workspace, event: &OutcomeEvent) -> Change {
    let text = document::outcome_json(event).to_string();
    // Records that were undone keep their number.
    let number = names(workspace).len() + 1;
    let path = format!("{FOLDER}/{number:06}-{}.json", &Sha256::of(text.as_bytes()).to_string()[..12]);
    Change::written(&path, None, text)
}

impl Record {
    /// What marks it as undone.
    pub(super) fn retired(self) -> [Change; 2] {
        let undone = format!("{}.undone", self.path);
        [Change::removed(&self.path, Some(Sha256::of(self.text.as_bytes()))), Change::written(&undone, None, self.text)]
    }
}

/// The newest record.
pub(super) fn newest(workspace: &Workspace) -> Result<Record, Error> {
    let name = active(workspace).into_iter().next_back().ok_or(Error::NothingToUndo)?;
    read(workspace, &name)
}

/// The newest record of the patch that `event` holds, re-anchored or not.
pub(super) fn of(workspace: &Workspace, event: &OutcomeEvent) -> Result<Option<Record>, Error> {
    for name in active(workspace).into_iter().rev() {
        let record = read(workspace, &name)?;
        if record.event.spec_id == event.spec_id && texts(&record.event).eq(texts(event)) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// What re-anchoring does not change: which text becomes which, and what becomes of which file.
fn texts(event: &OutcomeEvent) -> impl Iterator<Item = (&RelativePath, &FileKind, Vec<(Sha256, &str)>)> {
    let files = event.outcome.patch().into_iter().flat_map(|patch| &patch.files);
    files.map(|file| {
        let edits = file.edits.as_slice().iter().map(|edit| (edit.old_sha256, edit.new_text.as_str()));
        (&file.path, &file.kind, edits.collect())
    })
}

/// Names of the records that were not undone, oldest first.
fn active(workspace: &Workspace) -> Vec<String> {
    names(workspace).into_iter().filter(|name| name.ends_with(".json")).collect()
}

fn names(workspace: &Workspace) -> Vec<String> {
    let entries = workspace.root().read_dir(FOLDER).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json") || name.ends_with(".undone"))
        .collect();
    names.sort();
    names
}

fn read(workspace: &Workspace, name: &str) -> Result<Record, Error> {
    let path = format!("{FOLDER}/{name}");
    let bytes = workspace.read(&path).map_err(Error::io(format!("read {path}")))?.unwrap_or_default();
    let broken = |reason: String| Error::Record(format!("{path}: {reason}"));
    let text = String::from_utf8(bytes).map_err(|_| broken("it is not UTF-8".into()))?;
    let event = document::read_outcome(&text).map_err(|error| broken(error.to_string()))?;
    Ok(Record { path, text, event })
}
