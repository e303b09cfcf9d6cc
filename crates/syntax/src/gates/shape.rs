//! Whether each fill is still one node after the splice, and what stands around it is read as before: `b + c` for `x` in
//! `a * x` parses, as `a * b + c`.

mod python;

use reweave_core::Span;
use tree_sitter::{Node, Tree};

use super::Judged;
use super::fill::{Fill, Fit, STRING_PARTS};
use crate::parsed::parse_region;

/// Refuses a fill that a neighbouring operator took apart, or that made its neighbours something else.
pub(super) fn check(judged: &Judged<'_>) -> Result<(), String> {
    for fill in judged.fills.iter().filter(|fill| matches!(fill.fit, Fit::Admitted(_) | Fit::Doubtful(_))) {
        let placed = without_margin(fill);
        let kept = match judged.result.python() {
            Some(result) => {
                !python::has_loose_operator(&fill.edit.new_text) || python::is_whole(result.module(), placed)
            }
            None => is_kept(judged, fill, placed),
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

/// Whether the nodes above the fill are of the kinds that stood above the old text. Looked at inside the declaration
/// around it first: the tree of the whole result costs as much as its length.
fn is_kept(judged: &Judged<'_>, fill: &Fill<'_>, placed: Span) -> bool {
    let (base, result) = (judged.base, &judged.result);
    let Some(before) = above(base.tree(), base.text(), fill.edit.span) else { return false };
    let inside = || {
        let region = declaration_around(judged, fill.edit.span).filter(|_| !result.has_tree())?;
        let tree = parse_region(result.language(), result.text(), region);
        above(&tree, result.text(), placed).filter(|_| !tree.root_node().has_error())
    };
    inside().is_some_and(|after| after == before)
        || above(result.tree(), result.text(), placed).is_some_and(|after| after == before)
}

/// Where the declaration at the top of the file that holds `span` stands in the result.
fn declaration_around(judged: &Judged<'_>, span: Span) -> Option<Span> {
    let root = judged.base.tree().root_node();
    let mut cursor = root.walk();
    cursor.goto_first_child_for_byte(span.start)?;
    let held = cursor.node();
    let around = Span::new(held.start_byte(), held.end_byte());
    let growth = |until: usize| -> isize {
        let before = judged.fills.iter().map(|fill| fill.edit).filter(|edit| edit.span.end <= until);
        before.map(|edit| edit.new_text.len() as isize - edit.span.len() as isize).sum()
    };
    let moved = |at: usize| at.saturating_add_signed(growth(at));
    (around.contains(span) && !held.has_error()).then(|| Span::new(moved(around.start), moved(around.end)))
}

/// The kinds of the nodes above the one that covers `span`, or above those beside one another that do; none where
/// neither is so. Some nodes hold the end of their line, so white space at the end does not count.
fn above(tree: &Tree, text: &str, span: Span) -> Option<Vec<u16>> {
    let start = span.start;
    let end = |end: usize| start + text[start..end].trim_end().len();
    let node = tree.root_node().named_descendant_for_byte_range(start, end(span.end))?;
    let covers = |node: &Node<'_>| node.start_byte() == start && end(node.end_byte()) == end(span.end);
    let chain = std::iter::successors(Some(node), Node::parent);
    let above = chain.skip_while(covers).map(|node| node.kind_id()).collect();
    (covers(&node) || is_sequence(node, text, span)).then_some(above)
}

/// Whether whole parts of `node` begin and end with `span`, and each is ended by its own last sign: what only a line's
/// end has parted, `return` and its value, was one when it was written.
fn is_sequence(node: Node<'_>, text: &str, span: Span) -> bool {
    let mut cursor = node.walk();
    let parts =
        node.children(&mut cursor).filter(|part| part.start_byte() >= span.start && part.end_byte() <= span.end);
    let parts: Vec<Node<'_>> = parts.collect();
    let ended = |part: &Node<'_>| {
        let in_string = STRING_PARTS.iter().any(|kind| part.kind().ends_with(kind));
        !part.is_named() || part.is_extra() || in_string || text[part.byte_range()].trim_end().ends_with([';', '}'])
    };
    let (Some(first), Some((last, before))) = (parts.first(), parts.split_last()) else { return false };
    let whole = first.start_byte() == span.start && text[last.end_byte()..span.end].trim().is_empty();
    whole && before.iter().zip(&parts[1..]).all(|(part, next)| ended(part) || !next.is_named())
}
