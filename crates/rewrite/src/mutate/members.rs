//! Members and functions: `upper` for `lower`, `min` for `max`, and others that the file uses.

use super::draft::{Drafts, Masked};
use super::rule::Rule;
use super::site::{Site, shown};

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
    let mut push = |rule, nth, new: &str| {
        let description = format!("replace `.{own}` by `.{new}` in `{}`", shown(site.source(site.node)));
        drafts.push(site.heat, site.edit(rule, nth, (name, Masked::node(site.node)), new.to_owned(), description));
    };
    for (nth, new) in siblings.iter().enumerate() {
        push(Rule::MemberSibling, nth, new);
    }
    let mut nth = 0;
    let seen = site.words.members.iter().map(String::as_str).chain(site.ground.members());
    let mut tried = vec![own];
    for new in seen {
        if nth < SEEN_MAX && !tried.contains(&new) && !siblings.contains(&new) {
            push(Rule::MemberSeen, nth, new);
            tried.push(new);
            nth += 1;
        }
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
        let description = format!("call `{new}` instead of `{own}` in `{}`", shown(site.source(site.node)));
        let place = (called, Masked::node(site.node));
        drafts.push(site.heat, site.edit(rule, nth, place, new.to_owned(), description));
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
