//! Where the method's lines end, what stays in the class, and where the function goes.

use reweave_core::{Refusal, RefusalCode, Span};
use reweave_syntax::scope::{Resolution, ScopeId};
use ruff_python_ast::{self as ast, Stmt};
use ruff_text_size::Ranged;

use super::body::Moved;
use super::calls::Uses;
use super::method::Method;
use crate::refactor::lines;
use crate::refactor::source::{Source, span};

/// Blank lines around a top-level definition (PEP 8).
const BLANK_LINES: usize = 2;

/// What is taken out of the class, and what stands there instead.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) removed: Span,
    pub(super) replacement: String,
}

/// Where the function is inserted, and the line breaks around it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) at: Span,
    before: String,
    after: String,
}

impl Place {
    pub(super) fn wrap(&self, function: &str) -> String {
        format!("{}{function}{}", self.before, self.after)
    }
}

/// The method's indentation.
pub(super) fn indent<'a>(source: &Source<'a>, method: &Method<'_>) -> &'a str {
    lines::indent(source.text(), lines::start(source.text(), method.span.start))
}

/// The lines of the method, whole: comments directly above it and at the end of its body belong to it.
pub(super) fn block(source: &Source<'_>, method: &Method<'_>) -> Span {
    let text = source.text();
    let own_indent = indent(source, method);
    let body = &source.classes.get(method.class).node.body;
    let previous_end = body
        .iter()
        .map(|stmt| span(stmt.range()).end)
        .filter(|end| *end <= method.span.start)
        .max()
        .unwrap_or(span(source.classes.get(method.class).node.name.range).end);
    let mut start = lines::start(text, method.span.start);
    while let Some(above) = lines::previous(text, start).filter(|above| *above > previous_end) {
        if !lines::is_comment(text, above) || lines::indent(text, above) != own_indent {
            break;
        }
        start = above;
    }
    Span::new(start, trailing_comments(text, method.span.end, own_indent))
}

/// Past the last line, and past comment lines that are indented deeper than the definition.
fn trailing_comments(text: &str, end: usize, own_indent: &str) -> usize {
    let mut taken = lines::end_with_break(text, end);
    let mut at = taken;
    while at < text.len() {
        let deeper = lines::indent(text, at).len() > own_indent.len();
        if lines::is_comment(text, at) && deeper {
            taken = lines::end_with_break(text, at);
        } else if !lines::is_blank(text, at) {
            break;
        }
        at = lines::end_with_break(text, at);
    }
    taken
}

/// The method's lines with the blank lines that separated them; `pass` where nothing else is left.
pub(super) fn region(source: &Source<'_>, method: &Method<'_>) -> Region {
    let text = source.text();
    let block = block(source, method);
    let body = &source.classes.get(method.class).node.body;
    let is_last = body.iter().all(|stmt| span(stmt.range()).start <= method.span.start);
    if body.len() == 1 {
        let ending = if block.end == lines::without_break(text, block).end { "" } else { lines::break_of(text) };
        return Region { removed: block, replacement: format!("{}pass{ending}", indent(source, method)) };
    }
    let (mut start, mut end) = (block.start, block.end);
    if is_last {
        while let Some(above) = lines::previous(text, start).filter(|above| lines::is_blank(text, *above)) {
            start = above;
        }
    } else {
        while end < text.len() && lines::is_blank(text, end) {
            end = lines::end_with_break(text, end);
        }
    }
    Region { removed: Span::new(start, end), replacement: String::new() }
}

/// Before the top-level statement that holds the class, or after it where the function needs the class.
pub(super) fn choose(source: &Source<'_>, method: &Method<'_>, moved: &Moved, uses: &Uses) -> Result<Place, Refusal> {
    let module = &source.python.module().body;
    let holder = module.iter().position(|stmt| span(stmt.range()).contains(method.span));
    let Some((holder, at)) = holder.and_then(|at| Some((module.get(at)?, at))) else {
        return Err(Refusal::new(RefusalCode::Internal, "the method stands in no statement of the module"));
    };
    let before = start_with_comments(source, holder, at.checked_sub(1).and_then(|at| module.get(at)));
    if !moved.needs_class && !needs_later(source, method, before) {
        return Ok(ahead(source.text(), before));
    }
    let end = span(holder.range()).end;
    if let Some(early) = uses.at_import.iter().find(|at| **at < end) {
        return Err(source
            .refuse(
                RefusalCode::Precondition,
                "the function needs names of its class, and is itself used while that class is built",
                *early,
                source.line_text(*early),
            )
            .next("move the names of the class it needs to the module first"));
    }
    let indent = indent(source, method);
    let at = trailing_comments(source.text(), end, &indent[..0]);
    Ok(behind(source.text(), at))
}

/// Comments directly above a statement belong to it, except at the very top of the file.
fn start_with_comments(source: &Source<'_>, stmt: &Stmt, previous: Option<&Stmt>) -> usize {
    let text = source.text();
    let own = lines::start(text, span(stmt.range()).start);
    let floor = previous.map_or(0, |stmt| span(stmt.range()).end);
    let mut start = own;
    while let Some(above) = lines::previous(text, start).filter(|above| *above >= floor) {
        if !lines::is_comment(text, above) || !lines::indent(text, above).is_empty() {
            break;
        }
        start = above;
    }
    if start == lines::start(text, 0) { own } else { start }
}

/// Whether a decorator, default or annotation reads a name of the module that is not bound yet at byte `place`.
fn needs_later(source: &Source<'_>, method: &Method<'_>, place: usize) -> bool {
    let header = Span::new(method.span.start, header_end(method.node));
    source.scopes.references().iter().filter(|reference| header.contains(reference.span)).any(|reference| {
        let Resolution::Symbol(symbol) = reference.resolution else { return false };
        let symbol = source.scopes.symbol(symbol);
        symbol.scope == ScopeId::MODULE && symbol.bindings.iter().all(|binding| binding.span.start >= place)
    })
}

fn header_end(function: &ast::StmtFunctionDef) -> usize {
    function.body.first().map_or(span(function.range).end, |first| span(first.range()).start)
}

fn ahead(text: &str, at: usize) -> Place {
    let line_break = lines::break_of(text);
    let missing =
        if at == lines::start(text, 0) { 0 } else { BLANK_LINES.saturating_sub(blank_lines_before(text, at)) };
    Place { at: Span::new(at, at), before: line_break.repeat(missing), after: line_break.repeat(BLANK_LINES + 1) }
}

fn behind(text: &str, at: usize) -> Place {
    let line_break = lines::break_of(text);
    let unfinished = !text[..at].ends_with(['\n', '\r']);
    let rest = &text[at..];
    let following =
        lines::starts(text, Span::new(at, text.len())).take_while(|line| lines::is_blank(text, *line)).count();
    let after = if rest.trim().is_empty() { 0 } else { BLANK_LINES.saturating_sub(following) };
    Place {
        at: Span::new(at, at),
        before: line_break.repeat(BLANK_LINES + usize::from(unfinished)),
        after: line_break.repeat(after + usize::from(!unfinished)),
    }
}

fn blank_lines_before(text: &str, at: usize) -> usize {
    std::iter::successors(lines::previous(text, at), |line| lines::previous(text, *line))
        .take_while(|line| lines::is_blank(text, *line))
        .count()
}
