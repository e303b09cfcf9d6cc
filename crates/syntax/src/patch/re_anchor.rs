//! A patch moved onto the texts that stand there now: each edit found again by node path and old text, then gated again.
//!
//! All or nothing: an edit without one place, or a gate that refuses the result, refuses the patch. What the checks found on
//! the old base says nothing about the new one, and the moved patch says so.

use reweave_core::{
    Candidate, Edit, Edits, EvidenceKind, FileChange, FileKind, FileText, Language, MaskedSpan, Patch, Proposer,
    Refusal, RefusalCode, RelativePath, Sha256, Span, Validation,
};

use super::anchor::{self, Lost, Placed};
use super::diff;
use crate::{ParsedFile, gates};

/// One file's change, with the text it was made for and the text that is to be changed instead.
#[derive(Clone, Copy, Debug)]
pub struct Stale<'a> {
    pub path: &'a RelativePath,
    pub base: &'a str,
    pub edits: &'a Edits,
    pub present: &'a str,
}

/// One file's change where it stands now.
#[derive(Clone, Debug)]
pub struct Moved {
    pub change: FileChange,
    pub validation: Validation,
    /// In the order of the edits.
    pub places: Vec<Place>,
}

/// How far an edit has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the text the edit was made for.
    pub old_span: Span,
    pub new_span: Span,
    /// Both 1-based.
    pub from_line: u32,
    pub to_line: u32,
    /// Where it stands, by names from the outside in; empty at module level.
    pub node_path: String,
}

/// Moves the edits of one file onto its present text and asks the gates there.
pub fn change(stale: Stale<'_>) -> Result<Moved, Refusal> {
    let language = stale.path.extension().and_then(Language::by_extension).ok_or_else(|| no_language(stale.path))?;
    let parse = |text: &str| ParsedFile::parse(language, FileText { path: stale.path.clone(), text: text.to_owned() });
    let (base, present) = (parse(stale.base)?, parse(stale.present)?);
    let placed = anchor::place(&base, stale.edits.as_slice(), &present).map_err(|lost| conflict(stale.path, &lost))?;
    let places = placed.iter().zip(stale.edits.as_slice()).map(|(placed, edit)| Place {
        old_span: edit.span,
        new_span: placed.edit.span,
        from_line: placed.from_line,
        to_line: placed.to_line,
        node_path: placed.edit.node_path.clone(),
    });
    let places = places.collect();
    let edits = checked(stale, placed)?;
    let validation = gated(&present, &edits)?;
    let change = FileChange::edited(stale.path.clone(), stale.present.to_owned(), edits);
    Ok(Moved { change, validation, places })
}

/// Moves `patch` onto the present texts, in the order of its files; those that are as they were stay so. What is made or
/// removed has no other place: it must be as it was.
pub fn patch(patch: &Patch, present: &[&str]) -> Result<(Patch, Vec<Moved>), Refusal> {
    let moved = patch.files.iter().zip(present).map(|(file, present)| one(file, present));
    let moved = moved.collect::<Result<Vec<_>, _>>()?;
    Ok((carry_over(patch, &moved), moved))
}

fn one(file: &FileChange, present: &str) -> Result<Moved, Refusal> {
    if Sha256::of(file.original_code.as_bytes()) != file.base_sha256 {
        return Err(no_base(&file.path));
    }
    let path = match &file.kind {
        FileKind::Edited => &file.path,
        FileKind::Renamed { from } => from,
        FileKind::Created | FileKind::Deleted if file.original_code == present => return Ok(unmoved(file)),
        FileKind::Created => return Err(stale_base(&file.path, "the patch would make it")),
        FileKind::Deleted => return Err(stale_base(&file.path, "the patch would remove what it does not know")),
    };
    let stale = Stale { path, base: &file.original_code, edits: &file.edits, present };
    let moved = change(stale)?;
    let change = FileChange { path: file.path.clone(), kind: file.kind.clone(), modes: file.modes, ..moved.change };
    Ok(Moved { change, ..moved })
}

fn unmoved(file: &FileChange) -> Moved {
    let validation = Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 };
    Moved { change: file.clone(), validation, places: Vec::new() }
}

