//! Bytes as editors and reports count them: lines, and UTF-16 units within a line.
//!
//! A byte order mark at the start of a file is not part of the text that is counted: editors and reports hold it apart.
//! No place lies between the `\r` and the `\n` of one line end, so edits that begin or end there take in the whole of it.

use std::borrow::Cow;

use reweave_core::{Edits, Span};

use super::Error;

const MARK: &str = "\u{feff}";

/// What counts as a line end besides `\n` and `\r\n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// `\r` alone, too: Language Server Protocol 3.17, "Text Documents".
    WithReturn,
    /// Nothing: the default `newlineSequences` of a run in SARIF 2.1.0.
    NewlineOnly,
}

/// A place in a text, both numbers from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: u32,
    /// In UTF-16 units.
    pub(super) column: u32,
}

/// A replacement whose ends have a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement<'a> {
    /// Of the whole text, its byte order mark included.
    pub(super) span: Span,
    /// Of the first edit that it holds.
    pub(super) edit: Span,
    pub(super) text: Cow<'a, str>,
}

/// Walks forward through a text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    ends: LineEnds,
    at: usize,
    position: Position,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, ends: LineEnds) -> Self {
        Self { text, ends, at: mark_len(text), position: Position { line: 0, column: 0 } }
    }

    /// The position of byte `to`, which is not before the one asked for last.
    pub(super) fn advance(&mut self, to: usize) -> Position {
        let mut characters = self.text[self.at..to].chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied().or_else(|| self.text[to..].chars().next());
            let ends_line = match character {
                '\n' => true,
                '\r' => self.ends == LineEnds::WithReturn && next != Some('\n'),
                _ => false,
            };
            if ends_line {
                self.position = Position { line: self.position.line + 1, column: 0 };
            } else {
                self.position.column += character.len_utf16() as u32;
            }
        }
        self.at = to;
        self.position
    }
}

/// `edits` of `before` as replacements whose ends have positions.
pub(super) fn replacements<'a>(before: &str, edits: &'a Edits) -> Result<Vec<Replacement<'a>>, Error> {
    let mut found: Vec<Replacement<'a>> = Vec::with_capacity(edits.as_slice().len());
    for edit in edits.as_slice() {
        let (span, text) = beside_mark(before, edit.span, &edit.new_text)?;
        match found.last_mut() {
            // Apart they would both have to take in the line end that they meet in.
            Some(last) if last.span.end == span.start && splits_line_end(before, span.start) => {
                last.span.end = span.end;
                last.text.to_mut().push_str(text);
            }
            _ => found.push(Replacement { span, edit: edit.span, text: Cow::Borrowed(text) }),
        }
    }
    found.iter_mut().for_each(|replacement| widen(before, replacement));
    Ok(found)
}

/// An edit without the byte order mark that it leaves as it is.
fn beside_mark<'a>(before: &str, span: Span, text: &'a str) -> Result<(Span, &'a str), Error> {
    let mark = mark_len(before);
    if span.start >= mark {
        return Ok((span, text));
    }
    match text.strip_prefix(MARK) {
        Some(rest) if span.end >= mark => Ok((Span::new(mark, span.end), rest)),
        _ => Err(Error::ByteOrderMark),
    }
}

fn widen(before: &str, replacement: &mut Replacement<'_>) {
    let Span { start, end } = replacement.span;
    if splits_line_end(before, start) {
        replacement.span.start -= 1;
        replacement.text.to_mut().insert(0, '\r');
    }
    if splits_line_end(before, end) {
        replacement.span.end += 1;
        replacement.text.to_mut().push('\n');
    }
}

fn splits_line_end(text: &str, at: usize) -> bool {
    text.as_bytes()[..at].ends_with(b"\r") && text.as_bytes()[at..].starts_with(b"\n")
}

fn mark_len(text: &str) -> usize {
    if text.starts_with(MARK) { MARK.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use reweave_core::Edit;

    use super::*;

    fn positions(text: &str, ends: LineEnds) -> Vec<(u32, u32)> {
        let mut cursor = Cursor::new(text, ends);
        let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let places = places.filter(|at| *at >= mark_len(text) && !splits_line_end(text, *at));
        places.map(|at| cursor.advance(at)).map(|position| (position.line, position.column)).collect()
    }

    #[test]
    fn columns_count_utf_16_units_and_no_byte_order_mark() {
        assert_eq!(
            positions("\u{feff}a𝄞ä\nb", LineEnds::NewlineOnly),
            [(0, 0), (0, 1), (0, 3), (0, 4), (1, 0), (1, 1)]
        );
    }

    #[test]
    fn a_lone_return_ends_a_line_where_editors_say_so() {
        assert_eq!(positions("a\rb\r\n", LineEnds::WithReturn), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]);
        assert_eq!(positions("a\rb\r\n", LineEnds::NewlineOnly), [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]);
    }

    fn replaced(before: &str, edits: &[(usize, usize, &str)]) -> Result<Vec<(usize, usize, String)>, Error> {
        let edits = edits.iter().map(|(start, end, new)| Edit::of(before, Span::new(*start, *end), *new, "lines", ""));
        let edits = Edits::new(before, edits.collect()).unwrap();
        let found = replacements(before, &edits)?;
        Ok(found.into_iter().map(|one| (one.span.start, one.span.end, one.text.into_owned())).collect())
    }

    #[test]
    fn an_edit_inside_a_line_end_takes_in_the_whole_of_it() {
        assert_eq!(replaced("a\r\nb", &[(2, 2, "x")]), Ok(vec![(1, 3, "\rx\n".into())]));
        assert_eq!(replaced("a\r\nb", &[(2, 4, "x")]), Ok(vec![(1, 4, "\rx".into())]));
        assert_eq!(replaced("a\r\nb", &[(0, 2, "x"), (2, 4, "y")]), Ok(vec![(0, 4, "xy".into())]));
        assert_eq!(replaced("a\r\nb", &[(1, 3, "\n")]), Ok(vec![(1, 3, "\n".into())]));
    }

    #[test]
    fn a_byte_order_mark_may_be_kept_and_not_changed() {
        assert_eq!(replaced("\u{feff}ab", &[(0, 4, "\u{feff}x")]), Ok(vec![(3, 4, "x".into())]));
        assert_eq!(replaced("\u{feff}ab", &[(3, 4, "x")]), Ok(vec![(3, 4, "x".into())]));
        assert_eq!(replaced("\u{feff}ab", &[(0, 4, "x")]), Err(Error::ByteOrderMark));
        assert_eq!(replaced("\u{feff}ab", &[(0, 0, "x")]), Err(Error::ByteOrderMark));
    }
}
