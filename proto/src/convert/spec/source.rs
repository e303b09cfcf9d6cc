//! Where the code comes from.

use std::collections::BTreeSet;

use reweave_core::{
    EvidenceKind, InlineFile, Refusal, RefusalCode, RelativePath, RelativePathError, Sha256, Source, limits,
};

use super::{Door, Field};
use crate::wire::spec as wire;

pub(super) fn receive(source: Option<wire::Source>, door: Door, at: &Field) -> Result<Source, Refusal> {
    match (source, door) {
        (Some(source), Door::Local | Door::Remote) => match source.from {
            Some(wire::source::From::Inline(files)) => inline(files, &at.at("inline")),
            Some(wire::source::From::Workspace(named)) => workspace(named, &at.at("workspace")),
            None => Err(at.invalid("is empty").next("give `source.inline` or `source.workspace`")),
        },
        (None, Door::Local) => Ok(Source::Local),
        (None, Door::Remote) => Err(at
            .invalid("is missing, and only the command line has a workspace of its own")
            .next("give `source.inline` or `source.workspace`")),
    }
}

/// A path below the workspace.
pub(super) fn path(path: String, at: &Field) -> Result<RelativePath, Refusal> {
    path.try_into().map_err(|error: RelativePathError| {
        let code = match error {
            RelativePathError::Absolute(_) | RelativePathError::Escapes(_) | RelativePathError::Git(_) => {
                RefusalCode::PathOutside
            }
            RelativePathError::Empty
            | RelativePathError::TooLong
            | RelativePathError::Part(_)
            | RelativePathError::Character(_) => RefusalCode::SpecInvalid,
        };
        at.refuse(code, format_args!("is not usable: {error}"))
    })
}

fn inline(files: wire::InlineFiles, at: &Field) -> Result<Source, Refusal> {
    let at = at.at("files");
    at.count(files.files.len(), 1, limits::INLINE_FILES_MAX)?;
    let mut paths = BTreeSet::new();
    let mut received = Vec::with_capacity(files.files.len());
    for (index, file) in files.files.into_iter().enumerate() {
        let at = at.index(index);
        let file = inline_file(file, &at)?;
        if !paths.insert(file.path.clone()) {
            return Err(at.at("path").invalid(format_args!("names `{}` a second time", file.path)));
        }
        received.push(file);
    }
    Ok(Source::Inline(received))
}

fn inline_file(file: wire::InlineFile, at: &Field) -> Result<InlineFile, Refusal> {
    let path = path(file.path, &at.at("path"))?;
    let bytes = file.content.len();
    if bytes > limits::SOURCE_BYTES_MAX {
        let max = limits::SOURCE_BYTES_MAX;
        return Err(at
            .at("content")
            .refuse(RefusalCode::FileTooLarge, format_args!("is {bytes} bytes long, and may be {max}"))
            .with(EvidenceKind::Limit, format!("{bytes} of at most {max} bytes")));
    }
    let given: Sha256 = at.at("sha256").parsed(&file.sha256)?;
    let content = file.content.into_bytes();
    let sha256 = Sha256::of(&content);
    if sha256 != given {
        let at = at.at("sha256");
        return Err(at
            .refuse(RefusalCode::DigestMismatch, format_args!("is not the digest of the content of `{path}`"))
            .with(EvidenceKind::Error, format!("the content's SHA-256 is {sha256}")));
    }
    Ok(InlineFile { path, content, sha256 })
}

fn workspace(workspace: wire::Workspace, at: &Field) -> Result<Source, Refusal> {
    let name = at.at("name").parsed(&workspace.name)?;
    if workspace.revision.is_empty() {
        return Ok(Source::Workspace { name, revision: None });
    }
    let at = at.at("revision");
    let revision = at.name(workspace.revision)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    // A leading dash would be an option to git.
    if revision.starts_with('-') || !revision.chars().all(allowed) {
        return Err(at.invalid("is not a revision: letters, digits, `.`, `_`, `/` and `-` make one"));
    }
    Ok(Source::Workspace { name, revision: Some(revision) })
}
