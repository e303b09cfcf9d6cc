//! Conditions: `and`/`or`, operands too many, `not` too many or too few, branches the wrong way round.

use tree_sitter::Node;

use super::draft::{Draft, Drafts};
use super::precedence::{self, NOT};
use super::rule::Rule;
use super::site::Site;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "boolean_operator" => boolean(site, drafts),
        "not_operator" => negated(site, drafts),
        "conditional_expression" => ternary(site, drafts),
        _ => {}
    }
    if is_condition(site.node) && !matches!(site.node.kind(), "not_operator" | "true" | "false") {
        condition(site, drafts);
    }
}

fn boolean(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let node = site.node;
    let fields = (node.child_by_field_name("left"), precedence::operator(node), node.child_by_field_name("right"));
    let (Some(left), Some(operator), Some(right)) = fields else { return };
    let new = if operator.kind() == "and" { "or" } else { "and" };
    drafts.push(site.heat, regrouped(site, (left, operator, right), new));
    for (nth, kept) in [left, right].into_iter().enumerate() {
        let text = precedence::wrapped(site.source(kept), precedence::of(kept), precedence::needed(node));
        drafts.push(site.heat, site.replace(Rule::OperandDrop, nth, node, text));
    }
}

/// The other boolean operator, with parentheses where it would bind otherwise.
fn regrouped(site: &Site<'_, '_>, parts: (Node<'_>, Node<'_>, Node<'_>), new: &str) -> Draft {
    let (left, operator, right) = parts;
    let level = precedence::of_operator(new);
    let needed = precedence::needed(site.node);
    let loose = precedence::of(left) < level || precedence::of(right) < level || level < needed;
    if !loose {
        return site.edit(Rule::BooleanSwap, 0, (operator, site.node), new);
    }
    let side = |node: Node<'_>| precedence::wrapped(site.source(node), precedence::of(node), level);
    let text = format!("{} {new} {}", side(left), side(right));
    site.replace(Rule::BooleanSwap, 0, site.node, precedence::wrapped(&text, level, needed))
}

fn negated(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(argument) = site.node.child_by_field_name("argument") else { return };
    let text = precedence::wrapped(site.source(argument), precedence::of(argument), precedence::needed(site.node));
    drafts.push(site.heat, site.replace(Rule::NotDrop, 0, site.node, text));
}

fn condition(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let inner = precedence::wrapped(site.source(site.node), precedence::of(site.node), NOT);
    let text = precedence::wrapped(&format!("not {inner}"), NOT, precedence::needed(site.node));
    if site.node.kind() != "comparison_operator" {
        drafts.push(site.heat, site.replace(Rule::NotInsert, 0, site.node, text));
    }
    for (nth, fixed) in ["True", "False"].into_iter().enumerate() {
        drafts.push(site.heat, site.replace(Rule::ConditionFixed, nth, site.node, fixed));
    }
}

/// `a if c else b` → `b if c else a`, `a`, `b`.
fn ternary(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let child = |at| site.node.named_child(at);
    let (Some(yes), Some(condition), Some(no)) = (child(0), child(1), child(2)) else { return };
    let side = |node: Node<'_>, needed| precedence::wrapped(site.source(node), precedence::of(node), needed);
    let swapped = format!("{} if {} else {}", side(no, 2), site.source(condition), side(yes, 1));
    let text = precedence::wrapped(&swapped, precedence::CONDITIONAL, precedence::needed(site.node));
    drafts.push(site.heat, site.replace(Rule::BranchSwap, 0, site.node, text));
    for (nth, kept) in [yes, no].into_iter().enumerate() {
        let text = side(kept, precedence::needed(site.node));
        drafts.push(site.heat, site.replace(Rule::OperandDrop, nth + 1, site.node, text));
    }
}

/// Whether `node` decides something: the condition of a statement, a ternary or a comprehension.
fn is_condition(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        "if_statement" | "elif_clause" | "while_statement" => {
            parent.child_by_field_name("condition").is_some_and(|condition| condition.id() == node.id())
        }
        "conditional_expression" => parent.named_child(1).is_some_and(|condition| condition.id() == node.id()),
        "if_clause" => true,
        _ => false,
    }
}
