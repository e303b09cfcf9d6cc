//! Whether a name is left unresolved in a file.

use reweave_syntax::ParsedFile;
use tree_sitter::Node;

/// Whether `name` is used somewhere and bound nowhere in `file`.
pub(crate) fn unresolved(file: &ParsedFile, name: &str) -> bool {
    let (mut used, mut bound) = (false, false);
    let mut stack = vec![file.tree().root_node()];
    while let Some(node) = stack.pop() {
        if node.kind() == "identifier" && &file.text()[node.byte_range()] == name {
            match binds(node) {
                Some(true) => bound = true,
                Some(false) => used = true,
                None => {}
            }
        }
        let mut cursor = node.walk();
        stack.extend(node.children(&mut cursor));
    }
    used && !bound
}

/// Whether this identifier binds its name (`true`), uses it (`false`), or is an attribute or a keyword's name.
fn binds(node: Node<'_>) -> Option<bool> {
    let parent = node.parent()?;
    let is_field = |name: &str| parent.child_by_field_name(name).is_some_and(|child| child.id() == node.id());
    match parent.kind() {
        "attribute" => is_field("object").then_some(false),
        "keyword_argument" => is_field("value").then_some(false),
        "dotted_name" | "aliased_import" => Some(true),
        "assignment" | "for_statement" | "for_in_clause" => Some(is_field("left")),
        "function_definition" | "class_definition" => Some(is_field("name")),
        "parameters" | "lambda_parameters" | "typed_parameter" => Some(true),
        "default_parameter" | "typed_default_parameter" | "named_expression" => Some(is_field("name")),
        "pattern_list" | "as_pattern_target" | "list_splat_pattern" | "global_statement" => Some(true),
        _ => Some(false),
    }
}
