//! Private folders below a working folder, removed with what is in them, also those that a killed service left.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::tree;
use crate::sandbox::plan::Identity;

const PREFIX: &str = "reweave-checks-";
/// Held as long as the folder is used.
const LOCK: &str = "lock";
/// How often a folder is made again, when another service took the new one for abandoned.
const ATTEMPTS: u32 = 5;

/// A private folder. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    identity: Identity,
    _lock: File,
}

impl Folder {
    /// A new folder below `parent`, whose contents belong to `identity`.
    pub(crate) fn new(parent: &Path, identity: Identity) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            let lock = File::create(folder.path().join(LOCK))?;
            lock.lock()?;
            // Between creating and locking, another service may have taken the folder for abandoned.
            if lock.metadata()?.nlink() == 0 {
                continue;
            }
            if let Identity::Throwaway(_) = identity {
                // The throwaway user passes through, and sees nothing that it does not know the name of.
                fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
            }
            return Ok(Self { folder, identity, _lock: lock });
        }
        Err(io::Error::new(io::ErrorKind::ResourceBusy, "other services keep removing new private folders"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a folder in it that belongs to the command's user.
    pub(crate) fn owned(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        self.give(&path)?;
        Ok(path)
    }

    /// Gives a file to the command's user.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        match self.owner() {
            Some(id) => chown(path, Some(id), Some(id)),
            None => Ok(()),
        }
    }

    /// The user that owns the contents, unless it is the service's own.
    pub(crate) fn owner(&self) -> Option<u32> {
        match self.identity {
            Identity::Own => None,
            Identity::Throwaway(id) => Some(id),
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = remove(self.folder.path()) {
            tracing::warn!(path = %self.folder.path().display(), %error, "a private folder could not be removed");
        }
    }
}

/// Removes the folders of services that were killed. Answers with how many there were.
pub(crate) fn remove_abandoned(parent: &Path) -> usize {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    ours.filter(|entry| remove_if_abandoned(&entry.path())).count()
}

fn remove_if_abandoned(folder: &Path) -> bool {
    // The lock is held until the end, so that two services do not remove the same.
    let lock = File::open(folder.join(LOCK));
    lock.is_ok_and(|lock| lock.try_lock().is_ok() && remove(folder).is_ok())
}

/// Removes the lock last: a folder whose removal was cut short is still known for abandoned.
fn remove(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten().filter(|entry| entry.file_name() != LOCK) {
        if entry.file_type()?.is_dir() {
            tree::remove(&entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    tree::remove(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_what_its_command_made_unreadable() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path(), Identity::Own).unwrap();
        let hostile = folder.owned("work").unwrap().join("deep");
        fs::create_dir(&hostile).unwrap();
        fs::write(hostile.join("file"), "x").unwrap();
        fs::set_permissions(&hostile, fs::Permissions::from_mode(0o000)).unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_abandoned_folders_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let used = Folder::new(parent.path(), Identity::Own).unwrap();
        let left = parent.path().join("reweave-checks-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::create_dir(parent.path().join("other")).unwrap();
        fs::create_dir_all(left.join("pristine/deep")).unwrap();
        assert_eq!(remove_abandoned(parent.path()), 1);
        assert!(used.path().exists() && !left.exists() && parent.path().join("other").exists());
    }

    #[test]
    fn services_that_start_at_once_do_not_take_each_others_folders() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let folder = Folder::new(parent.path(), Identity::Own).unwrap();
                        remove_abandoned(parent.path());
                        assert!(folder.owned("work").is_ok());
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
