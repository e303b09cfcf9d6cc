//! C and C++ by tree-sitter's tree: what a file means before its macros are put in, only a preprocessor knows.

use reweave_core::Language;
use tree_sitter::Node;

use super::{Reading, Unreadable, tree};

/// Where only a value or a label can stand. Elsewhere a macro may make of a keyword what the grammar reads as a name.
const VALUES: [&str; 8] = [
    "assignment_expression",
    "binary_expression",
    "conditional_expression",
    "field_expression",
    "goto_statement",
    "return_statement",
    "subscript_expression",
    "update_expression",
];
const LOOPS: [&str; 4] = ["while_statement", "do_statement", "for_statement", "for_range_loop"];

pub(crate) fn read(text: &str) -> Result<Reading, Unreadable> {
    tree::read_strictly(Language::C, text, |node, text| objection(Language::C, node, text))
}

pub(crate) fn read_cpp(text: &str) -> Result<Reading, Unreadable> {
    tree::read_strictly(Language::Cpp, text, |node, text| objection(Language::Cpp, node, text))
}

fn objection(language: Language, node: Node<'_>, text: &str) -> Option<String> {
    match node.kind() {
        "char_literal" if node.named_child_count() == 0 => Some("a character is missing between the quotes".to_owned()),
        "binary_expression" if language == Language::C && assigns(node) => {
            Some("what is assigned to is no operand: put the assignment in parentheses".to_owned())
        }
        "continue_statement" if !is_in_loop(node) => Some("`continue` stands in no loop".to_owned()),
        _ => {
            let is_value = node.parent().is_some_and(|parent| VALUES.contains(&parent.kind()));
            is_value.then(|| tree::reserved(language, node, text)).flatten()
        }
    }
}

/// Whether a loop is around `node`, or may be where a macro is put in.
fn is_in_loop(node: Node<'_>) -> bool {
    let mut above = std::iter::successors(node.parent(), Node::parent);
    above.any(|node| LOOPS.contains(&node.kind()) || node.kind().starts_with("preproc_") || node.is_error())
}

/// Whether an operand is an assignment without parentheses; C++ lets classes define what that means.
fn assigns(binary: Node<'_>) -> bool {
    binary.child_by_field_name("right").is_some_and(|right| right.kind() == "assignment_expression")
}
