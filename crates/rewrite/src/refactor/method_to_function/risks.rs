//! What the file cannot show about a moved method, as parts of the risk.

use reweave_core::RiskPart;
use reweave_syntax::scope::DynamicKind;

use super::calls::Uses;
use super::method::Method;
use crate::refactor::edits::part;
use crate::refactor::signature::{KNOWN_DECORATORS, decorator_name};
use crate::refactor::source::{Source, span};

/// The risks of moving `method`.
pub(super) fn of(source: &Source<'_>, method: &Method<'_>, uses: &Uses) -> Vec<RiskPart> {
    let mut parts = Vec::new();
    parts.extend(outside_bases(source, method, uses));
    parts.extend(other_definitions(source, method));
    parts.extend(computed_attributes(source));
    parts.extend(in_strings(source, method));
    parts.extend(in_doctests(source, method));
    parts.extend(decorators(method));
    if !method.node.name.starts_with('_') {
        let reason = format!("`{}` is public: code outside this workspace may call it", method.path(source));
        parts.push(part("public_method", 0.1, reason));
    }
    if let Some(first) = uses.unknown.first() {
        let reason =
            format!("{} uses on unknown receivers, first at line {}", uses.unknown.len(), source.parsed.line(*first));
        parts.push(part("unknown_uses", 0.3, reason));
    }
    if let Some(first) = uses.elsewhere.first() {
        let reason =
            format!("the receiver at line {} comes from an import and was left alone", source.parsed.line(*first));
        parts.push(part("receiver_elsewhere", 0.05, reason));
    }
    if !source.scopes.star_imports().is_empty() {
        parts.push(part("star_import", 0.05, format!("a star import may bring a `{}` of its own", method.new_name)));
    }
    parts
}

/// A base class from elsewhere may call the method, most of all one that nothing here calls.
fn outside_bases(source: &Source<'_>, method: &Method<'_>, uses: &Uses) -> Option<RiskPart> {
    let bases = source.classes.outside_bases(method.class);
    let base = bases.first()?;
    let path = &source.classes.get(method.class).path;
    Some(if uses.rewrites.is_empty() {
        part("perhaps_a_hook", 0.4, format!("nothing in the file calls it, so `{base}`, a base of `{path}`, may"))
    } else {
        part(
            "dynamic_dispatch",
            0.15,
            format!("`{base}`, a base of `{path}`, may define or call a method of that name"),
        )
    })
}

/// Other definitions of the name in the hierarchy, which no rewritten use can reach.
fn other_definitions(source: &Source<'_>, method: &Method<'_>) -> Option<RiskPart> {
    let classes = &source.classes;
    let others = classes.ids().filter(|id| *id != method.class && classes.related(*id, method.class));
    let named: Vec<&str> = others
        .filter(|id| source.scopes.symbol_in(classes.get(*id).scope, &method.name).is_some())
        .map(|id| classes.get(id).path.as_str())
        .collect();
    let first = named.first()?;
    let reason = format!("`{first}` defines a method of that name too, which calls from elsewhere may mean");
    Some(part("override_lost", if method.forced { 0.6 } else { 0.3 }, reason))
}

fn computed_attributes(source: &Source<'_>) -> Option<RiskPart> {
    let used =
        source.scopes.dynamic_uses().iter().find(|used| used.kind != DynamicKind::Variable && used.name.is_none())?;
    let line = source.parsed.line(used.span.start);
    Some(part("computed_names", 0.1, format!("line {line} reaches attributes by computed names")))
}

fn in_strings(source: &Source<'_>, method: &Method<'_>) -> Option<RiskPart> {
    let string = source.tree.string_values.iter().find(|literal| &*literal.value == method.node.name.as_str())?;
    let line = source.parsed.line(span(string.range).start);
    Some(part("name_in_string", 0.2, format!("the string at line {line} is the method's name")))
}

/// Examples in docstrings are code that runs, and stay as they are.
fn in_doctests(source: &Source<'_>, method: &Method<'_>) -> Option<RiskPart> {
    let call = format!(".{}(", method.node.name);
    let shows = |line: &str| line.trim_start().starts_with(">>>") && line.contains(&call);
    let docstring = source.tree.string_values.iter().find(|literal| literal.value.lines().any(shows))?;
    let line = source.parsed.line(span(docstring.range).start);
    Some(part("used_in_doctest", 0.4, format!("an example in the string at line {line} calls the method")))
}

fn decorators(method: &Method<'_>) -> Option<RiskPart> {
    let unknown = method
        .node
        .decorator_list
        .iter()
        .filter_map(|decorator| decorator_name(&decorator.expression))
        .find(|name| !KNOWN_DECORATORS.contains(name))?;
    Some(part("decorator", 0.1, format!("`@{unknown}` may treat a function and a method differently")))
}
