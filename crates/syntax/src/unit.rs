//! Units of masking: what a person or a model calls a part of a program, found as spans that may be refilled.

use reweave_core::{Language, Place, Refusal, RefusalCode, Span, Unit};
use tree_sitter::Node;

use crate::language::Units;
use crate::{Hole, ParsedFile, choices, hole, operator, place, targets};

mod described;

/// A part of the file to refill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitHole {
    pub unit: Unit,
    pub span: Span,
    /// The definitions around it.
    pub node_path: String,
    /// The white space before the code of its first line.
    pub indent: String,
    /// How many brackets are open before it.
    pub bracket_depth: usize,
    /// The leaf that ends before it.
    pub before: Option<Span>,
    /// The leaf that begins after it.
    pub after: Option<Span>,
    /// Its kind and goto type; none for text that is no node: lines, most signatures, runs of comments.
    pub typed: Option<Hole>,
}

/// The node kinds of a unit that is a node by its kind alone.
fn kinds(unit: Unit, units: &Units) -> &'static [&'static str] {
    match unit {
        Unit::Statement => units.statements,
        Unit::Expression => units.expressions,
        Unit::Arguments => units.arguments,
        Unit::Type => units.types,
        Unit::Import => units.imports,
        Unit::Comment => units.comments,
        Unit::Definition
        | Unit::Signature
        | Unit::Body
        | Unit::Lines
        | Unit::Docstring
        | Unit::Operator
        | Unit::Name
        | Unit::Literal => &[],
    }
}

impl UnitHole {
    /// The kinds that may fill it; none where any text may.
    #[must_use]
    pub fn admissible(&self, language: Language) -> Vec<&'static str> {
        self.typed.as_ref().map(|typed| typed.admissible(language)).unwrap_or_default()
    }
}

/// The holes of `unit` at `place`, in the order of the text: the outermost ones inside a definition or lines, the
/// innermost one around a position. Without a unit, what the place itself says. They never overlap.
pub fn holes(parsed: &ParsedFile, place: &Place, unit: Option<Unit>) -> Result<Vec<UnitHole>, Refusal> {
    parsed.walkable()?;
    let found = match place {
        Place::Target(name) => {
            let target = targets::find(parsed, name)?;
            of_target(parsed, &target, unit.unwrap_or(Unit::Definition))
        }
        Place::Lines { .. } => {
            let span = place::span(place, parsed)?;
            match unit.unwrap_or(Unit::Lines) {
                Unit::Lines => vec![untyped(parsed, Unit::Lines, span)],
                unit => inside(parsed, unit, span),
            }
        }
        Place::At { .. } => around(parsed, place::span(place, parsed)?, unit)?,
        Place::Kind { kind, line } => {
            let nodes = place::nodes(parsed, kind, *line)?;
            let holes = nodes.into_iter().filter_map(|node| typed(parsed, unit.unwrap_or(unit_of(parsed, node)), node));
            holes.fold(Vec::new(), with_apart)
        }
    };
    if found.is_empty() { Err(nothing(parsed, place, unit)) } else { Ok(found) }
}

/// The unit that a node is of, by its kind.
fn unit_of(parsed: &ParsedFile, node: Node<'_>) -> Unit {
    let by_kind = |unit: &Unit| is_of(parsed, *unit, node);
    let order = [Unit::Definition, Unit::Import, Unit::Statement, Unit::Expression, Unit::Arguments, Unit::Type];
    order.into_iter().chain([Unit::Comment]).find(by_kind).unwrap_or(Unit::Body)
}

fn of_target(parsed: &ParsedFile, target: &targets::Target, unit: Unit) -> Vec<UnitHole> {
    let node = targets::node_of(parsed, target);
    match unit {
        Unit::Definition => vec![whole(parsed, unit, target.span)],
        Unit::Body => node
            .and_then(|node| targets::body_of(targets::definition(parsed.entry(), node)?, node))
            .and_then(|body| typed(parsed, unit, body))
            .into_iter()
            .collect(),
        Unit::Signature => {
            let start = node.map_or(target.span.start, |node| node.start_byte());
            let end = if target.body_span.start > start { target.body_span.start } else { target.span.end };
            let head = parsed.text()[start..end].trim_end();
            vec![untyped(parsed, unit, Span::new(start, start + head.len()))]
        }
        Unit::Lines => vec![untyped(parsed, unit, whole_lines(parsed.text(), target.span))],
        Unit::Docstring => described::docstring(parsed, target).into_iter().collect(),
        Unit::Statement => inside(parsed, unit, target.body_span),
        Unit::Expression
        | Unit::Arguments
        | Unit::Type
        | Unit::Import
        | Unit::Comment
        | Unit::Operator
        | Unit::Name
        | Unit::Literal => inside(parsed, unit, target.span),
    }
}

