//! Operators: tokens between or before operands, and which others may stand in their place.

use tree_sitter::Node;

use crate::ParsedFile;
use crate::hole::inside_error;

/// Operators that take the same operands. What a language does not have is left out when it is asked.
const GROUPS: [&[&str]; 7] = [
    &["+", "-", "*", "/", "%", "//", "**", "@"],
    &["<", "<=", ">", ">=", "==", "!=", "===", "!==", "is", "is not", "in", "not in", "instanceof"],
    &["&&", "||", "??", "and", "or"],
    &["&", "|", "^", "<<", ">>", ">>>", "&^"],
    &["=", "+=", "-=", "*=", "/=", "%=", "//=", "**=", "@=", "&=", "|=", "^=", "<<=", ">>=", ">>>=", "&^=", "??="],
    &["-", "+", "!", "~", "not", "^"],
    &["++", "--"],
];
/// The group of operators before a single operand, whose tokens stand in other groups too.
const UNARY: usize = 5;

/// Parts of the names that grammars give to nodes with an operator.
const HOLDERS: [&str; 7] =
    ["binary", "boolean_operator", "comparison", "unary", "assignment", "not_operator", "update"];
/// Holders that only look like it: what `=` binds there is a name once and for all, or a default.
const FIXED: [&str; 2] = ["update_clause", "comparison_pattern"];

/// Whether `node` is the operator of the expression or assignment around it.
pub(crate) fn is_one(node: Node<'_>) -> bool {
    group(node).is_some() && !inside_error(node)
}

/// Other operators of the same group that the language knows, in the order of the table.
pub(crate) fn rivals(parsed: &ParsedFile, node: Node<'_>) -> Vec<&'static str> {
    let grammar = (parsed.entry().grammar)();
    let others = group(node).into_iter().flatten().copied();
    others.filter(|other| *other != node.kind() && grammar.id_for_node_kind(other, false) != 0).collect()
}

fn group(node: Node<'_>) -> Option<&'static [&'static str]> {
    let parent = node.parent()?;
    let holds = HOLDERS.iter().any(|holder| parent.kind().contains(holder)) && !FIXED.contains(&parent.kind());
    if node.is_named() || !holds {
        return None;
    }
    let is_first = node.prev_sibling().is_none();
    let is_unary = ["unary", "not_operator"].iter().any(|word| parent.kind().contains(word));
    let within = |index: &usize| GROUPS[*index].contains(&node.kind());
    let index = match is_unary && is_first {
        true => Some(UNARY).filter(within),
        false => (0..GROUPS.len()).filter(|index| *index != UNARY).find(within),
    };
    index.map(|index| GROUPS[index])
}
