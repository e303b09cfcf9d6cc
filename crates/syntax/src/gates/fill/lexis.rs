//! What a lexer may make of a text at its edges.

use reweave_core::Span;

use crate::language::Entry;

/// Whether `text` is a word that the language uses as a token: a lexer reads one as a name where it expects none.
pub(super) fn is_keyword(entry: &Entry, text: &str) -> bool {
    let is_token = || (entry.grammar)().id_for_node_kind(text, false) != 0;
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && (entry.identifiers.keywords.contains(&text) || is_token())
}

/// Whether a lexer may read an edge of `new_text` together with its neighbour, where it stands in the place of `span`.
pub(super) fn glues(base: &str, span: Span, new_text: &str) -> bool {
    let before = base[..span.start].chars().next_back();
    let after = base[span.end..].chars().next();
    let (first, last) = (new_text.chars().next(), new_text.chars().next_back());
    let joins =
        |left: Option<char>, right: Option<char>| left.zip(right).is_some_and(|(left, right)| merge(left, right));
    joins(before, first)
        || joins(last, after)
        || (is_quote(first) && ends_in_prefix(&base[..span.start]))
        || (is_quote(after) && ends_in_prefix(new_text))
}

/// The signs that a comment begins with, as far as they say what kind of comment it is.
pub(super) fn marks(comment: &str) -> &str {
    let signs = comment.bytes().take(3).take_while(|byte| b"/*!#".contains(byte)).count();
    &comment[..signs]
}

fn is_quote(c: Option<char>) -> bool {
    matches!(c, Some('"' | '\'' | '`'))
}

/// Whether the last word of `text` can be the prefix of a string: `r`, `rb`, `u8`.
fn ends_in_prefix(text: &str) -> bool {
    let rest = text.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let word = &text[rest.len()..];
    (1..=3).contains(&word.len()) && word.chars().all(|c| "rbufltcRBUFLTC8".contains(c))
}

/// Whether two characters side by side can belong to one token.
fn merge(left: char, right: char) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    let quote = |c: char| matches!(c, '"' | '\'');
    let operator = |c: char| "+-*/%=<>!&|^:.@~\\".contains(c);
    (word(left) && word(right))
        || (quote(left) && quote(right))
        || (operator(left) && operator(right))
        || (left.is_numeric() && right == '.')
        || (left == '.' && right.is_numeric())
}
