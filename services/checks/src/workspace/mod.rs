//! Copies of workspaces: one pristine copy per session, and for each run what replaces files of it.

pub(crate) mod folder;
mod intake;
mod revision;
pub(crate) mod tree;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use reweave_core::{EvidenceKind, Refusal, RefusalCode, RelativePath, Source};

use crate::{config::Config, sandbox::plan::Identity};
use folder::Folder;

/// Where inline files, and workspaces that cannot be shown at their own place, are seen by commands.
const ANYWHERE: &str = "/workspace";
/// Places that the sandbox needs for itself.
const RESERVED: [&str; 7] = ["/dev", "/etc", "/proc", "/run/reweave", "/sys", "/tmp", "/"];

/// A pristine copy of a workspace, in a private folder that goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Pristine {
    folder: Folder,
    path: PathBuf,
    /// Where it came from, if it is a folder of this machine.
    origin: Option<PathBuf>,
    files: u32,
    bytes: u64,
    runs: u32,
}

/// A file to replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    pub path: RelativePath,
    pub content: Vec<u8>,
}

/// The private folder of one run. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
    pub(crate) replaced: PathBuf,
    pub(crate) report: PathBuf,
}

impl Pristine {
    /// Copies the source, refusing what is too large, unknown, or at another revision.
    pub(crate) fn open(source: &Source, config: &Config, identity: Identity) -> Result<Self, Refusal> {
        let origin = origin(source, config)?;
        let folder =
            Folder::new(&config.work_folder, identity).map_err(|error| refused("copying the workspace", &error))?;
        let path = folder.owned("pristine").map_err(|error| refused("copying the workspace", &error))?;
        let mut intake = intake::Intake::new(config, folder.owner());
        match (source, &origin) {
            (Source::Inline(files), _) => intake.write(files, &path)?,
            (Source::Local | Source::Workspace { .. }, Some(origin)) => intake.copy(origin, &path)?,
            (Source::Local | Source::Workspace { .. }, None) => {}
        }
        let (files, bytes) = intake.counts();
        Ok(Self { path, folder, origin, files, bytes, runs: 0 })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of this machine that it is a copy of.
    pub(crate) fn origin(&self) -> Option<&Path> {
        self.origin.as_deref()
    }

    pub(crate) fn identity(&self) -> Identity {
        self.folder.identity()
    }

    /// Files and folders, and bytes of files.
    pub(crate) fn counts(&self) -> (u32, u64) {
        (self.files, self.bytes)
    }

    /// Where commands see the workspace: at its own place, so that what was installed for it finds it there.
    pub(crate) fn seen_at(&self) -> PathBuf {
        let reserved = |path: &Path| {
            RESERVED.iter().any(|reserved| path == Path::new(reserved))
                || RESERVED
                    .iter()
                    .take(5)
                    .chain(&crate::sandbox::root::SYSTEM)
                    .any(|reserved| path.starts_with(reserved))
        };
        match &self.origin {
            Some(origin) if !reserved(origin) => origin.clone(),
            Some(_) | None => ANYWHERE.into(),
        }
    }

    /// A file readable by commands, such as the runner's plugin, next to the copy.
    pub(crate) fn place(&self, folder: &str, name: &str, content: &str) -> io::Result<PathBuf> {
        let folder = self.folder.owned(folder)?;
        fs::write(folder.join(name), content)?;
        self.folder.give(&folder.join(name))?;
        Ok(folder)
    }

    /// A folder for the next run, with the files that replace pristine ones.
    pub(crate) fn stage(&mut self, overlays: &[Overlay]) -> Result<RunFolder, Refusal> {
        self.runs += 1;
        let targets: Vec<PathBuf> =
            overlays.iter().map(|overlay| resolve(&self.path, &overlay.path)).collect::<Result<_, _>>()?;
        self.write_stage(overlays, &targets).map_err(|error| refused("preparing a run", &error))
    }

    fn write_stage(&self, overlays: &[Overlay], targets: &[PathBuf]) -> io::Result<RunFolder> {
        let name = format!("run-{}", self.runs);
        let staged = RunFolder::new(self.folder.path().join(&name));
        self.folder.owned(&name)?;
        self.folder.owned(&format!("{name}/replaced"))?;
        self.folder.owned(&format!("{name}/tmp"))?;
        fs::write(&staged.report, "")?;
        self.folder.give(&staged.report)?;
        for (overlay, target) in overlays.iter().zip(targets) {
            self.write_replacement(&staged.replaced, target, &overlay.content)?;
        }
        Ok(staged)
    }

    fn write_replacement(&self, replaced: &Path, target: &Path, content: &[u8]) -> io::Result<()> {
        let mut folder = replaced.to_owned();
        for part in target.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            fs::create_dir_all(&folder)?;
            self.folder.give(&folder)?;
        }
        let path = replaced.join(target);
        fs::write(&path, content)?;
        if let Ok(found) = fs::metadata(self.path.join(target)) {
            fs::set_permissions(&path, found.permissions())?;
        }
        self.folder.give(&path)
    }

