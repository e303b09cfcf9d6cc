//! Renaming what a class holds: methods and class variables, with the overrides that go with them.

use reweave_core::{FileText, Refusal, RefusalCode};
use reweave_syntax::scope::{BindingKind, DynamicKind, ScopeId, SymbolId, mangle};
use ruff_python_ast::{self as ast, ExprContext};

use super::{Changes, target};
use crate::refactor::classes::ClassId;
use crate::refactor::edits::{Rewrite, part};
use crate::refactor::receivers::{Binding, Receiver};
use crate::refactor::signature;
use crate::refactor::source::{Source, span};
use crate::refactor::tree::Access;
use crate::refactor::{Call, UnknownUses, names, outside};

/// A member under a new name.
struct Member<'a> {
    class: ClassId,
    /// Every class of the file that defines it for one of the others.
    family: Vec<ClassId>,
    old: &'a str,
    new: &'a str,
    unknown_uses: UnknownUses,
}

/// Everything that renaming `symbol` to `new` changes.
pub(super) fn changes(
    source: &Source<'_>,
    symbol: SymbolId,
    call: &Call,
    new: &str,
    others: &[FileText],
) -> Result<Changes, Refusal> {
    let old = target::written(source, symbol);
    let at = source.scopes.symbol(symbol).bindings.first().map_or(0, |binding| binding.span.start);
    let Some(class) = source.classes.by_scope(source.scopes.symbol(symbol).scope) else {
        return Err(Refusal::new(RefusalCode::Internal, "a class scope without its class"));
    };
    check_kind(source, symbol, (old, new), at)?;
    outside::check_attribute(source, old, others)?;
    let family = family(source, class, old);
    let member = Member { class, family, old, new, unknown_uses: call.unknown_uses };
    check_strings(source, &member)?;
    check_new(source, &member)?;
    let mut changes = Changes::default();
    for id in &member.family {
        add_definition(source, &member, *id, &mut changes)?;
    }
    for access in &source.tree.attributes {
        add_access(source, &member, access, &mut changes)?;
    }
    add_patterns(source, &member, &mut changes)?;
    // `x = x` style bindings read and bind at the same bytes.
    changes.rewrites.sort_by_key(|rewrite| rewrite.span);
    changes.rewrites.dedup_by_key(|rewrite| rewrite.span.start);
    add_risks(source, &member, &mut changes);
    Ok(changes)
}

