//! Gives every collected name its meaning.

use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{BoundHere, Built, RawBinding, RawReference};
use super::{
    Binding, Reference, ReferenceKind, Resolution, Scope, ScopeId, ScopeKind, Scopes, Symbol, SymbolId, builtins,
};

/// Turns what the walk saw into symbols and resolved references.
pub(super) fn resolve(built: Built) -> Scopes {
    let Built { scopes, bindings, references, exports, dynamic, star_imports } = built;
    let (references_raw, exports_raw) = (references, exports);
    let mut found = Scopes {
        scopes,
        symbols: Vec::new(),
        references: Vec::new(),
        exports: Vec::new(),
        dynamic,
        star_imports,
        lookup: FxHashMap::default(),
    };
    add_symbols(&mut found, bindings);
    found.references = references_raw.into_iter().map(|raw| reference(&found, raw)).collect();
    found.exports = exports_raw
        .into_iter()
        .map(|(name, span)| Reference {
            resolution: meaning(&found, ScopeId::MODULE, &name),
            name,
            span,
            scope: ScopeId::MODULE,
            kind: ReferenceKind::Export,
            alternative: None,
        })
        .collect();
    found
}

fn add_symbols(found: &mut Scopes, bindings: Vec<RawBinding>) {
    let own: FxHashSet<(ScopeId, Name)> = bindings
        .iter()
        .filter(|binding| {
            let scope = found.scope(binding.scope);
            !scope.globals.contains(&binding.name) && !scope.nonlocals.contains(&binding.name)
        })
        .map(|binding| (binding.scope, binding.name.clone()))
        .collect();
    for raw in bindings {
        let scope = owner(found, &own, &raw);
        let symbols = &mut found.symbols;
        let id = *found.lookup.entry((scope, raw.name.clone())).or_insert_with(|| {
            symbols.push(Symbol { name: raw.name.clone(), scope, bindings: Vec::new() });
            SymbolId(symbols.len() - 1)
        });
        let RawBinding { span, kind, scope: within, conditional, .. } = raw;
        found.symbols[id.0].bindings.push(Binding { kind, span, within, conditional });
    }
}

/// The scope whose symbol a binding binds.
fn owner(found: &Scopes, own: &FxHashSet<(ScopeId, Name)>, raw: &RawBinding) -> ScopeId {
    let scope = found.scope(raw.scope);
    if scope.globals.contains(&raw.name) {
        return ScopeId::MODULE;
    }
    if !scope.nonlocals.contains(&raw.name) {
        return raw.scope;
    }
    found
        .ancestors(raw.scope)
        .skip(1)
        .find(|id| !hides_from_functions(found.scope(*id)) && own.contains(&(*id, raw.name.clone())))
        .unwrap_or(raw.scope)
}

fn hides_from_functions(scope: &Scope) -> bool {
    matches!(scope.kind, ScopeKind::Class | ScopeKind::Module)
}

fn reference(found: &Scopes, raw: RawReference) -> Reference {
    let RawReference { name, span, scope, kind, bound } = raw;
    let nearest = meaning(found, scope, &name);
    let in_class_body = found.scope(scope).kind == ScopeKind::Class
        && matches!(nearest, Resolution::Symbol(id) if found.symbol(id).scope == scope);
    let (resolution, alternative) = if in_class_body && bound != BoundHere::Yes {
        let outer = found.scope(scope).parent.map_or(Resolution::Unresolved, |parent| meaning(found, parent, &name));
        late_in_class(nearest, outer, bound)
    } else {
        (nearest, None)
    };
    Reference { name, span, scope, kind, resolution, alternative }
}

/// A class body looks a name up further out until it has bound it.
fn late_in_class(own: Resolution, outer: Resolution, bound: BoundHere) -> (Resolution, Option<SymbolId>) {
    match (outer, bound) {
        (Resolution::Unresolved | Resolution::MaybeStarImport, _) => (own, None),
        (_, BoundHere::No) => (outer, None),
        (Resolution::Symbol(symbol), _) => (own, Some(symbol)),
        (Resolution::Builtin | Resolution::Implicit, _) => (own, None),
    }
}

/// What `name` means when read in `scope`.
pub(super) fn meaning(found: &Scopes, scope: ScopeId, name: &Name) -> Resolution {
    for id in visible_scopes(found, scope) {
        let here = found.scope(id);
        let declared_global = here.globals.contains(name);
        let owner = if declared_global { ScopeId::MODULE } else { id };
        if let Some(symbol) = found.lookup.get(&(owner, name.clone())) {
            return Resolution::Symbol(*symbol);
        }
        if declared_global {
            break;
        }
    }
    without_binding(found, scope, name)
}

fn without_binding(found: &Scopes, scope: ScopeId, name: &str) -> Resolution {
    let in_class = found.scope(scope).kind == ScopeKind::Class;
    let in_method = || {
        found
            .ancestors(scope)
            .skip_while(|id| found.scope(*id).kind != ScopeKind::Function)
            .any(|id| found.scope(id).kind == ScopeKind::Class)
    };
    if builtins::is_builtin(name) {
        Resolution::Builtin
    } else if builtins::is_module_attribute(name)
        || (in_class && builtins::is_class_attribute(name))
        || (name == "__class__" && in_method())
    {
        Resolution::Implicit
    } else if found.star_imports.is_empty() {
        Resolution::Unresolved
    } else {
        Resolution::MaybeStarImport
    }
}

/// `scope` and the scopes around it whose names it can see: a class shows its names to its own body, and to type
/// parameters directly in it, but not to the functions and comprehensions inside.
pub(super) fn visible_scopes(found: &Scopes, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
    let mut sees_class = true;
    found.ancestors(scope).filter(move |id| {
        let kind = found.scope(*id).kind;
        let visible = kind != ScopeKind::Class || sees_class;
        sees_class &= kind == ScopeKind::TypeParameters;
        visible
    })
}
