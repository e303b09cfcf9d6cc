//! Comparisons: the operator, and the order of the two sides.

use tree_sitter::Node;

use super::draft::Drafts;
use super::precedence::{self, COMPARISON};
use super::rule::Rule;
use super::site::Site;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    if site.node.kind() != "comparison_operator" {
        return;
    }
    let mut cursor = site.node.walk();
    let operators: Vec<Node<'_>> = site.node.children_by_field_name("operators", &mut cursor).collect();
    for operator in &operators {
        for (rule, nth, new) in alternatives(site.source(*operator)) {
            drafts.push(site.heat, site.edit(rule, nth, (*operator, site.node), new));
        }
    }
    if let [operator] = operators.as_slice() {
        sides(site, *operator, drafts);
    }
}

/// Replacements of a comparison operator, with their rule and their place within it.
fn alternatives(operator: &str) -> Vec<(Rule, usize, &'static str)> {
    let (boundary, negated, flipped): (Option<&'static str>, &'static str, Option<&'static str>) = match operator {
        "<" => (Some("<="), ">=", Some(">")),
        "<=" => (Some("<"), ">", Some(">=")),
        ">" => (Some(">="), "<=", Some("<")),
        ">=" => (Some(">"), "<", Some("<=")),
        "==" => (None, "!=", None),
        "!=" => (None, "==", None),
        "in" => (None, "not in", None),
        "not in" => (None, "in", None),
        "is" => (None, "is not", None),
        "is not" => (None, "is", None),
        _ => return Vec::new(),
    };
    let others: &[&'static str] = match operator {
        "<" | "<=" | ">" | ">=" => &["==", "!="],
        "==" => &["<=", ">=", "<", ">", "in", "is"],
        "!=" => &["<", ">", "<=", ">=", "not in", "is not"],
        "in" => &["=="],
        "not in" => &["!="],
        "is" => &["=="],
        _ => &["!="],
    };
    let mut found = vec![(Rule::ComparisonNegate, 0, negated)];
    found.extend(boundary.map(|new| (Rule::ComparisonBoundary, 0, new)));
    found.extend(flipped.map(|new| (Rule::ComparisonFlip, 0, new)));
    found.extend(others.iter().enumerate().map(|(nth, new)| (Rule::ComparisonOther, nth, *new)));
    found
}

/// `a < b` → `b < a`: the same as flipping the operator for numbers, not for `in` or `-`.
fn sides(site: &Site<'_, '_>, operator: Node<'_>, drafts: &mut Drafts<'_, '_>) {
    let (Some(left), Some(right)) = (site.node.named_child(0), site.node.named_child(1)) else { return };
    if !matches!(site.source(operator), "in" | "not in") {
        return;
    }
    let side = |node: Node<'_>| precedence::wrapped(site.source(node), precedence::of(node), COMPARISON + 1);
    let new = format!("{} {} {}", side(right), site.source(operator), side(left));
    drafts.push(site.heat, site.replace(Rule::ComparisonSides, 0, site.node, new));
}
