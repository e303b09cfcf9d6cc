//! A parameter's name is also the keyword its callers use.

use reweave_core::{FileText, Refusal, RefusalCode};
use reweave_syntax::scope::{BindingKind, ScopeId, ScopeKind, SymbolId};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::Changes;
use crate::refactor::classes::ClassId;
use crate::refactor::edits::{Rewrite, part};
use crate::refactor::receivers::{Binding, Receiver, first_positional_node};
use crate::refactor::signature::{self, KNOWN_DECORATORS, decorator_name};
use crate::refactor::source::{Source, span};
use crate::refactor::{Call, UnknownUses, outside};

/// A parameter that can be passed by keyword, with its function.
struct Parameter<'a, 'n> {
    function: &'a ast::StmtFunctionDef,
    method_of: Option<ClassId>,
    old: &'n str,
    new: &'n str,
}

/// Whether a call calls the function.
enum Calls {
    Yes,
    No,
    Unknown,
}

/// Adds the keyword of every call, when `symbol` is a parameter.
pub(super) fn add(
    source: &Source<'_>,
    symbol: SymbolId,
    call: &Call,
    (old, new): (&str, &str),
    others: &[FileText],
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let renamed = source.scopes.symbol(symbol);
    let Some(binding) = renamed.bindings.iter().find(|binding| binding.kind == BindingKind::Parameter) else {
        return Ok(());
    };
    if source.scopes.scope(renamed.scope).kind == ScopeKind::Lambda {
        changes.risks.push(part("lambda_keyword", 0.05, format!("callers of the lambda may pass `{old}` by keyword")));
        return Ok(());
    }
    let definition = source.scopes.scope(renamed.scope).definition;
    let Some(function) = source.tree.functions.iter().copied().find(|one| span(one.range) == definition) else {
        return Ok(());
    };
    let method_of = source.method_of(renamed.scope).map(|(class, _)| class);
    if !takes_keyword(source, function, method_of, binding.span.start) {
        return Ok(());
    }
    check_framework(source, function, binding.span.start)?;
    let callee = match method_of {
        Some(class) if function.name.as_str() == "__init__" => source.classes.get(class).node.name.as_str(),
        _ => function.name.as_str(),
    };
    outside::check_keyword(source, callee, old, others)?;
    let parameter = Parameter { function, method_of, old, new };
    add_calls(source, &parameter, call, changes)?;
    add_risks(source, &parameter, changes);
    Ok(())
}

/// Only parameters after `/` and outside of `*args` and `**kwargs` are keywords; the bound first one is not passed at all.
fn takes_keyword(source: &Source<'_>, function: &ast::StmtFunctionDef, method_of: Option<ClassId>, at: usize) -> bool {
    let parameters = &function.parameters;
    let is_here = |one: &ast::ParameterWithDefault| span(one.name().range).start == at;
    let is_bound = method_of.is_some()
        && Binding::of(source, function) != Binding::Static
        && first_positional_node(function).is_some_and(|first| span(first.name.range).start == at);
    !is_bound && parameters.args.iter().chain(&parameters.kwonlyargs).any(is_here)
}

/// Test frameworks pass arguments by the parameter's name.
fn check_framework(source: &Source<'_>, function: &ast::StmtFunctionDef, at: usize) -> Result<(), Refusal> {
    let is_fixture = function.decorator_list.iter().any(|one| decorator_name(&one.expression) == Some("fixture"));
    if !is_fixture && !function.name.starts_with("test_") {
        return Ok(());
    }
    Err(source
        .refuse(
            RefusalCode::Precondition,
            format!("`{}` is filled by the test framework, which goes by the parameter's name", function.name),
            at,
            source.line_text(at),
        )
        .next("rename the fixture and its uses together by hand"))
}

fn add_calls(
    source: &Source<'_>,
    parameter: &Parameter<'_, '_>,
    asked: &Call,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    for call in &source.tree.calls {
        let named = |one: &&ast::Keyword| one.arg.as_ref().is_some_and(|arg| arg.as_str() == parameter.old);
        let Some(keyword) = call.arguments.keywords.iter().find(named) else { continue };
        let at = span(keyword.range).start;
        let place = span(keyword.arg.as_ref().map_or(keyword.range, |arg| arg.range));
        let rewrite = Rewrite { span: place, text: parameter.new.to_owned() };
        match calls(source, parameter, call) {
            Calls::Yes => changes.rewrites.push(rewrite),
            Calls::No => {}
            Calls::Unknown => match asked.unknown_uses {
                UnknownUses::Refuse => {
                    return Err(source
                        .refuse(
                            RefusalCode::DynamicUse,
                            format!("this call may pass the parameter `{}` by keyword", parameter.old),
                            at,
                            source.line_text(at),
                        )
                        .next("give the operator `unknown_uses: keep` or `unknown_uses: rewrite`, whichever is right for this line"));
                }
                UnknownUses::Keep => changes.risks.push(unknown(source, at)),
                UnknownUses::Rewrite => {
                    changes.risks.push(unknown(source, at));
                    changes.rewrites.push(rewrite);
                }
            },
        }
    }
    Ok(())
}

