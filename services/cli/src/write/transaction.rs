//! Several files at once: all of them get their new content or none does, whenever and however the process ends.
//!
//! A journal below `.reweave` names the files before the first is touched. New contents are written beside the old ones,
//! then each takes its place by a rename, the old file kept under another name. Renaming the journal settles the whole.
//! A journal that the next command finds was never settled, and everything is put back as it was; a settled one leaves
//! nothing but old files to remove. One command at a time: a lock that ends with its process.

use std::{
    collections::BTreeSet,
    io::{self, ErrorKind, Read, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions, OpenOptionsExt, PermissionsExt},
};
use reweave_core::{Mode, Sha256, limits};
use serde::{Deserialize, Serialize};

use super::Error;

/// Holds everything of ours in a workspace.
pub(super) const FOLDER: &str = ".reweave";
pub(super) const JOURNAL: &str = ".reweave/journal.json";
const SETTLED: &str = ".reweave/journal.settled.json";
const LOCK: &str = ".reweave/lock";
/// How long another command may hold the lock; writing a patch takes milliseconds.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(10);
/// Of a file that did not exist.
const NEW_FILE_MODE: u32 = 0o644;
const EXECUTABLE: u32 = 0o111;

/// What is to become of one file, by its path below the workspace.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: String,
    /// The content it must have until then; none if it must not exist.
    pub(super) before: Option<Sha256>,
    /// None removes it.
    pub(super) after: Option<String>,
    /// None leaves it as it is.
    pub(super) mode: Option<Mode>,
    /// The file whose permissions it takes where it is new.
    pub(super) like: Option<String>,
}

impl Change {
    /// A file with this content; none if it must not exist until then.
    pub(super) fn written(path: &str, before: Option<Sha256>, after: String) -> Self {
        Self { path: path.to_owned(), before, after: Some(after), mode: None, like: None }
    }

    pub(super) fn removed(path: &str, before: Option<Sha256>) -> Self {
        Self { path: path.to_owned(), before, after: None, mode: None, like: None }
    }

    pub(super) fn with_mode(self, mode: Option<Mode>) -> Self {
        Self { mode, ..self }
    }

    pub(super) fn like(self, path: &str) -> Self {
        Self { like: Some(path.to_owned()), ..self }
    }
}

/// A workspace that files can be written to.
#[derive(Debug)]
pub(super) struct Workspace {
    root: Dir,
    lock_wait_max: Duration,
}

/// What is to be done, as it is written down.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    steps: Vec<Step>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Step {
    path: String,
    before: Option<Sha256>,
    after: Option<Sha256>,
    /// Where the new content waits.
    new: String,
    /// Where the old file is kept.
    old: String,
}

impl Workspace {
    /// Opens a folder, and puts back what a command left half done there; says what it put back.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<String>), Error> {
        let root = Dir::open_ambient_dir(folder, ambient_authority())
            .map_err(Error::io(format!("open {}", folder.display())))?;
        let workspace = Self { root, lock_wait_max: LOCK_WAIT_MAX };
        let unfinished = [JOURNAL, SETTLED].iter().any(|name| workspace.root.exists(name));
        let said = if unfinished { workspace.locked(Self::recover)? } else { Vec::new() };
        Ok((workspace, said))
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Dir {
        &self.root
    }

