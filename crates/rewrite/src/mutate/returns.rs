//! What a function gives back: a `return` that is missing, and flags that are all the wrong way round.

use reweave_core::Span;
use reweave_syntax::layout;
use tree_sitter::Node;

use super::draft::{Draft, Drafts, Masked};
use super::rule::Rule;
use super::site::{Site, shown};

/// Most names tried as the value of a missing `return`.
const NAMES_MAX: usize = 4;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "expression_statement" => value(site, drafts),
        "function_definition" => {
            flags(site, drafts);
            last(site, drafts);
        }
        _ => {}
    }
}

/// A value that stands alone at the end of a block: `x` → `return x`.
fn value(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let in_function = super::literals::enclosing_function(site.node).is_some();
    let plain = site
        .node
        .named_child(0)
        .filter(|value| !matches!(value.kind(), "assignment" | "augmented_assignment" | "yield"));
    if site.node.next_named_sibling().is_none() && in_function && plain.is_some() {
        let text = format!("return {}", site.source(site.node));
        drafts.push(site.heat, site.replace(Rule::ReturnInsert, 0, site.node, text));
    }
}

/// `return True` and `return False` of one function, all exchanged.
fn flags(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let mut edits = Vec::new();
    let returns = returns(site.node);
    for value in returns.iter().filter_map(|node| node.named_child(0)) {
        let new = match value.kind() {
            "true" => "False",
            "false" => "True",
            _ => continue,
        };
        edits.push((Span::new(value.start_byte(), value.end_byte()), new.to_owned()));
    }
    if edits.len() > 1 {
        let description = format!("negate the {} flags that the function returns", edits.len());
        let masked = Masked::node(site.node);
        drafts
            .push(site.heat, Draft { rule: Rule::ReturnFlags, nth: 0, edits, masked, description: Some(description) });
    }
}

/// A function that returns nothing but ends: give back one of its own variables.
fn last(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(body) = site.node.child_by_field_name("body") else { return };
    let gives = returns(site.node).iter().any(|node| node.named_child_count() > 0);
    let Some(end) = body.named_child(body.named_child_count().saturating_sub(1) as u32) else { return };
    if gives || end.kind() == "return_statement" {
        return;
    }
    let ground = site.ground;
    let Some(first) = body.named_child(0) else { return };
    let indent = &ground.text[ground.line_start(first.start_byte())..first.start_byte()];
    if !indent.trim().is_empty() {
        return;
    }
    let newline = layout::line_end(ground.text);
    let at = end.end_byte();
    for (nth, name) in locals(site, body).into_iter().take(NAMES_MAX).enumerate() {
        let edits = vec![(Span::new(at, at), format!("{newline}{indent}return {name}"))];
        let description = format!("add `return {}` at the end", shown(name));
        let masked = Masked { span: Span::new(at, at), kind: "insertion".to_owned() };
        drafts.push(site.heat, Draft { rule: Rule::ReturnInsert, nth, edits, masked, description: Some(description) });
    }
}

/// Variables assigned in `body` itself, the last one first.
fn locals<'a>(site: &Site<'_, 'a>, body: Node<'_>) -> Vec<&'a str> {
    let mut cursor = body.walk();
    let mut names = Vec::new();
    for statement in body.named_children(&mut cursor) {
        let left = statement.named_child(0).and_then(|inner| inner.child_by_field_name("left"));
        if let Some(left) = left.filter(|left| left.kind() == "identifier") {
            names.retain(|name| *name != site.source(left));
            names.push(site.source(left));
        }
    }
    names.reverse();
    names
}

/// The `return` statements of `function` itself.
fn returns(function: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut stack: Vec<Node<'_>> = function.child_by_field_name("body").into_iter().collect();
    while let Some(node) = stack.pop() {
        match node.kind() {
            "return_statement" => found.push(node),
            "function_definition" | "lambda" | "class_definition" => {}
            _ => {
                let mut cursor = node.walk();
                stack.extend(node.named_children(&mut cursor));
            }
        }
    }
    found
}
