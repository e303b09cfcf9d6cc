//! Every use of the method in the file, and the text each becomes.

use reweave_core::{Refusal, RefusalCode, Span};
use reweave_syntax::scope::{DynamicKind, Resolution, ScopeId, ScopeKind, mangle};
use ruff_python_ast::{self as ast, Expr, ExprContext};
use ruff_text_size::Ranged;

use super::method::Method;
use crate::refactor::classes::ClassId;
use crate::refactor::edits::Rewrite;
use crate::refactor::receivers::{Binding, Receiver};
use crate::refactor::source::{Source, span};
use crate::refactor::tree::Access;
use crate::refactor::{Call, UnknownUses, names, signature};

/// The uses that were found.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) rewrites: Vec<Rewrite>,
    /// Where a use runs while the module is imported.
    pub(super) at_import: Vec<usize>,
    /// Uses on receivers the file does not show, with what was done about them.
    pub(super) unknown: Vec<usize>,
    /// Uses left alone because their receivers come from imports.
    pub(super) elsewhere: Vec<usize>,
}

/// What a use becomes.
enum Becomes {
    /// `name(first, …)`, or `name.__get__(first)` where it is not called: that is the very bound method there was.
    Bound(String),
    /// Just `name`.
    Plain,
}

/// Finds and rewrites the uses of `method`, or refuses because of one that cannot be.
pub(super) fn rewrite(source: &Source<'_>, method: &Method<'_>, call: &Call) -> Result<Uses, Refusal> {
    check_dynamic(source, method)?;
    let mut uses = Uses::default();
    for access in source.tree.attributes.iter().filter(|access| may_mean(method, access.attribute)) {
        let scope = source.scopes.scope_at(span(access.attribute.attr.range).start);
        let seen = source.class_around(scope).map(|class| mangle(class, access.attribute.attr.as_str()));
        if seen.as_deref().unwrap_or(access.attribute.attr.as_str()) == method.name {
            add_access(source, method, call, (access, scope), &mut uses)?;
        }
    }
    add_reads_in_class(source, method, &mut uses)?;
    Ok(uses)
}

fn may_mean(method: &Method<'_>, attribute: &ast::ExprAttribute) -> bool {
    attribute.attr.as_str() == method.node.name.as_str() || attribute.attr.as_str() == method.name
}

fn check_dynamic(source: &Source<'_>, method: &Method<'_>) -> Result<(), Refusal> {
    let by_string = source.scopes.dynamic_uses().iter().find(|used| {
        used.kind == DynamicKind::Attribute
            && used.name.as_deref().is_some_and(|name| name == method.name || name == method.node.name.as_str())
    });
    match by_string {
        None => Ok(()),
        Some(used) => Err(dynamic(source, used.span.start, "it is looked up by a string")),
    }
}

fn dynamic(source: &Source<'_>, at: usize, why: &str) -> Refusal {
    source
        .refuse(
            RefusalCode::DynamicUse,
            format!("the method has a use that cannot be rewritten: {why}"),
            at,
            source.line_text(at),
        )
        .next(format!("change line {} first", source.parsed.line(at)))
}

