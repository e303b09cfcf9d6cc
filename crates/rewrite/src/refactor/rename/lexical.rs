//! Renaming what scopes hold: functions, classes, variables, parameters, imports.

use reweave_core::{FileText, Refusal, RefusalCode, Span};
use reweave_syntax::scope::{
    Binding, BindingKind, DynamicKind, Reference, ReferenceKind, ScopeId, ScopeKind, SymbolId, is_builtin, mangle,
};

use super::{Changes, keywords, target};
use crate::refactor::edits::{Rewrite, part};
use crate::refactor::source::{Source, span};
use crate::refactor::{Call, lines, names, outside};

/// Everything that renaming `symbol` to `new` changes.
pub(super) fn changes(
    source: &Source<'_>,
    symbol: SymbolId,
    call: &Call,
    new: &str,
    others: &[FileText],
) -> Result<Changes, Refusal> {
    let renamed = source.scopes.symbol(symbol);
    let old = target::written(source, symbol);
    check_private(source, symbol, old, new)?;
    names::check_free(source, renamed.scope, new)?;
    names::check_hides_nothing(source, renamed.scope, new, None)?;
    check_builtin_fallback(source, symbol)?;
    if renamed.scope == ScopeId::MODULE {
        outside::check_name(source, old, others)?;
    }
    let mut changes = Changes::default();
    for binding in &renamed.bindings {
        names::check_reaches(source, binding.within, renamed.scope, new, binding.span.start, None)?;
        changes.rewrites.push(rebound(source, binding, new)?);
    }
    for reference in source.scopes.references_to(symbol) {
        check_certain(source, reference)?;
        names::check_reaches(source, reference.scope, renamed.scope, new, reference.span.start, None)?;
        changes.rewrites.push(Rewrite { span: reference.span, text: new.to_owned() });
    }
    // `x += 1` and `del x` read and bind at the same bytes.
    changes.rewrites.sort_by_key(|rewrite| rewrite.span);
    changes.rewrites.dedup_by_key(|rewrite| rewrite.span.start);
    add_dynamic(source, symbol, old, &mut changes)?;
    keywords::add(source, symbol, call, (old, new), others, &mut changes)?;
    Ok(changes)
}

/// What a binding becomes: an import keeps what it imports.
fn rebound(source: &Source<'_>, binding: &Binding, new: &str) -> Result<Rewrite, Refusal> {
    let at = binding.span.start;
    let written = source.parsed.slice(binding.span);
    let alias = source.tree.aliases.iter().find(|alias| span(alias.range).contains(binding.span));
    match binding.kind {
        BindingKind::ImportDotted => Err(source
            .refuse(
                RefusalCode::Precondition,
                format!("`{written}` is the package that a dotted import binds, which has no other name to give"),
                at,
                source.line_text(at),
            )
            .next("import the module `as` a name, or `from` its package, first")),
        BindingKind::Import | BindingKind::ImportFrom if source.line_text(at).starts_with("from __future__") => {
            Err(source
                .refuse(
                    RefusalCode::Precondition,
                    "a future statement is not a name to change",
                    at,
                    source.line_text(at),
                )
                .next("choose another target"))
        }
        BindingKind::Import | BindingKind::ImportFrom => {
            Ok(Rewrite { span: binding.span, text: format!("{written} as {new}") })
        }
        BindingKind::ImportAs => match alias {
            Some(alias) if alias.name.as_str() == new => Ok(Rewrite { span: span(alias.range), text: new.to_owned() }),
            _ => Ok(Rewrite { span: binding.span, text: new.to_owned() }),
        },
        BindingKind::Parameter
        | BindingKind::Function
        | BindingKind::Class
        | BindingKind::Assignment
        | BindingKind::AugmentedAssignment
        | BindingKind::Annotation
        | BindingKind::Loop
        | BindingKind::With
        | BindingKind::Except
        | BindingKind::Pattern
        | BindingKind::TypeParameter
        | BindingKind::TypeAlias
        | BindingKind::Deletion => Ok(Rewrite { span: binding.span, text: new.to_owned() }),
    }
}

/// A private name means something else in each class, so its uses inside classes are not the symbol's.
fn check_private(source: &Source<'_>, symbol: SymbolId, old: &str, new: &str) -> Result<(), Refusal> {
    if mangle("C", old) == old && mangle("C", new) == new {
        return Ok(());
    }
    let renamed = source.scopes.symbol(symbol);
    let bound = renamed.bindings.iter().map(|binding| (binding.within, binding.span));
    let read = source.scopes.references_to(symbol).map(|reference| (reference.scope, reference.span));
    let Some((_, place)) = bound.chain(read).find(|(scope, _)| source.class_around(*scope).is_some()) else {
        return Ok(());
    };
    Err(source
        .refuse(
            RefusalCode::Precondition,
            "inside a class a name that starts with `__` is private to that class",
            place.start,
            source.line_text(place.start),
        )
        .next(format!("choose a name without two leading underscores, such as `_{}`", new.trim_start_matches('_'))))
}

