//! The method to move: found, and checked for what would make a function of it mean something else.

use reweave_core::{EvidenceKind, Refusal, RefusalCode, Span};
use reweave_syntax::language::TargetKind;
use reweave_syntax::scope::{ScopeId, ScopeKind, SymbolId, mangle};
use reweave_syntax::targets;
use ruff_python_ast as ast;

use crate::refactor::classes::ClassId;
use crate::refactor::names;
use crate::refactor::receivers::{Binding, first_positional_node};
use crate::refactor::signature::decorator_name;
use crate::refactor::source::{Source, span};
use crate::refactor::{Call, UnknownUses};

/// Decorators that make sense on a method only, with the reason.
const METHOD_ONLY: [(&str, &str); 10] = [
    ("property", "it is read as an attribute, not called"),
    ("cached_property", "it is read as an attribute, not called"),
    ("abstractproperty", "it is read as an attribute, not called"),
    ("setter", "it is assigned to as an attribute, not called"),
    ("getter", "it is read as an attribute, not called"),
    ("deleter", "it is deleted as an attribute, not called"),
    ("abstractmethod", "subclasses must override it"),
    ("override", "it overrides a method of a base class"),
    ("overload", "its signatures stand in several definitions"),
    ("singledispatchmethod", "it dispatches as a method"),
];

/// The method with all that is known of it.
#[derive(Debug)]
pub(super) struct Method<'a> {
    pub(super) node: &'a ast::StmtFunctionDef,
    pub(super) class: ClassId,
    pub(super) symbol: SymbolId,
    pub(super) binding: Binding,
    /// As the interpreter stores it: private names carry their class.
    pub(super) name: String,
    pub(super) new_name: String,
    /// The whole definition with decorators.
    pub(super) span: Span,
    /// The caller decided that uses are to be rewritten even where an override or an unknown receiver may be meant.
    pub(super) forced: bool,
}

/// What the target turned out to be.
pub(super) enum Found<'a> {
    Method(Method<'a>),
    AlreadyFunction(String),
}

impl Method<'_> {
    pub(super) fn path(&self, source: &Source<'_>) -> String {
        format!("{}.{}", source.classes.get(self.class).path, self.node.name)
    }

    /// The parameter that a bound call fills.
    pub(super) fn first(&self) -> Option<&str> {
        first_positional_node(self.node).map(|parameter| parameter.name.as_str())
    }
}

/// The method that `call` names.
pub(super) fn find<'a>(source: &Source<'a>, call: &Call) -> Result<Found<'a>, Refusal> {
    // The tree that targets are found in costs ten times the rest; it is needed only to say no, or to choose by line.
    let node =
        match source.only_function(&call.target) {
            Some(node) => node,
            None => {
                let target = targets::find(source.parsed, &call.target)?;
                if target.kind == TargetKind::Class {
                    let at = target.name_span.start;
                    let reason = format!("`{}` is a class, not a method", target.path);
                    return Err(source
                        .refuse(RefusalCode::Precondition, reason, at, source.line_text(at))
                        .next("name a method as `Class.method`"));
                }
                let named = |node: &&ast::StmtFunctionDef| span(node.name.range) == target.name_span;
                source.tree.functions.iter().copied().find(named).ok_or_else(|| {
                    Refusal::new(RefusalCode::Internal, "the two parsers do not agree on a definition")
                })?
            }
        };
    let at = span(node.name.range).start;
    let around = source.scopes.scope(source.scopes.scope_at(at));
    if around.kind == ScopeKind::Module {
        let line = source.parsed.line(at);
        return Ok(Found::AlreadyFunction(format!(
            "`{}` is a function of the module already, at line {line}",
            node.name
        )));
    }
    let Some((class, symbol)) = class_of(source, node) else {
        let reason = if around.kind == ScopeKind::Class {
            format!("`{}` is defined under a condition, or its name is bound more than once", call.target)
        } else {
            format!("`{}` is a function inside a function, not a method", call.target)
        };
        return Err(source
            .refuse(RefusalCode::Precondition, reason, at, source.line_text(at))
            .next("choose a method that is defined once, directly in the body of its class"));
    };
    let own = node.name.to_string();
    let method = Method {
        node,
        class,
        symbol,
        binding: Binding::of(source, node),
        name: mangle(source.classes.get(class).node.name.as_str(), &own),
        new_name: call.parameter("name").map_or(own, str::to_owned),
        span: span(node.range),
        forced: call.unknown_uses == UnknownUses::Rewrite,
    };
    check_definition(source, &method)?;
    check_decorators(source, &method)?;
    Ok(Found::Method(method))
}

