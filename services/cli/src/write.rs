//! Puts a patch into a workspace, and takes it out again, byte for byte.
//!
//! All new files are written beside the old ones first; then each is renamed over its original. What was written is
//! kept below `.reweave/patches` of the workspace, which is what `reweave undo` reads.

use std::{
    fmt,
    io::{ErrorKind, Read, Write},
    path::Path,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions, OpenOptionsExt, PermissionsExt},
};
use reweave_core::{Edits, ExitCode, FileChange, Patch, RelativePath, Sha256};

const RECORDS: &str = ".reweave/patches";

/// Why nothing was written, or how far it came.
#[derive(Debug)]
pub(crate) enum Error {
    /// The file is not the one the patch was made for.
    Stale { path: RelativePath, expected: Sha256, found: Sha256 },
    /// The machine said no; nothing was changed.
    Io { what: String, source: std::io::Error },
    /// There is no patch to undo.
    NothingToUndo,
    /// The record of a patch cannot be read.
    Record(String),
}

impl Error {
    /// The exit code of a command that ends with this error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Stale { .. } => ExitCode::StaleBase,
            Self::Io { .. } => ExitCode::Environment,
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
            Self::Stale { path, expected, found } => write!(
                f,
                "`{path}` was changed since: its SHA-256 is {found}, the patch is for {expected}; nothing was written"
            ),
            Self::Io { what, source } => write!(f, "{what}: {source}; nothing was changed"),
            Self::NothingToUndo => write!(f, "no patch was written to this workspace (no record in {RECORDS})"),
            Self::Record(what) => write!(f, "the record of the patch cannot be used: {what}"),
        }
    }
}

/// One file's bytes before and after.
struct Change<'a> {
    path: &'a RelativePath,
    before: Sha256,
    after: Sha256,
    text: String,
}

/// Writes `patch` into the workspace and keeps `record` (the outcome event as JSON) for undo.
pub(crate) fn apply(workspace: &Path, patch: &Patch, record: &str) -> Result<Vec<RelativePath>, Error> {
    let root = open(workspace)?;
    let mut changes = Vec::new();
    for file in &patch.files {
        let base = read(&root, &file.path)?;
        expect(&file.path, file.base_sha256, &base)?;
        changes.push(Change {
            path: &file.path,
            before: file.base_sha256,
            after: file.result_sha256,
            text: file.edits.apply(&base),
        });
    }
    keep_record(&root, record)?;
    write_all(&root, &changes)?;
    Ok(patch.files.iter().map(|file| file.path.clone()).collect())
}

/// Restores the exact bytes from before `patch`.
pub(crate) fn undo(workspace: &Path, patch: &Patch) -> Result<Vec<RelativePath>, Error> {
    let root = open(workspace)?;
    let mut changes = Vec::new();
    for file in &patch.files {
        let present = read(&root, &file.path)?;
        expect(&file.path, file.result_sha256, &present)?;
        changes.push(Change {
            path: &file.path,
            before: file.result_sha256,
            after: file.base_sha256,
            text: reversed(file, &present)?,
        });
    }
    write_all(&root, &changes)?;
    Ok(patch.files.iter().map(|file| file.path.clone()).collect())
}

/// The newest record that was not undone yet: its file name and text.
pub(crate) fn newest_record(workspace: &Path) -> Result<(String, String), Error> {
    let root = open(workspace)?;
    let entries = root.read_dir(RECORDS).map_err(|_| Error::NothingToUndo)?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let newest = names.filter(|name| name.ends_with(".json")).max().ok_or(Error::NothingToUndo)?;
    let text =
        root.read_to_string(format!("{RECORDS}/{newest}")).map_err(Error::io(format!("read {RECORDS}/{newest}")))?;
    Ok((newest, text))
}

/// Marks a record as undone, so that the next undo takes the one before.
pub(crate) fn retire_record(workspace: &Path, name: &str) -> Result<(), Error> {
    let root = open(workspace)?;
    let from = format!("{RECORDS}/{name}");
    root.rename(&from, &root, format!("{from}.undone")).map_err(Error::io(format!("retire {from}")))
}

fn reversed(file: &FileChange, present: &str) -> Result<String, Error> {
    // The reverse edits need the old text, which the record holds unless it was cut.
    if Sha256::of(file.original_code.as_bytes()) != file.base_sha256 {
        return Err(Error::Record(format!("it no longer holds the original of `{}`", file.path)));
    }
    let reverse = file.edits.reverse(&file.original_code);
    let reverse = Edits::new(present, reverse.as_slice().to_vec()).map_err(|error| Error::Record(error.to_string()))?;
    Ok(reverse.apply(present))
}

