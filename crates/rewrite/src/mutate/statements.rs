//! Statements: one too many, two in the wrong order, one at the wrong depth, the wrong way out of a loop.

use reweave_core::Span;
use tree_sitter::Node;

use super::draft::{Draft, Drafts, Masked};
use super::rule::Rule;
use super::site::{Site, is_statement, shown};

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let node = site.node;
    match node.kind() {
        "break_statement" => drafts.push(site.heat, site.replace(Rule::LoopExit, 0, node, "continue")),
        "continue_statement" => drafts.push(site.heat, site.replace(Rule::LoopExit, 0, node, "break")),
        "if_statement" => branches(site, drafts),
        _ => {}
    }
    let Some(block) = node.parent().filter(|parent| matches!(parent.kind(), "block" | "module")) else { return };
    if !is_statement(node) || node.kind().ends_with("_definition") {
        return;
    }
    if let Some(draft) = deletion(site, block) {
        drafts.push(site.heat, draft);
    }
    if is_simple(node)
        && let Some(next) = node.next_named_sibling().filter(|next| is_simple(*next))
    {
        drafts.push(site.heat, super::calls::swapped(&site.at(block), (Rule::StatementSwap, 0), node, next));
    }
    drafts_of_depth(site, block, drafts);
}

fn is_simple(node: Node<'_>) -> bool {
    matches!(node.kind(), "expression_statement" | "return_statement" | "break_statement" | "continue_statement")
        || matches!(node.kind(), "raise_statement" | "assert_statement" | "delete_statement")
}

/// Leaves the statement out, or puts `pass` where it is the only one.
fn deletion(site: &Site<'_, '_>, block: Node<'_>) -> Option<Draft> {
    let node = site.node;
    if node.kind() == "pass_statement" {
        return None;
    }
    let next = node.next_named_sibling();
    let next =
        next.filter(|next| next.start_position().row > node.end_position().row).or_else(|| next?.next_named_sibling());
    let previous = node.prev_named_sibling();
    let (span, new) = match (next, previous) {
        (Some(next), _) => (Span::new(node.start_byte(), next.start_byte()), ""),
        (None, Some(previous)) => (Span::new(previous.end_byte(), node.end_byte()), ""),
        (None, None) => (Span::new(node.start_byte(), node.end_byte()), "pass"),
    };
    let description = format!("delete `{}`", shown(site.source(node)));
    Some(Draft {
        rule: Rule::Deletion,
        nth: 0,
        edits: vec![(span, new.to_owned())],
        masked: Masked::node(block),
        description: Some(description),
    })
}

/// Moves a one-line statement out of the block it ends, or into the block that ends before it.
fn drafts_of_depth(site: &Site<'_, '_>, block: Node<'_>, drafts: &mut Drafts<'_, '_>) {
    let node = site.node;
    let ground = site.ground;
    if !is_simple(node) || node.start_position().row != node.end_position().row {
        return;
    }
    let Some(previous) = node.prev_named_sibling().filter(|other| other.end_position().row < node.start_position().row)
    else {
        return;
    };
    let indentation = Span::new(ground.line_start(node.start_byte()), node.start_byte());
    if !ground.text[indentation.start..indentation.end].trim().is_empty() {
        return;
    }
    let indent_of = |other: Node<'_>| &ground.text[ground.line_start(other.start_byte())..other.start_byte()];
    let mut push = |nth, indent: &str, masked: Node<'_>, description: String| {
        let edits = vec![(indentation, indent.to_owned())];
        drafts.push(
            site.heat,
            Draft { rule: Rule::BlockLeave, nth, edits, masked: Masked::node(masked), description: Some(description) },
        );
    };
    let quoted = shown(site.source(node));
    let compound = block.parent().filter(|around| around.end_byte() == node.end_byte());
    if let Some(compound) = compound.filter(|around| is_block_statement(*around))
        && let Some(outer) = compound.parent()
    {
        push(0, indent_of(compound), outer, format!("move `{quoted}` out of the block it ends"));
    }
    let body = previous.child_by_field_name("body").or_else(|| previous.child_by_field_name("consequence"));
    let ends_with_body = body.filter(|body| body.end_byte() == previous.end_byte());
    if let Some(first) = ends_with_body.and_then(|body| body.named_child(0)).filter(|_| is_block_statement(previous)) {
        push(1, indent_of(first), block, format!("move `{quoted}` into the block before it"));
    }
}

fn is_block_statement(node: Node<'_>) -> bool {
    matches!(node.kind(), "if_statement" | "for_statement" | "while_statement" | "with_statement")
}

/// Exchanges the bodies of `if` and `else`.
fn branches(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let mut cursor = site.node.walk();
    let alternatives: Vec<Node<'_>> = site.node.children_by_field_name("alternative", &mut cursor).collect();
    let [otherwise] = alternatives.as_slice() else { return };
    let bodies = (site.node.child_by_field_name("consequence"), otherwise.child_by_field_name("body"));
    if let (Some(first), Some(second)) = bodies {
        drafts.push(site.heat, super::calls::swapped(site, (Rule::BranchSwap, 1), first, second));
    }
}