/// The outermost nodes of `unit` that lie in `span` and are not all of it.
fn inside(parsed: &ParsedFile, unit: Unit, span: Span) -> Vec<UnitHole> {
    let mut found = Vec::new();
    let mut cursor = parsed.tree().walk();
    loop {
        let node = cursor.node();
        let here = Span::new(node.start_byte(), node.end_byte());
        let trimmed = here.end - trailing_blank(&parsed.text()[here.start..here.end]);
        let fits = span.start <= here.start && trimmed <= span.end;
        let wanted = fits && is_of(parsed, unit, node) && (unit != Unit::Statement || here != span);
        let hole = if wanted { of_found(parsed, unit, node) } else { None };
        let descend = hole.is_none() && here.start < span.end && span.start < here.end;
        found = hole.into_iter().fold(found, with_apart);
        if (!descend || !cursor.goto_first_child()) && !targets::skip(&mut cursor) {
            return found;
        }
    }
}

/// The hole for a node that is of `unit`. A token is masked as it stands: widened to a typed parent it were another unit, and
/// of an operator the grammar has no type.
fn of_found(parsed: &ParsedFile, unit: Unit, node: Node<'_>) -> Option<UnitHole> {
    if is_token(unit) {
        return Some(untyped(parsed, unit, Span::new(node.start_byte(), node.end_byte())));
    }
    typed(parsed, unit, node)
}

/// `found` with `hole`, unless it was widened to a parent that reaches into the one before.
fn with_apart(mut found: Vec<UnitHole>, hole: UnitHole) -> Vec<UnitHole> {
    if found.last().is_none_or(|last| last.span.end <= hole.span.start) {
        found.push(hole);
    }
    found
}

fn trailing_blank(text: &str) -> usize {
    text.len() - text.trim_end().len()
}

/// The innermost node of `unit` around `span`; of any unit, where none is asked for.
fn around(parsed: &ParsedFile, span: Span, unit: Option<Unit>) -> Result<Vec<UnitHole>, Refusal> {
    parsed.walkable()?;
    if unit == Some(Unit::Lines) {
        return Ok(vec![untyped(parsed, Unit::Lines, whole_lines(parsed.text(), span))]);
    }
    // Refuses a place inside a syntax error.
    Hole::at(parsed, span)?;
    let node = parsed.tree().root_node().descendant_for_byte_range(span.start, span.end);
    let mut line = std::iter::successors(node, Node::parent).take_while(|node| node.parent().is_some());
    let found = line.find_map(|node| match unit {
        Some(unit) => of_node(parsed, unit, node),
        // A token is masked where it is asked for; else a position on one means the expression around it.
        None => Unit::ALL
            .into_iter()
            .rev()
            .filter(|unit| !is_token(*unit))
            .find_map(|unit| is_of(parsed, unit, node).then(|| of_found(parsed, unit, node)).flatten()),
    });
    Ok(found.into_iter().collect())
}

fn of_node(parsed: &ParsedFile, unit: Unit, node: Node<'_>) -> Option<UnitHole> {
    match unit {
        Unit::Signature | Unit::Body | Unit::Docstring | Unit::Definition => {
            targets::definition(parsed.entry(), node)?;
            let target = targets::of(parsed, node)?;
            of_target(parsed, &target, unit).into_iter().next()
        }
        Unit::Statement
        | Unit::Expression
        | Unit::Arguments
        | Unit::Type
        | Unit::Import
        | Unit::Comment
        | Unit::Operator
        | Unit::Name
        | Unit::Literal => is_of(parsed, unit, node).then(|| of_found(parsed, unit, node)).flatten(),
        Unit::Lines => None,
    }
}

/// Whether `node` is of a unit. A name counts as an expression only where a call could stand, and as a type only where
/// it defines none.
fn is_of(parsed: &ParsedFile, unit: Unit, node: Node<'_>) -> bool {
    let entry = parsed.entry();
    if unit == Unit::Definition {
        return targets::definition(entry, node).is_some();
    }
    if is_token(unit) {
        return is_of_token(parsed, unit, node);
    }
    if !node.is_named() || !kinds(unit, &entry.units).contains(&node.kind()) {
        return false;
    }
    match unit {
        Unit::Type => !is_bound(parsed, node),
        Unit::Expression => {
            !is_bound(parsed, node) && (node.kind() != entry.identifiers.node || may_be_call(parsed, node))
        }
        Unit::Statement | Unit::Arguments | Unit::Import | Unit::Comment => true,
        Unit::Definition
        | Unit::Signature
        | Unit::Body
        | Unit::Lines
        | Unit::Docstring
        | Unit::Operator
        | Unit::Name
        | Unit::Literal => false,
    }
}

/// Whether `unit` is a token, masked as it stands.
fn is_token(unit: Unit) -> bool {
    matches!(unit, Unit::Operator | Unit::Name | Unit::Literal)
}

fn is_of_token(parsed: &ParsedFile, unit: Unit, node: Node<'_>) -> bool {
    (unit == Unit::Operator && operator::is_one(node))
        || (unit == Unit::Name && choices::is_name(parsed, node))
        || (unit == Unit::Literal && choices::is_literal(parsed, node))
}

