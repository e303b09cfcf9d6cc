//! The text of the new function: the method's own bytes, dedented, with only what must change changed.

use reweave_core::{Refusal, RefusalCode, Span};
use reweave_syntax::scope::{ReferenceKind, Resolution, ScopeId, ScopeKind, mangle};
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::calls::Uses;
use super::method::Method;
use super::place;
use crate::refactor::edits::Rewrite;
use crate::refactor::lines;
use crate::refactor::names;
use crate::refactor::receivers::{Binding, first_positional_node};
use crate::refactor::signature::decorator_name;
use crate::refactor::source::{Source, span};

/// The new function.
#[derive(Debug)]
pub(super) struct Moved {
    /// Without a final line break.
    pub(super) text: String,
    /// A default or annotation needs a name of the class, so the class must stand first.
    pub(super) needs_class: bool,
}

/// Rewrites the method into a function.
pub(super) fn moved(source: &Source<'_>, method: &Method<'_>, uses: &Uses) -> Result<Moved, Refusal> {
    let indented = format!("\n{}", place::indent(source, method));
    let inside = uses.rewrites.iter().filter(|rewrite| method.span.contains(rewrite.span));
    let mut rewrites: Vec<Rewrite> =
        inside.map(|rewrite| Rewrite { span: rewrite.span, text: rewrite.text.replace(&indented, "\n") }).collect();
    if method.new_name != method.node.name.as_str() {
        rewrites.push(Rewrite { span: span(method.node.name.range), text: method.new_name.clone() });
    }
    rewrites.extend(binding_decorators(source, method));
    let needs_class = qualify_class_names(source, method, &mut rewrites)?;
    rewrite_class_cell(source, method, &mut rewrites)?;
    rewrite_private_names(source, method, &mut rewrites)?;

    let block = place::block(source, method);
    rewrites.extend(lines::dedent(source, block, place::indent(source, method)));
    let text = apply(source.text(), Span::new(block.start, lines::without_break(source.text(), block).end), rewrites)
        .ok_or_else(|| Refusal::new(RefusalCode::Internal, "two changes inside the method overlap"))?;
    Ok(Moved { text, needs_class })
}

/// `within` with `rewrites` applied; `None` when they overlap.
fn apply(text: &str, within: Span, mut rewrites: Vec<Rewrite>) -> Option<String> {
    rewrites.sort_by_key(|rewrite| (rewrite.span.start, rewrite.span.end));
    rewrites.dedup();
    let mut result = String::with_capacity(within.len());
    let mut copied = within.start;
    for rewrite in rewrites {
        result.push_str(text.get(copied..rewrite.span.start)?);
        result.push_str(&rewrite.text);
        copied = rewrite.span.end;
    }
    result.push_str(text.get(copied..within.end)?);
    Some(result)
}

/// `@staticmethod` and `@classmethod` mean nothing outside of a class: their lines go.
fn binding_decorators(source: &Source<'_>, method: &Method<'_>) -> Vec<Rewrite> {
    if method.binding == Binding::Instance {
        return Vec::new();
    }
    let binding = method
        .node
        .decorator_list
        .iter()
        .filter(|decorator| matches!(decorator_name(&decorator.expression), Some("staticmethod" | "classmethod")));
    // What stands before the `@` is the dedent's to remove.
    let line = |decorator: &ast::Decorator| {
        Span::new(span(decorator.range).start, lines::end_with_break(source.text(), span(decorator.range).end))
    };
    binding.map(|decorator| Rewrite { span: line(decorator), text: String::new() }).collect()
}

/// Names of the class in defaults and annotations become `Class.NAME`. Answers whether there are any.
fn qualify_class_names(source: &Source<'_>, method: &Method<'_>, rewrites: &mut Vec<Rewrite>) -> Result<bool, Refusal> {
    let class = source.classes.get(method.class);
    let mut any = false;
    for reference in source.scopes.references() {
        let at = reference.span.start;
        if !method.span.contains(reference.span) {
            continue;
        }
        let Resolution::Symbol(symbol) = reference.resolution else { continue };
        let owner = source.scopes.symbol(symbol).scope;
        let around_class = source.scopes.ancestors(class.scope).any(|scope| scope == owner && scope != ScopeId::MODULE);
        if symbol == method.symbol || !around_class {
            continue;
        }
        let in_decorator =
            method.node.decorator_list.iter().any(|decorator| span(decorator.range).contains(reference.span));
        let certain = owner == class.scope && reference.alternative.is_none() && !in_decorator;
        if !certain || reference.kind == ReferenceKind::OpaqueAnnotation {
            let reason =
                format!("`{}` uses `{}`, which only the class body can see", method.path(source), reference.name);
            return Err(source
                .refuse(RefusalCode::Precondition, reason, at, source.line_text(at))
                .next(format!("move `{}` to the module first", reference.name)));
        }
        any = true;
        rewrites.push(Rewrite { span: reference.span, text: format!("{}.{}", class.path, reference.name) });
    }
    Ok(any)
}

