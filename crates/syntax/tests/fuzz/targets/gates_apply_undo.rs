//! A source and edits of it: what the gates accept can be applied, written down, moved and taken out to the byte.

use reweave_core::{Candidate, Edit, Edits, FileText, Proposer, Refusal, Span};
use reweave_syntax::gates::{self, Predictor};
use reweave_syntax::patch::{Change, diff, dsl, re_anchor};
use reweave_syntax::{GateReport, ParsedFile};

use super::hunks;
use super::input::{Choices, Input};

/// Most edits of one run.
const EDITS_MAX: usize = 4;

/// Panics where a gate, a rendering or an undo breaks a promise.
pub(crate) fn run(data: &[u8]) {
    let Some(mut input) = Input::read(data) else { return };
    let Some(base) = input.parsed() else { return };
    let proposer = if input.choices.byte() % 2 == 0 { Proposer::Mutation } else { Proposer::Refactor };
    let at = input.choices.below(base.text().len() + 1);
    let edits = edits(&base, &mut input);
    let Ok(edits) = Edits::new(base.text(), edits) else { return };
    let mut predictor = Predictor::new(&base);
    for edit in edits.as_slice() {
        predictor.admits(edit);
    }
    let candidate = Candidate::of_edits(base.file().path.clone(), edits.clone(), proposer, "fuzz");
    let report = gates::check(&base, &candidate);
    assert_eq!(report.validation.bytes_changed_outside, 0, "{edits:?}");
    assert_eq!(report.refused.is_none(), report.reason().is_none(), "{report:?}");
    if report.refused.is_none() {
        sound(&base, &edits, &report);
    }
    undone(base.text(), &edits);
    written_down(&base, &edits);
    moved(&base, &edits, at);
}

/// Up to [`EDITS_MAX`] edits, each with a fill of the input or with another part of the source.
fn edits(base: &ParsedFile, input: &mut Input<'_>) -> Vec<Edit> {
    let (text, choices) = (base.text(), &mut input.choices);
    let mut edits = Vec::new();
    while !choices.is_spent() && edits.len() < EDITS_MAX {
        let span = place(base, choices);
        let new = match choices.byte() % 4 {
            0 => String::new(),
            1 => base.slice(place(base, choices)).to_owned(),
            _ => input.fills.get(choices.below(input.fills.len())).cloned().unwrap_or_default(),
        };
        edits.push(Edit::of(text, span, new, "", ""));
    }
    edits
}

/// A part of the text: any, or that of a syntax node.
fn place(base: &ParsedFile, choices: &mut Choices<'_>) -> Span {
    let widen = !choices.byte().is_multiple_of(4);
    let span = choices.span(base.text());
    let node = base.tree().root_node().named_descendant_for_byte_range(span.start, span.end).filter(|_| widen);
    node.map_or(span, |node| Span::new(node.start_byte(), node.end_byte()))
}

fn parse(base: &ParsedFile, text: &str) -> Result<ParsedFile, Refusal> {
    ParsedFile::parse(base.language(), FileText { path: base.file().path.clone(), text: text.to_owned() })
}

/// What was accepted is the text that the edits give, and no worse than the base.
fn sound(base: &ParsedFile, edits: &Edits, report: &GateReport) {
    assert_eq!(report.result, edits.apply(base.text()));
    assert!(report.validation.syntax_valid, "{report:?}");
    let result = parse(base, &report.result).expect("the gates parsed it before");
    assert!(result.errors().len() <= base.errors().len(), "{:?}", result.errors());
}

fn undone(text: &str, edits: &Edits) {
    let result = edits.apply(text);
    let reverse = Edits::new(&result, edits.reverse(text).as_slice().to_vec());
    // Two edits of which only a deletion lies between have one place afterwards.
    let Ok(reverse) = reverse else { return };
    assert_eq!(reverse.apply(&result), text);
}

/// The unified diff both ways and the line DSL give the text that the edits give.
fn written_down(base: &ParsedFile, edits: &Edits) {
    let (path, before) = (&base.file().path, base.text());
    let after = edits.apply(before);
    let there = diff::unified(&[diff::FileDiff::edited(path, before, &after)]);
    assert_eq!(hunks::applied(&there, before).as_ref(), Some(&after), "{there}");
    let back = diff::unified(&[diff::FileDiff::edited(path, &after, before)]);
    assert_eq!(hunks::applied(&back, &after).as_deref(), Some(before), "{back}");
    let document = dsl::render(&[Change::edited(path, before, edits)]).expect("it is an edit");
    if before == after {
        assert_eq!(document, "");
        return;
    }
    let files = dsl::parse(&document).expect("what is rendered can be read");
    let read = files[0].edits(before).expect("for its base");
    assert_eq!(read.apply(before), after, "{document}");
}

/// On a base with a line more, the edits are refused, or stand where the gates accept them and come out again.
fn moved(base: &ParsedFile, edits: &Edits, at: usize) {
    let text = base.text();
    let at = text[..text.floor_char_boundary(at)].rfind('\n').map_or(0, |newline| newline + 1);
    let present = format!("{}\n{}", &text[..at], &text[at..]);
    let path = &base.file().path;
    let stale = re_anchor::Stale { path, base: text, edits, present: &present };
    let Ok(moved) = re_anchor::change(stale) else { return };
    let (change, result) = (&moved.change, &moved.change.generated_code);
    assert_eq!(change.edits.apply(&present), *result);
    assert_eq!(moved.validation.bytes_changed_outside, 0);
    undone(&present, &change.edits);
}
