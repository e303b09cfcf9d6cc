//! Elements in scripts: between tags stands text, whose quotes and brackets mean nothing.

use super::bound::{Closer, Expect, Opener};
use super::scan::{Scanner, word_length};

/// Whether the `<` here begins an element.
pub(super) fn begins(scanner: &mut Scanner<'_>) -> bool {
    let after = scanner.rest()[1..].trim_start();
    let named = after.starts_with(|first: char| first.is_alphabetic() || matches!(first, '>' | '_' | '$'));
    if !named || scanner.bound.expect() == Expect::Operator {
        return false;
    }
    if scanner.bound.rules.generics {
        let name = after.strip_prefix("const ").unwrap_or(after).trim_start();
        let next = name[word_length(name)..].trim_start();
        if next.starts_with([',', '=']) || next.starts_with("extends ") || after.starts_with("const ") {
            return false;
        }
        // `<T>(x: T) => U` is a type where a type stands, and an element where a value does.
        scanner.unsure |= next.strip_prefix('>').is_some_and(|next| next.trim_start().starts_with('('));
    }
    scanner.unsure |= scanner.bound.expect() == Expect::Either;
    true
}

pub(super) fn begin(scanner: &mut Scanner<'_>) {
    scanner.open(Opener::Tag);
}

/// Inside `<name …>`.
pub(super) fn tag(scanner: &mut Scanner<'_>) {
    match (scanner.byte(0), scanner.byte(1)) {
        (b'{', _) => beside(scanner, Opener::Brace(false)),
        (b'/', b'*') => scanner.pass_comment(),
        (b'/', b'/') => pass(scanner, "\n"),
        (b'/', b'>') => {
            scanner.at += 1;
            scanner.close(Closer::Markup);
        }
        (b'>', _) => {
            scanner.close(Closer::Markup);
            scanner.at -= 1;
            scanner.open(Opener::Children);
        }
        (quote @ (b'"' | b'\''), _) => {
            scanner.at += 1;
            pass(scanner, if quote == b'"' { "\"" } else { "'" });
        }
        (b'<', _) => {
            // Type arguments of the element, or an element as an attribute's value.
            scanner.unsure = true;
            scanner.open(Opener::Tag);
        }
        _ => step(scanner),
    }
}

/// Between an element's tags.
pub(super) fn children(scanner: &mut Scanner<'_>) {
    match scanner.byte(0) {
        b'{' => beside(scanner, Opener::Brace(false)),
        b'<' if scanner.rest()[1..].trim_start().starts_with('/') => {
            pass(scanner, ">");
            scanner.at -= 1;
            scanner.close(Closer::Markup);
        }
        b'<' => beside(scanner, Opener::Tag),
        _ => step(scanner),
    }
}

/// Attributes and children are beside each other.
fn beside(scanner: &mut Scanner<'_>, opener: Opener) {
    scanner.bound.begin();
    scanner.open(opener);
}

fn step(scanner: &mut Scanner<'_>) {
    scanner.at += scanner.rest().chars().next().map_or(1, char::len_utf8);
}

/// Moves past the next `end`.
fn pass(scanner: &mut Scanner<'_>, end: &str) {
    let rest = scanner.rest();
    scanner.at += rest.find(end).map_or(rest.len(), |found| found + end.len());
}