/// The class whose body holds `node` directly, and the class's variable that holds the method and nothing else.
fn class_of(source: &Source<'_>, node: &ast::StmtFunctionDef) -> Option<(ClassId, SymbolId)> {
    let class = source.classes.ids().find(|id| {
        let body = &source.classes.get(*id).node.body;
        body.iter().any(|stmt| stmt.as_function_def_stmt().is_some_and(|other| std::ptr::eq(other, node)))
    })?;
    let scope = source.classes.get(class).scope;
    let name = mangle(source.classes.get(class).node.name.as_str(), node.name.as_str());
    let symbol = source.scopes.symbol_in(scope, &name)?;
    (source.scopes.symbol(symbol).bindings.len() == 1).then_some((class, symbol))
}

fn check_definition(source: &Source<'_>, method: &Method<'_>) -> Result<(), Refusal> {
    let at = method.node.name.range.start().to_usize();
    let refuse = |reason: String| source.refuse(RefusalCode::Precondition, reason, at, source.line_text(at));
    let name = method.node.name.as_str();
    if name.starts_with("__") && name.ends_with("__") {
        return Err(refuse(format!("`{name}` is called by the language itself, which looks for it in the class"))
            .next("choose a method that code calls by its name"));
    }
    let class = source.classes.get(method.class);
    let enclosing = source.scopes.ancestors(class.scope).skip(1).map(|id| source.scopes.scope(id).kind);
    if enclosing.into_iter().any(|kind| matches!(kind, ScopeKind::Function | ScopeKind::Lambda)) {
        return Err(refuse(format!(
            "class `{}` is local to a function, which a function of the module cannot see",
            class.path
        ))
        .next("move the class to the module first"));
    }
    Ok(())
}

fn check_decorators(source: &Source<'_>, method: &Method<'_>) -> Result<(), Refusal> {
    for decorator in &method.node.decorator_list {
        let name = decorator_name(&decorator.expression);
        let Some((_, why)) = METHOD_ONLY.iter().find(|(only, _)| name == Some(only)) else { continue };
        let at = span(decorator.range).start;
        let reason = format!("`{}` cannot be a plain function: {why}", method.path(source));
        return Err(source
            .refuse(RefusalCode::Precondition, reason, at, source.line_text(at))
            .next("choose a plain method, a class method or a static method"));
    }
    Ok(())
}

/// Checks the function's name against the module.
pub(super) fn check_name(source: &Source<'_>, method: &Method<'_>) -> Result<(), Refusal> {
    let name = &method.new_name;
    names::check_identifier("name", name)?;
    names::check_free(source, ScopeId::MODULE, name)?;
    names::check_hides_nothing(source, ScopeId::MODULE, name, Some(method.symbol))?;
    if mangle("C", name) != *name {
        let at = method.node.name.range.start().to_usize();
        return Err(source
            .refuse(
                RefusalCode::Precondition,
                format!(
                    "inside a class `{name}` would be read as a private name, so no method could call the function"
                ),
                at,
                source.line_text(at),
            )
            .with(EvidenceKind::Suggestion, format!("_{}", name.trim_start_matches('_')))
            .next(format!("give the operator `name: _{}`", name.trim_start_matches('_'))));
    }
    Ok(())
}