    /// The content of a file, if it exists; at most one byte more than a source file may have.
    pub(super) fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        // Asked before it is opened: opening a pipe waits for a writer.
        match self.root.metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a regular file")),
            Ok(_) => {
                let mut bytes = Vec::new();
                self.root.open(path)?.take(limits::PATCH_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
                Ok(Some(bytes))
            }
        }
    }

    /// Whether a file may be run, as git tells: by its owner.
    pub(super) fn mode(&self, path: &str) -> io::Result<Mode> {
        let bits = self.root.metadata(path)?.permissions().mode();
        Ok(if bits & 0o100 == 0 { Mode::Plain } else { Mode::Executable })
    }

    /// Whether a symbolic link stands there, wherever it leads.
    pub(super) fn is_link(&self, path: &str) -> bool {
        self.root.symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
    }

    /// Makes all of `changes`, or none and says why.
    pub(super) fn commit(&self, changes: &[Change]) -> Result<(), Error> {
        self.make_folder()?;
        self.locked(|workspace| {
            workspace.recover()?;
            let journal = workspace.journal(changes)?;
            workspace.write_journal(&journal)?;
            let done = workspace.prepare(&journal, changes).and_then(|()| workspace.swap_all(&journal));
            match done.and_then(|()| workspace.settle(&journal)) {
                Ok(()) => {
                    workspace.clean(&journal);
                    Ok(())
                }
                Err(error) => match workspace.roll_back(&journal) {
                    Ok(_) => Err(error),
                    Err(second) => Err(Error::HalfDone { first: error.to_string(), second: second.to_string() }),
                },
            }
        })
    }

    fn make_folder(&self) -> Result<(), Error> {
        let failed = || Error::io(format!("write to {FOLDER}"));
        self.root.create_dir_all(FOLDER).map_err(failed())?;
        if !self.root.exists(".reweave/.gitignore") {
            self.root.write(".reweave/.gitignore", "*\n").map_err(failed())?;
        }
        Ok(())
    }

    /// Does `work` while no other command writes here.
    fn locked<T>(&self, work: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let failed = || Error::io(format!("take {LOCK}"));
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        let file = self.root.open_with(LOCK, &options).map_err(failed())?.into_std();
        let started = Instant::now();
        while let Err(error) = file.try_lock() {
            match error {
                std::fs::TryLockError::Error(error) => return Err(failed()(error)),
                std::fs::TryLockError::WouldBlock if started.elapsed() > self.lock_wait_max => return Err(Error::Busy),
                std::fs::TryLockError::WouldBlock => thread::sleep(LOCK_POLL),
            }
        }
        // Closing the file releases the lock.
        work(self)
    }

    /// Finishes what an earlier command began: backwards where it was not settled, forwards where it was.
    fn recover(&self) -> Result<Vec<String>, Error> {
        if let Some(settled) = self.read_journal(SETTLED)? {
            self.clean(&settled);
        }
        match self.read_journal(JOURNAL)? {
            None => Ok(Vec::new()),
            Some(journal) => self.roll_back(&journal),
        }
    }

    fn journal(&self, changes: &[Change]) -> Result<Journal, Error> {
        let names: Vec<u8> = changes.iter().flat_map(|change| change.path.as_bytes()).copied().collect();
        let id = Sha256::of(&names).to_string();
        let mut steps: Vec<Step> = Vec::with_capacity(changes.len());
        for (at, change) in changes.iter().enumerate() {
            let path = self.followed(&change.path)?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let beside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            // Short, so that it fits beside a file with a long name.
            let stem = format!("{beside}.reweave-{}-{at}", &id[..12]);
            if steps.iter().any(|step| step.path == path) {
                return Err(Error::Record(format!("`{path}` is changed twice")));
            }
            steps.push(Step {
                before: change.before,
                after: change.after.as_ref().map(|text| Sha256::of(text.as_bytes())),
                new: format!("{stem}.new"),
                old: format!("{stem}.old"),
                path,
            });
        }
        Ok(Journal { steps })
    }

    /// The file that `path` leads to, so that a link is not replaced by what it points to.
    fn followed(&self, path: &str) -> Result<String, Error> {
        match self.root.canonicalize(path) {
            Ok(found) => found.into_os_string().into_string().map_err(|name| {
                let source = io::Error::new(ErrorKind::InvalidData, format!("{} is not UTF-8", name.display()));
                Error::Io { what: format!("follow {path}"), source }
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
            Err(source) => Err(Error::Io { what: format!("follow {path}"), source }),
        }
    }

    fn write_journal(&self, journal: &Journal) -> Result<(), Error> {
        let text = serde_json::to_string(journal).expect("paths and digests are JSON");
        let temporary = format!("{JOURNAL}.new");
        discard(&self.root, &temporary);
        self.write_new(&temporary, text.as_bytes(), NEW_FILE_MODE)
            .and_then(|()| self.root.rename(&temporary, &self.root, JOURNAL))
            .and_then(|()| self.sync(FOLDER))
            .map_err(Error::io(format!("write {JOURNAL}")))
    }

    fn read_journal(&self, name: &str) -> Result<Option<Journal>, Error> {
        let Some(bytes) = self.read(name).map_err(Error::io(format!("read {name}")))? else { return Ok(None) };
        let journal = serde_json::from_slice(&bytes);
        journal.map(Some).map_err(|error| Error::Record(format!("{name}: {error}; look at the files, then remove it")))
    }

    /// Writes the new contents beside the files they will replace.
    fn prepare(&self, journal: &Journal, changes: &[Change]) -> Result<(), Error> {
        for (step, change) in journal.steps.iter().zip(changes) {
            let Some(text) = &change.after else { continue };
            let failed = || Error::io(format!("write beside {}", step.path));
            let mode = self.new_mode(step, change).map_err(failed())?;
            if let Some((folder, _)) = step.path.rsplit_once('/') {
                self.root.create_dir_all(folder).map_err(failed())?;
            }
            self.write_new(&step.new, text.as_bytes(), mode).map_err(failed())?;
        }
        Ok(())
    }

    /// The permissions of the new content.
    fn new_mode(&self, step: &Step, change: &Change) -> io::Result<u32> {
        let like = change.like.as_deref().filter(|_| change.before.is_none()).unwrap_or(&step.path);
        let bits = match self.root.metadata(like) {
            Ok(metadata) => metadata.permissions().mode() & 0o7777,
            Err(error) if error.kind() == ErrorKind::NotFound => NEW_FILE_MODE,
            Err(error) => return Err(error),
        };
        Ok(match change.mode {
            None => bits,
            Some(Mode::Plain) => bits & !EXECUTABLE,
            // Whoever may read it may run it, as git has it.
            Some(Mode::Executable) => bits | (bits & 0o444) >> 2,
        })
    }

    fn swap_all(&self, journal: &Journal) -> Result<(), Error> {
        journal.steps.iter().try_for_each(|step| self.swap(step))
    }

    /// Puts one new content in place of the old one.
    fn swap(&self, step: &Step) -> Result<(), Error> {
        let failed = || Error::io(format!("replace {}", step.path));
        // Somebody may have saved the file since it was read.
        if self.digest(&step.path).map_err(failed())? != step.before {
            return Err(Error::ChangedMeanwhile(step.path.clone()));
        }
        let Step { path, new, old, .. } = step;
        match (step.before, step.after) {
            (Some(_), Some(_)) => self
                .root
                .hard_link(path, &self.root, old)
                .or_else(|_| self.root.copy(path, &self.root, old).map(drop))
                .and_then(|()| self.root.rename(new, &self.root, path)),
            (Some(_), None) => self.root.rename(path, &self.root, old),
            (None, Some(_)) => self.root.rename(new, &self.root, path),
            (None, None) => Ok(()),
        }
        .map_err(failed())
    }

    /// From here on the new contents are the ones that count.
    fn settle(&self, journal: &Journal) -> Result<(), Error> {
        let folders: BTreeSet<&str> =
            journal.steps.iter().map(|step| step.path.rsplit_once('/').map_or(".", |(folder, _)| folder)).collect();
        folders
            .into_iter()
            .try_for_each(|folder| self.sync(folder))
            .and_then(|()| self.root.rename(JOURNAL, &self.root, SETTLED))
            .map_err(Error::io("settle the journal"))
    }

    fn clean(&self, journal: &Journal) {
        for step in &journal.steps {
            discard(&self.root, &step.old);
            discard(&self.root, &step.new);
        }
        discard(&self.root, SETTLED);
    }

    /// Gives every file its old content, unless somebody else has written to it since; says what was done.
    fn roll_back(&self, journal: &Journal) -> Result<Vec<String>, Error> {
        let mut said = Vec::new();
        for step in journal.steps.iter().rev() {
            let Step { path, new, old, .. } = step;
            let failed = || |source| Error::Unrecovered { path: path.clone(), source };
            let present = self.digest(path).map_err(failed())?;
            if present == step.before {
                // A step that changed the mode alone is seen by its old file only.
                if step.before == step.after && self.digest(old).map_err(failed())? == step.before {
                    self.root.rename(old, &self.root, path).map_err(failed())?;
                }
                discard(&self.root, old);
            } else if present == step.after {
                match step.before {
                    Some(_) => self.root.rename(old, &self.root, path).map_err(failed())?,
                    None => self.root.remove_file(path).map_err(failed())?,
                }
                said.push(format!("put {path} back"));
            } else {
                said.push(format!("left {path} alone, which was changed since; what it held before may be in {old}"));
            }
            discard(&self.root, new);
        }
        self.root.remove_file(JOURNAL).map_err(Error::io(format!("remove {JOURNAL}")))?;
        Ok(said)
    }

    fn digest(&self, path: &str) -> io::Result<Option<Sha256>> {
        Ok(self.read(path)?.map(|bytes| Sha256::of(&bytes)))
    }

    fn write_new(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let mut file = self.root.open_with(path, &options)?;
        file.write_all(bytes)?;
        // The mode given at creation is narrowed by the process's mask.
        file.set_permissions(cap_std::fs::Permissions::from_mode(mode))?;
        file.sync_all()
    }

    fn sync(&self, folder: &str) -> io::Result<()> {
        self.root.open(folder)?.sync_all()
    }
}

fn discard(root: &Dir, path: &str) {
    match root.remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(path, %error, "a temporary file stays behind")
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
