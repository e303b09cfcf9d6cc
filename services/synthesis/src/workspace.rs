//! Reads the code of a spec: local folder, named workspace or inline files, never anything outside it.

use std::{
    io::{ErrorKind, Read},
    path::Path,
};

use cap_std::{ambient_authority, fs::Dir};
use reweave_chassis::git;
use reweave_core::{EvidenceKind, FileText, InlineFile, Refusal, RefusalCode, RelativePath, Source, limits};

use crate::SynthesisConfig;

/// A source that was opened.
#[derive(Debug)]
pub(crate) enum Workspace {
    Folder(Dir),
    Inline(Vec<InlineFile>),
}

/// How much of the other files is read when looking for uses of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NeighbourLimits {
    pub(crate) files_max: usize,
    pub(crate) bytes_max: usize,
}

/// Folders that hold no source of the project itself.
const SKIPPED: [&str; 8] = [".git", ".hg", ".venv", "venv", "node_modules", "target", "__pycache__", ".reweave"];

impl Workspace {
    /// Opens the source of a spec.
    pub(crate) fn open(source: &Source, config: &SynthesisConfig) -> Result<Self, Refusal> {
        match source {
            Source::Inline(files) => Ok(Self::Inline(files.clone())),
            Source::Local => match &config.local_workspace {
                Some(path) => open_folder(path, "the workspace"),
                None => Err(Refusal::new(RefusalCode::SpecForbidden, "the spec names no source")
                    .with(EvidenceKind::Field, "field source is missing")
                    .next("add `source: {workspace: {name: …}}` or `source: {inline: {files: […]}}`")),
            },
            Source::Workspace { name, revision } => {
                let path = config.workspaces.get(name.as_str()).ok_or_else(|| unknown(name.as_str(), config))?;
                if let Some(expected) = revision {
                    check_revision(path, expected)?;
                }
                open_folder(path, name.as_str())
            }
        }
    }

    /// The text of `path`, or the reason it cannot be worked on.
    pub(crate) fn read(&self, path: &RelativePath) -> Result<FileText, Refusal> {
        let bytes = match self {
            Self::Inline(files) => match files.iter().find(|file| file.path == *path) {
                Some(file) => file.content.clone(),
                None => return Err(self.missing(path)),
            },
            Self::Folder(root) => self.read_below(root, path)?,
        };
        FileText::decode(path.clone(), bytes)
    }

    /// Other files of the same extension whose text holds one of `needles`, in path order, within the limits.
    pub(crate) fn neighbours(
        &self,
        path: &RelativePath,
        needles: &[&str],
        limits: NeighbourLimits,
    ) -> Result<Vec<FileText>, Refusal> {
        let extension = path.extension();
        let mut paths = self.paths(limits.files_max)?;
        paths.retain(|other| other != path && other.extension() == extension);
        let mut found = Vec::new();
        let mut bytes = 0;
        for other in paths {
            let Ok(file) = self.read(&other) else { continue };
            bytes += file.text.len();
            if bytes > limits.bytes_max {
                return Err(Refusal::new(
                    RefusalCode::WorkspaceTooLarge,
                    "the workspace is too large to search for uses",
                )
                .with(EvidenceKind::Limit, format!("more than {} bytes of source", limits.bytes_max))
                .next("raise synthesis.neighbours_bytes_max"));
            }
            if needles.iter().any(|needle| file.text.contains(needle)) {
                found.push(file);
            }
        }
        Ok(found)
    }

    fn paths(&self, files_max: usize) -> Result<Vec<RelativePath>, Refusal> {
        let root = match self {
            Self::Inline(files) => return Ok(files.iter().map(|file| file.path.clone()).collect()),
            Self::Folder(root) => root,
        };
        let mut found = Vec::new();
        let mut pending = vec![String::new()];
        while let Some(folder) = pending.pop() {
            let Ok(entries) = root.read_dir(if folder.is_empty() { "." } else { &folder }) else { continue };
            for entry in entries.flatten() {
                let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                    pending.push(path);
                } else if kind.is_file()
                    && let Ok(path) = path.parse()
                {
                    found.push(path);
                }
            }
            if found.len() > files_max {
                return Err(Refusal::new(
                    RefusalCode::WorkspaceTooLarge,
                    "the workspace has too many files to search for uses",
                )
                .with(EvidenceKind::Limit, format!("more than {files_max} files"))
                .next("raise synthesis.neighbours_files_max"));
            }
        }
        found.sort();
        Ok(found)
    }

    fn read_below(&self, root: &Dir, path: &RelativePath) -> Result<Vec<u8>, Refusal> {
        let failed = |error: std::io::Error| self.unreadable(path, &error);
        // Asked before it is opened: opening a pipe waits for a writer.
        let metadata = root.metadata(path.as_str()).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Refusal::new(RefusalCode::FileMissing, format!("`{path}` is not a regular file")));
        }
        let file = root.open(path.as_str()).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limits::SOURCE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > limits::SOURCE_BYTES_MAX {
            return Err(Refusal::new(RefusalCode::FileTooLarge, format!("`{path}` is larger than the limit"))
                .with(EvidenceKind::Limit, format!("{} bytes, at most {}", metadata.len(), limits::SOURCE_BYTES_MAX)));
        }
        Ok(bytes)
    }

    fn unreadable(&self, path: &RelativePath, error: &std::io::Error) -> Refusal {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => self.missing(path),
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
                Refusal::new(RefusalCode::PathOutside, format!("`{path}` leads outside the workspace"))
                    .with(EvidenceKind::Error, error.to_string())
                    .next("name the file inside the workspace, not a link out of it")
            }
            _ => Refusal::new(RefusalCode::WorkspaceUnavailable, format!("`{path}` cannot be read"))
                .with(EvidenceKind::Error, error.to_string()),
        }
    }

    fn missing(&self, path: &RelativePath) -> Refusal {
        let mut refusal = Refusal::new(RefusalCode::FileMissing, format!("`{path}` does not exist in the workspace"));
        let alike = self.paths(2_000).unwrap_or_default();
        for other in alike.iter().filter(|other| other.file_name() == path.file_name()).take(3) {
            refusal = refusal.with(EvidenceKind::Suggestion, other.to_string());
        }
        refusal.next("check file_path; it is relative to the workspace")
    }
}

