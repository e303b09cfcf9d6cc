//! Lines of a file and their indentation.

use reweave_core::Span;

use super::edits::Rewrite;
use super::source::Source;

/// Where the line of byte `at` starts; the first line, after a byte order mark.
pub(super) fn start(text: &str, at: usize) -> usize {
    let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    text[..at].rfind(['\n', '\r']).map_or(first, |newline| newline + 1)
}

/// Where the line of byte `at` ends, its line break left out.
pub(super) fn end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |newline| at + newline)
}

/// Where the line of byte `at` ends, its line break included.
pub(super) fn end_with_break(text: &str, at: usize) -> usize {
    let end = end(text, at);
    end + line_break(&text[end..]).len()
}

/// The line break that `text` starts with, or nothing.
fn line_break(text: &str) -> &str {
    ["\r\n", "\n", "\r"].into_iter().find(|line_break| text.starts_with(line_break)).unwrap_or("")
}

/// The line break this file uses: that of its first line.
pub(super) fn break_of(text: &str) -> &str {
    text.find(['\n', '\r']).map_or("\n", |at| line_break(&text[at..]))
}

/// `span` without a line break at its end.
pub(super) fn without_break(text: &str, span: Span) -> Span {
    let held = &text[span.start..span.end];
    let kept = held.strip_suffix("\r\n").or(held.strip_suffix(['\n', '\r'])).unwrap_or(held);
    Span::new(span.start, span.start + kept.len())
}

/// The start of the line before the one that starts at `start`, if there is one.
pub(super) fn previous(text: &str, line: usize) -> Option<usize> {
    let before = without_break(text, Span::new(0, line)).end;
    (before < line).then(|| start(text, before))
}

/// The start of each line of `block`, which starts at a line itself.
pub(super) fn starts(text: &str, block: Span) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(block.start), move |at| Some(end_with_break(text, *at)).filter(|next| next > at))
        .take_while(move |at| *at < block.end)
}

/// The white space that the line at `line` starts with.
pub(super) fn indent(text: &str, line: usize) -> &str {
    let rest = &text[line..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t', '\x0c']).len()]
}

/// Whether the line at `line` holds nothing but white space.
pub(super) fn is_blank(text: &str, line: usize) -> bool {
    text[line..end(text, line)].trim().is_empty()
}

/// Whether the line at `line` holds nothing but a comment.
pub(super) fn is_comment(text: &str, line: usize) -> bool {
    text[line..].trim_start_matches([' ', '\t', '\x0c']).starts_with('#')
}

/// Removals that take `indent` off each line of `block`. Lines that start inside a string keep every byte; a line with
/// another indentation, as inside brackets, loses what it has in common.
pub(super) fn dedent(source: &Source<'_>, block: Span, indent: &str) -> Vec<Rewrite> {
    let text = source.text();
    let multiline = |string: &&Span| text[string.start..string.end].contains(['\n', '\r']);
    let strings: Vec<Span> = source.tree.strings.iter().filter(multiline).copied().collect();
    let inside = |at: usize| strings.iter().any(|string| string.start < at && at < string.end);
    starts(text, block)
        .filter(|line| !inside(*line))
        .map(|line| {
            let common = text[line..].bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count();
            Rewrite { span: Span::new(line, line + common), text: String::new() }
        })
        .filter(|removal| !removal.span.is_empty())
        .collect()
}