    /// A plain copy for one run, where there is no mount namespace to lay one over the pristine copy.
    pub(crate) fn copy_for(&self, staged: &RunFolder) -> io::Result<PathBuf> {
        let name = staged.path.strip_prefix(self.folder.path()).map_err(io::Error::other)?.join("work");
        let copy = self.folder.owned(&name.to_string_lossy())?;
        tree::copy(&self.path, &copy, self.folder.owner())?;
        tree::copy(&staged.replaced, &copy, self.folder.owner())?;
        Ok(copy)
    }
}

impl RunFolder {
    fn new(path: PathBuf) -> Self {
        Self { replaced: path.join("replaced"), report: path.join("report"), path }
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What remains goes with the session's folder, which reports it.
        let _ = tree::remove(&self.path);
    }
}

/// The refusal for an error of the machine: a full disk or quota has a code of its own.
pub(crate) fn refused(doing: &str, error: &io::Error) -> Refusal {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::OutOfMemory => {
            RefusalCode::ResourceExhausted
        }
        _ => RefusalCode::WorkspaceUnavailable,
    };
    Refusal::new(code, format!("{doing} failed")).with(EvidenceKind::Error, error.to_string())
}

fn origin(source: &Source, config: &Config) -> Result<Option<PathBuf>, Refusal> {
    let (path, revision) = match source {
        Source::Inline(_) => return Ok(None),
        Source::Local => (config.local_workspace.as_ref().ok_or_else(no_local)?, None),
        Source::Workspace { name, revision } => {
            let known = config.workspaces.get(name);
            (known.ok_or_else(|| unknown(name.as_str(), config))?, revision.as_deref())
        }
    };
    let path = fs::canonicalize(path).map_err(|error| refused("opening the workspace", &error))?;
    if !path.is_dir() {
        return Err(Refusal::new(RefusalCode::WorkspaceUnavailable, "the workspace is not a folder"));
    }
    revision.map_or(Ok(()), |revision| revision::verify(&path, revision))?;
    Ok(Some(path))
}

fn no_local() -> Refusal {
    Refusal::new(RefusalCode::WorkspaceUnavailable, "no source was given, and this service has no local workspace")
}

fn unknown(name: &str, config: &Config) -> Refusal {
    let known = config.workspaces.keys().map(reweave_core::WorkspaceName::as_str).collect::<Vec<_>>().join(", ");
    Refusal::new(RefusalCode::WorkspaceUnknown, format!("no workspace is called `{name}`"))
        .with(EvidenceKind::Suggestion, format!("known workspaces: {known}"))
        .next(format!("add `{name} = \"/path\"` under [checks.workspaces]"))
}

/// The place that `path` means in the pristine copy, links followed as long as they stay inside.
fn resolve(pristine: &Path, path: &RelativePath) -> Result<PathBuf, Refusal> {
    let outside = |what: &str| Refusal::new(RefusalCode::PathOutside, format!("`{path}` {what}"));
    let mut reached = fs::canonicalize(pristine).map_err(|error| refused("reading the workspace copy", &error))?;
    let root = reached.clone();
    for part in path.as_str().split('/') {
        reached.push(part);
        if reached.is_symlink() {
            reached =
                fs::canonicalize(&reached).map_err(|_| outside("is a link that leads nowhere inside the workspace"))?;
        }
        if !reached.starts_with(&root) {
            return Err(outside("leads out of the workspace by a symbolic link"));
        }
    }
    reached.strip_prefix(&root).map(Path::to_owned).map_err(|_| outside("leads out of the workspace"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        let workspace = tempfile::tempdir().unwrap();
        let path = |text: &str| text.parse::<RelativePath>().unwrap();
        fs::create_dir(workspace.path().join("real")).unwrap();
        symlink("real", workspace.path().join("inside")).unwrap();
        symlink("/etc", workspace.path().join("outside")).unwrap();
        symlink("nowhere", workspace.path().join("dangling")).unwrap();
        assert_eq!(resolve(workspace.path(), &path("inside/a.py")), Ok("real/a.py".into()));
        assert_eq!(resolve(workspace.path(), &path("new/deep/a.py")), Ok("new/deep/a.py".into()));
        for hostile in ["outside/passwd", "outside", "dangling"] {
            assert_eq!(resolve(workspace.path(), &path(hostile)).unwrap_err().code, RefusalCode::PathOutside);
        }
    }

    #[test]
    fn a_full_disk_has_its_own_code() {
        let full = io::Error::from_raw_os_error(nix::libc::ENOSPC);
        assert_eq!(refused("copying", &full).code, RefusalCode::ResourceExhausted);
        assert_eq!(refused("copying", &io::ErrorKind::NotFound.into()).code, RefusalCode::WorkspaceUnavailable);
    }
}
