//! How a definition is called, and what else it may be called.

use tree_sitter::Node;

use crate::language::{DefinitionKind, Entry};

use super::Target;

/// A definition's node with its row of the table.
pub(super) type Defined<'tree> = (&'static DefinitionKind, Node<'tree>);

/// Whether `target` may be written `name`; white space does not count.
pub(super) fn is_called(target: &Target, name: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    target.path == name || target.aliases.iter().any(|alias| letters(alias) == letters(name))
}

/// The node of the definition's name: of `int *f(int)`, the innermost of its declarators.
pub(super) fn name_of<'tree>(kind: &DefinitionKind, node: Node<'tree>) -> Option<Node<'tree>> {
    let name = node.child_by_field_name(kind.name)?;
    // A reference's declarator has no field for what it declares.
    let inner = |name: &Node<'tree>| match name.kind() {
        "reference_declarator" | "parenthesized_declarator" => name.named_child(0),
        _ => name.child_by_field_name(kind.name),
    };
    let same_field = kind.name == "declarator";
    if same_field { std::iter::successors(Some(name), inner).last() } else { Some(name) }
}

/// The part of a path that the definition adds for what it holds.
pub(super) fn segment(text: &str, kind: &DefinitionKind, node: Node<'_>) -> Option<String> {
    let name = bare(text, name_of(kind, node)?).to_owned();
    let owner = kind.owner.and_then(|owner| owner_of(text, node.child_by_field_name(owner)?));
    Some(match owner {
        Some(owner) => format!("{owner}.{name}"),
        None => name,
    })
}

/// The definition's path and its other names, below `outer`, outermost first.
pub(super) fn paths(
    text: &str,
    entry: &Entry,
    outer: &[Defined<'_>],
    (kind, node): Defined<'_>,
) -> Option<(String, Vec<String>)> {
    let join = |parts: &[String]| parts.join(entry.separator);
    let before: Vec<String> = outer.iter().filter_map(|(kind, node)| segment(text, kind, *node)).collect();
    let own = segment(text, kind, node)?;
    let full = [before.as_slice(), std::slice::from_ref(&own)].concat();
    let adds_to_type = kind.of.and_then(|field| node.child_by_field_name(field)).map(|of| &text[of.byte_range()]);
    let path = match (kind.word, adds_to_type) {
        ("", _) => join(&full),
        (word, of) => {
            let of = of.map(|of| format!("{of} for ")).unwrap_or_default();
            join(&[before.as_slice(), &[format!("{word}{of}{own}")]].concat())
        }
    };
    let mut aliases = Vec::new();
    if let Some(types) = parameter_types(text, node) {
        aliases.push(format!("{path}({types})"));
    }
    aliases.extend(of_trait(text, entry, outer, &own));
    if let Some((owner, method)) = own.split_once('.').filter(|_| kind.owner.is_some()) {
        let receivers = [format!("({owner})"), format!("(*{owner})")];
        aliases.extend(receivers.iter().flat_map(|of| [format!("{of}.{method}"), format!("func {of} {method}")]));
    }
    Some((path, aliases))
}

/// How else a member of `impl Trait for Type` is written.
fn of_trait(text: &str, entry: &Entry, outer: &[Defined<'_>], own: &str) -> Vec<String> {
    let Some((kind, holder)) = outer.last() else { return Vec::new() };
    let of = kind.of.and_then(|field| holder.child_by_field_name(field));
    let (Some(of), Some(owner)) = (of, segment(text, kind, *holder)) else { return Vec::new() };
    let (of, separator) = (&text[of.byte_range()], entry.separator);
    let written = format!("{of} for {owner}{separator}{own}");
    vec![format!("<{owner} as {of}>{separator}{own}"), format!("{}{written}", kind.word), written]
}

/// A type without its arguments.
fn bare<'text>(text: &'text str, node: Node<'_>) -> &'text str {
    let named = if node.kind() == "generic_type" { node.child_by_field_name("type").unwrap_or(node) } else { node };
    &text[named.byte_range()]
}

/// The first type named in a receiver: `T` of `(t *T[K])`.
fn owner_of<'text>(text: &'text str, receiver: Node<'_>) -> Option<&'text str> {
    let mut open = vec![receiver];
    while let Some(node) = open.pop() {
        if node.kind() == "type_identifier" {
            return Some(&text[node.byte_range()]);
        }
        let children = (0..node.named_child_count()).rev();
        open.extend(children.filter_map(|index| node.named_child(u32::try_from(index).ok()?)));
    }
    None
}

/// The types of the parameters, which tell overloads apart.
fn parameter_types(text: &str, node: Node<'_>) -> Option<String> {
    let parameters = node.child_by_field_name("parameters")?;
    let mut cursor = parameters.walk();
    let types = parameters.named_children(&mut cursor).filter_map(|parameter| parameter.child_by_field_name("type"));
    let types: Vec<&str> = types.map(|of| text[of.byte_range()].trim_start_matches([':', ' '])).collect();
    Some(types.join(", "))
}
