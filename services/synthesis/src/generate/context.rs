//! What the model sees: the code around the hole in tokens of the file's own tokenisation, and what was asked.

use std::sync::Arc;

use reweave_core::{Diagnostic, Plan, Refusal, Span};
use reweave_decode::{
    dfa::Dfa,
    length::{self, Extent},
    pattern::Pattern,
    problem::{Constraint, Control, Hole, Problem},
    protocol::{Encoded, TokenId},
};
use reweave_syntax::{Choices, Literal};

use super::model::Mounted;

/// Bytes of code for each position of the model's window that are turned into tokens: more than any tokenizer packs into one
/// on average, so that the window is full.
const BYTES_PER_POSITION: usize = 8;

/// Longest fill of a bounded form, in tokens: each position of it is asked for with a list of what may stand there.
const TOKENS_MAX: usize = 32;

/// Longest whole number, in tokens: nine digits fit into 32 bits, and tokenizers of code give each digit a token.
const DIGITS_MAX: usize = 9;

/// The code around a hole.
#[derive(Debug)]
pub(super) struct Around {
    before: Vec<TokenId>,
    old: Vec<TokenId>,
    after: Vec<TokenId>,
}

/// Cuts `text` at the hole. A token that spans an edge of the hole is cut there, and its parts become tokens by themselves;
/// all others are those that the whole text has.
pub(super) async fn around(mounted: &Mounted, text: &str, hole: Span, window_max: u32) -> Result<Around, Refusal> {
    let positions = mounted.description.bounds.positions_max.min(window_max);
    let window = window(text, hole, positions as usize * BYTES_PER_POSITION);
    let part = &text[window.start..window.end];
    let hole = Span::new(hole.start - window.start, hole.end - window.start);
    let whole = mounted.encode(vec![part.to_owned()]).await?.remove(0);
    let cut = Cut::of(&whole, hole);
    let rests = [cut.before_end..hole.start, hole.start..hole.end, hole.end..cut.after_start];
    let rests = mounted.encode(rests.map(|range| part[range].to_owned()).to_vec()).await?;
    let [left, old, right]: [Encoded; 3] = rests.try_into().expect("as many texts come back as went in");
    let after = whole.tokens[cut.after..].iter().copied();
    Ok(Around {
        before: whole.tokens[..cut.before].iter().copied().chain(left.tokens).collect(),
        old: old.tokens,
        after: right.tokens.into_iter().chain(after).collect(),
    })
}

/// What the request says in words, as a comment above the code; empty where it says nothing.
pub(super) async fn instruction(mounted: &Mounted, plan: Plan<'_>) -> Result<Vec<TokenId>, Refusal> {
    let comment = if plan.language() == reweave_core::Language::Python { "# " } else { "// " };
    let said = match plan {
        Plan::Refactor(plan) => vec![plan.intent.clone(), plan.condition.clone(), plan.context.clone()],
        Plan::Edit(edit) => {
            let found = |found: &Diagnostic| format!("line {}: {} {}", found.line, found.code, found.message);
            std::iter::once(edit.instruction.clone()).chain(edit.diagnostics.iter().map(found)).collect()
        }
    };
    let lines = said.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
    let text: String = lines.map(|line| format!("{comment}{line}\n")).collect();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Ok(mounted.encode(vec![text]).await?.remove(0).tokens)
}

/// How large a hole is, and what surrounds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) extent: Extent,
    /// Candidate lengths.
    pub(super) lengths: usize,
    /// Positions of one canvas.
    pub(super) window: u32,
}

/// The problem that a decoder takes.
pub(super) async fn problem(
    mounted: &Mounted,
    around: Around,
    instruction: Vec<TokenId>,
    choices: Option<Choices>,
    size: Size,
) -> Result<Problem, Refusal> {
    let Size { extent, lengths, window } = size;
    let Around { before, old, after } = around;
    let half = (mounted.description.bounds.positions_max.min(window) / 2).max(1) as usize;
    let longest = match &choices {
        Some(Choices::Form(Literal::Integer)) => half.min(DIGITS_MAX),
        Some(Choices::Form(Literal::Float | Literal::Text { .. }) | Choices::OneOf(_)) => half.min(TOKENS_MAX),
        None => half,
    };
    let lengths = length::candidates(old.len(), extent, lengths, longest);
    let constraint = constraint(mounted, choices).await?;
    let control = Control::of(&mounted.description);
    Ok(Problem { control, instruction, retrieved: Vec::new(), before, after, hole: Hole { old, lengths, constraint } })
}

