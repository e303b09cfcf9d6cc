//! Source files named on the command line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use reweave_core::{EvidenceKind, FileText, Language, Refusal, RefusalCode, RelativePath, limits};
use reweave_syntax::ParsedFile;

use crate::input;

/// Reads and parses `path`, in the language named or the one its extension tells. The inner error is a refusal of what
/// the file holds, the outer one says that it cannot be read.
pub(crate) fn parse(path: &Path, language: Option<Language>) -> Result<Result<ParsedFile, Refusal>> {
    let bytes = input::file(path, limits::SOURCE_BYTES_MAX).with_context(|| format!("read {}", path.display()))?;
    Ok(decode(path, bytes, language))
}

/// Folders that hold no source of a project itself.
const SKIPPED: [&str; 4] = [".git", "node_modules", "target", "__pycache__"];

/// Every file of a wanted language below `paths`, by its extension, in the order of their paths. Symbolic links inside are
/// not followed.
pub(crate) fn files(paths: &[PathBuf], wanted: impl Fn(Language) -> bool) -> Vec<(Language, PathBuf)> {
    let (mut found, mut pending) = (Vec::new(), paths.to_vec());
    while let Some(path) = pending.pop() {
        if let Ok(entries) = fs::read_dir(&path) {
            let inside = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
            pending.extend(inside.map(|entry| entry.path()).filter(|path| !is_skipped(path)));
        } else if let Some(language) = of_extension(&path).filter(|language| wanted(*language)) {
            found.push((language, path));
        }
    }
    found.sort_by(|(_, a), (_, b)| a.cmp(b));
    found
}

fn is_skipped(path: &Path) -> bool {
    path.file_name().is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped))
}

fn of_extension(path: &Path) -> Option<Language> {
    Language::by_extension(path.extension()?.to_str()?)
}

/// The language called `name`, for the command line's parser.
pub(crate) fn language(name: &str) -> Result<Language, String> {
    let known: Vec<&str> = Language::ALL.iter().map(Language::name).collect();
    Language::by_name(name).ok_or_else(|| format!("`{name}` is not one of {}", known.join(", ")))
}

fn decode(path: &Path, bytes: Vec<u8>, language: Option<Language>) -> Result<ParsedFile, Refusal> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let name: RelativePath = name.parse().map_err(|error: reweave_core::RelativePathError| {
        Refusal::new(RefusalCode::PathOutside, "the file has a name that no patch can carry")
            .with(EvidenceKind::Error, error.to_string())
    })?;
    let language = language.or_else(|| name.extension().and_then(Language::by_extension));
    let language = language.ok_or_else(|| {
        Refusal::new(RefusalCode::LanguageUnsupported, format!("`{name}` has an extension of no supported language"))
            .next("name the language with --language")
    })?;
    ParsedFile::parse(language, FileText::decode(name, bytes)?)
}
