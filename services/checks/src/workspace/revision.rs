//! Whether a workspace is at the commit that a spec was made for.

use std::path::Path;

use reweave_chassis::git;
use reweave_core::{EvidenceKind, Refusal, RefusalCode};

/// Shortest abbreviation of a commit that is taken, in hexadecimal digits.
const DIGITS_MIN: usize = 7;

/// Refuses a workspace that is at another commit than `revision`, which may be abbreviated.
pub(super) fn verify(workspace: &Path, revision: &str) -> Result<(), Refusal> {
    let refusal = |reason: String| Refusal::new(RefusalCode::WorkspaceUnavailable, reason);
    if revision.len() < DIGITS_MIN || !revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refusal(format!("`{revision}` is not a commit id of {DIGITS_MIN} or more digits")));
    }
    let head =
        git::head(workspace).ok_or_else(|| refusal("the workspace's commit cannot be read from `.git`".into()))?;
    if head.starts_with(&revision.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(refusal(format!("the workspace is not at revision {revision}"))
        .with(EvidenceKind::Error, format!("it is at {head}"))
        .next(format!("git checkout {revision}")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
        let workspace = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = workspace.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        workspace
    }

    #[test]
    fn a_commit_is_found_loose_packed_detached_and_in_a_linked_work_tree() {
        let packed = format!("# pack-refs with: peeled\n{COMMIT} refs/heads/main\n^{COMMIT}\n");
        for files in [
            &[(".git/HEAD", "ref: refs/heads/main\n"), (".git/refs/heads/main", COMMIT)][..],
            &[(".git/HEAD", "ref: refs/heads/main\n"), (".git/packed-refs", &packed)],
            &[(".git/HEAD", COMMIT)],
            &[
                (".git", "gitdir: main/worktrees/w\n"),
                ("main/worktrees/w/HEAD", "ref: refs/heads/main\n"),
                ("main/worktrees/w/commondir", "../..\n"),
                ("main/refs/heads/main", COMMIT),
            ],
        ] {
            let workspace = workspace(files);
            assert_eq!(verify(workspace.path(), COMMIT), Ok(()), "{files:?}");
            assert_eq!(verify(workspace.path(), "0123456"), Ok(()), "{files:?}");
            assert!(verify(workspace.path(), "1123456").is_err());
        }
    }

    #[test]
    fn what_is_no_commit_id_is_refused_whatever_the_workspace() {
        let workspace = workspace(&[(".git/HEAD", COMMIT)]);
        for revision in ["", "0", "main", "012345"] {
            assert_eq!(verify(workspace.path(), revision).unwrap_err().code, RefusalCode::WorkspaceUnavailable);
        }
        assert!(verify(tempfile::tempdir().unwrap().path(), COMMIT).is_err());
    }
}
