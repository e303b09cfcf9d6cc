//! Holes with a bounded set of fills: names, literals and operators.
//!
//! What is listed here is likely to fit, not proven to: the gates say of each whether it does.

use std::collections::HashMap;

use reweave_core::{Span, Unit};
use tree_sitter::Node;

use crate::hole::inside_error;
use crate::unit::UnitHole;
use crate::{ParsedFile, operator, targets};

/// Most names offered for one hole.
const NAMES_MAX: usize = 256;

/// What may be put into a hole, other than what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choices {
    /// One of these texts, likeliest first.
    OneOf(Vec<String>),
    /// Any text of this form.
    Form(Literal),
}

/// The form of a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Decimal digits, with no zero before another digit.
    Integer,
    /// Digits, a point, digits.
    Float,
    /// Letters, digits and spaces between the marks that the old text has.
    Text { open: String, close: String },
}

impl Choices {
    /// The choices for `hole` of `parsed`; `None` where the set of fills has no bound.
    #[must_use]
    pub fn of(parsed: &ParsedFile, hole: &UnitHole) -> Option<Self> {
        let node = parsed.tree().root_node().descendant_for_byte_range(hole.span.start, hole.span.end)?;
        if node.start_byte() != hole.span.start || node.end_byte() != hole.span.end {
            return None;
        }
        if hole.unit == Unit::Operator {
            return one_of(operator::rivals(parsed, node).into_iter().map(str::to_owned).collect());
        }
        let innermost = innermost(node);
        literal(parsed, hole.span, innermost).or_else(|| name(parsed, innermost))
    }
}

/// Whether `node` is an identifier.
pub(crate) fn is_name(parsed: &ParsedFile, node: Node<'_>) -> bool {
    let kind = node.kind();
    node.is_named()
        && node.child_count() == 0
        && (kind == parsed.entry().identifiers.node || kind.ends_with("identifier"))
        && !inside_error(node)
}

/// Whether `node` is a literal with a bounded set of fills.
pub(crate) fn is_literal(parsed: &ParsedFile, node: Node<'_>) -> bool {
    let span = Span::new(node.start_byte(), node.end_byte());
    let is_whole = node.parent().is_none_or(|parent| parent.byte_range() != node.byte_range());
    is_whole && !inside_error(node) && literal(parsed, span, innermost(node)).is_some()
}

fn one_of(texts: Vec<String>) -> Option<Choices> {
    (!texts.is_empty()).then_some(Choices::OneOf(texts))
}