fn carry_over(patch: &Patch, moved: &[Moved]) -> Patch {
    let files: Vec<FileChange> = moved.iter().map(|moved| moved.change.clone()).collect();
    let diffs: Vec<diff::FileDiff<'_>> =
        files.iter().map(|file| diff::FileDiff::of(file, &file.original_code, &file.generated_code)).collect();
    let mut carried = patch.clone();
    carried.unified_diff = diff::unified(&diffs);
    carried.masked_spans = files.iter().flat_map(masked).collect();
    carried.validation = together(moved);
    carried.checks.clear();
    for (old, new) in patch.files.iter().zip(&files).filter(|(old, new)| old.base_sha256 != new.base_sha256) {
        let note = format!("re-anchored: {} was made for {}, now for {}", old.path, old.base_sha256, new.base_sha256);
        carried.not_checked.push(note);
    }
    for check in &patch.checks {
        let note = format!("{}: {} before re-anchoring, not run again since", check.name, check.status.as_str());
        carried.not_checked.push(note);
    }
    for hunk in &mut carried.provenance.hunks {
        let file = moved.iter().find(|moved| moved.change.path == hunk.path);
        let place = file.and_then(|file| file.places.iter().find(|place| place.old_span == hunk.span));
        hunk.span = place.map_or(hunk.span, |place| place.new_span);
    }
    carried.files = files;
    carried
}

fn together(moved: &[Moved]) -> Validation {
    let mut all = Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 };
    for one in moved.iter().map(|moved| &moved.validation) {
        all.syntax_valid &= one.syntax_valid;
        all.errors.extend(one.errors.iter().cloned());
        all.gates.extend(one.gates.iter().cloned());
        all.bytes_changed_outside += one.bytes_changed_outside;
    }
    all
}

fn checked(stale: Stale<'_>, placed: Vec<Placed>) -> Result<Edits, Refusal> {
    let edits: Vec<Edit> = placed.into_iter().map(|placed| placed.edit).collect();
    // The digests of the old texts are compared here.
    Edits::new(stale.present, edits).map_err(|error| {
        stale_base(stale.path, "its edits do not fit together any more").with(EvidenceKind::Error, error.to_string())
    })
}

fn gated(present: &ParsedFile, edits: &Edits) -> Result<Validation, Refusal> {
    let path = &present.file().path;
    // Nothing but the places found may change: narrower than the spans that were frozen for the old base.
    let candidate = Candidate::of_edits(path.clone(), edits.clone(), Proposer::Refactor, "re_anchor");
    let report = gates::check(present, &candidate);
    match (report.refused, report.reason()) {
        (None, _) => Ok(report.validation),
        (Some(gate), reason) => {
            let detail = format!("{}: {}", gate.as_str(), reason.unwrap_or_default());
            Err(stale_base(path, "a gate refuses the patch there").with(EvidenceKind::Gate, detail))
        }
    }
}

fn masked(file: &FileChange) -> impl Iterator<Item = MaskedSpan> {
    file.edits.as_slice().iter().map(|edit| MaskedSpan::of(&file.path, edit))
}

fn conflict(path: &RelativePath, lost: &[Lost]) -> Refusal {
    let what = match lost.len() {
        1 => "an edit has no place there any more".to_owned(),
        count => format!("{count} edits have no place there any more"),
    };
    lost.iter().fold(stale_base(path, &what), |refusal, lost| {
        let detail = format!("the edit of line {} of the base: {}", lost.line, lost.reason);
        match lost.present_line {
            Some(line) => refusal.at(EvidenceKind::Symbol, detail, path, line),
            None => refusal.with(EvidenceKind::Symbol, format!("{path}: {detail}")),
        }
    })
}

fn stale_base(path: &RelativePath, what: &str) -> Refusal {
    Refusal::new(RefusalCode::StaleBase, format!("`{path}` was changed since, and {what}"))
        .next("run the spec again on the files as they are now")
}

fn no_language(path: &RelativePath) -> Refusal {
    let reason = "it is in no language in which places are found again by name";
    Refusal::new(RefusalCode::StaleBase, format!("`{path}` was changed since, and {reason}"))
        .next("run the spec again on the files as they are now")
}

fn no_base(path: &RelativePath) -> Refusal {
    stale_base(path, "the patch no longer carries the text it was made for")
}

#[cfg(test)]
mod tests;
