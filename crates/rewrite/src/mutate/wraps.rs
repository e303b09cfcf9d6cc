//! Calls around an expression: one that is missing, one too many.

use tree_sitter::Node;

use super::draft::Drafts;
use super::literals::enclosing_function;
use super::precedence::{self, COMPARISON, PRIMARY};
use super::rule::Rule;
use super::shape::Shape;
use super::site::{Site, is_async};

/// Most functions of the file tried around one expression.
const SEEN_MAX: usize = 6;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "call" => {
            unwrap(site, drafts);
            awaited(site, drafts);
        }
        "comparison_operator" => both(site, drafts),
        _ => {}
    }
    if is_value(site.node) {
        wrap(site, drafts);
    }
}

/// Functions and methods that turn a value of that shape into another of use.
fn known(shape: Shape) -> (&'static [&'static str], &'static [&'static str]) {
    match shape {
        Shape::Number => (&["abs", "int", "str", "round", "float"], &[]),
        Shape::Text => (&["set", "int", "len", "sorted", "list"], &["lower()", "strip()", "upper()", "split()"]),
        Shape::Sequence => (&["set", "sorted", "len", "list", "sum", "max", "min", "reversed"], &[]),
        Shape::Flag => (&[], &[]),
        Shape::Function | Shape::Module => (&[], &[]),
        Shape::Unknown => (&["abs", "len", "set", "int", "str", "sorted", "list"], &["lower()", "strip()", "upper()"]),
    }
}

fn wrap(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let source = site.source(site.node);
    let (functions, methods) = known(Shape::of(site.ground, site.node));
    let around = called_around(site);
    for (nth, function) in functions.iter().filter(|function| Some(**function) != around).enumerate() {
        drafts.push(site.heat, site.replace(Rule::Wrap, nth, site.node, format!("{function}({source})")));
    }
    let object = precedence::wrapped(source, precedence::of(site.node), PRIMARY);
    for (nth, method) in methods.iter().enumerate() {
        drafts.push(site.heat, site.replace(Rule::WrapMethod, nth, site.node, format!("{object}.{method}")));
    }
    let seen = site.words.functions.iter().filter(|name| !functions.contains(&name.as_str()));
    let useful = seen.filter(|name| !matches!(name.as_str(), "print" | "isinstance" | "range" | "enumerate" | "zip"));
    for (nth, function) in useful.take(SEEN_MAX).enumerate() {
        drafts.push(site.heat, site.replace(Rule::WrapSeen, nth, site.node, format!("{function}({source})")));
    }
}

/// `a == b` → `f(a) == f(b)`.
fn both(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let mut cursor = site.node.walk();
    let operators: Vec<Node<'_>> = site.node.children_by_field_name("operators", &mut cursor).collect();
    let sides = (site.node.named_child(0), site.node.named_child(1));
    let ([operator], (Some(left), Some(right))) = (operators.as_slice(), sides) else { return };
    let (left, operator, right) = (site.source(left), site.source(*operator), site.source(right));
    let needed = precedence::needed(site.node);
    let functions = ["set", "len", "sorted", "abs", "str", "int"];
    for (nth, function) in functions.into_iter().enumerate() {
        let text = format!("{function}({left}) {operator} {function}({right})");
        drafts.push(
            site.heat,
            site.replace(Rule::WrapBoth, nth, site.node, precedence::wrapped(&text, COMPARISON, needed)),
        );
    }
}

/// `f(x)` → `x`; `x.m(…)` → `x`.
fn unwrap(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let needed = precedence::needed(site.node);
    let fields = (site.node.child_by_field_name("function"), site.node.child_by_field_name("arguments"));
    let (Some(function), Some(arguments)) = fields else { return };
    if let Some(object) = function.child_by_field_name("object") {
        let text = precedence::wrapped(site.source(object), precedence::of(object), needed);
        drafts.push(site.heat, site.replace(Rule::UnwrapMethod, 0, site.node, text));
    }
    let first = arguments.named_child(0).filter(|first| !is_special(*first));
    if let Some(first) = first {
        // A generator that is the only argument shares the call's parentheses.
        let text = if arguments.kind() == "generator_expression" { site.source(arguments) } else { site.source(first) };
        let level = if arguments.kind() == "generator_expression" { PRIMARY } else { precedence::of(first) };
        drafts.push(site.heat, site.replace(Rule::Unwrap, 0, site.node, precedence::wrapped(text, level, needed)));
    }
}

/// `f(x)` → `await f(x)`, where `f` is a coroutine of this file and the place may wait.
fn awaited(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(function) = site.node.child_by_field_name("function") else { return };
    let name = function.child_by_field_name("attribute").unwrap_or(function);
    let waits = site.node.parent().is_some_and(|parent| matches!(parent.kind(), "await" | "argument_list"));
    let may_wait = enclosing_function(site.node).is_some_and(is_async);
    if site.ground.coroutines.contains(site.source(name)) && may_wait && !waits {
        let text = format!("await {}", site.source(site.node));
        let text = precedence::wrapped(&text, precedence::AWAIT, precedence::needed(site.node));
        drafts.push(site.heat, site.replace(Rule::AwaitInsert, 0, site.node, text));
    }
}

fn is_special(node: Node<'_>) -> bool {
    matches!(node.kind(), "keyword_argument" | "list_splat" | "dictionary_splat" | "comment")
}

/// Whether `node` is an expression whose value something else takes up.
fn is_value(node: Node<'_>) -> bool {
    let kinds = ["identifier", "call", "binary_operator", "subscript", "attribute", "list_comprehension", "list"];
    let Some(parent) = node.parent() else { return false };
    let is_field = |name: &str| parent.child_by_field_name(name).is_some_and(|child| child.id() == node.id());
    kinds.contains(&node.kind())
        && match parent.kind() {
            "argument_list"
            | "return_statement"
            | "binary_operator"
            | "comparison_operator"
            | "unary_operator"
            | "parenthesized_expression"
            | "conditional_expression"
            | "list"
            | "expression_list" => true,
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => is_field("right"),
            "attribute" => is_field("object"),
            "subscript" => is_field("value") && node.kind() != "identifier",
            "list_comprehension" | "generator_expression" => is_field("body"),
            "keyword_argument" => is_field("value"),
            _ => false,
        }
}

fn called_around<'a>(site: &Site<'_, 'a>) -> Option<&'a str> {
    let call = site.node.parent()?.parent().filter(|call| call.kind() == "call")?;
    Some(site.source(call.child_by_field_name("function")?))
}
