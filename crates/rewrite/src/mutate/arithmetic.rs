//! Arithmetic: operators, terms, signs, and results that are off by one.

use tree_sitter::Node;

use super::draft::{Draft, Drafts};
use super::precedence;
use super::rule::Rule;
use super::shape::Shape;
use super::site::Site;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "binary_operator" => binary(site, drafts),
        "unary_operator" => unary(site, drafts),
        "augmented_assignment" => augmented(site, drafts),
        "assignment" => accumulated(site, drafts),
        _ => {}
    }
    if is_amount(site) {
        off_by_one(site, drafts);
    }
}

/// The operators most often taken for `operator` first, then the rest.
fn alternatives(operator: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match operator {
        "+" => (&["-"], &["*", "/", "//", "%"]),
        "-" => (&["+"], &["*", "%", "//", "/"]),
        "*" => (&["/", "**"], &["+", "-", "//", "%"]),
        "/" => (&["//", "*"], &["%", "-", "+"]),
        "//" => (&["/", "%"], &["*", "-", "+"]),
        "%" => (&["//", "/"], &["*", "-", "+"]),
        "**" => (&["*"], &["//", "+", "-"]),
        "&" => (&["|"], &["^", "-"]),
        "|" => (&["&"], &["^", "+"]),
        "^" => (&["**", "|"], &["&"]),
        "<<" => (&[">>"], &[]),
        ">>" => (&["<<"], &[]),
        _ => (&[], &[]),
    }
}

fn binary(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let node = site.node;
    let fields = (node.child_by_field_name("left"), precedence::operator(node), node.child_by_field_name("right"));
    let (Some(left), Some(operator), Some(right)) = fields else { return };
    let parts = (left, operator, right);
    if Shape::of(site.ground, node) != Shape::Text {
        let (likely, rest) = alternatives(operator.kind());
        let likely = likely.iter().enumerate().map(|(nth, new)| (Rule::ArithmeticPair, nth, *new));
        let rest = rest.iter().enumerate().map(|(nth, new)| (Rule::ArithmeticOther, nth, *new));
        for (rule, nth, new) in likely.chain(rest) {
            operator_drafts(site, parts, (rule, nth, new), drafts);
        }
    }
    if matches!(operator.kind(), "-" | "/" | "//" | "%" | "**" | "<<" | ">>" | "+") {
        let plus_of_numbers = operator.kind() == "+" && Shape::of(site.ground, node) == Shape::Number;
        let side = |node: Node<'_>, left| {
            let needed = precedence::needed_beside(operator.kind(), left);
            precedence::wrapped(site.source(node), precedence::of(node), needed)
        };
        if !plus_of_numbers {
            let text = format!("{} {} {}", side(right, true), operator.kind(), side(left, false));
            drafts.push(site.heat, site.replace(Rule::ArithmeticSides, 0, node, text));
        }
    }
    terms(site, parts, drafts);
}

/// The operator replaced so that the tree keeps its shape; where that takes parentheses, also without them.
fn operator_drafts(
    site: &Site<'_, '_>,
    parts: (Node<'_>, Node<'_>, Node<'_>),
    choice: (Rule, usize, &str),
    drafts: &mut Drafts<'_, '_>,
) {
    let (left, operator, right) = parts;
    let (rule, nth, new) = choice;
    let level = precedence::of_operator(new);
    let needed = precedence::needed(site.node);
    let side = |node: Node<'_>, is_left| {
        precedence::wrapped(site.source(node), precedence::of(node), precedence::needed_beside(new, is_left))
    };
    let sides = (side(left, true), side(right, false));
    let regroups = sides.0 != site.source(left) || sides.1 != site.source(right) || level < needed;
    if !regroups {
        return drafts.push(site.heat, site.edit(rule, nth, (operator, site.node), new));
    }
    let text = format!("{} {new} {}", sides.0, sides.1);
    let text = precedence::wrapped(&text, level, needed);
    drafts.push(site.heat, site.replace(rule, nth, site.node, text));
    let place = (operator, outermost(site.node));
    drafts.push(site.heat, site.edit(Rule::ArithmeticRegroup, nth, place, new));
}

