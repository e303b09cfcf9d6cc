//! Java by tree-sitter's tree, with what `javac`'s parser has against single nodes of it.

use reweave_core::Language;
use tree_sitter::Node;

use super::{Reading, Unreadable, tree};

pub(crate) fn read(text: &str) -> Result<Reading, Unreadable> {
    tree::read_strictly(Language::Java, text, objection)
}

/// Expressions that do something: others are no statements.
const EFFECTS: [&str; 6] = [
    "assignment_expression",
    "update_expression",
    "method_invocation",
    "object_creation_expression",
    "switch_expression",
    "explicit_constructor_invocation",
];

const PRIMITIVES: [&str; 4] = ["integral_type", "floating_point_type", "boolean_type", "void_type"];

/// What may stand at the top of a file beside types; methods and fields stand there since Java 25.
const TOP: [&str; 10] = [
    "import_declaration",
    "module_declaration",
    "class_declaration",
    "interface_declaration",
    "enum_declaration",
    "record_declaration",
    "annotation_type_declaration",
    "method_declaration",
    "local_variable_declaration",
    "field_declaration",
];

fn objection(node: Node<'_>, text: &str) -> Option<String> {
    // Words of the syntax have kinds too, such as `permits`.
    if !node.is_named() {
        return None;
    }
    let is_top = node.parent().is_some_and(|parent| parent.kind() == "program");
    is_top
        .then(|| at_the_top(node))
        .flatten()
        .or_else(|| inside(node, text))
        .or_else(|| tree::reserved(Language::Java, node, text))
}

fn inside(node: Node<'_>, text: &str) -> Option<String> {
    match node.kind() {
        "modifiers" => repeated(node).map(|modifier| format!("`{modifier}` is said twice")),
        "expression_statement" => {
            let mut cursor = node.walk();
            let has_effect = |node: Node<'_>| node.is_extra() || EFFECTS.contains(&node.kind());
            let effects = node.named_children(&mut cursor).all(has_effect);
            // The value of a case is written as a statement.
            let is_value = node.parent().is_some_and(|parent| parent.kind() == "switch_rule");
            (!effects && !is_value).then(|| "this expression is no statement".to_owned())
        }
        "for_statement" => {
            let mut cursor = node.walk();
            let mut updates = node.children_by_field_name("update", &mut cursor);
            updates
                .any(|update| !EFFECTS.contains(&update.kind()))
                .then(|| "this expression is no statement".to_owned())
        }
        "type_arguments" => is_idle_diamond(node).then(|| "a type is missing between `<` and `>`".to_owned()),
        "object_creation_expression" => {
            let made = node.child_by_field_name("type").map_or("", |made| made.kind());
            PRIMITIVES.contains(&made).then(|| "a primitive type has no constructor".to_owned())
        }
        "constructor_declaration" | "compact_constructor_declaration" => misnamed(node, text),
        "permits" => (!is_sealed(node)).then(|| "only what is sealed permits".to_owned()),
        _ => None,
    }
}

/// A package first, then imports, then types.
fn at_the_top(node: Node<'_>) -> Option<String> {
    let message = match node.kind() {
        "package_declaration" => preceded_by(node, |_| true).then_some("the package is named twice or too late"),
        "import_declaration" => preceded_by(node, |kind| !matches!(kind, "package_declaration" | "import_declaration"))
            .then_some("an import stands behind other declarations"),
        kind => (!node.is_extra() && !TOP.contains(&kind)).then_some("a statement stands outside methods"),
    };
    message.map(str::to_owned)
}

fn preceded_by(node: Node<'_>, is_wanted: impl Fn(&str) -> bool) -> bool {
    let mut before = std::iter::successors(node.prev_named_sibling(), Node::prev_named_sibling);
    before.any(|node| !node.is_extra() && is_wanted(node.kind()))
}

/// The first modifier that is there twice; annotations may be.
fn repeated<'tree>(modifiers: Node<'tree>) -> Option<&'tree str> {
    let mut cursor = modifiers.walk();
    let mut seen = Vec::new();
    for modifier in modifiers.children(&mut cursor).filter(|node| !node.is_named()) {
        if seen.contains(&modifier.kind()) {
            return Some(modifier.kind());
        }
        seen.push(modifier.kind());
    }
    None
}

/// A method without a type that is named otherwise than its class is no constructor.
fn misnamed(constructor: Node<'_>, text: &str) -> Option<String> {
    let name = |node: Node<'_>| node.child_by_field_name("name").map(|name| &text[name.byte_range()]);
    let above = std::iter::successors(constructor.parent(), Node::parent);
    let mut types = above.filter(|node| node.kind().ends_with("_declaration"));
    let class = name(types.next()?)?;
    (name(constructor)? != class).then(|| format!("a method of `{class}` has no type"))
}

/// `<>` stands where an object is made, and nowhere else.
fn is_idle_diamond(arguments: Node<'_>) -> bool {
    let above = std::iter::successors(arguments.parent(), Node::parent);
    let made = above.take(2).any(|node| node.kind() == "object_creation_expression");
    arguments.named_child_count() == 0 && !made
}

fn is_sealed(permits: Node<'_>) -> bool {
    let modifiers = permits.parent().and_then(|declaration| declaration.named_child(0));
    let mut cursor = permits.walk();
    modifiers.is_some_and(|modifiers| {
        modifiers.kind() == "modifiers" && modifiers.children(&mut cursor).any(|node| node.kind() == "sealed")
    })
}
