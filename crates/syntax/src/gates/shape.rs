//! Whether each fill is still one node after the splice, and what stands around it is read as before: `b + c` for `x` in
//! `a * x` parses, as `a * b + c`.

mod python;

use reweave_core::Span;
use tree_sitter::{Node, Tree};

use super::Judged;
use super::fill::{Fill, Fit};
use crate::hole::coextensive;

/// Refuses a fill that a neighbouring operator took apart, or that made its neighbours something else.
pub(super) fn check(judged: &Judged<'_>) -> Result<(), String> {
    for fill in judged.fills.iter().filter(|fill| !matches!(fill.fit, Fit::NoNode)) {
        let placed = without_margin(fill);
        let kept = match judged.result.python() {
            Some(result) => {
                !python::has_loose_operator(&fill.edit.new_text) || python::is_whole(result.module(), placed)
            }
            None => stands_alike(judged.base.tree(), fill.edit.span, judged.result.tree(), placed),
        };
        if !kept {
            let (line, new_text) = (judged.result.line(placed.start), fill.edit.new_text.trim());
            return Err(format!(
                "on line {line} an operator beside `{new_text}` takes it apart: put it in parentheses"
            ));
        }
    }
    Ok(())
}

/// Where the fill stands in the result, without the white space at its ends.
fn without_margin(fill: &Fill<'_>) -> Span {
    let text = fill.edit.new_text.as_str();
    let start = fill.placed.start + text.len() - text.trim_start().len();
    Span::new(start, start + text.trim().len())
}

/// Whether one node covers `placed`, and hangs below nodes of the same kinds as the one that covers `span` in the base.
fn stands_alike(base: &Tree, span: Span, result: &Tree, placed: Span) -> bool {
    let above = |tree: &Tree, span: Span| -> Option<Vec<u16>> {
        let node = outermost(tree.root_node(), span)?;
        Some(std::iter::successors(node.parent(), Node::parent).map(|node| node.kind_id()).collect())
    };
    let before = above(base, span);
    before.is_some() && before == above(result, placed)
}

fn outermost(root: Node<'_>, span: Span) -> Option<Node<'_>> {
    let node = root.named_descendant_for_byte_range(span.start, span.end)?;
    let exact = Some(node).filter(|node| node.byte_range() == (span.start..span.end))?;
    coextensive(exact).last()
}