fn is_dunder(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

fn check_kind(source: &Source<'_>, symbol: SymbolId, (old, new): (&str, &str), at: usize) -> Result<(), Refusal> {
    let refuse = |reason: String, next: &str| {
        Err(source.refuse(RefusalCode::Precondition, reason, at, source.line_text(at)).next(next))
    };
    if is_dunder(old) || is_dunder(new) {
        return refuse("names like `__this__` belong to the language".to_owned(), "choose a name of your own");
    }
    let bindings = &source.scopes.symbol(symbol).bindings;
    let annotated = bindings.iter().any(|binding| {
        let typed = source.text()[binding.span.end..].trim_start_matches([' ', '\t']).starts_with(':');
        matches!(binding.kind, BindingKind::Annotation | BindingKind::Assignment) && typed
    });
    if annotated {
        let reason = format!("`{old}` may be a field, whose name is also an argument of the class");
        return refuse(reason, "rename the field and the arguments together by hand");
    }
    let imported = bindings.iter().any(|binding| {
        matches!(
            binding.kind,
            BindingKind::Import | BindingKind::ImportDotted | BindingKind::ImportFrom | BindingKind::ImportAs
        )
    });
    if imported {
        return refuse(format!("`{old}` is an import inside a class"), "move the import to the module first");
    }
    Ok(())
}

/// Classes whose definitions of `old` stand for each other: overrides, and siblings that one common base calls.
fn family(source: &Source<'_>, class: ClassId, old: &str) -> Vec<ClassId> {
    let defines = |id: ClassId| defined(source, id, old).is_some();
    let mut family = vec![class];
    loop {
        let more = source.classes.ids().find(|id| {
            let linked = || {
                family
                    .iter()
                    .any(|member| source.classes.related(*member, *id) || is_called_above(source, old, *member, *id))
            };
            !family.contains(id) && defines(*id) && linked()
        });
        match more {
            Some(id) => family.push(id),
            None => return family,
        }
    }
}

/// Whether a base that two classes share uses the member without defining it.
fn is_called_above(source: &Source<'_>, old: &str, a: ClassId, b: ClassId) -> bool {
    let above_b = source.classes.ancestors(b);
    let shared: Vec<ClassId> = source.classes.ancestors(a).into_iter().filter(|id| above_b.contains(id)).collect();
    !shared.is_empty()
        && source.tree.attributes.iter().filter(|access| access.attribute.attr.as_str() == old).any(|access| {
            let scope = source.scopes.scope_at(span(access.attribute.attr.range).start);
            match source.receiver(&access.attribute.value, scope) {
                Receiver::Instance(id) | Receiver::Class { class: id, .. } => shared.contains(&id),
                Receiver::Super { .. } | Receiver::Foreign | Receiver::Elsewhere | Receiver::Unknown => false,
            }
        })
}

fn defined(source: &Source<'_>, class: ClassId, name: &str) -> Option<SymbolId> {
    let class = source.classes.get(class);
    source.scopes.symbol_in(class.scope, &mangle(class.node.name.as_str(), name))
}

fn check_strings(source: &Source<'_>, member: &Member<'_>) -> Result<(), Refusal> {
    let by_string = source
        .scopes
        .dynamic_uses()
        .iter()
        .find(|used| used.kind == DynamicKind::Attribute && used.name.as_deref() == Some(member.old));
    let Some(used) = by_string else { return Ok(()) };
    let at = used.span.start;
    Err(source
        .refuse(RefusalCode::DynamicUse, format!("`{}` is looked up by a string", member.old), at, source.line_text(at))
        .next(format!("change line {} first", source.parsed.line(at))))
}

/// The new name must be free in every class that the member can be seen through.
fn check_new(source: &Source<'_>, member: &Member<'_>) -> Result<(), Refusal> {
    let seen = |id: &ClassId| member.family.iter().any(|one| source.classes.related(*one, *id));
    for id in source.classes.ids().filter(seen) {
        let scope = source.classes.get(id).scope;
        names::check_free(source, scope, &mangle(source.classes.get(id).node.name.as_str(), member.new))?;
    }
    for id in &member.family {
        names::check_hides_nothing(source, source.classes.get(*id).scope, member.new, None)?;
    }
    for access in source.tree.attributes.iter().filter(|access| access.attribute.attr.as_str() == member.new) {
        let at = span(access.attribute.attr.range).start;
        let owner = match source.receiver(&access.attribute.value, source.scopes.scope_at(at)) {
            Receiver::Instance(id) | Receiver::Class { class: id, .. } => id,
            Receiver::Super { .. } | Receiver::Foreign | Receiver::Elsewhere | Receiver::Unknown => continue,
        };
        if seen(&owner) {
            let path = &source.classes.get(owner).path;
            let reason = format!("objects of `{path}` have an attribute `{}` already", member.new);
            return Err(source
                .refuse(RefusalCode::NameCollision, reason, at, source.line_text(at))
                .next("choose a name that is free, or rename the other one first"));
        }
    }
    Ok(())
}

fn add_definition(
    source: &Source<'_>,
    member: &Member<'_>,
    class: ClassId,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let Some(symbol) = defined(source, class, member.old) else { return Ok(()) };
    let text = member.new.to_owned();
    for binding in &source.scopes.symbol(symbol).bindings {
        changes.rewrites.push(Rewrite { span: binding.span, text: text.clone() });
    }
    for reference in source.scopes.references_to(symbol) {
        if reference.alternative.is_some() {
            let at = reference.span.start;
            return Err(source
                .refuse(
                    RefusalCode::NameCaptured,
                    "which name this class body means is decided at run time",
                    at,
                    source.line_text(at),
                )
                .next("give the two names different names first"));
        }
        changes.rewrites.push(Rewrite { span: reference.span, text: text.clone() });
    }
    Ok(())
}

fn add_access(
    source: &Source<'_>,
    member: &Member<'_>,
    access: &Access<'_>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let written = access.attribute.attr.as_str();
    let own_class = source.classes.get(member.class).node.name.as_str();
    let stored = mangle(own_class, member.old);
    if written != member.old && written != stored {
        return Ok(());
    }
    let place = span(access.attribute.attr.range);
    let scope = source.scopes.scope_at(place.start);
    if seen(source, scope, written) != stored {
        return Ok(());
    }
    let text = match mangle(own_class, member.new) {
        private if seen(source, scope, member.new) != private => private,
        _ => member.new.to_owned(),
    };
    let rewrite = Rewrite { span: place, text };
    match source.receiver(&access.attribute.value, scope) {
        Receiver::Instance(id) | Receiver::Class { class: id, .. } | Receiver::Super { class: id, .. } => {
            if is_member(source, member, id) {
                changes.rewrites.push(rewrite);
            }
        }
        Receiver::Foreign => {}
        Receiver::Elsewhere => {
            let line = source.parsed.line(place.start);
            let reason = format!("the receiver at line {line} comes from an import and was left alone");
            changes.risks.push(part("receiver_elsewhere", 0.05, reason));
        }
        Receiver::Unknown if cannot_be_meant(source, member, access) => {}
        Receiver::Unknown => add_unknown(source, member, rewrite, changes)?,
    }
    Ok(())
}

/// A name as the interpreter sees it in `scope`.
fn seen(source: &Source<'_>, scope: ScopeId, name: &str) -> String {
    source.class_around(scope).map_or(name.to_owned(), |class| mangle(class, name))
}

/// Whether a lookup on an object of `class` finds the member or may find it.
fn is_member(source: &Source<'_>, member: &Member<'_>, class: ClassId) -> bool {
    let found = source.classes.ancestors(class).into_iter().find(|id| defined(source, *id, member.old).is_some());
    match found {
        Some(id) => member.family.contains(&id),
        None => member.family.iter().any(|id| source.classes.related(*id, class)),
    }
}

/// A call that no definition of the family can take.
fn cannot_be_meant(source: &Source<'_>, member: &Member<'_>, access: &Access<'_>) -> bool {
    let Some(call) = access.call else { return false };
    let functions: Vec<&ast::StmtFunctionDef> = member
        .family
        .iter()
        .flat_map(|id| &source.classes.get(*id).node.body)
        .filter_map(|stmt| stmt.as_function_def_stmt().filter(|function| function.name.as_str() == member.old))
        .collect();
    functions.len() == member.family.len()
        && functions.iter().all(|function| !signature::accepts(function, Binding::of(source, function), call))
}

fn add_unknown(
    source: &Source<'_>,
    member: &Member<'_>,
    rewrite: Rewrite,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let at = rewrite.span.start;
    let risk = || {
        part(
            "unknown_uses",
            0.2,
            format!("what line {} takes `{}` of is not known", source.parsed.line(at), member.old),
        )
    };
    match member.unknown_uses {
        UnknownUses::Refuse => Err(source
            .refuse(
                RefusalCode::DynamicUse,
                format!("what `{}` is taken of here may be of this class or of another", member.old),
                at,
                source.line_text(at),
            )
            .next(
                "give the operator `unknown_uses: keep` or `unknown_uses: rewrite`, whichever is right for these lines",
            )),
        UnknownUses::Keep => {
            changes.risks.push(risk());
            Ok(())
        }
        UnknownUses::Rewrite => {
            changes.risks.push(risk());
            changes.rewrites.push(rewrite);
            Ok(())
        }
    }
}

/// `case C(x=…)` reads attribute `x`.
fn add_patterns(source: &Source<'_>, member: &Member<'_>, changes: &mut Changes) -> Result<(), Refusal> {
    for (class, attribute) in source.tree.pattern_keywords.iter().filter(|(_, one)| one.as_str() == member.old) {
        let rewrite = Rewrite { span: span(attribute.range), text: member.new.to_owned() };
        match source.symbol_of(class).and_then(|symbol| source.classes.by_symbol(symbol)) {
            Some(id) if is_member(source, member, id) => changes.rewrites.push(rewrite),
            Some(_) => {}
            None => add_unknown(source, member, rewrite, changes)?,
        }
    }
    Ok(())
}

fn add_risks(source: &Source<'_>, member: &Member<'_>, changes: &mut Changes) {
    let outside = member.family.iter().flat_map(|id| source.classes.outside_bases(*id)).next();
    if let Some(base) = outside {
        let reason = format!("`{base}`, a base class from elsewhere, may define or call a member of that name");
        changes.risks.push(part("dynamic_dispatch", 0.2, reason));
    }
    let computed = |kind| matches!(kind, DynamicKind::Attribute | DynamicKind::Code);
    if let Some(used) = source.scopes.dynamic_uses().iter().find(|used| computed(used.kind) && used.name.is_none()) {
        let line = source.parsed.line(used.span.start);
        changes.risks.push(part("computed_names", 0.1, format!("line {line} reaches attributes by computed names")));
    }
    if let Some(literal) = source.tree.string_values.iter().find(|literal| &*literal.value == member.old) {
        let line = source.parsed.line(span(literal.range).start);
        changes.risks.push(part("name_in_string", 0.2, format!("the string at line {line} is the member's name")));
    }
    let stored = source.tree.attributes.iter().find(|access| {
        access.attribute.ctx == ExprContext::Store
            && changes.rewrites.iter().any(|one| one.span == span(access.attribute.attr.range))
    });
    if let Some(access) = stored {
        let line = source.parsed.line(span(access.attribute.attr.range).start);
        changes.risks.push(part("assigned_attribute", 0.05, format!("line {line} assigns the attribute, too")));
    }
    if !member.old.starts_with('_') {
        changes.risks.push(part(
            "public_name",
            0.1,
            format!("`{}` is public: code outside this workspace may use it", member.old),
        ));
    }
}