fn outermost(mut node: Node<'_>) -> Node<'_> {
    while let Some(parent) = node.parent().filter(|parent| parent.kind() == "binary_operator") {
        node = parent;
    }
    node
}

/// `a + b` → `a`, `b`; `a ** b * c` → `a ** c`.
fn terms(site: &Site<'_, '_>, parts: (Node<'_>, Node<'_>, Node<'_>), drafts: &mut Drafts<'_, '_>) {
    let (left, operator, right) = parts;
    let kept =
        |node: Node<'_>| precedence::wrapped(site.source(node), precedence::of(node), precedence::needed(site.node));
    drafts.push(site.heat, site.replace(Rule::TermDrop, 0, site.node, kept(left)));
    drafts.push(site.heat, site.replace(Rule::TermDrop, 1, site.node, kept(right)));
    let inner = Some(left).filter(|left| left.kind() == "binary_operator").and_then(precedence::operator);
    let first = left.child_by_field_name("left");
    if let (Some(inner), Some(first)) = (inner, first)
        && inner.kind() != operator.kind()
    {
        let needed = precedence::needed_beside(inner.kind(), false);
        let last = precedence::wrapped(site.source(right), precedence::of(right), needed);
        let text = format!("{} {} {last}", site.source(first), inner.kind());
        drafts.push(site.heat, site.replace(Rule::TermDrop, 2, site.node, text));
    }
}

fn unary(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(argument) = site.node.child_by_field_name("argument") else { return };
    let text = precedence::wrapped(site.source(argument), precedence::of(argument), precedence::needed(site.node));
    drafts.push(site.heat, site.replace(Rule::SignFlip, 0, site.node, text));
}

fn augmented(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(operator) = precedence::operator(site.node) else { return };
    let plain = operator.kind().trim_end_matches('=');
    let (likely, rest) = alternatives(plain);
    let choices = likely.iter().enumerate().map(|(nth, new)| (Rule::AugmentedPair, nth, format!("{new}=")));
    let choices =
        choices.chain(rest.iter().enumerate().map(|(nth, new)| (Rule::AugmentedOther, nth, format!("{new}="))));
    let plain = [(Rule::AugmentedPlain, 0, "=".to_owned())];
    for (rule, nth, new) in choices.chain(plain) {
        drafts.push(site.heat, operator_of_statement(site, operator, (rule, nth, new)));
    }
}

/// `x = …` → `x += …`, where `x` is bound before.
fn accumulated(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(left) = site.node.child_by_field_name("left").filter(|left| left.kind() == "identifier") else { return };
    let mut cursor = site.node.walk();
    let equals = site.node.children(&mut cursor).find(|child| child.kind() == "=");
    let (Some(equals), true) = (equals, site.words.distance(site.source(left), left.start_byte()) < usize::MAX) else {
        return;
    };
    drafts.push(site.heat, operator_of_statement(site, equals, (Rule::AugmentedPlain, 1, "+=".to_owned())));
}

fn operator_of_statement(site: &Site<'_, '_>, operator: Node<'_>, choice: (Rule, usize, String)) -> Draft {
    let (rule, nth, new) = choice;
    site.edit(rule, nth, (operator, site.node), new)
}

/// Whether the node is a number whose last unit matters: a bound, an index, an operand of a comparison, a returned count.
fn is_amount(site: &Site<'_, '_>) -> bool {
    let node = site.node;
    if !matches!(node.kind(), "identifier" | "call" | "attribute" | "binary_operator" | "subscript") {
        return false;
    }
    let Some(parent) = node.parent() else { return false };
    let number = Shape::of(site.ground, node);
    match parent.kind() {
        "subscript" => parent.child_by_field_name("value").is_none_or(|value| value.id() != node.id()),
        "slice" => true,
        "argument_list" => number == Shape::Number && !in_range(site, parent),
        "comparison_operator" | "return_statement" => number == Shape::Number,
        "assignment" => {
            number == Shape::Number && parent.child_by_field_name("right").is_some_and(|right| right.id() == node.id())
        }
        _ => false,
    }
}

fn in_range(site: &Site<'_, '_>, arguments: Node<'_>) -> bool {
    let function = arguments.parent().and_then(|call| call.child_by_field_name("function"));
    function.is_some_and(|function| site.source(function) == "range")
}

fn off_by_one(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let parent = site.node.parent().map_or("", |parent| parent.kind());
    let rule = if matches!(parent, "subscript" | "slice") { Rule::IndexStep } else { Rule::OffByOne };
    for (nth, sign) in ["-", "+"].into_iter().enumerate() {
        drafts.push(site.heat, site.replace(rule, nth, site.node, stepped(site, site.node, sign)));
    }
}

/// `node + 1` or `node - 1`, grouped so that the whole of `node` is stepped.
pub(super) fn stepped(site: &Site<'_, '_>, node: Node<'_>, sign: &str) -> String {
    let level = precedence::of_operator(sign);
    let inner = precedence::wrapped(site.source(node), precedence::of(node), level);
    precedence::wrapped(&format!("{inner} {sign} 1"), level, precedence::needed(node))
}
