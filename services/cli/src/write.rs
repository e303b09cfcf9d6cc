//! Puts a patch into a workspace, and takes it out again, byte for byte.
//!
//! A file that has changed since is refused, or its edits are found again by node path and old text and gated again; undo
//! does the same with the reverse edits. What was written is recorded, in the same all-or-nothing step as the files.

mod file;
mod records;
mod transaction;

use std::{fmt, path::Path};

use reweave_core::{
    BatchResult, Edits, EvidenceKind, ExitCode, FileKind, Language, Outcome, OutcomeEvent, Patch, Refusal, RefusalCode,
    RelativePath, Sha256,
};
use reweave_syntax::{
    language,
    patch::re_anchor::{self, Moved, Place},
};

use self::{
    file::Present,
    transaction::{Change, Workspace},
};

/// What to do about a file that is not the one the patch was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    Refuse,
    /// Find the places again, gate again, and say so.
    ReAnchor,
}

/// What was done with one file.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) path: RelativePath,
    pub(crate) kind: FileKind,
    /// Where the edits stand now, if the file had changed; empty if it was the one expected.
    pub(crate) moved: Vec<Place>,
}

/// A patch that stands in the workspace.
#[derive(Debug)]
pub(crate) struct Applied {
    /// As it was written: the one given, or the one that was made of it for the files of today.
    pub(crate) event: OutcomeEvent,
    /// Empty when every file was as the patch leaves it.
    pub(crate) files: Vec<Written>,
}

/// Why nothing was written, or how far it came.
#[derive(Debug)]
pub(crate) enum Error {
    /// A file is not the one the patch was made for, or cannot be worked on.
    Refused(Refusal),
    /// Somebody wrote to a file while the patch was being written; everything is as it was.
    ChangedMeanwhile(String),
    /// The machine said no; nothing was changed.
    Io { what: String, source: std::io::Error },
    /// The machine said no twice; the journal stays, and the next command tries again.
    HalfDone { first: String, second: String },
    /// What a command left half done cannot be put back; the journal stays.
    Unrecovered { path: String, source: std::io::Error },
    /// Another command is writing here.
    Busy,
    /// There is no patch to undo.
    NothingToUndo,
    /// A patch, or the record of one, cannot be read.
    Record(String),
}

impl Error {
    /// The exit code of a command that ends with this error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(refusal) => refusal.code.exit_code(),
            Self::ChangedMeanwhile(_) => ExitCode::StaleBase,
            Self::Io { .. } | Self::HalfDone { .. } | Self::Unrecovered { .. } | Self::Busy => ExitCode::Environment,
            Self::NothingToUndo | Self::Record(_) => ExitCode::Usage,
        }
    }

    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => {
                write!(f, "{}; nothing was written", refusal.reason)?;
                refusal.evidence.iter().try_for_each(|evidence| write!(f, "\n  {}", evidence.detail))
            }
            Self::ChangedMeanwhile(path) => {
                write!(f, "`{path}` was changed while the patch was being written; nothing was written")
            }
            Self::Io { what, source } => write!(f, "{what}: {source}; nothing was changed"),
            Self::HalfDone { first, second } => {
                write!(f, "{first}, and then {second}; the next reweave command here puts the files back")
            }
            Self::Unrecovered { path, source } => write!(
                f,
                "put {path} back, as a command that was cut short left it: {source}; \
                 restore it by hand, then remove {}",
                transaction::JOURNAL
            ),
            Self::Busy => write!(f, "another reweave command is writing to this workspace; nothing was changed"),
            Self::NothingToUndo => write!(f, "no patch was written to this workspace that could be undone"),
            Self::Record(what) => write!(f, "the patch cannot be used: {what}"),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Puts back what a command left half done, and says what; to be called before anything reads the workspace.
pub(crate) fn recover(workspace: &Path) -> Result<Vec<String>, Error> {
    Workspace::open(workspace).map(|(_, said)| said)
}

/// Writes the patch of `event` into the workspace, and a record of it for undo.
pub(crate) fn apply(workspace: &Path, event: &OutcomeEvent, stale: Stale) -> Result<Applied, Error> {
    let (workspace, _) = Workspace::open(workspace)?;
    let patch = patch_of(event)?;
    let present = patch.files.iter().map(|file| Present::read(&workspace, file)).collect::<Result<Vec<_>, _>>()?;
    let mut pairs = patch.files.iter().zip(&present);
    if pairs.clone().all(|(file, present)| present.is_after(file)) {
        return Ok(Applied { event: event.clone(), files: Vec::new() });
    }
    let (event, moved) = match stale {
        _ if pairs.clone().all(|(file, present)| present.is_before(file)) => {
            (with_texts(event, patch, &present)?, Vec::new())
        }
        Stale::ReAnchor if pairs.all(|(file, present)| present.may_be_moved(file)) => {
            re_anchored(event, patch, &present)?
        }
        Stale::Refuse | Stale::ReAnchor => return Err(changed_since(patch, &present, stale).into()),
    };
    let patch = patch_of(&event)?;
    let mut changes: Vec<Change> = patch.files.iter().flat_map(file::changes).collect();
    changes.push(records::added(&workspace, &event));
    workspace.commit(&changes)?;
    let mut places = moved.into_iter().map(|moved| moved.places);
    let written = patch.files.iter().map(|file| Written {
        path: file.path.clone(),
        kind: file.kind.clone(),
        moved: places.next().unwrap_or_default(),
    });
    let files = written.collect();
    Ok(Applied { event, files })
}