/// A module that binds a builtin's name only sometimes reads the builtin otherwise.
fn check_builtin_fallback(source: &Source<'_>, symbol: SymbolId) -> Result<(), Refusal> {
    let renamed = source.scopes.symbol(symbol);
    let sometimes = renamed.bindings.iter().all(|binding| binding.conditional);
    if renamed.scope != ScopeId::MODULE || !sometimes || !is_builtin(&renamed.name) {
        return Ok(());
    }
    let at = renamed.bindings.first().map_or(0, |binding| binding.span.start);
    Err(source
        .refuse(
            RefusalCode::Precondition,
            format!("where this does not run, `{}` is the builtin, which keeps its name", renamed.name),
            at,
            source.line_text(at),
        )
        .next("bind the name on every path first"))
}

fn check_certain(source: &Source<'_>, reference: &Reference) -> Result<(), Refusal> {
    let at = reference.span.start;
    if reference.alternative.is_some() {
        return Err(source
            .refuse(
                RefusalCode::NameCaptured,
                "which name this class body means is decided at run time",
                at,
                source.line_text(at),
            )
            .next(format!("give the two names on line {} different names first", source.parsed.line(at))));
    }
    if reference.kind == ReferenceKind::OpaqueAnnotation {
        return Err(source
            .refuse(
                RefusalCode::DynamicUse,
                "a type in a joined or escaped string uses the name",
                at,
                source.line_text(at),
            )
            .next(format!("write the type on line {} as one plain string first", source.parsed.line(at))));
    }
    Ok(())
}

/// Uses through strings: refused where they name it or take every variable of its function, a risk elsewhere.
fn add_dynamic(source: &Source<'_>, symbol: SymbolId, old: &str, changes: &mut Changes) -> Result<(), Refusal> {
    let owner = source.scopes.symbol(symbol).scope;
    for used in source.scopes.dynamic_uses() {
        let sees_owner = source.scopes.visible_scopes(used.scope).contains(&owner);
        let named = used.name.as_deref() == Some(old);
        let all_locals = used.name.is_none() && owner != ScopeId::MODULE;
        let line = source.parsed.line(used.span.start);
        match used.kind {
            DynamicKind::Variable if sees_owner && (named || all_locals) => {
                let at = used.span.start;
                return Err(source
                    .refuse(
                        RefusalCode::DynamicUse,
                        format!("`{old}` may be used by its name as a string"),
                        at,
                        source.line_text(at),
                    )
                    .next(format!("change line {line} first")));
            }
            DynamicKind::Code if sees_owner => {
                changes.risks.push(part("runs_text", 0.2, format!("line {line} runs text that may use `{old}`")));
            }
            DynamicKind::Attribute if named && owner == ScopeId::MODULE => {
                changes.risks.push(part(
                    "name_in_string",
                    0.15,
                    format!("line {line} takes an attribute called `{old}`"),
                ));
            }
            DynamicKind::Variable | DynamicKind::Code | DynamicKind::Attribute => {}
        }
    }
    add_mentions(source, owner, old, changes);
    Ok(())
}

/// Strings that spell the name of something of the module, such as `patch("module.name")`.
fn add_mentions(source: &Source<'_>, owner: ScopeId, old: &str, changes: &mut Changes) {
    if owner != ScopeId::MODULE {
        return;
    }
    let exported: Vec<Span> = source.scopes.exports().iter().map(|export| export.span).collect();
    let spelled = source.tree.string_values.iter().find(|literal| {
        let place = span(literal.range);
        let names_it = &*literal.value == old || literal.value.ends_with(&format!(".{old}"));
        names_it
            && !exported.iter().any(|export| place.contains(*export))
            && !changes.rewrites.iter().any(|one| place.contains(one.span))
    });
    if let Some(literal) = spelled {
        let line = source.parsed.line(span(literal.range).start);
        changes.risks.push(part("name_in_string", 0.15, format!("the string at line {line} spells `{old}`")));
    }
    if !source.scopes.star_imports().is_empty() {
        changes.risks.push(part("star_import", 0.05, "a star import may bring the new name".to_owned()));
    }
    if !old.starts_with('_')
        && !lines::is_blank(source.text(), 0)
        && source.scopes.scope(owner).kind == ScopeKind::Module
    {
        changes.risks.push(part(
            "public_name",
            0.1,
            format!("`{old}` is public: code outside this workspace may use it"),
        ));
    }
}
