//! What git's own files say of a workspace: no service starts git to learn it.

use std::{fs, path::Path};

/// The commit that HEAD means. Layout: gitrepository-layout(5).
#[must_use]
pub fn head(workspace: &Path) -> Option<String> {
    let git = git_folder(workspace)?;
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return commit(&head) };
    // A linked work tree keeps its branches in the main one.
    let common = fs::read_to_string(git.join("commondir")).map_or(git.clone(), |path| git.join(path.trim()));
    let loose = fs::read_to_string(common.join(name)).ok();
    loose.and_then(|text| commit(&text)).or_else(|| packed(&fs::read_to_string(common.join("packed-refs")).ok()?, name))
}

fn git_folder(workspace: &Path) -> Option<std::path::PathBuf> {
    let git = workspace.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(workspace.join(text.trim().strip_prefix("gitdir: ")?))
}

fn packed(refs: &str, name: &str) -> Option<String> {
    refs.lines().find_map(|line| commit(line.strip_suffix(name)?.strip_suffix(' ')?))
}

fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}
