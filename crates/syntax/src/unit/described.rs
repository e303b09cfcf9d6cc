//! The text that describes a definition: Python's first string, elsewhere the comments above.

use reweave_core::Span;
use tree_sitter::Node;

use super::{Unit, UnitHole, typed, untyped};
use crate::language::Docstring;
use crate::{ParsedFile, targets};

pub(super) fn docstring(parsed: &ParsedFile, target: &targets::Target) -> Option<UnitHole> {
    match parsed.entry().units.docstring {
        Docstring::FirstString => {
            let node = targets::node_of(parsed, target)?;
            let first = node.child_by_field_name("body")?.named_child(0)?;
            let string = first
                .named_child(0)
                .filter(|string| first.kind() == "expression_statement" && string.kind() == "string")?;
            typed(parsed, Unit::Docstring, string)
        }
        Docstring::CommentBefore => comments_before(parsed, target).map(|span| untyped(parsed, Unit::Docstring, span)),
    }
}

/// The run of comments that ends on the line above the definition, or above its attributes.
fn comments_before(parsed: &ParsedFile, target: &targets::Target) -> Option<Span> {
    let (text, comments) = (parsed.text(), parsed.entry().units.comments);
    let mut below = outermost_at(parsed, target.span)?;
    let (mut first, mut last) = (None, None);
    while let Some(above) = below.prev_sibling() {
        let gap = text.get(end_of(text, above)..below.start_byte())?;
        let is_comment = comments.contains(&above.kind());
        let is_attribute = last.is_none() && above.kind() == "attribute_item";
        if gap.matches('\n').count() > 1 || !(is_comment || is_attribute) || trails(text, above) {
            break;
        }
        if is_comment {
            first = Some(above.start_byte());
            last = last.or(Some(end_of(text, above)));
        }
        below = above;
    }
    Some(Span::new(first?, last?))
}

/// Whether code stands before `node` on its line: then it describes that code.
fn trails(text: &str, node: Node<'_>) -> bool {
    let line = text[..node.start_byte()].rsplit('\n').next().unwrap_or_default();
    !line.trim_start_matches('\u{feff}').trim().is_empty()
}

/// Rust's line comments hold the end of their line.
fn end_of(text: &str, node: Node<'_>) -> usize {
    node.start_byte() + text[node.byte_range()].trim_end().len()
}

fn outermost_at(parsed: &ParsedFile, span: Span) -> Option<Node<'_>> {
    let node = parsed.tree().root_node().named_descendant_for_byte_range(span.start, span.end)?;
    crate::hole::coextensive(node).take_while(|node| node.parent().is_some()).last()
}
