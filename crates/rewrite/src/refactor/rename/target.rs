//! The symbol that a qualified name means: a definition, or any other variable of a scope.

use reweave_core::{EvidenceKind, Refusal, RefusalCode};
use reweave_syntax::scope::{ScopeId, ScopeKind, SymbolId, mangle};
use reweave_syntax::targets;

use crate::refactor::source::Source;

/// Most names offered in a refusal.
const OFFERED_MAX: usize = 5;

/// The one symbol called `target`; `name@LINE` chooses among several.
pub(super) fn find(source: &Source<'_>, target: &str) -> Result<SymbolId, Refusal> {
    let wanted = target.replace("<locals>.", "");
    let (path, line) = match wanted.rsplit_once('@') {
        Some((path, line)) => (path, line.parse::<u32>().ok()),
        None => (wanted.as_str(), None),
    };
    let (outer, last) = path.rsplit_once('.').unwrap_or(("", path));
    let scopes = scopes_called(source, outer);
    let mut found: Vec<SymbolId> = scopes.iter().filter_map(|scope| symbol_called(source, *scope, last)).collect();
    if found.is_empty() {
        found = scopes.iter().flat_map(|scope| in_nameless_scopes(source, *scope, last)).collect();
    }
    if let Some(line) = line {
        found.retain(|symbol| binding_lines(source, *symbol).contains(&line));
    }
    match found.as_slice() {
        [symbol] => Ok(*symbol),
        [] => Err(missing(source, target, path, &scopes)),
        several => Err(ambiguous(source, path, several)),
    }
}

/// The name as it stands in the text: private names without their class.
pub(super) fn written<'a>(source: &Source<'a>, symbol: SymbolId) -> &'a str {
    let first = source.scopes.symbol(symbol).bindings.first();
    first.map_or("", |binding| source.parsed.slice(binding.span))
}

/// The scopes of the definitions called `path`; the module's for an empty one.
fn scopes_called(source: &Source<'_>, path: &str) -> Vec<ScopeId> {
    if path.is_empty() {
        return vec![ScopeId::MODULE];
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    let named = source.scopes.scopes().filter(|(_, scope)| scope.name.as_str() == last);
    named.map(|(id, _)| id).filter(|id| source.scopes.qualified_name(*id) == path).collect()
}

fn symbol_called(source: &Source<'_>, scope: ScopeId, name: &str) -> Option<SymbolId> {
    let seen = source.class_around(scope).map_or(name.to_owned(), |class| mangle(class, name));
    source.scopes.symbol_in(scope, &seen)
}

/// Symbols of comprehensions, lambdas and type parameters directly in `scope`.
fn in_nameless_scopes(source: &Source<'_>, scope: ScopeId, name: &str) -> Vec<SymbolId> {
    let nameless = |kind| matches!(kind, ScopeKind::Comprehension | ScopeKind::Lambda | ScopeKind::TypeParameters);
    let inside = source.scopes.scopes().filter(|(id, _)| {
        let mut around = source.scopes.ancestors(*id).skip_while(|id| nameless(source.scopes.scope(*id).kind));
        nameless(source.scopes.scope(*id).kind) && around.next() == Some(scope)
    });
    inside.filter_map(|(id, _)| symbol_called(source, id, name)).collect()
}

fn binding_lines(source: &Source<'_>, symbol: SymbolId) -> Vec<u32> {
    source.scopes.symbol(symbol).bindings.iter().map(|binding| source.parsed.line(binding.span.start)).collect()
}

fn missing(source: &Source<'_>, target: &str, path: &str, scopes: &[ScopeId]) -> Refusal {
    let is_local = path.contains('.') && !scopes.is_empty();
    if !is_local && let Err(refusal) = targets::find(source.parsed, target) {
        return refusal;
    }
    let file = &source.parsed.file().path;
    let mut refusal = Refusal::new(RefusalCode::TargetMissing, format!("`{file}` binds no `{path}`"));
    let symbols = source.scopes.symbols().filter(|(_, symbol)| scopes.contains(&symbol.scope));
    for (id, _) in symbols.take(OFFERED_MAX) {
        let line = binding_lines(source, id).first().copied().unwrap_or(1);
        refusal = refusal.at(EvidenceKind::Suggestion, written(source, id), file, line);
    }
    refusal
        .next("name a definition, a parameter or a variable of the file; attributes of objects are not bound by name")
}

fn ambiguous(source: &Source<'_>, path: &str, several: &[SymbolId]) -> Refusal {
    let file = &source.parsed.file().path;
    let mut refusal =
        Refusal::new(RefusalCode::TargetAmbiguous, format!("`{file}` binds `{path}` in {} places", several.len()));
    let mut first = 0;
    for symbol in several {
        let line = binding_lines(source, *symbol).first().copied().unwrap_or(1);
        first = if first == 0 { line } else { first };
        refusal = refusal.at(EvidenceKind::Symbol, format!("`{path}@{line}`"), file, line);
    }
    refusal.next(format!("name one with its line, such as `{path}@{first}`"))
}
