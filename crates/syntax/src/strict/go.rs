//! Go by tree-sitter's tree, with what `go/parser` has against single nodes of it.

use reweave_core::Language;
use tree_sitter::Node;

use super::{Reading, Unreadable, tree};

pub(crate) fn read(text: &str) -> Result<Reading, Unreadable> {
    tree::read_strictly(Language::Go, text, objection)
}

/// What may stand at the top of a file, and nothing else: the grammar takes statements there too.
const DECLARATIONS: [&str; 8] = [
    "package_clause",
    "import_declaration",
    "function_declaration",
    "method_declaration",
    "type_declaration",
    "const_declaration",
    "var_declaration",
    "comment",
];

fn objection(node: Node<'_>, text: &str) -> Option<String> {
    let is_top = node.is_named() && node.parent().is_some_and(|parent| parent.kind() == "source_file");
    is_top
        .then(|| at_the_top(node))
        .flatten()
        .or_else(|| inside(node, text))
        .map(str::to_owned)
        .or_else(|| tree::reserved(Language::Go, node, text))
}

fn inside(node: Node<'_>, text: &str) -> Option<&'static str> {
    match node.kind() {
        "parameter_list" => names_some(node).then_some("either all parameters have names or none has"),
        "var_spec" => says_nothing(node).then_some("a variable is declared without type and value"),
        "defer_statement" | "go_statement" => {
            let called = node.named_child(0).is_some_and(|called| called.kind() == "call_expression");
            (!called).then_some("what is deferred or started must be a call")
        }
        "unary_expression" => is_one_token(node, text).then_some("two operators without a space are read as one"),
        _ => None,
    }
}

/// A package clause first, then imports, then the other declarations.
fn at_the_top(node: Node<'_>) -> Option<&'static str> {
    if !DECLARATIONS.contains(&node.kind()) {
        return Some("a statement stands outside functions");
    }
    let before = std::iter::successors(node.prev_named_sibling(), Node::prev_named_sibling);
    let mut before = before.filter(|node| node.kind() != "comment");
    match node.kind() {
        "comment" => None,
        "package_clause" => before.next().map(|_| "the package is named twice or too late"),
        "import_declaration" => {
            let nearest = before.next().map(|node| node.kind());
            let early = matches!(nearest, Some("package_clause" | "import_declaration"));
            (!early).then_some("an import stands behind other declarations")
        }
        _ => before.next().is_none().then_some("the file names no package"),
    }
}

/// Whether a parameter has no name though another has one. Before one with a name, a lone word may be a name too: the
/// grammar reads the first of `(a, b, c int)` as types where the list is long.
fn names_some(list: Node<'_>) -> bool {
    let mut cursor = list.walk();
    let all: Vec<Node<'_>> =
        list.named_children(&mut cursor).filter(|node| node.kind().ends_with("parameter_declaration")).collect();
    let is_named = |parameter: &Node<'_>| parameter.child_by_field_name("name").is_some();
    let is_word = |parameter: &Node<'_>| {
        parameter.child_by_field_name("type").is_some_and(|of_type| of_type.kind() == "type_identifier")
    };
    let Some(last) = all.iter().rposition(is_named) else { return false };
    last + 1 < all.len() || all.iter().any(|parameter| !is_named(parameter) && !is_word(parameter))
}

fn says_nothing(spec: Node<'_>) -> bool {
    spec.child_by_field_name("type").is_none() && spec.child_by_field_name("value").is_none()
}

/// Whether the operator and that of its operand are written as one: `&&x`, `--x`.
fn is_one_token(unary: Node<'_>, text: &str) -> bool {
    ["&&", "--", "++", "&^"].iter().any(|token| text[unary.byte_range()].starts_with(token))
}
