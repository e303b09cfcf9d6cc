//! Where the texts of a script belong in what a model sees.

use crate::protocol::{Cell, TokenId};

/// The token that the first fitting text has at `wanted`. A text fits where it covers every masked cell and agrees with all
/// other cells that it covers: those of its own that were committed before. Where it fits twice, the later place is taken.
pub(super) fn at(texts: &[Vec<TokenId>], cells: &[Cell], wanted: usize) -> Option<TokenId> {
    let first = cells.iter().position(Option::is_none)?;
    let last = cells.iter().rposition(Option::is_none)?;
    let fits = texts.iter().find_map(|text| Some((text, place(text, cells, first, last)?)));
    let (text, start) = fits?;
    text.get(wanted.checked_sub(start)?).copied()
}

fn place(text: &[TokenId], cells: &[Cell], first: usize, last: usize) -> Option<usize> {
    let earliest = (last + 1).saturating_sub(text.len());
    let agrees = |start: usize| {
        let covered = cells.get(start..start + text.len());
        covered.is_some_and(|cells| cells.iter().zip(text).all(|(cell, token)| cell.is_none_or(|cell| cell == *token)))
    };
    (earliest..=first).rev().find(|start| agrees(*start))
}

/// What follows the longest head of a text that stands at the end of `cells`; `Some(None)` when the text is complete. The
/// first text is begun where none is under way.
pub(super) fn next(texts: &[Vec<TokenId>], cells: &[Cell]) -> Option<Option<TokenId>> {
    let standing = |text: &Vec<TokenId>| {
        (0..=text.len().min(cells.len()))
            .rev()
            .find(|length| cells[cells.len() - length..].iter().zip(text).all(|(cell, token)| *cell == Some(*token)))
            .unwrap_or(0)
    };
    let (text, length) = texts
        .iter()
        .map(|text| (text, standing(text)))
        .reduce(|best, other| if other.1 > best.1 { other } else { best })?;
    Some(text.get(length).copied())
}
