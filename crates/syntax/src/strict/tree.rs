//! The verdict of tree-sitter alone: its error and missing nodes, for languages whose strict parser cannot be linked.

use reweave_core::{Language, Span};
use tree_sitter::{Node, Tree};

use super::{Fault, Reading};
use crate::parsed::parse_tree;

/// Most faults that are listed; a file in another language would have one a line.
const FAULTS_MAX: usize = 1_000;

pub(crate) fn read(language: Language, text: &str) -> Reading {
    let tree = parse_tree(language, text);
    Reading { errors: faults(&tree), tree: Some(tree), python: None }
}

/// The outermost error nodes and every missing token, in the order of the text.
fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if let Some(message) = message(node) {
            faults.push(Fault { span: Span::new(node.start_byte(), node.end_byte()), message });
        }
        if faults.len() >= FAULTS_MAX {
            return faults;
        }
        let enter = node.has_error() && !node.is_error();
        if enter && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return faults;
            }
        }
    }
}

fn message(node: Node<'_>) -> Option<String> {
    if node.is_missing() {
        return Some(format!("`{}` is missing", node.kind()));
    }
    node.is_error().then(|| "this cannot be read".to_owned())
}
