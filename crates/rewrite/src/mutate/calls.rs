//! Calls: arguments in the wrong order, one too many, and range bounds.

use tree_sitter::Node;

use super::arithmetic::stepped;
use super::draft::{Draft, Drafts, Masked};
use super::rule::Rule;
use super::site::{Site, shown};

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "argument_list" => {
            list(site, (Rule::ArgumentSwap, Rule::ArgumentDrop), drafts);
            range(site, drafts);
        }
        "list" | "tuple" | "expression_list" | "set" | "pattern_list" => {
            list(site, (Rule::ElementSwap, Rule::ElementDrop), drafts);
        }
        _ => {}
    }
}

/// Neighbours exchanged; one element left out.
fn list(site: &Site<'_, '_>, rules: (Rule, Rule), drafts: &mut Drafts<'_, '_>) {
    let mut cursor = site.node.walk();
    let all: Vec<Node<'_>> = site.node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
    let plain = |node: &Node<'_>| !matches!(node.kind(), "keyword_argument" | "list_splat" | "dictionary_splat");
    for (nth, pair) in all.windows(2).enumerate() {
        if let [first, second] = pair
            && plain(first)
            && plain(second)
        {
            drafts.push(site.heat, swapped(site, (rules.0, nth), *first, *second));
        }
    }
    if site.node.kind() == "pattern_list" || all.len() < 2 {
        return;
    }
    for (nth, dropped) in all.iter().enumerate() {
        drafts.push(site.heat, without(site, (rules.1, nth), *dropped, &all));
    }
}

/// Exchanges the text of two nodes.
pub(super) fn swapped(site: &Site<'_, '_>, rule: (Rule, usize), first: Node<'_>, second: Node<'_>) -> Draft {
    let (left, right) = (site.source(first), site.source(second));
    let between = &site.ground.text[first.end_byte()..second.start_byte()];
    let span = reweave_core::Span::new(first.start_byte(), second.end_byte());
    Draft {
        rule: rule.0,
        nth: rule.1,
        edits: vec![(span, format!("{right}{between}{left}"))],
        masked: Masked::node(site.node),
        description: Some(format!("exchange `{}` and `{}`", shown(left), shown(right))),
    }
}

/// The list without `dropped` and the comma that goes with it.
fn without(site: &Site<'_, '_>, rule: (Rule, usize), dropped: Node<'_>, all: &[Node<'_>]) -> Draft {
    let at = all.iter().position(|node| node.id() == dropped.id()).unwrap_or(0);
    let span = match (all.get(at + 1), at.checked_sub(1).and_then(|before| all.get(before))) {
        (Some(next), _) => reweave_core::Span::new(dropped.start_byte(), next.start_byte()),
        (None, Some(before)) => reweave_core::Span::new(before.end_byte(), dropped.end_byte()),
        (None, None) => reweave_core::Span::new(dropped.start_byte(), dropped.end_byte()),
    };
    Draft {
        rule: rule.0,
        nth: rule.1,
        edits: vec![(span, String::new())],
        masked: Masked::node(site.node),
        description: Some(format!(
            "leave `{}` out of `{}`",
            shown(site.source(dropped)),
            shown(site.source(site.node))
        )),
    }
}

/// `range(n)` → `range(n + 1)`, `range(n - 1)`, `range(1, n)`; `range(a, b)` → one bound moved by one.
fn range(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let function = site.node.parent().and_then(|call| call.child_by_field_name("function"));
    if function.is_none_or(|function| site.source(function) != "range") {
        return;
    }
    let mut cursor = site.node.walk();
    let bounds: Vec<Node<'_>> = site.node.named_children(&mut cursor).take(2).collect();
    let Some(stop) = bounds.last() else { return };
    let mut nth = 0;
    let mut push = |draft: Draft| {
        drafts.push(site.heat, Draft { nth, ..draft });
        nth += 1;
    };
    for sign in ["+", "-"] {
        if stop.kind() != "integer" {
            push(site.replace(Rule::RangeBound, 0, *stop, stepped(site, *stop, sign)));
        }
    }
    if let [only] = bounds.as_slice() {
        push(site.replace(Rule::RangeBound, 0, *only, format!("1, {}", site.source(*only))));
    }
    if let [start, _] = bounds.as_slice()
        && start.kind() != "integer"
    {
        for sign in ["+", "-"] {
            push(site.replace(Rule::RangeBound, 0, *start, stepped(site, *start, sign)));
        }
    }
}
