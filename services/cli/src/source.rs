//! One source file named on the command line, parsed.

use std::path::Path;

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
