//! Subscripts and slices: one that is missing, one too many, bounds that are open or off.

use tree_sitter::Node;

use super::draft::Drafts;
use super::precedence::{self, PRIMARY};
use super::rule::Rule;
use super::shape::Shape;
use super::site::Site;

/// Most names tried as a bound.
const NAMES_MAX: usize = 6;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "subscript" => drop_index(site, drafts),
        "slice" => bounds(site, drafts),
        _ => {}
    }
    if takes_slice(site) {
        add_slice(site, drafts);
    }
}

/// `x[i]` → `x`.
fn drop_index(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    if let Some(value) = site.node.child_by_field_name("value") {
        drafts.push(site.heat, site.replace(Rule::IndexDrop, 0, site.node, site.source(value)));
    }
}

/// `x[a:b]` → `x[a:]`, `x[:b]`, `x[1:b]`, `x[a:-1]`, with a step of -1 or without.
fn bounds(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let source = site.source(site.node);
    let mut cursor = site.node.walk();
    let colons = site.node.children(&mut cursor).filter(|child| child.kind() == ":").count();
    if colons != source.matches(':').count() {
        return;
    }
    let parts: Vec<&str> = source.split(':').map(str::trim).collect();
    let (start, stop, step) = match parts.as_slice() {
        [start, stop] => (*start, *stop, ""),
        [start, stop, step] => (*start, *stop, *step),
        _ => return,
    };
    let text = |start: &str, stop: &str, step: &str| {
        let tail = if step.is_empty() { String::new() } else { format!(":{step}") };
        format!("{start}:{stop}{tail}")
    };
    let mut choices = Vec::new();
    if !start.is_empty() {
        choices.push(text("", stop, step));
    } else {
        choices.push(text("1", stop, step));
    }
    if !stop.is_empty() {
        choices.push(text(start, "", step));
    } else {
        choices.push(text(start, "-1", step));
    }
    if start.is_empty() != stop.is_empty() {
        choices.push(text(stop, start, step));
    }
    choices.push(text(start, stop, if step.is_empty() { "-1" } else { "" }));
    for (nth, new) in choices.into_iter().enumerate() {
        drafts.push(site.heat, site.replace(Rule::SliceBound, nth, site.node, new));
    }
}

/// `x` → `x[1:]`, `x[:-1]`, `x[::-1]`, `x[n:]`, `x[:n]`.
fn add_slice(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let object = precedence::wrapped(site.source(site.node), precedence::of(site.node), PRIMARY);
    for (nth, slice) in ["[1:]", "[:-1]", "[::-1]"].into_iter().enumerate() {
        drafts.push(site.heat, site.replace(Rule::SliceAdd, nth, site.node, format!("{object}{slice}")));
    }
    if site.node.kind() != "identifier" {
        return;
    }
    let offset = site.node.start_byte();
    let Some(scope) = site.ground.read_at(offset) else { return };
    let visible = site.ground.visible(scope, offset);
    let own = site.source(site.node);
    let mut names: Vec<(&str, Shape)> = visible
        .iter()
        .map(|id| (site.ground.scopes.symbol(*id).name.as_str(), site.ground.shape_of(*id)))
        .filter(|(name, shape)| *name != own && matches!(shape, Shape::Number | Shape::Unknown))
        .filter(|(name, _)| site.words.identifiers.contains_key(*name))
        .collect();
    names.sort_by_key(|(name, shape)| (*shape != Shape::Number, site.words.distance(name, offset)));
    for (nth, (name, _)) in names.into_iter().take(NAMES_MAX).enumerate() {
        drafts.push(site.heat, site.replace(Rule::SliceByName, 2 * nth, site.node, format!("{object}[{name}:]")));
        drafts.push(site.heat, site.replace(Rule::SliceByName, 2 * nth + 1, site.node, format!("{object}[:{name}]")));
    }
}

/// Whether the node is text or a sequence, as a whole, that something iterates over, passes on or returns.
fn takes_slice(site: &Site<'_, '_>) -> bool {
    let node = site.node;
    if !matches!(node.kind(), "identifier" | "call" | "attribute" | "list_comprehension") {
        return false;
    }
    let Some(parent) = node.parent() else { return false };
    let is_field = |name: &str| parent.child_by_field_name(name).is_some_and(|child: Node<'_>| child.id() == node.id());
    let passed = match parent.kind() {
        "argument_list" | "return_statement" => true,
        "for_statement" | "for_in_clause" | "assignment" => is_field("right"),
        _ => false,
    };
    passed && matches!(Shape::of(site.ground, node), Shape::Text | Shape::Sequence | Shape::Unknown)
}