fn add_access(
    source: &Source<'_>,
    method: &Method<'_>,
    call: &Call,
    (access, scope): (&Access<'_>, ScopeId),
    uses: &mut Uses,
) -> Result<(), Refusal> {
    let at = span(access.attribute.attr.range).start;
    let receiver = source.receiver(&access.attribute.value, scope);
    let Some(becomes) = becomes(source, method, access, &receiver)? else {
        match receiver {
            Receiver::Unknown => return add_unknown(source, method, call, (access, scope), uses),
            Receiver::Elsewhere => uses.elsewhere.push(at),
            Receiver::Instance(_) | Receiver::Class { .. } | Receiver::Super { .. } | Receiver::Foreign => {}
        }
        return Ok(());
    };
    add(source, method, (access, scope), &becomes, uses).map_err(|refusal| refusal_at(source, refusal, at))
}

fn refusal_at(source: &Source<'_>, refusal: Refusal, at: usize) -> Refusal {
    if refusal.evidence.is_empty() { source.point(refusal, at, source.line_text(at)) } else { refusal }
}

fn add(
    source: &Source<'_>,
    method: &Method<'_>,
    (access, scope): (&Access<'_>, ScopeId),
    becomes: &Becomes,
    uses: &mut Uses,
) -> Result<(), Refusal> {
    let at = span(access.attribute.attr.range).start;
    if access.attribute.ctx != ExprContext::Load {
        return Err(dynamic(source, at, "the attribute is assigned or deleted"));
    }
    names::check_reaches(source, scope, ScopeId::MODULE, &method.new_name, at, Some(method.symbol))?;
    let name = &method.new_name;
    match (becomes, access.call) {
        (Becomes::Plain, _) => {
            uses.rewrites.push(Rewrite { span: span(access.attribute.range), text: name.clone() });
        }
        (Becomes::Bound(first), None) => {
            let text = format!("{name}.__get__({first})");
            uses.rewrites.push(Rewrite { span: span(access.attribute.range), text });
        }
        (Becomes::Bound(first), Some(call)) => uses.rewrites.extend(bound_call(source, name, first, call)),
    }
    if runs_at_import(source, scope) {
        uses.at_import.push(at);
    }
    Ok(())
}

/// `x.m(` becomes `m(x, `; where the arguments stand on lines of their own, so does the new one.
fn bound_call(source: &Source<'_>, name: &str, first: &str, call: &ast::ExprCall) -> Vec<Rewrite> {
    let whole = span(call.range());
    let arguments = span(call.arguments.range);
    let opening = arguments.start + 1;
    let mut start_of_arguments: Vec<usize> =
        call.arguments.args.iter().map(|argument| span(argument.range()).start).collect();
    start_of_arguments.extend(call.arguments.keywords.iter().map(|keyword| span(keyword.range).start));
    let Some(next) = start_of_arguments.into_iter().min() else {
        return vec![Rewrite { span: Span::new(whole.start, opening), text: format!("{name}({first}") }];
    };
    if let [Expr::Generator(generator)] = &*call.arguments.args
        && !generator.parenthesized
    {
        // A bare generator may only be the sole argument.
        return vec![
            Rewrite { span: Span::new(whole.start, opening), text: format!("{name}({first}, (") },
            Rewrite { span: Span::new(whole.end - 1, whole.end), text: "))".to_owned() },
        ];
    }
    let gap = &source.text()[opening..next];
    let text = match gap {
        "" => format!("{name}({first}, "),
        _ if gap.trim().is_empty() => format!("{name}({gap}{first},"),
        // A comment or an opening parenthesis of the argument itself stays where it is.
        _ if gap.contains('\n') => format!("{name}({first},"),
        _ => format!("{name}({first}, "),
    };
    vec![Rewrite { span: Span::new(whole.start, opening), text }]
}

/// What the access becomes; `None` when it is not this method's.
fn becomes(
    source: &Source<'_>,
    method: &Method<'_>,
    access: &Access<'_>,
    receiver: &Receiver,
) -> Result<Option<Becomes>, Refusal> {
    let at = span(access.attribute.attr.range).start;
    match receiver {
        Receiver::Foreign | Receiver::Elsewhere | Receiver::Unknown => Ok(None),
        Receiver::Instance(class) => {
            if !is_ours(source, method, *class, at)? {
                return Ok(None);
            }
            let text = receiver_text(source, access)?;
            of_instance(source, method, access, &text, at).map(Some)
        }
        Receiver::Class { class, exactly } => {
            let ours = if *exactly {
                definer(source, method, *class) == Some(method.class)
            } else {
                is_ours(source, method, *class, at)?
            };
            let text = receiver_text(source, access)?;
            Ok(ours.then_some(match method.binding {
                Binding::Class => Becomes::Bound(text),
                Binding::Instance | Binding::Static => Becomes::Plain,
            }))
        }
        Receiver::Super { class, first, of_class } => {
            let above = source.classes.ancestors(*class).into_iter().skip(1).find(|id| defines(source, method, *id));
            Ok((above == Some(method.class)).then(|| match (method.binding, *of_class) {
                (Binding::Instance, false) | (Binding::Class, true) => Becomes::Bound(first.clone()),
                (Binding::Class, false) => Becomes::Bound(format!("type({first})")),
                (Binding::Instance, true) | (Binding::Static, _) => Becomes::Plain,
            }))
        }
    }
}

fn of_instance(
    source: &Source<'_>,
    method: &Method<'_>,
    access: &Access<'_>,
    text: &str,
    at: usize,
) -> Result<Becomes, Refusal> {
    match method.binding {
        Binding::Instance if method.first().is_none() && method.node.parameters.vararg.is_none() => {
            Err(dynamic(source, at, "it takes no argument, so this call fails as it is"))
        }
        Binding::Instance => Ok(Becomes::Bound(text.to_owned())),
        Binding::Class => Ok(Becomes::Bound(format!("type({text})"))),
        Binding::Static if is_free_of_effects(&access.attribute.value) => Ok(Becomes::Plain),
        Binding::Static => Err(dynamic(source, at, "its receiver is computed, and would no longer be")),
    }
}

fn is_free_of_effects(expr: &Expr) -> bool {
    match expr {
        Expr::Name(_) => true,
        Expr::Attribute(attribute) => is_free_of_effects(&attribute.value),
        _ => false,
    }
}

/// Everything before the last dot, parentheses included.
fn receiver_text(source: &Source<'_>, access: &Access<'_>) -> Result<String, Refusal> {
    let attribute = access.attribute;
    let between = &source.text()[span(attribute.value.range()).end..span(attribute.attr.range).start];
    let at = span(attribute.attr.range).start;
    if between.contains(['#', '\n', '\\']) {
        return Err(dynamic(source, at, "its receiver and its name stand on different lines"));
    }
    let start = span(attribute.range).start;
    let end = span(attribute.value.range()).end + between.rfind('.').unwrap_or(0);
    Ok(source.text()[start..end].trim().to_owned())
}

fn defines(source: &Source<'_>, method: &Method<'_>, class: ClassId) -> bool {
    source.scopes.symbol_in(source.classes.get(class).scope, &method.name).is_some()
}

/// The class of the file in which a lookup on `class` finds the name.
fn definer(source: &Source<'_>, method: &Method<'_>, class: ClassId) -> Option<ClassId> {
    source.classes.ancestors(class).into_iter().find(|id| defines(source, method, *id))
}

/// Whether a lookup on an instance of `class` always finds this method; refuses when it does only for some instances.
fn is_ours(source: &Source<'_>, method: &Method<'_>, class: ClassId, at: usize) -> Result<bool, Refusal> {
    let found = definer(source, method, class);
    let above = class != method.class && source.classes.ancestors(method.class).contains(&class);
    let overriding = source.classes.descendants(class).into_iter().find(|id| defines(source, method, *id));
    let polymorphic = match found {
        Some(id) if id == method.class => overriding,
        _ if above => Some(method.class),
        Some(_) => None,
        None => overriding.filter(|_| source.classes.related(class, method.class)),
    };
    let Some(other) = polymorphic.filter(|_| !method.forced) else {
        return Ok(found == Some(method.class) || (method.forced && polymorphic.is_some()));
    };
    let reason = format!(
        "whether this calls the method of `{}` is decided at run time, which a function cannot do",
        source.classes.get(other).path
    );
    let mut refusal = source.refuse(RefusalCode::Precondition, reason, at, source.line_text(at));
    if let Some(symbol) = source.scopes.symbol_in(source.classes.get(other).scope, &method.name) {
        let defined = source.scopes.symbol(symbol).bindings.first().map_or(at, |binding| binding.span.start);
        refusal = source.point(refusal, defined, source.line_text(defined));
    }
    Err(refusal.next("keep the method, or give the operator `unknown_uses: rewrite` to call this one always"))
}

fn add_unknown(
    source: &Source<'_>,
    method: &Method<'_>,
    call: &Call,
    (access, scope): (&Access<'_>, ScopeId),
    uses: &mut Uses,
) -> Result<(), Refusal> {
    let at = span(access.attribute.attr.range).start;
    if access.call.is_some_and(|call| !signature::accepts(method.node, method.binding, call)) {
        return Ok(());
    }
    match call.unknown_uses {
        UnknownUses::Refuse => {
            let why = "its receiver may be of this class or of another";
            Err(dynamic(source, at, why).next(
                "give the operator `unknown_uses: keep` or `unknown_uses: rewrite`, whichever is right for these lines",
            ))
        }
        UnknownUses::Keep => {
            uses.unknown.push(at);
            Ok(())
        }
        UnknownUses::Rewrite => {
            uses.unknown.push(at);
            let text = receiver_text(source, access)?;
            let becomes = of_instance(source, method, access, &text, at)?;
            add(source, method, (access, scope), &becomes, uses)
        }
    }
}

/// Uses by plain name in the class body: `alias = method`, `@method`.
fn add_reads_in_class(source: &Source<'_>, method: &Method<'_>, uses: &mut Uses) -> Result<(), Refusal> {
    for reference in source.scopes.references_to(method.symbol) {
        let at = reference.span.start;
        if reference.alternative.is_some() || reference.resolution != Resolution::Symbol(method.symbol) {
            return Err(dynamic(source, at, "the class body may mean another name here"));
        }
        if method.binding != Binding::Instance {
            return Err(dynamic(source, at, "the class body uses it as a class or static method object"));
        }
        uses.at_import.push(at);
        if method.new_name != reference.name.as_str() {
            uses.rewrites.push(Rewrite { span: reference.span, text: method.new_name.clone() });
        }
    }
    Ok(())
}

fn runs_at_import(source: &Source<'_>, scope: ScopeId) -> bool {
    let mut around = source.scopes.ancestors(scope).map(|id| source.scopes.scope(id).kind);
    !around.any(|kind| matches!(kind, ScopeKind::Function | ScopeKind::Lambda))
}
