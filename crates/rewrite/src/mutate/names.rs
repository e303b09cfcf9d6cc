//! Names: one variable taken for another.

use tree_sitter::Node;

use reweave_syntax::scope::SymbolId;

use super::draft::Drafts;
use super::rule::Rule;
use super::shape::Shape;
use super::site::Site;

/// Most other names tried at one place.
const NAMES_MAX: usize = 24;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    if site.node.kind() != "identifier" || !is_value(site.node) {
        return;
    }
    let others = candidates(site);
    for (nth, name) in others.iter().enumerate() {
        drafts.push(site.heat, site.replace(Rule::Variable, nth, site.node, name.0));
    }
    let parent = site.node.parent();
    let assigned =
        parent.and_then(|parent| parent.child_by_field_name("left")).is_some_and(|left| left.id() == site.node.id())
            && parent.is_some_and(|parent| parent.kind().ends_with("assignment"));
    if assigned || site.ground.read_at(site.node.start_byte()).is_none() {
        return;
    }
    let sized = others.iter().filter(|(_, shape)| !matches!(shape, Shape::Number | Shape::Flag));
    for (nth, (name, _)) in sized.enumerate() {
        drafts.push(site.heat, site.replace(Rule::VariableMeasure, nth, site.node, format!("len({name})")));
    }
    if site.node.parent().is_some_and(|parent| parent.kind() == "argument_list") {
        for (nth, text) in site.words.strings.iter().enumerate() {
            drafts.push(site.heat, site.replace(Rule::VariableLiteral, nth, site.node, text.as_str()));
        }
    }
}

/// Whether the identifier is a variable read or assigned, not an attribute, a keyword's name, a called or defined name.
fn is_value(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is_field = |name: &str| parent.child_by_field_name(name).is_some_and(|child| child.id() == node.id());
    match parent.kind() {
        "attribute" => is_field("object"),
        "call" => !is_field("function"),
        "keyword_argument" | "default_parameter" | "typed_default_parameter" => is_field("value"),
        "function_definition" | "class_definition" | "parameters" | "lambda_parameters" | "typed_parameter" => false,
        "global_statement" | "nonlocal_statement" | "dotted_name" => false,
        "for_statement" | "for_in_clause" => is_field("right"),
        "pattern_list" | "tuple_pattern" | "as_pattern_target" => false,
        _ => true,
    }
}

/// Names that could stand here: of a fitting shape first, then the nearest.
fn candidates<'g>(site: &Site<'g, '_>) -> Vec<(&'g str, Shape)> {
    let ground = site.ground;
    let offset = site.node.start_byte();
    let scope = ground.read_at(offset).unwrap_or_else(|| ground.scopes.scope_at(offset));
    let own = site.source(site.node);
    let own_shape = Shape::of(ground, site.node);
    let visible = ground.visible(scope, offset);
    let describe = |id: &SymbolId| (ground.scopes.symbol(*id).name.as_str(), ground.shape_of(*id));
    let mut others: Vec<(&str, Shape)> = visible
        .iter()
        .map(describe)
        .filter(|(name, shape)| *name != own && !matches!(shape, Shape::Function | Shape::Module))
        .filter(|(name, _)| site.words.identifiers.contains_key(*name))
        .collect();
    others.sort_by_key(|(name, shape)| (!shape.fits(own_shape), site.words.distance(name, offset)));
    others.truncate(NAMES_MAX);
    others
}

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
pub(super) fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(left != right)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *right && *left == b[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