/// Whether `hole` is a name that something gives: a definition, a parameter, an assignment, an import. While what it names is
/// used elsewhere, no other name can stand there alone.
#[must_use]
pub fn binds(parsed: &ParsedFile, hole: &UnitHole) -> bool {
    let root = parsed.tree().root_node();
    let Some(node) = root.descendant_for_byte_range(hole.span.start, hole.span.end) else { return false };
    let is_pattern = |node: &Node<'_>| ["pattern", "_list", "tuple"].iter().any(|end| node.kind().ends_with(end));
    let patterns =
        std::iter::once(node).chain(std::iter::successors(node.parent(), Node::parent).take_while(is_pattern));
    let gives = |node: Node<'_>| {
        let Some(parent) = node.parent() else { return false };
        // A call names what it calls, and gives nothing.
        let is_call = parent.kind().contains("invocation");
        parent.child_by_field_name("pattern") == Some(node) || (!is_call && is_bound(parsed, node))
    };
    let imports = |node: Node<'_>| node.kind().contains("import") || node.kind().contains("use_");
    patterns.into_iter().any(gives) || std::iter::successors(node.parent(), Node::parent).any(imports)
}

/// Whether `node` is what its parent gives a name or a value to.
fn is_bound(parsed: &ParsedFile, node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is = |field| parent.child_by_field_name(field) == Some(node);
    let declares = parent.kind().ends_with("parameters") || parent.kind().ends_with("parameter");
    (declares && node.kind() == parsed.entry().identifiers.node)
        || is("name")
        || is("declarator")
        || (is("left") && !parsed.entry().units.expressions.contains(&parent.kind()))
}

/// Whether a call could begin where `node` does: not so where a name is declared.
fn may_be_call(parsed: &ParsedFile, node: Node<'_>) -> bool {
    let grammar = (parsed.entry().grammar)();
    let call = grammar.id_for_node_kind(parsed.entry().units.call, true);
    let goto = hole::GotoType::of(grammar, node);
    goto.is_some_and(|goto| grammar.next_state(goto.before, call) != 0)
}

/// The hole for `node`, or for the parent it is widened to.
fn typed(parsed: &ParsedFile, unit: Unit, node: Node<'_>) -> Option<UnitHole> {
    let hole = Hole::of(parsed, node)?;
    Some(UnitHole { typed: Some(hole.clone()), ..untyped(parsed, unit, hole.span) })
}

/// The hole for the node that covers `span`, or for the text alone where none does.
fn whole(parsed: &ParsedFile, unit: Unit, span: Span) -> UnitHole {
    let hole = Hole::at(parsed, span).ok().filter(|hole| hole.span == span);
    UnitHole { typed: hole, ..untyped(parsed, unit, span) }
}

/// The hole for `span`, of which nothing is known but its text.
fn untyped(parsed: &ParsedFile, unit: Unit, span: Span) -> UnitHole {
    let text = parsed.text();
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].trim_start_matches('\u{feff}');
    let blank = line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len();
    UnitHole {
        unit,
        span,
        node_path: targets::node_path_at(parsed, span),
        indent: line[..blank].to_owned(),
        bracket_depth: bracket_depth(parsed, span),
        before: hole::leaf_before(parsed, span.start),
        after: hole::leaf_after(parsed, span.end),
        typed: None,
    }
}

/// How many nodes around `span` have opened a bracket before it and close it after.
fn bracket_depth(parsed: &ParsedFile, span: Span) -> usize {
    let node = parsed.tree().root_node().descendant_for_byte_range(span.start, span.end);
    let opens = |node: &Node<'_>| {
        let mut cursor = node.walk();
        let children = node.children(&mut cursor);
        let brackets = children
            .filter(|child| child.end_byte() <= span.start && ["(", "[", "{", "<", "${", "#{"].contains(&child.kind()));
        let open = brackets.count();
        let mut cursor = node.walk();
        let closed = node
            .children(&mut cursor)
            .filter(|child| child.end_byte() <= span.start && [")", "]", "}", ">"].contains(&child.kind()));
        open > closed.count()
    };
    std::iter::successors(node, Node::parent).filter(opens).count()
}

/// `span` widened to whole lines, without the last line's end.
fn whole_lines(text: &str, span: Span) -> Span {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
    let end = if text[..end].ends_with('\r') { end - 1 } else { end };
    Span::new(start, end.max(start))
}

fn nothing(parsed: &ParsedFile, place: &Place, unit: Option<Unit>) -> Refusal {
    let file = &parsed.file().path;
    let unit = unit.map_or("part that may be masked", |unit| unit.name());
    Refusal::new(RefusalCode::TargetMissing, format!("{place} of `{file}` holds no {unit} without a syntax error"))
        .next("choose another unit or a wider place")
}