/// `super()` becomes `super(Class, self)`, and `__class__` becomes the class's name.
fn rewrite_class_cell(source: &Source<'_>, method: &Method<'_>, rewrites: &mut Vec<Rewrite>) -> Result<(), Refusal> {
    let in_method = |place: Span| method.span.contains(place);
    for call in source.tree.calls.iter().filter(|call| in_method(span(call.range()))) {
        if !source.is_builtin(&call.func, "super") || !call.arguments.is_empty() {
            continue;
        }
        let at = span(call.range()).start;
        let scope = source.scopes.scope_at(at);
        if nearest_class(source, scope) != Some(source.classes.get(method.class).scope) || is_rewritten(rewrites, at) {
            continue;
        }
        let class = class_name_at(source, method, scope, at)?;
        let first =
            first_around(source, scope).ok_or_else(|| cell(source, at, "`super()` has no first argument here"))?;
        rewrites.push(Rewrite { span: span(call.range()), text: format!("super({class}, {first})") });
    }
    for reference in source.scopes.references() {
        let at = reference.span.start;
        let is_cell = reference.name.as_str() == "__class__" && reference.resolution == Resolution::Implicit;
        let own = || nearest_class(source, reference.scope) == Some(source.classes.get(method.class).scope);
        if is_cell && in_method(reference.span) && own() {
            let text = class_name_at(source, method, reference.scope, at)?;
            rewrites.push(Rewrite { span: reference.span, text });
        }
    }
    Ok(())
}

fn is_rewritten(rewrites: &[Rewrite], at: usize) -> bool {
    rewrites.iter().any(|rewrite| rewrite.span.start <= at && at < rewrite.span.end)
}

fn nearest_class(source: &Source<'_>, scope: ScopeId) -> Option<ScopeId> {
    source.scopes.ancestors(scope).find(|id| source.scopes.scope(*id).kind == ScopeKind::Class)
}

fn cell(source: &Source<'_>, at: usize, reason: &str) -> Refusal {
    source
        .refuse(RefusalCode::Precondition, reason, at, source.line_text(at))
        .next(format!("write line {} with explicit names first", source.parsed.line(at)))
}

/// The class as code in `scope` can name it.
fn class_name_at(source: &Source<'_>, method: &Method<'_>, scope: ScopeId, at: usize) -> Result<String, Refusal> {
    let path = &source.classes.get(method.class).path;
    let outermost = path.split('.').next().unwrap_or(path);
    let rebound =
        source.scopes.symbol_in(ScopeId::MODULE, outermost).map(|symbol| source.scopes.symbol(symbol).bindings.len());
    if rebound != Some(1) {
        return Err(cell(source, at, &format!("`{outermost}` is bound more than once, so it may not name the class")));
    }
    names::check_reaches(source, scope, ScopeId::MODULE, outermost, at, None)?;
    Ok(path.clone())
}

/// The first parameter of the function that `scope` is the code of, comprehensions looked through.
fn first_around(source: &Source<'_>, scope: ScopeId) -> Option<String> {
    let own = source.scopes.ancestors(scope).find(|id| source.scopes.scope(*id).kind != ScopeKind::Comprehension)?;
    let definition = source.scopes.scope(own).definition;
    let function = source.tree.functions.iter().find(|function| span(function.range()) == definition)?;
    first_positional_node(function).map(|parameter| parameter.name.to_string())
}

/// Private names in the method carry the class; outside they must say so: `self.__x` becomes `self._Class__x`.
fn rewrite_private_names(source: &Source<'_>, method: &Method<'_>, rewrites: &mut Vec<Rewrite>) -> Result<(), Refusal> {
    let class = source.classes.get(method.class);
    let own = |scope: ScopeId| nearest_class(source, scope) == Some(class.scope);
    let class_name = class.node.name.as_str();
    for access in &source.tree.attributes {
        let place = span(access.attribute.attr.range);
        let name = access.attribute.attr.as_str();
        let private = mangle(class_name, name);
        if private == name || !method.span.contains(place) || is_rewritten(rewrites, place.start) {
            continue;
        }
        if own(source.scopes.scope_at(place.start)) {
            rewrites.push(Rewrite { span: place, text: private });
        }
    }
    for reference in source.scopes.references().iter().filter(|reference| method.span.contains(reference.span)) {
        let written = &source.text()[reference.span.start..reference.span.end];
        let local = matches!(reference.resolution, Resolution::Symbol(symbol)
            if source.scopes.symbol(symbol).bindings.iter().all(|binding| method.span.contains(binding.span)));
        if written == reference.name.as_str()
            || local
            || is_rewritten(rewrites, reference.span.start)
            || !own(reference.scope)
        {
            continue;
        }
        if reference.kind != ReferenceKind::Read {
            let at = reference.span.start;
            return Err(cell(source, at, "a private name is declared or quoted here"));
        }
        rewrites.push(Rewrite { span: reference.span, text: reference.name.to_string() });
    }
    Ok(())
}