fn open(workspace: &Path) -> Result<Dir, Error> {
    Dir::open_ambient_dir(workspace, ambient_authority()).map_err(Error::io(format!("open {}", workspace.display())))
}

fn read(root: &Dir, path: &RelativePath) -> Result<String, Error> {
    let mut text = String::new();
    let mut file = root.open(path.as_str()).map_err(Error::io(format!("open {path}")))?;
    file.read_to_string(&mut text).map_err(Error::io(format!("read {path}")))?;
    Ok(text)
}

fn expect(path: &RelativePath, expected: Sha256, text: &str) -> Result<(), Error> {
    let found = Sha256::of(text.as_bytes());
    if found == expected { Ok(()) } else { Err(Error::Stale { path: path.clone(), expected, found }) }
}

/// Writes every file beside its original, then renames; when a write fails nothing has changed, and when a rename
/// fails those already done are put back.
fn write_all(root: &Dir, changes: &[Change<'_>]) -> Result<(), Error> {
    for change in changes {
        if Sha256::of(change.text.as_bytes()) != change.after {
            return Err(Error::Record(format!("the result for `{}` has another SHA-256 than recorded", change.path)));
        }
    }
    let mut written = Vec::new();
    for change in changes {
        match write_beside(root, change) {
            Ok(temporary) => written.push((change, temporary)),
            Err(error) => {
                written.iter().for_each(|(_, temporary)| discard(root, temporary));
                return Err(error);
            }
        }
    }
    for (at, (change, temporary)) in written.iter().enumerate() {
        if let Err(error) = swap(root, change, temporary) {
            written[at..].iter().for_each(|(_, temporary)| discard(root, temporary));
            written[..at].iter().for_each(|(change, temporary)| put_back(root, change, temporary));
            return Err(error);
        }
    }
    written.iter().for_each(|(_, temporary)| discard(root, &backup(temporary)));
    Ok(())
}

fn write_beside(root: &Dir, change: &Change<'_>) -> Result<String, Error> {
    let path = change.path.as_str();
    let temporary = format!("{path}.reweave-{}", &change.after.to_string()[..12]);
    let mode = root.metadata(path).map_err(Error::io(format!("read the mode of {path}")))?.permissions().mode();
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode & 0o7777);
    let mut file = root.open_with(&temporary, &options).map_err(Error::io(format!("write beside {path}")))?;
    let filled = file
        .write_all(change.text.as_bytes())
        .and_then(|()| file.set_permissions(cap_std::fs::Permissions::from_mode(mode & 0o7777)))
        .and_then(|()| file.sync_all());
    if let Err(source) = filled {
        discard(root, &temporary);
        return Err(Error::Io { what: format!("write beside {path}"), source });
    }
    Ok(temporary)
}

fn swap(root: &Dir, change: &Change<'_>, temporary: &str) -> Result<(), Error> {
    let path = change.path.as_str();
    // Somebody may have saved the file since it was read.
    let present = read(root, change.path)?;
    expect(change.path, change.before, &present)?;
    root.hard_link(path, root, backup(temporary))
        .or_else(|_| root.copy(path, root, backup(temporary)).map(drop))
        .and_then(|()| root.rename(temporary, root, path))
        .map_err(Error::io(format!("replace {path}")))
}

fn put_back(root: &Dir, change: &Change<'_>, temporary: &str) {
    if let Err(error) = root.rename(backup(temporary), root, change.path.as_str()) {
        tracing::error!(path = %change.path, backup = backup(temporary), %error, "could not put the original back");
    }
}

fn backup(temporary: &str) -> String {
    format!("{temporary}.original")
}

fn discard(root: &Dir, path: &str) {
    match root.remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(path, %error, "a temporary file stays behind")
        }
        _ => {}
    }
}

fn keep_record(root: &Dir, record: &str) -> Result<(), Error> {
    let failed = || Error::io(format!("keep the record in {RECORDS}"));
    root.create_dir_all(RECORDS).map_err(failed())?;
    if !root.exists(".reweave/.gitignore") {
        root.write(".reweave/.gitignore", "*\n").map_err(failed())?;
    }
    let taken = root.read_dir(RECORDS).map_err(failed())?.flatten().count();
    let name = format!("{RECORDS}/{:06}-{}.json", taken + 1, &Sha256::of(record.as_bytes()).to_string()[..12]);
    root.write(name, record).map_err(failed())
}
