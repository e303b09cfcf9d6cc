//! Takes a workspace in: copies what counts, within bounds, without following links or opening what is not a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{OpenOptionsExt, symlink},
    path::Path,
};

use nix::libc;
use reweave_core::{EvidenceKind, InlineFile, Refusal, RefusalCode};
use walkdir::{DirEntry, WalkDir};

use super::{refused, tree};
use crate::config::Config;

/// Counts against the bounds while copying.
pub(super) struct Intake<'a> {
    config: &'a Config,
    owner: Option<u32>,
    files: u32,
    bytes: u64,
}

impl<'a> Intake<'a> {
    pub(super) fn new(config: &'a Config, owner: Option<u32>) -> Self {
        Self { config, owner, files: 0, bytes: 0 }
    }

    pub(super) fn counts(&self) -> (u32, u64) {
        (self.files, self.bytes)
    }

    /// Writes files that a spec carries.
    pub(super) fn write(&mut self, files: &[InlineFile], to: &Path) -> Result<(), Refusal> {
        let failed = |error: io::Error| refused("writing the spec's files", &error);
        for file in files {
            self.count(file.content.len() as u64)?;
            let mut folder = to.to_owned();
            let (folders, name) = file.path.as_str().rsplit_once('/').unwrap_or(("", file.path.as_str()));
            for part in folders.split('/').filter(|part| !part.is_empty()) {
                folder.push(part);
                fs::create_dir_all(&folder).map_err(failed)?;
                tree::give(&folder, self.owner).map_err(failed)?;
            }
            fs::write(folder.join(name), &file.content).map_err(failed)?;
            tree::give(&folder.join(name), self.owner).map_err(failed)?;
        }
        Ok(())
    }

    /// Copies a folder of this machine.
    pub(super) fn copy(&mut self, from: &Path, to: &Path) -> Result<(), Refusal> {
        let walk = WalkDir::new(from).min_depth(1).follow_links(false).sort_by_file_name();
        for entry in walk
            .into_iter()
            .filter_entry(|entry| !self.config.skip.iter().any(|name| entry.file_name() == name.as_str()))
        {
            let entry = entry.map_err(|error| refused("reading the workspace", &error.into()))?;
            let relative = entry.path().strip_prefix(from).unwrap_or(entry.path());
            self.take(&entry, &to.join(relative))?;
        }
        Ok(())
    }

    fn take(&mut self, entry: &DirEntry, to: &Path) -> Result<(), Refusal> {
        let failed = |error: io::Error| refused(&format!("copying {}", entry.path().display()), &error);
        let kind = entry.file_type();
        self.count(0)?;
        if kind.is_dir() {
            fs::create_dir(to).map_err(failed)?;
        } else if kind.is_symlink() {
            // As it is: where it leads is out of sight in the sandbox, unless it leads inside.
            let target = fs::read_link(entry.path()).map_err(failed)?;
            symlink(target, to).map_err(failed)?;
        } else if kind.is_file() {
            self.copy_file(entry.path(), to).map_err(failed)??;
        } else {
            return Ok(());
        }
        tree::give(to, self.owner).map_err(failed)
    }

    /// Copies at most what is left of the bound, whatever length the file claims.
    fn copy_file(&mut self, from: &Path, to: &Path) -> io::Result<Result<(), Refusal>> {
        // The file may have become a link or a pipe since it was listed.
        let source = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(from)?;
        let found = source.metadata()?;
        if !found.is_file() {
            return Ok(Ok(()));
        }
        let mut target = File::create_new(to)?;
        let left = self.config.workspace_bytes_max.saturating_sub(self.bytes);
        self.bytes += io::copy(&mut source.take(left + 1), &mut target)?;
        target.set_permissions(found.permissions())?;
        target.set_modified(found.modified()?)?;
        Ok(self.within())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.files = self.files.saturating_add(1);
        self.bytes += bytes;
        self.within()
    }

    fn within(&self) -> Result<(), Refusal> {
        let limit = if self.files > self.config.workspace_files_max {
            format!("more than {} files", self.config.workspace_files_max)
        } else if self.bytes > self.config.workspace_bytes_max {
            format!("more than {} MiB", self.config.workspace_bytes_max >> 20)
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalCode::WorkspaceTooLarge, "the workspace is larger than the limit")
            .with(EvidenceKind::Limit, limit)
            .next("raise checks.workspace_files_max or checks.workspace_mib_max, or add to checks.skip"))
    }
}