fn open_folder(path: &Path, name: &str) -> Result<Workspace, Refusal> {
    Dir::open_ambient_dir(path, ambient_authority()).map(Workspace::Folder).map_err(|error| {
        Refusal::new(RefusalCode::WorkspaceUnavailable, format!("{name} cannot be opened"))
            .with(EvidenceKind::Error, error.to_string())
            .next("check that the folder exists and may be read")
    })
}

fn unknown(name: &str, config: &SynthesisConfig) -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::WorkspaceUnknown, format!("no workspace is called `{name}`"));
    for known in config.workspaces.keys() {
        refusal = refusal.with(EvidenceKind::Suggestion, known.clone());
    }
    refusal.next(format!("add `{name} = \"/…\"` to [synthesis.workspaces]"))
}

/// Compares the commit that `HEAD` names with the one the spec was made for.
fn check_revision(workspace: &Path, expected: &str) -> Result<(), Refusal> {
    let head = git::head(workspace).ok_or_else(|| {
        Refusal::new(RefusalCode::WorkspaceUnavailable, "the workspace has no readable git revision")
            .next("leave revision empty, or make the workspace a git checkout")
    })?;
    if expected.len() >= 7 && head.starts_with(expected) {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::StaleBase, "the workspace is at another revision")
        .with(EvidenceKind::Error, format!("wanted {expected}, found {head}"))
        .next("check out the wanted revision, or send the spec for the present one"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Workspace) {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, bytes) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("inside the root")).expect("folders");
            fs::write(path, bytes).expect("a file");
        }
        let workspace = open_folder(root.path(), "test").expect("it opens");
        (root, workspace)
    }

    fn code(workspace: &Workspace, path: &str) -> Result<String, RefusalCode> {
        let path = path.parse().expect("a relative path");
        workspace.read(&path).map(|file| file.text).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_file_is_read_as_it_is_and_what_is_not_text_is_refused() {
        let (_root, workspace) = folder(&[
            ("a.py", b"x = 1\r\n"),
            ("empty.py", b""),
            ("utf16.py", &[0xFF, 0xFE, b'x', 0]),
            ("nul.py", b"x\0"),
            ("latin.py", &[b'#', 0xE9]),
        ]);
        assert_eq!(code(&workspace, "a.py"), Ok("x = 1\r\n".into()));
        assert_eq!(code(&workspace, "empty.py"), Err(RefusalCode::FileEmpty));
        for path in ["utf16.py", "nul.py", "latin.py"] {
            assert_eq!(code(&workspace, path), Err(RefusalCode::NotText), "{path}");
        }
    }

    #[test]
    fn a_link_out_of_the_workspace_is_refused_and_one_inside_is_followed() {
        let (root, workspace) = folder(&[("sub/a.py", b"x = 1\n")]);
        let outside = tempfile::NamedTempFile::new().expect("a file elsewhere");
        fs::write(outside.path(), "secret").expect("content");
        std::os::unix::fs::symlink(outside.path(), root.path().join("out.py")).expect("a link");
        std::os::unix::fs::symlink("sub/a.py", root.path().join("in.py")).expect("a link");
        assert_eq!(code(&workspace, "out.py"), Err(RefusalCode::PathOutside));
        assert_eq!(code(&workspace, "in.py"), Ok("x = 1\n".into()));
    }

    #[test]
    fn a_missing_file_suggests_its_namesake_and_a_huge_one_is_refused() {
        let (_root, workspace) =
            folder(&[("pkg/mod.py", b"x = 1\n"), ("big.py", &vec![b'#'; limits::SOURCE_BYTES_MAX + 1])]);
        let refusal = workspace.read(&"mod.py".parse().expect("a path")).expect_err("it is elsewhere");
        assert_eq!(refusal.code, RefusalCode::FileMissing);
        assert_eq!(refusal.evidence[0].detail, "pkg/mod.py");
        assert_eq!(code(&workspace, "big.py"), Err(RefusalCode::FileTooLarge));
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let (root, workspace) = folder(&[]);
        let made = std::process::Command::new("mkfifo").arg(root.path().join("pipe.py")).status().expect("mkfifo runs");
        assert!(made.success());
        assert_eq!(code(&workspace, "pipe.py"), Err(RefusalCode::FileMissing));
    }

    #[test]
    fn neighbours_hold_the_needle_and_stay_within_their_limits() {
        let (_root, workspace) =
            folder(&[("a.py", b"f"), ("b.py", b"call f"), ("c.py", b"none"), (".venv/d.py", b"f")]);
        let path = "a.py".parse().expect("a path");
        let limits = NeighbourLimits { files_max: 10, bytes_max: 100 };
        let found = workspace.neighbours(&path, &["f", "absent"], limits).expect("within limits");
        assert_eq!(found.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["b.py"]);
        let refused = workspace.neighbours(&path, &["f"], NeighbourLimits { files_max: 1, bytes_max: 100 });
        assert_eq!(refused.map_err(|refusal| refusal.code), Err(RefusalCode::WorkspaceTooLarge));
    }
}
