//! The import that an undefined name needs, put where it belongs.
//!
//! Order: `__future__`, standard library, other packages, the project's own relative ones; within a group `import x`
//! before `from x import y`, each by name. An existing `from x import …` takes the name up.

use reweave_core::Span;
use reweave_syntax::layout;
use tree_sitter::Node;

use super::draft::{Draft, Masked};
use super::modules::{self, Import};
use super::rule::Rule;
use super::site::{Ground, is_statement};

/// How imports are ordered.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    group: u8,
    is_from: bool,
    module: String,
}

/// Drafts that import `name`, which is used at `used`, likeliest module first.
pub(super) fn propose(ground: &Ground<'_>, name: &str, used: Span) -> Vec<Draft> {
    let found = modules::providing(name, &ground.text[used.end..]);
    found.into_iter().enumerate().filter_map(|(nth, import)| draft(ground, &import, nth, used)).collect()
}

fn draft(ground: &Ground<'_>, import: &Import, nth: usize, used: Span) -> Option<Draft> {
    let statement = import.statement();
    let existing = top_imports(ground);
    let (at, text) = extended(ground, &existing, import).unwrap_or_else(|| placed(ground, &existing, import));
    let (at, text) = if ground.allows(Span::new(at, at)) { (at, text) } else { local(ground, &statement, used)? };
    let span = Span::new(at, at);
    Some(Draft {
        rule: Rule::MissingImport,
        nth,
        edits: vec![(span, text)],
        masked: Masked { span, kind: "insertion".to_owned() },
        description: Some(format!("add `{statement}`")),
    })
}

/// The import statements of the module's head: before any other code, docstring and comments aside.
fn top_imports<'a>(ground: &Ground<'a>) -> Vec<Node<'a>> {
    let root = ground.file.tree().root_node();
    let mut cursor = root.walk();
    let head = root.named_children(&mut cursor).take_while(|node| is_import(*node) || is_preamble(*node));
    head.filter(|node| is_import(*node)).collect()
}

fn is_import(node: Node<'_>) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement" | "future_import_statement")
}

fn is_preamble(node: Node<'_>) -> bool {
    let lone = || node.named_child(0).is_some_and(|child| child.kind() == "string");
    node.kind() == "comment" || (node.kind() == "expression_statement" && lone())
}

/// `from m import a` with the name added, where the module is imported from already.
fn extended(ground: &Ground<'_>, existing: &[Node<'_>], import: &Import) -> Option<(usize, String)> {
    let (module, name) = (import.module, import.name?);
    let holder = existing.iter().find(|node| {
        let from = node.child_by_field_name("module_name");
        node.kind() == "import_from_statement" && from.is_some_and(|from| ground.source(from) == module)
    })?;
    let mut cursor = holder.walk();
    let names: Vec<Node<'_>> = holder.children_by_field_name("name", &mut cursor).collect();
    let sorted = names.is_sorted_by_key(|node| ground.source(*node));
    let after = names.iter().find(|node| sorted && ground.source(**node) > name);
    match (after, names.last()) {
        (Some(next), _) => Some((next.start_byte(), format!("{name}, "))),
        (None, Some(last)) => Some((last.end_byte(), format!(", {name}"))),
        (None, None) => None,
    }
}

fn placed(ground: &Ground<'_>, existing: &[Node<'_>], import: &Import) -> (usize, String) {
    let newline = layout::line_end(ground.text);
    let statement = import.statement();
    let own = Key { group: group(import.module), is_from: import.name.is_some(), module: import.module.to_owned() };
    let keyed: Vec<(Key, Node<'_>)> = existing.iter().map(|node| (key(ground, *node), *node)).collect();
    let before = keyed.iter().rev().find(|(key, _)| *key < own);
    let after = keyed.iter().find(|(key, _)| *key > own);
    match (before, after) {
        (Some((key, node)), _) if key.group == own.group => (node.end_byte(), format!("{newline}{statement}")),
        (_, Some((key, node))) if key.group == own.group => (node.start_byte(), format!("{statement}{newline}")),
        (Some((_, node)), _) => (node.end_byte(), format!("{newline}{newline}{statement}")),
        (None, Some((_, node))) => (node.start_byte(), format!("{statement}{newline}{newline}")),
        (None, None) => first(ground, &statement),
    }
}

/// Where the first import of a file goes: after the docstring, or before the first code.
fn first(ground: &Ground<'_>, statement: &str) -> (usize, String) {
    let newline = layout::line_end(ground.text);
    let root = ground.file.tree().root_node();
    let mut cursor = root.walk();
    let docstring =
        root.named_children(&mut cursor).find(|node| node.kind() != "comment").filter(|node| is_preamble(*node));
    if let Some(docstring) = docstring {
        return (docstring.end_byte(), format!("{newline}{newline}{statement}"));
    }
    let code = root.named_children(&mut cursor).find(|node| node.kind() != "comment");
    let Some(code) = code else { return (ground.text.len(), format!("{statement}{newline}")) };
    let gap = if code.kind().ends_with("_definition") { newline.repeat(3) } else { newline.repeat(2) };
    (code.start_byte(), format!("{statement}{gap}"))
}

/// Where the head of the file may not change: an import of its own before the statement that needs it.
fn local(ground: &Ground<'_>, statement: &str, used: Span) -> Option<(usize, String)> {
    let mut node = ground.file.tree().root_node().descendant_for_byte_range(used.start, used.end)?;
    while !is_statement(node) || !node.parent().is_some_and(|parent| matches!(parent.kind(), "block" | "module")) {
        node = node.parent()?;
    }
    let at = node.start_byte();
    let indent = &ground.text[ground.line_start(at)..at];
    let allowed = ground.allows(Span::new(at, at)) && indent.trim().is_empty();
    allowed.then(|| (at, format!("{statement}{}{indent}", layout::line_end(ground.text))))
}

fn key(ground: &Ground<'_>, node: Node<'_>) -> Key {
    let from = node.child_by_field_name("module_name");
    let named = from.or_else(|| node.child_by_field_name("name"));
    let module = named.map_or("", |named| ground.source(named));
    let module = module.split_whitespace().next().unwrap_or("").to_owned();
    let group = if node.kind() == "future_import_statement" { 0 } else { group(&module) };
    Key { group, is_from: from.is_some(), module }
}

fn group(module: &str) -> u8 {
    let top = module.split('.').next().unwrap_or("");
    match top {
        "__future__" => 0,
        "" => 3,
        _ if modules::is_standard(top) => 1,
        _ => 2,
    }
}
