//! The files of the repository.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// What git ignores, and git itself.
const NOT_OURS: &[&str] = &[".git", ".reweave", ".venv", "target", "__pycache__"];

/// A text file and where it lies, from the root, with `/` between parts.
#[derive(Debug)]
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file that is text, in the order of paths.
pub(crate) fn text_files() -> Vec<TextFile> {
    let root = root();
    let entries = WalkDir::new(&root).sort_by_file_name().into_iter();
    let ours = entries.filter_entry(|entry| !NOT_OURS.contains(&&*entry.file_name().to_string_lossy()));
    ours.map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            Some(TextFile { path, text: String::from_utf8(std::fs::read(entry.path()).unwrap()).ok()? })
        })
        .collect()
}

/// Every Rust file.
pub(crate) fn rust_files() -> Vec<TextFile> {
    text_files().into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// Fails with one line per finding.
#[track_caller]
pub(crate) fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn the_walk_sees_this_file_and_skips_what_git_ignores() {
    let files = text_files();
    assert!(files.iter().any(|file| file.path == "tests/tests/tidy/repository.rs"));
    assert!(files.iter().all(|file| !file.path.starts_with("target/") && !file.path.starts_with(".reweave/")));
}
