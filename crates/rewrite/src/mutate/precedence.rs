//! How tightly Python expressions bind, so that a replaced operator never regroups what stands around it.
//!
//! Levels follow the table "Operator precedence" of the Python language reference, loosest first.

use tree_sitter::Node;

pub(super) const CONDITIONAL: u8 = 1;
pub(super) const COMPARISON: u8 = 5;
pub(super) const NOT: u8 = 4;
pub(super) const UNARY: u8 = 12;
pub(super) const AWAIT: u8 = 14;
pub(super) const PRIMARY: u8 = 15;

/// The level of a binary, boolean or comparison operator.
pub(super) fn of_operator(operator: &str) -> u8 {
    match operator {
        "or" => 2,
        "and" => 3,
        "|" => 6,
        "^" => 7,
        "&" => 8,
        "<<" | ">>" => 9,
        "+" | "-" => 10,
        "*" | "/" | "//" | "%" | "@" => 11,
        "**" => 13,
        _ => COMPARISON,
    }
}

/// The level of an expression as written.
pub(super) fn of(node: Node<'_>) -> u8 {
    match node.kind() {
        "named_expression" | "yield" | "expression_list" | "generator_expression" | "pattern_list" => 0,
        "lambda" | "conditional_expression" => CONDITIONAL,
        "boolean_operator" | "binary_operator" => operator(node).map_or(PRIMARY, |token| of_operator(token.kind())),
        "not_operator" => NOT,
        "comparison_operator" => COMPARISON,
        "unary_operator" => UNARY,
        "await" => AWAIT,
        _ => PRIMARY,
    }
}

/// The operator token of a binary, boolean, unary or augmented node.
pub(super) fn operator(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("operator")
}

/// The loosest level that may stand, without parentheses, where `node` stands.
pub(super) fn needed(node: Node<'_>) -> u8 {
    let Some(parent) = node.parent() else { return 0 };
    let is_field = |name: &str| parent.child_by_field_name(name).is_some_and(|child| child.id() == node.id());
    match parent.kind() {
        "binary_operator" => {
            let token = operator(parent).map_or("**", |token| token.kind());
            needed_beside(token, is_field("left"))
        }
        "boolean_operator" => operator(parent).map_or(PRIMARY, |token| of_operator(token.kind())),
        "comparison_operator" => COMPARISON + 1,
        "not_operator" => NOT,
        "unary_operator" => UNARY,
        "await" => PRIMARY,
        "attribute" if is_field("object") => PRIMARY,
        "call" if is_field("function") => PRIMARY,
        "subscript" if is_field("value") => PRIMARY,
        "conditional_expression" => 2,
        "for_in_clause" | "if_clause" => 2,
        "list_splat" | "dictionary_splat" => 6,
        "parenthesized_expression" | "expression_statement" | "return_statement" | "assignment" => 0,
        _ => CONDITIONAL,
    }
}

/// The loosest level an operand of `operator` may have without parentheses.
pub(super) fn needed_beside(operator: &str, left: bool) -> u8 {
    let level = of_operator(operator);
    match (operator, left) {
        ("**", true) => level + 1,
        ("**", false) => UNARY,
        (_, true) => level,
        (_, false) => level + 1,
    }
}

/// `text`, an expression of `level`, as it must be written where `needed` is the loosest allowed.
pub(super) fn wrapped(text: &str, level: u8, needed: u8) -> String {
    if level < needed { format!("({text})") } else { text.to_owned() }
}