async fn constraint(mounted: &Mounted, choices: Option<Choices>) -> Result<Constraint, Refusal> {
    match choices {
        None => Ok(Constraint::Free),
        Some(Choices::OneOf(texts)) => {
            let encoded = mounted.encode(texts).await?;
            Ok(Constraint::OneOf(
                encoded.into_iter().map(|text| text.tokens).filter(|tokens| !tokens.is_empty()).collect(),
            ))
        }
        Some(Choices::Form(literal)) => Ok(form(mounted, &literal)),
    }
}

/// Texts of a literal's form; anything where its marks are too long for an automaton.
fn form(mounted: &Mounted, literal: &Literal) -> Constraint {
    let dfa = match literal {
        Literal::Integer => Dfa::integer(),
        Literal::Float => Dfa::float(),
        Literal::Text { open, close } => match Dfa::between(open.as_bytes(), close.as_bytes()) {
            Ok(dfa) => dfa,
            Err(_) => return Constraint::Free,
        },
    };
    Constraint::Pattern(Pattern { dfa, vocabulary: Arc::clone(&mounted.vocabulary) })
}

/// The part of `text` that is turned into tokens: whole lines around the hole, `bytes_max` to each side.
fn window(text: &str, hole: Span, bytes_max: usize) -> Span {
    let start = hole.start.saturating_sub(bytes_max);
    let start = if start == 0 { 0 } else { text[..floor(text, start)].rfind('\n').map_or(0, |newline| newline + 1) };
    let end = hole.end.saturating_add(bytes_max);
    let end = if end >= text.len() { text.len() } else { floor(text, end).max(hole.end) };
    Span::new(start, end)
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Where the tokens of a text are cut by a hole.
#[derive(Debug, PartialEq, Eq)]
struct Cut {
    /// Tokens that end at or before the hole, and where the last of them ends.
    before: usize,
    before_end: usize,
    /// The first token that begins at or after the hole's end, and where it begins.
    after: usize,
    after_start: usize,
}

impl Cut {
    fn of(whole: &Encoded, hole: Span) -> Self {
        let ends: Vec<usize> = whole.ends.iter().map(|end| *end as usize).collect();
        let before = ends.partition_point(|end| *end <= hole.start);
        let start_of = |token: usize| token.checked_sub(1).map_or(0, |before| ends[before]);
        let after = (before..ends.len()).find(|token| start_of(*token) >= hole.end).unwrap_or(ends.len());
        let after_start = if after == ends.len() { ends.last().copied().unwrap_or(0) } else { start_of(after) };
        Self { before, before_end: start_of(before), after, after_start: after_start.max(hole.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(ends: &[u32]) -> Encoded {
        Encoded { tokens: vec![0; ends.len()], ends: ends.to_vec() }
    }

    #[test]
    fn tokens_beside_the_hole_stay_and_those_across_its_edges_are_cut() {
        // 0..3 | 3..5 | 5..9 | 9..12
        let text = whole(&[3, 5, 9, 12]);
        let cut = |start, end| Cut::of(&text, Span::new(start, end));
        assert_eq!(cut(3, 5), Cut { before: 1, before_end: 3, after: 2, after_start: 5 });
        assert_eq!(cut(4, 6), Cut { before: 1, before_end: 3, after: 3, after_start: 9 });
        assert_eq!(cut(0, 12), Cut { before: 0, before_end: 0, after: 4, after_start: 12 });
        assert_eq!(cut(10, 11), Cut { before: 3, before_end: 9, after: 4, after_start: 12 });
        assert_eq!(Cut::of(&whole(&[]), Span::new(0, 0)), Cut { before: 0, before_end: 0, after: 0, after_start: 0 });
    }

    #[test]
    fn a_window_is_whole_lines_before_the_hole_and_never_cuts_a_letter() {
        let text = "ää\nbb\ncc = 1\ndöd\n";
        let at = text.find('1').unwrap();
        let seen = |bytes_max| {
            let window = window(text, Span::new(at, at + 1), bytes_max);
            &text[window.start..window.end]
        };
        assert_eq!((seen(3), seen(6), seen(99)), ("cc = 1\nd", "bb\ncc = 1\ndöd\n", text));
    }
}
