//! How many bytes differ outside the spans frozen from the plan: measured on the two texts.

use reweave_core::{Candidate, Edit, Span};

use super::{Judged, Verdict};

/// Every edit lies within a masked span, and not one byte differs outside them.
pub(super) fn check(judged: &Judged<'_>) -> Verdict {
    let masked = masked_spans(judged.candidate);
    if let Some(edit) = judged.candidate.edits.as_slice().iter().find(|edit| !within(&masked, edit)) {
        let line = judged.base.line(edit.span.start);
        return Err(format!("the edit on line {line} lies outside the masked spans"));
    }
    match measure(judged.base.text(), judged.result.text(), judged.candidate) {
        0 => Ok("0 bytes differ outside the masked spans".to_owned()),
        changed => Err(format!("{changed} bytes differ outside the masked spans")),
    }
}

/// Compares `base` and `result` byte by byte outside the masked spans.
///
/// An edit outside them counts with the bytes in which its old and new text differ; the edits serve only to know how
/// far the text after a masked span has moved.
pub(super) fn measure(base: &str, result: &str, candidate: &Candidate) -> u64 {
    let masked = masked_spans(candidate);
    let (base, result) = (base.as_bytes(), result.as_bytes());
    let mut regions: Vec<(Span, bool)> = masked.iter().map(|span| (*span, true)).collect();
    let outside = candidate.edits.as_slice().iter().filter(|edit| !within(&masked, edit));
    regions.extend(outside.map(|edit| (edit.span, false)));
    regions.sort_unstable();
    let (mut at_base, mut at_result, mut changed) = (0, 0, 0);
    for (region, allowed) in regions {
        let kept = region.start.saturating_sub(at_base);
        changed += differing(slice(base, at_base, kept), slice(result, at_result, kept));
        at_result += kept;
        at_base = at_base.max(region.start);
        let old = region.end.saturating_sub(at_base);
        let new = (old as isize + growth(candidate, region)).max(0) as usize;
        if !allowed {
            changed += differing(slice(base, at_base, old), slice(result, at_result, new));
        }
        at_base += old;
        at_result += new;
    }
    changed + differing(slice(base, at_base, base.len()), slice(result, at_result, result.len()))
}

/// The masked spans of the candidate's file, sorted, those that overlap or touch made one.
fn masked_spans(candidate: &Candidate) -> Vec<Span> {
    let of_file = candidate.masked.iter().filter(|masked| masked.path == candidate.path);
    let mut spans: Vec<Span> = of_file.map(|masked| masked.span).collect();
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

fn within(masked: &[Span], edit: &Edit) -> bool {
    masked.iter().any(|span| span.contains(edit.span))
}

/// By how many bytes the edits inside `region` lengthen it.
fn growth(candidate: &Candidate, region: Span) -> isize {
    let inside = candidate.edits.as_slice().iter().filter(|edit| region.contains(edit.span));
    inside.map(|edit| edit.new_text.len() as isize - edit.span.len() as isize).sum()
}

fn slice(bytes: &[u8], from: usize, length: usize) -> &[u8] {
    let from = from.min(bytes.len());
    &bytes[from..from.saturating_add(length).min(bytes.len())]
}

fn differing(old: &[u8], new: &[u8]) -> u64 {
    if old == new {
        return 0;
    }
    let unequal = old.iter().zip(new).filter(|(old, new)| old != new).count();
    (unequal + old.len().abs_diff(new.len())) as u64
}