fn unknown(source: &Source<'_>, at: usize) -> reweave_core::RiskPart {
    part("unknown_uses", 0.2, format!("whether line {} calls the function is not known", source.parsed.line(at)))
}

fn calls(source: &Source<'_>, parameter: &Parameter<'_, '_>, call: &ast::ExprCall) -> Calls {
    let function = source.bound_at(span(parameter.function.name.range).start);
    // `partial(f, x=1)` and its like pass the keyword on.
    if call.arguments.args.iter().any(|argument| function.is_some() && source.symbol_of(argument) == function) {
        return Calls::Unknown;
    }
    let Some(class) = parameter.method_of else {
        return if function.is_some() && source.symbol_of(&call.func) == function { Calls::Yes } else { Calls::No };
    };
    if parameter.function.name.as_str() == "__init__"
        && let Receiver::Class { class: made, .. } = source.receiver(&call.func, scope_of(source, call))
    {
        return if finds(source, parameter, made) == Some(class) { Calls::Yes } else { Calls::No };
    }
    match &*call.func {
        Expr::Attribute(attribute) if attribute.attr.as_str() == parameter.function.name.as_str() => {
            method_call(source, parameter, class, (attribute, call))
        }
        _ => Calls::No,
    }
}

fn method_call(
    source: &Source<'_>,
    parameter: &Parameter<'_, '_>,
    class: ClassId,
    (attribute, call): (&ast::ExprAttribute, &ast::ExprCall),
) -> Calls {
    let access = source.tree.attributes.iter().find(|access| std::ptr::eq(access.attribute, attribute));
    let Some(access) = access else { return Calls::Unknown };
    match source.receiver(&access.attribute.value, scope_of(source, call)) {
        Receiver::Instance(other) | Receiver::Class { class: other, .. } => match finds(source, parameter, other) {
            Some(found) if found == class => Calls::Yes,
            Some(_) => Calls::No,
            None if source.classes.related(other, class) => Calls::Unknown,
            None => Calls::No,
        },
        Receiver::Super { class: other, .. } => {
            let above = source.classes.ancestors(other).into_iter().skip(1).find(|id| defines(source, parameter, *id));
            if above == Some(class) { Calls::Yes } else { Calls::No }
        }
        Receiver::Foreign | Receiver::Elsewhere => Calls::No,
        Receiver::Unknown if signature::accepts(parameter.function, Binding::of(source, parameter.function), call) => {
            Calls::Unknown
        }
        Receiver::Unknown => Calls::No,
    }
}

fn scope_of(source: &Source<'_>, call: &ast::ExprCall) -> ScopeId {
    source.scopes.scope_at(span(call.func.range()).start)
}

fn defines(source: &Source<'_>, parameter: &Parameter<'_, '_>, class: ClassId) -> bool {
    source.scopes.symbol_in(source.classes.get(class).scope, parameter.function.name.as_str()).is_some()
}

fn finds(source: &Source<'_>, parameter: &Parameter<'_, '_>, class: ClassId) -> Option<ClassId> {
    source.classes.ancestors(class).into_iter().find(|id| defines(source, parameter, *id))
}

fn add_risks(source: &Source<'_>, parameter: &Parameter<'_, '_>, changes: &mut Changes) {
    let unknown = parameter.function.decorator_list.iter().filter_map(|one| decorator_name(&one.expression));
    if let Some(name) = unknown.into_iter().find(|name| !KNOWN_DECORATORS.contains(name)) {
        changes.risks.push(part("decorator", 0.2, format!("`@{name}` may pass arguments by the parameter's name")));
    }
    let spelled = source.tree.string_values.iter().find(|literal| &*literal.value == parameter.old);
    if let Some(literal) = spelled {
        let line = source.parsed.line(span(literal.range).start);
        changes.risks.push(part(
            "name_in_string",
            0.15,
            format!("the string at line {line} spells `{}`", parameter.old),
        ));
    }
    let overriding = parameter.method_of.and_then(|class| {
        source
            .classes
            .ids()
            .find(|id| *id != class && source.classes.related(*id, class) && defines(source, parameter, *id))
    });
    if let Some(other) = overriding {
        let path = &source.classes.get(other).path;
        changes.risks.push(part(
            "override_parameter",
            0.2,
            format!("`{path}` has the same method, whose parameter keeps its name"),
        ));
    }
}
