//! Any bytes as a source: whatever can be masked in it comes back to the byte.

use reweave_core::{Edit, Edits, Span};
use reweave_syntax::{Hole, ParsedFile, fingerprint, layout, mask, targets};
use reweave_syntax::{Place, Unit, unit};

use super::input::{Choices, Input};

/// Panics where masking and splicing break a promise.
pub(crate) fn run(data: &[u8]) {
    let Some(mut input) = Input::read(data) else { return };
    let Some(file) = input.parsed() else { return };
    every_definition_is_a_part_of(&file);
    assert_eq!(fingerprint::edit_size(&file, &file), 0, "a file differs from itself");
    while !input.choices.is_spent() {
        let spans = match input.choices.byte() % 2 {
            0 => holes(&file, &mut input.choices),
            _ => node(&file, &mut input.choices),
        };
        round_trip(&file, &spans, &input.fills);
    }
}

fn every_definition_is_a_part_of(file: &ParsedFile) {
    for target in targets::definitions(file) {
        for span in [target.span, target.name_span, target.body_span] {
            assert!(file.text().get(span.start..span.end).is_some(), "{target:?}");
        }
    }
    for name in file.unresolved().unwrap_or_default() {
        assert!(file.text().get(name.span.start..name.span.end).is_some(), "{name:?}");
    }
}

/// The holes of a place and a unit, or none where they are refused.
fn holes(file: &ParsedFile, choices: &mut Choices<'_>) -> Vec<Span> {
    let place = place(file, choices);
    let unit = Unit::ALL.get(usize::from(choices.byte()) % (Unit::ALL.len() + 1)).copied();
    let Ok(holes) = unit::holes(file, &place, unit) else { return Vec::new() };
    assert!(!holes.is_empty(), "no hole, and no refusal either: {place:?}");
    for hole in &holes {
        let old = file.slice(hole.span);
        assert_eq!(layout::fit(file, hole.span, old), old, "the old text is laid out otherwise: {hole:?}");
        assert_eq!(hole.typed.is_none(), hole.admissible(file.language()).is_empty(), "{hole:?}");
    }
    holes.iter().map(|hole| hole.span).collect()
}

fn place(file: &ParsedFile, choices: &mut Choices<'_>) -> Place {
    let lines = file.text().lines().count();
    let line = |choices: &mut Choices<'_>| choices.below(lines + 2) as u32;
    match choices.byte() % 4 {
        0 => {
            let all = targets::definitions(file);
            let target = all.get(choices.below(all.len()));
            Place::Target(target.map_or_else(|| "f".to_owned(), |target| format!("{}@{}", target.path, target.line)))
        }
        1 => Place::Lines { first: line(choices), last: line(choices) },
        2 => Place::At { line: line(choices), column: u32::from(choices.byte()) },
        _ => {
            let span = choices.span(file.text());
            let node = file.tree().root_node().descendant_for_byte_range(span.start, span.end);
            let kind = node.map_or("module", |node| node.kind()).to_owned();
            Place::Kind { kind, line: node.filter(|_| choices.byte().is_multiple_of(2)).map(|_| file.line(span.start)) }
        }
    }
}

/// The hole around any part of the text.
fn node(file: &ParsedFile, choices: &mut Choices<'_>) -> Vec<Span> {
    let span = choices.span(file.text());
    let Ok(hole) = Hole::at(file, span) else { return Vec::new() };
    assert!(hole.span.contains(span), "{hole:?} does not hold {span:?}");
    vec![hole.span]
}

fn round_trip(file: &ParsedFile, spans: &[Span], fills: &[String]) {
    let text = file.text();
    let masked = mask::mask(text, spans).expect("holes never overlap, and lie on character boundaries");
    let old: Vec<&str> = masked.holes().iter().map(|hole| hole.text.as_str()).collect();
    assert_eq!(masked.splice(&old).as_deref(), Ok(text));
    let laid = |(at, span): (usize, &Span)| layout::fit(file, *span, fills.get(at).map_or("", String::as_str));
    let laid: Vec<String> = spans.iter().enumerate().map(laid).collect();
    let edits = spans.iter().zip(&laid).map(|(span, fill)| Edit::of(text, *span, fill, "", "")).collect();
    let edits = Edits::new(text, edits).expect("what can be masked can be edited");
    let fills: Vec<&str> = edits.as_slice().iter().map(|edit| edit.new_text.as_str()).collect();
    assert_eq!(masked.splice(&fills), Ok(edits.apply(text)));
}