/// Takes a patch out of the workspace: the one of `event`, or else the one written last.
pub(crate) fn undo(workspace: &Path, event: Option<OutcomeEvent>) -> Result<Vec<Written>, Error> {
    let (workspace, _) = Workspace::open(workspace)?;
    let record = match &event {
        None => Some(records::newest(&workspace)?),
        Some(event) => records::of(&workspace, event)?,
    };
    // What was written here may have been re-anchored; its record knows where.
    let event = record.as_ref().map(|record| record.event.clone()).or(event).ok_or(Error::NothingToUndo)?;
    let (mut changes, mut files) = (Vec::new(), Vec::new());
    for file in &patch_of(&event)?.files {
        if let Some(reversal) = Present::read(&workspace, file)?.reversal(file)? {
            changes.extend(reversal.changes);
            files.push(Written { path: file.path.clone(), kind: file.kind.clone(), moved: reversal.moved });
        }
    }
    changes.extend(record.into_iter().flat_map(records::Record::retired));
    if !changes.is_empty() {
        workspace.commit(&changes)?;
    }
    Ok(files)
}

/// The text of a file as it is now.
pub(crate) fn present(workspace: &Path, path: &RelativePath) -> Result<String, Error> {
    let text = file::read(&Workspace::open(workspace)?.0, path)?;
    text.ok_or_else(|| Error::Record(format!("{path}: it does not exist here, and the event carries no copy of it")))
}

/// The patch of an outcome that holds one which may be applied.
pub(crate) fn patch_of(event: &OutcomeEvent) -> Result<&Patch, Error> {
    let patch = match (&event.outcome, event.outcome.patch()) {
        (Outcome::Refusal(refusal), _) => return Err(refusal.clone().into()),
        (_, Some(patch)) => patch,
        (_, None) => return Err(Error::Record("the outcome holds no patch".into())),
    };
    if patch.can_apply() {
        return Ok(patch);
    }
    let reason = "the patch was not proven: a gate or a check did not pass";
    Err(Refusal::new(RefusalCode::NoneProven, reason).next("run the spec again").into())
}

/// `event` with the texts that were cut to keep it small, so that undo has them.
fn with_texts(event: &OutcomeEvent, patch: &Patch, present: &[Present]) -> Result<OutcomeEvent, Error> {
    let mut patch = patch.clone();
    for (file, present) in patch.files.iter_mut().zip(present) {
        let text = present.text();
        let edits = Edits::new(text, file.edits.as_slice().to_vec()).map_err(|error| unusable(&file.path, &error))?;
        if Sha256::of(edits.apply(text).as_bytes()) != file.result_sha256 {
            return Err(unusable(&file.path, &"its edits do not give the text that it promises"));
        }
        present.complete(file);
    }
    Ok(with_patch(event, patch))
}

fn with_patch(event: &OutcomeEvent, patch: Patch) -> OutcomeEvent {
    let outcome = match &event.outcome {
        Outcome::Batch(batch) => Outcome::Batch(BatchResult { combined: Some(patch), ..batch.clone() }),
        Outcome::Patch(_) | Outcome::Refusal(_) | Outcome::Unchanged(_) => Outcome::Patch(patch),
    };
    OutcomeEvent { outcome, ..event.clone() }
}

fn re_anchored(event: &OutcomeEvent, patch: &Patch, present: &[Present]) -> Result<(OutcomeEvent, Vec<Moved>), Error> {
    let present: Vec<&str> = present.iter().map(Present::text).collect();
    let (mut patch, moved) = re_anchor::patch(patch, &present)?;
    let unread = patch.files.iter().filter(|file| !read_exactly(&file.path));
    let notes = unread.map(|file| format!("{}: not checked by the compiler's parser: re-anchored since", file.path));
    patch.not_checked.extend(notes.collect::<Vec<_>>());
    Ok((OutcomeEvent { outcome: Outcome::Patch(patch), ..event.clone() }, moved))
}

/// Whether the gates' own parser of the file's language is as strict as its compiler.
fn read_exactly(path: &RelativePath) -> bool {
    let language = path.extension().and_then(Language::by_extension);
    language.is_none_or(|language| language::entry(language).strict.exact)
}

fn changed_since(patch: &Patch, present: &[Present], stale: Stale) -> Refusal {
    let differences = patch.files.iter().zip(present);
    let differences: Vec<(&RelativePath, String)> =
        differences.filter_map(|(file, present)| Some((&file.path, present.difference(file)?))).collect();
    let names: Vec<String> = differences.iter().map(|(path, _)| format!("`{path}`")).collect();
    let reason = format!("{} changed since the patch was made", names.join(", "));
    let refusal = Refusal::new(RefusalCode::StaleBase, reason).next(match stale {
        Stale::Refuse => "`reweave apply --re-anchor` looks for the places again, or run the spec again",
        Stale::ReAnchor => "run the spec again on the files as they are now",
    });
    differences.into_iter().fold(refusal, |refusal, (_, detail)| refusal.with(EvidenceKind::Symbol, detail))
}

fn unusable(path: &RelativePath, what: &dyn fmt::Display) -> Error {
    Error::Record(format!("{path}: {what}"))
}
