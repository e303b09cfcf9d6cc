//! Whether each fill is still one node after the splice, and what stands around it is read as before: `b + c` for `x` in
//! `a * x` parses, as `a * b + c`.

mod python;

use reweave_core::Span;
use tree_sitter::Node;

use super::Judged;
use super::fill::{Fill, Fit};
use crate::ParsedFile;

/// Refuses a fill that a neighbouring operator took apart, or that made its neighbours something else.
pub(super) fn check(judged: &Judged<'_>) -> Result<(), String> {
    for fill in judged.fills.iter().filter(|fill| matches!(fill.fit, Fit::Admitted(_) | Fit::Doubtful(_))) {
        let placed = without_margin(fill);
        let kept = match judged.result.python() {
            Some(result) => {
                !python::has_loose_operator(&fill.edit.new_text) || python::is_whole(result.module(), placed)
            }
            None => {
                let before = above(judged.base, fill.edit.span);
                before.is_some() && before == above(&judged.result, placed)
            }
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

/// The kinds of the nodes above the one that covers `span`; none where no node covers it. Some nodes hold the end of
/// their line, so white space at the end does not count.
fn above(file: &ParsedFile, span: Span) -> Option<Vec<u16>> {
    let start = span.start;
    let end = |end: usize| start + file.text()[start..end].trim_end().len();
    let node = file.tree().root_node().named_descendant_for_byte_range(start, end(span.end))?;
    let covers = |node: &Node<'_>| node.start_byte() == start && end(node.end_byte()) == end(span.end);
    let chain = std::iter::successors(Some(node), Node::parent);
    let above = chain.skip_while(covers).map(|node| node.kind_id()).collect();
    covers(&node).then_some(above)
}