/// The leaf, or the deepest node, that covers the same bytes.
fn innermost(mut node: Node<'_>) -> Node<'_> {
    while node.child_count() == 1
        && let Some(child) = node.child(0)
        && child.byte_range() == node.byte_range()
    {
        node = child;
    }
    node
}

fn literal(parsed: &ParsedFile, span: Span, node: Node<'_>) -> Option<Choices> {
    const TRUTHS: [[&str; 2]; 2] = [["True", "False"], ["true", "false"]];
    let text = parsed.slice(span);
    if let Some(pair) = TRUTHS.iter().find(|pair| pair.contains(&text)) {
        return one_of(pair.iter().filter(|truth| **truth != text).map(|truth| (*truth).to_owned()).collect());
    }
    let kind = node.kind();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number =
        ["integer", "float", "number", "int_literal", "float_literal"].iter().any(|part| kind.contains(part));
    if is_number {
        return match text.split_once('.') {
            Some((whole, rest)) if digits(whole) && digits(rest) => Some(Choices::Form(Literal::Float)),
            _ => Some(Choices::Form(Literal::Integer)),
        };
    }
    if kind.contains("string") || kind == "char_literal" || kind == "rune_literal" {
        return marks(text).map(|(open, close)| Choices::Form(Literal::Text { open, close }));
    }
    None
}

/// The marks around a plain string on one line; `None` of any other.
fn marks(text: &str) -> Option<(String, String)> {
    let quote = text.chars().next().filter(|quote| ['"', '\'', '`'].contains(quote))?;
    let triple: String = [quote; 3].iter().collect();
    let mark = if text.starts_with(&triple) && text.len() >= 6 { triple } else { quote.to_string() };
    (text.len() >= 2 * mark.len() && text.ends_with(&mark)).then(|| (mark.clone(), mark))
}

/// Other names of the file that stand where the grammar sees the same kind of name, nearest first.
fn name(parsed: &ParsedFile, node: Node<'_>) -> Option<Choices> {
    let entry = parsed.entry();
    if !is_name(parsed, node) {
        return None;
    }
    let own = parsed.slice(Span::new(node.start_byte(), node.end_byte()));
    let mut nearest: HashMap<&str, usize> = HashMap::new();
    let mut cursor = parsed.tree().walk();
    loop {
        let other = cursor.node();
        if other.kind() == node.kind() {
            let text = parsed.slice(Span::new(other.start_byte(), other.end_byte()));
            let distance = other.start_byte().abs_diff(node.start_byte());
            nearest.entry(text).and_modify(|least| *least = distance.min(*least)).or_insert(distance);
        }
        if !cursor.goto_first_child() && !targets::skip(&mut cursor) {
            break;
        }
    }
    let mut names: Vec<(usize, &str)> = nearest.into_iter().map(|(name, distance)| (distance, name)).collect();
    names.retain(|(_, name)| *name != own && entry.identifiers.admits(name));
    names.sort_unstable();
    one_of(names.into_iter().take(NAMES_MAX).map(|(_, name)| name.to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use reweave_core::{FileText, Language, Place};

    use super::*;
    use crate::unit;

    /// The choices of each part of `text` that is of `unit`, in the order of the text.
    fn check(language: Language, text: &str, unit: Unit, expected: Expect) {
        let path = format!("a.{}", language.extensions()[0]).parse().expect("a relative path");
        let parsed = ParsedFile::parse(language, FileText { path, text: text.to_owned() }).expect("small");
        let place = Place::Lines { first: 1, last: text.lines().count() as u32 };
        let holes = unit::holes(&parsed, &place, Some(unit)).expect("there are some");
        let line = |hole: &UnitHole| {
            let choices = match Choices::of(&parsed, hole) {
                None => "any text".to_owned(),
                Some(Choices::OneOf(texts)) => texts.join(" "),
                Some(Choices::Form(form)) => format!("{form:?}"),
            };
            format!("{}: {choices}\n", parsed.slice(hole.span))
        };
        expected.assert_eq(&holes.iter().map(line).collect::<String>());
    }

    const PYTHON: &str = "def f(a, b):\n    a += -b * 2\n    return a > 0.5 and not b or 'x' is \"\"\n";
    const RUST: &str = "fn f(a: u8) -> bool { let mut b = a << 1; b |= 2; !true && b >= a }\n";

    #[test]
    fn an_operator_gives_way_to_those_that_take_the_same_operands() {
        check(
            Language::Python,
            PYTHON,
            Unit::Operator,
            expect![[r#"
            +=: = -= *= /= %= //= **= @= &= |= ^= <<= >>=
            -: + ~ not ^
            *: + - / % // ** @
            >: < <= >= == != is is not in not in
            and: or
            not: - + ~ ^
            or: and
            is: < <= > >= == != is not in not in
        "#]],
        );
        check(
            Language::Rust,
            RUST,
            Unit::Operator,
            expect![[r#"
            <<: & | ^ >>
            |=: = += -= *= /= %= &= ^= <<= >>=
            !: - + ^
            &&: ||
            >=: < <= > == != in
        "#]],
        );
    }

    #[test]
    fn a_name_gives_way_to_the_files_other_names_the_nearest_first() {
        check(
            Language::Python,
            PYTHON,
            Unit::Name,
            expect![[r#"
            f: a b
            a: f b
            b: a f
            a: b f
            b: a f
            a: b f
            b: a f
        "#]],
        );
    }

    #[test]
    fn a_literal_keeps_its_form() {
        check(
            Language::Python,
            PYTHON,
            Unit::Literal,
            expect![[r#"
            2: Integer
            0.5: Float
            'x': Text { open: "'", close: "'" }
            "": Text { open: "\"", close: "\"" }
        "#]],
        );
        check(
            Language::Rust,
            RUST,
            Unit::Literal,
            expect![[r#"
            1: Integer
            2: Integer
            true: false
        "#]],
        );
    }
}
