//! The verdict of tree-sitter alone: its error and missing nodes, for languages whose strict parser cannot be linked.

use reweave_core::{Language, Span, limits};
use tree_sitter::{Node, Tree};

use super::{Fault, Reading, Unreadable};
use crate::parsed::try_tree;

/// Most faults that are listed; a file in another language would have one a line.
const FAULTS_MAX: usize = 1_000;

/// Reads `text`, unless its tree is deeper than the limit or takes too long to find.
pub(crate) fn read(language: Language, text: &str) -> Result<Reading, Unreadable> {
    let tree = try_tree(language, text).ok_or(Unreadable::TooComplex)?;
    let errors = faults(&tree)?;
    Ok(Reading { errors, tree: Some(tree), python: None })
}

/// The outermost error nodes and every missing token, in the order of the text; measures the tree on the way.
fn faults(tree: &Tree) -> Result<Vec<Fault>, Unreadable> {
    let mut faults = Vec::new();
    let mut cursor = tree.walk();
    let (mut depth, mut broken) = (0_usize, None);
    loop {
        let node = cursor.node();
        if broken.is_none()
            && let Some(message) = message(node)
            && faults.len() < FAULTS_MAX
        {
            faults.push(Fault { span: Span::new(node.start_byte(), node.end_byte()), message });
            broken = Some(depth);
        }
        if cursor.goto_first_child() {
            depth += 1;
            if depth > limits::TREE_DEPTH_MAX {
                return Err(Unreadable::TooDeep);
            }
            continue;
        }
        loop {
            if broken.is_some_and(|level| level >= depth) {
                broken = None;
            }
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return Ok(faults);
            }
            depth -= 1;
        }
    }
}

fn message(node: Node<'_>) -> Option<String> {
    if node.is_missing() {
        return Some(format!("`{}` is missing", node.kind()));
    }
    node.is_error().then(|| "this cannot be read".to_owned())
}
