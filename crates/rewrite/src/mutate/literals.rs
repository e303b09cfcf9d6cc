//! Literals: numbers off by one or of the wrong sign, flags, strings.

use super::draft::{Drafts, Masked};
use super::names::edit_distance;
use super::precedence::{self, UNARY};
use super::rule::Rule;
use super::site::{Site, shown};

pub(super) fn propose(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    match site.node.kind() {
        "integer" => integer(site, drafts),
        "float" => float(site, drafts),
        "true" => drafts.push(site.heat, site.replace(Rule::FlagFlip, 0, site.node, "False")),
        "false" => drafts.push(site.heat, site.replace(Rule::FlagFlip, 0, site.node, "True")),
        "none" => all(site, Rule::NoneReplace, ["0", "[]", "\"\"", "False", "True"].map(str::to_owned), drafts),
        "string" => string(site, drafts),
        _ => {}
    }
}

/// Pushes each text as the next alternative of `rule`.
fn all(site: &Site<'_, '_>, rule: Rule, texts: impl IntoIterator<Item = String>, drafts: &mut Drafts<'_, '_>) {
    for (nth, text) in texts.into_iter().enumerate() {
        drafts.push(site.heat, site.replace(rule, nth, site.node, text));
    }
}

fn integer(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let source = site.source(site.node);
    let Ok(value) = source.replace('_', "").parse::<i64>() else { return };
    let written = |value: i64| {
        let level = if value < 0 { UNARY } else { precedence::PRIMARY };
        precedence::wrapped(&value.to_string(), level, precedence::needed(site.node))
    };
    let steps = [value.saturating_add(1), value.saturating_sub(1)];
    let steps = if value == 0 { vec![1, -1] } else { steps.to_vec() };
    all(site, Rule::IntegerStep, steps.iter().copied().map(written), drafts);
    let common = [0, 1, 2, 10, -1].into_iter().filter(|other| *other != value && !steps.contains(other));
    all(site, Rule::IntegerCommon, common.map(written), drafts);
    if value != 0 {
        all(site, Rule::IntegerSign, [written(value.saturating_neg())], drafts);
    }
    all(site, Rule::IntegerSeen, site.words.integers.iter().cloned(), drafts);
    for (nth, new) in steps.into_iter().enumerate() {
        everywhere(site, nth, &written(new), drafts);
    }
}

fn float(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Ok(value) = site.source(site.node).parse::<f64>() else { return };
    let new = [value + 1.0, value - 1.0, value * 10.0, value / 10.0, value / 2.0, value * 2.0, 0.0, 1.0];
    let written = |value: f64| {
        let level = if value < 0.0 { UNARY } else { precedence::PRIMARY };
        precedence::wrapped(&format!("{value:?}"), level, precedence::needed(site.node))
    };
    all(site, Rule::FloatChange, new.into_iter().filter(|value| value.is_finite()).map(written), drafts);
}

/// A plain string in its parts: prefix and quote, text, quote.
pub(super) fn parts(source: &str) -> Option<(&str, &str, &str)> {
    let quote_at = source.find(['"', '\''])?;
    let (prefix, rest) = source.split_at(quote_at);
    if prefix.contains(['f', 'F', 't', 'T']) {
        return None;
    }
    let quote = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { 3 } else { 1 };
    let inner = rest.get(quote..rest.len().checked_sub(quote)?)?;
    Some((&source[..quote_at + quote], inner, &rest[rest.len() - quote..]))
}

fn string(site: &Site<'_, '_>, drafts: &mut Drafts<'_, '_>) {
    let Some((open, inner, close)) = parts(site.source(site.node)) else { return };
    let quoted = |text: &str| format!("{open}{text}{close}");
    let escapes = inner.contains('\\');
    let blank: &[&str] = match inner {
        "" => &[" ", ",", "0"],
        " " => &["", "\\n", "_"],
        _ => &[""],
    };
    all(site, Rule::StringBlank, blank.iter().map(|text| quoted(text)), drafts);
    for (nth, text) in blank.iter().take(1).enumerate() {
        everywhere(site, nth, &quoted(text), drafts);
    }
    let seen = || site.words.strings.iter().filter_map(|other| parts(other)).map(|(_, text, _)| text);
    all(site, Rule::StringSeen, seen().filter(|text| !text.contains(['"', '\''])).map(quoted), drafts);
    words(site, inner, quoted, drafts);
    if !escapes && !inner.is_empty() {
        all(site, Rule::StringCase, [quoted(&inner.to_lowercase()), quoted(&inner.to_uppercase())], drafts);
        let mut shorter = inner.chars();
        shorter.next_back();
        let start = shorter.as_str().to_owned();
        let end: String = inner.chars().skip(1).collect();
        all(site, Rule::StringShorten, [quoted(&start), quoted(&end)], drafts);
    }
}

/// Words of failing tests that are nearly this string, character for character.
fn words(site: &Site<'_, '_>, inner: &str, quoted: impl Fn(&str) -> String, drafts: &mut Drafts<'_, '_>) {
    let close = |word: &&String| word.len() > 3 && word.as_str() != inner && edit_distance(word, inner) <= 2;
    let plain = |word: &&String| !word.contains(['"', '\'', '\\', '\n']);
    let near = site.ground.focus.words.iter().filter(plain).filter(close);
    all(site, Rule::StringWord, near.map(|word| quoted(word)), drafts);
}

/// Every literal of the function that is written the same, at once.
fn everywhere(site: &Site<'_, '_>, nth: usize, new: &str, drafts: &mut Drafts<'_, '_>) {
    let Some(function) = enclosing_function(site.node) else { return };
    let source = site.source(site.node);
    let mut same = Vec::new();
    let mut stack = vec![function];
    while let Some(node) = stack.pop() {
        if node.kind() == site.node.kind() && site.source(node) == source && !stands_alone(node) {
            same.push(node);
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor));
    }
    same.sort_by_key(tree_sitter::Node::start_byte);
    if same.len() < 2 || same.first().is_none_or(|first| first.id() != site.node.id()) {
        return;
    }
    let edits = same.iter().map(|node| (reweave_core::Span::new(node.start_byte(), node.end_byte()), new.to_owned()));
    drafts.push(
        site.heat,
        super::draft::Draft {
            rule: Rule::LiteralEverywhere,
            nth,
            edits: edits.collect(),
            masked: Masked::node(function),
            description: Some(format!("replace every `{}` of the function by `{}`", shown(source), shown(new))),
        },
    );
}

fn stands_alone(node: tree_sitter::Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "expression_statement")
}

pub(super) fn enclosing_function(mut node: tree_sitter::Node<'_>) -> Option<tree_sitter::Node<'_>> {
    while node.kind() != "function_definition" {
        node = node.parent()?;
    }
    Some(node)
}
