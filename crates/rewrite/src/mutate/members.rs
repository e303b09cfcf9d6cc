//! Members and functions: `upper` for `lower`, `min` for `max`, and others that the file uses.

use super::draft::Drafts;
use super::rule::Rule;
use super::site::Site;

/// Names that are taken for each other: each name's siblings stand on its line, likeliest first.
const MEMBERS: &[&[&str]] = &[
    &["lower", "upper", "casefold", "swapcase", "title", "capitalize"],
    &["islower", "isupper", "isalpha", "isalnum", "isdigit", "isnumeric", "isdecimal", "isspace", "istitle"],
    &["strip", "rstrip", "lstrip"],
    &["startswith", "endswith"],
    &["append", "extend", "insert", "add"],
    &["appendleft", "append"],
    &["pop", "popleft", "popitem"],
    &["add", "update", "discard", "remove"],
    &["remove", "discard", "pop"],
    &["keys", "values", "items"],
    &["find", "rfind", "index", "count"],
    &["index", "find", "count", "rindex"],
    &["count", "index", "find"],
    &["split", "rsplit", "splitlines"],
    &["partition", "rpartition"],
    &["union", "intersection", "difference", "symmetric_difference"],
    &["issubset", "issuperset", "isdisjoint"],
    &["sort", "reverse"],
    &["floor", "ceil", "trunc"],
    &["sin", "cos", "tan"],
    &["encode", "decode"],
    &["get", "pop", "setdefault"],
    &["match", "search", "fullmatch", "findall"],
    &["group", "groups"],
    &["read", "readline", "readlines"],
    &["dumps", "loads", "dump", "load"],
    &["log", "log2", "log10", "exp"],
    &["year", "month", "day"],
    &["hour", "minute", "second"],
    &["debug", "info", "warning", "error"],
    &["assertTrue", "assertFalse"],
    &["assertEqual", "assertNotEqual"],
    &["acquire", "release"],
    &["zfill", "rjust", "ljust", "center"],
];

/// Built-in functions that are taken for each other.
const FUNCTIONS: &[&[&str]] = &[
    &["min", "max", "sum"],
    &["max", "min", "sum"],
    &["any", "all"],
    &["sum", "len", "max", "min"],
    &["len", "sum", "max"],
    &["int", "float", "str", "round"],
    &["float", "int", "round"],
    &["str", "int", "repr"],
    &["ord", "chr"],
    &["bin", "hex", "oct"],
    &["list", "tuple", "set", "sorted"],
    &["set", "list", "sorted", "frozenset"],
    &["sorted", "reversed", "list", "set"],
    &["reversed", "sorted"],
    &["map", "filter"],
    &["zip", "enumerate"],
    &["getattr", "hasattr"],
    &["abs", "round"],
    &["isinstance", "issubclass"],
    &["floor", "ceil"],
];

/// Most members of the file tried at one place.
const SEEN_MAX: usize = 12;

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "attribute" => member(site, drafts),
        "call" => function(site, drafts),
        _ => {}
    }
}

fn member(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some(name) = site.node.child_by_field_name("attribute") else { return };
    let own = site.source(name);
    let siblings = siblings(MEMBERS, own);
    for (nth, new) in siblings.iter().enumerate() {
        drafts.push(site.heat, site.edit(Rule::MemberSibling, nth, (name, site.node), *new));
    }
    let nearby = site.words.members.iter().map(String::as_str);
    let mut seen: Vec<&str> = Vec::new();
    for new in nearby.chain(site.ground.members()) {
        if seen.len() == SEEN_MAX {
            break;
        }
        if new != own && !seen.contains(&new) && !siblings.contains(&new) {
            seen.push(new);
        }
    }
    for (nth, new) in seen.into_iter().enumerate() {
        drafts.push(site.heat, site.edit(Rule::MemberSeen, nth, (name, site.node), new));
    }
}

fn function(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let called = site.node.child_by_field_name("function").filter(|called| called.kind() == "identifier");
    let Some(called) = called else { return };
    let own = site.source(called);
    let siblings = siblings(FUNCTIONS, own);
    let seen = site.words.functions.iter().map(String::as_str);
    let seen = seen.filter(|new| *new != own && !siblings.contains(new)).take(SEEN_MAX);
    let choices = siblings.iter().copied().enumerate().map(|(nth, new)| (Rule::FunctionSibling, nth, new));
    for (rule, nth, new) in choices.chain(seen.enumerate().map(|(nth, new)| (Rule::FunctionSeen, nth, new))) {
        drafts.push(site.heat, site.edit(rule, nth, (called, site.node), new));
    }
}

/// The other names of every line that `name` leads; of those that hold it, when it leads none.
fn siblings(table: &[&[&'static str]], name: &str) -> Vec<&'static str> {
    let leading = table.iter().filter(|line| line.first() == Some(&name));
    let mut lines: Vec<&&[&str]> = leading.collect();
    if lines.is_empty() {
        lines = table.iter().filter(|line| line.contains(&name)).collect();
    }
    let mut found = Vec::new();
    for other in lines.into_iter().flat_map(|line| line.iter()) {
        if *other != name && !found.contains(other) {
            found.push(*other);
        }
    }
    found
}
