//! Which binding every name of a Python file means: scopes, symbols, references, and the uses no analysis can follow.
//!
//! A *symbol* is one variable of one scope, however often it is bound; a *reference* is a name in the text. Names are
//! kept as the interpreter sees them, so `__x` inside class `C` is `_C__x`; spans always cover the text as written.

mod annotation;
mod build;
mod builtins;
mod dynamic;
mod resolve;
#[cfg(test)]
mod tests;

use reweave_core::Span;
use ruff_python_ast::ModModule;
use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

pub use self::build::mangle;
pub use self::builtins::{BUILTINS, is_builtin, is_module_attribute};

/// The names of one file.
#[derive(Debug)]
pub struct Scopes {
    scopes: Vec<Scope>,
    symbols: Vec<Symbol>,
    references: Vec<Reference>,
    exports: Vec<Reference>,
    dynamic: Vec<DynamicUse>,
    star_imports: Vec<Span>,
    lookup: FxHashMap<(ScopeId, Name), SymbolId>,
}

/// A scope of one [`Scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(usize);

/// A symbol of one [`Scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SymbolId(usize);

impl ScopeId {
    /// The module's own scope, which every file has.
    pub const MODULE: Self = Self(0);
}

/// A region with variables of its own.
#[derive(Clone, Debug)]
pub struct Scope {
    pub kind: ScopeKind,
    /// `None` for the module only.
    pub parent: Option<ScopeId>,
    /// The code that runs in it: a body, a comprehension, a type parameter list with what it covers.
    pub span: Span,
    /// The name of the class or function; empty for the other kinds.
    pub name: Name,
    /// The whole definition with its decorators; equals `span` for the kinds that are no definition.
    pub definition: Span,
    /// What lies inside `span` but is evaluated in the parent: the first iterable of a comprehension.
    excluded: Option<Span>,
    /// Names this scope hands over to the module by `global`.
    globals: Vec<Name>,
    /// Names this scope hands over to an enclosing function by `nonlocal`.
    nonlocals: Vec<Name>,
}

/// What makes a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    Module,
    Class,
    Function,
    Lambda,
    Comprehension,
    /// The scope around a generic definition or a type alias, which holds its type parameters.
    TypeParameters,
}

/// One variable of one scope.
#[derive(Clone, Debug)]
pub struct Symbol {
    pub name: Name,
    pub scope: ScopeId,
    /// In evaluation order, at least one.
    pub bindings: Vec<Binding>,
}

/// One place that binds a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub kind: BindingKind,
    /// The name in the text; of `import a.b` only the `a`.
    pub span: Span,
    /// The scope whose code binds it; not the symbol's own scope under `global` and `nonlocal`.
    pub within: ScopeId,
    /// It stands under a condition, a loop or a `try`, so that it may not have happened.
    pub conditional: bool,
}

/// How a name comes to be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    Parameter,
    Function,
    Class,
    /// `x = …`, an unpacking, or a walrus.
    Assignment,
    /// `x += …`, which also reads.
    AugmentedAssignment,
    /// `x: T` without a value.
    Annotation,
    /// The target of `for`, also in a comprehension.
    Loop,
    With,
    Except,
    Pattern,
    /// `import a`.
    Import,
    /// `import a.b`, which binds `a`.
    ImportDotted,
    /// `from m import a`.
    ImportFrom,
    /// `import m as a` or `from m import x as a`.
    ImportAs,
    TypeParameter,
    TypeAlias,
    /// `del x`, which also makes a name local.
    Deletion,
}

/// A name that is read (or declared) somewhere.
#[derive(Clone, Debug)]
pub struct Reference {
    pub name: Name,
    pub span: Span,
    pub scope: ScopeId,
    pub kind: ReferenceKind,
    pub resolution: Resolution,
    /// The symbol it means instead when a class has not bound the name yet; both must be assumed.
    pub alternative: Option<SymbolId>,
}

/// Where a reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    Read,
    /// A name listed in `global` or `nonlocal`.
    Declaration,
    /// Inside a string that stands where a type is expected.
    StringAnnotation,
    /// Inside such a string, one whose text cannot be mapped to bytes; `span` is the whole string.
    OpaqueAnnotation,
    /// A string in the module's `__all__`; `span` is the text between the quotes.
    Export,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    Symbol(SymbolId),
    Builtin,
    /// Given by the interpreter: `__name__`, `__class__` in a method, `__module__` in a class body.
    Implicit,
    /// Nothing here binds it, but a star import may.
    MaybeStarImport,
    Unresolved,
}

/// A use of names that goes through strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicUse {
    pub kind: DynamicKind,
    /// The name, where a literal gives it.
    pub name: Option<String>,
    /// The call or subscript.
    pub span: Span,
    pub scope: ScopeId,
}

/// What a dynamic use reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicKind {
    /// An attribute by name: `getattr(x, "name")`, `attrgetter("name")`, `patch.object(x, "name")`.
    Attribute,
    /// A variable by name: `globals()["name"]`; without a name any variable: `locals()`, `vars()`.
    Variable,
    /// Anything: `exec`, `eval`.
    Code,
}

impl Scopes {
    /// Analyses `module`, the tree of `text`. Where it has syntax errors, what was recovered from it.
    #[must_use]
    pub fn of(text: &str, module: &ModModule) -> Self {
        resolve::resolve(build::build(text, module))
    }

    /// Every scope, the module first, then in the order they open.
    pub fn scopes(&self) -> impl Iterator<Item = (ScopeId, &Scope)> {
        self.scopes.iter().enumerate().map(|(at, scope)| (ScopeId(at), scope))
    }

    /// One scope.
    #[must_use]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0]
    }

    /// Every symbol.
    pub fn symbols(&self) -> impl Iterator<Item = (SymbolId, &Symbol)> {
        self.symbols.iter().enumerate().map(|(at, symbol)| (SymbolId(at), symbol))
    }

    /// One symbol.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.0]
    }

    /// Every name that is read, declared or mentioned in a type string, in evaluation order.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The strings of the module's `__all__`.
    #[must_use]
    pub fn exports(&self) -> &[Reference] {
        &self.exports
    }

    /// Uses that go through strings.
    #[must_use]
    pub fn dynamic_uses(&self) -> &[DynamicUse] {
        &self.dynamic
    }

    /// Where `from m import *` makes unresolved names unknowable.
    #[must_use]
    pub fn star_imports(&self) -> &[Span] {
        &self.star_imports
    }

    /// Names that nothing binds, type strings left out: what would be a `NameError`.
    pub fn unresolved(&self) -> impl Iterator<Item = &Reference> {
        self.references
            .iter()
            .filter(|reference| reference.kind == ReferenceKind::Read && reference.resolution == Resolution::Unresolved)
    }

    /// References and exports that mean `symbol`, or may mean it.
    pub fn references_to(&self, symbol: SymbolId) -> impl Iterator<Item = &Reference> {
        self.references.iter().chain(&self.exports).filter(move |reference| {
            reference.resolution == Resolution::Symbol(symbol) || reference.alternative == Some(symbol)
        })
    }

    /// The symbol that `name` is in `scope` itself, enclosing scopes left out.
    #[must_use]
    pub fn symbol_in(&self, scope: ScopeId, name: &str) -> Option<SymbolId> {
        self.lookup.get(&(scope, Name::new(name))).copied()
    }

    /// What `name` means when it is read in `scope`.
    #[must_use]
    pub fn meaning(&self, scope: ScopeId, name: &str) -> Resolution {
        resolve::meaning(self, scope, &Name::new(name))
    }

    /// The innermost scope whose code holds the byte at `offset`.
    #[must_use]
    pub fn scope_at(&self, offset: usize) -> ScopeId {
        let holds = |span: Span| span.start <= offset && offset < span.end;
        self.scopes()
            .filter(|(_, scope)| holds(scope.span) && !scope.excluded.is_some_and(holds))
            .min_by_key(|(id, scope)| (scope.span.len(), std::cmp::Reverse(*id)))
            .map_or(ScopeId::MODULE, |(id, _)| id)
    }

    /// The symbols a name at `offset` could mean, nearest scope first, then in the order they are first bound; names
    /// that a nearer scope hides are left out, and so are builtins.
    #[must_use]
    pub fn visible_names(&self, offset: usize) -> Vec<SymbolId> {
        let mut seen = FxHashSet::default();
        self.visible_scopes(self.scope_at(offset))
            .into_iter()
            .flat_map(|scope| self.symbols().filter(move |(_, symbol)| symbol.scope == scope))
            .filter(|(_, symbol)| seen.insert(symbol.name.clone()))
            .map(|(id, _)| id)
            .collect()
    }

    /// `scope` and those scopes around it whose names it can see, innermost first.
    #[must_use]
    pub fn visible_scopes(&self, scope: ScopeId) -> Vec<ScopeId> {
        resolve::visible_scopes(self, scope).collect()
    }

    /// `scope` and every scope around it, innermost first.
    pub fn ancestors(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(scope), |id| self.scope(*id).parent)
    }

    /// `Class.method` for the scope of that definition; comprehensions, lambdas and type parameters add no name.
    #[must_use]
    pub fn qualified_name(&self, scope: ScopeId) -> String {
        let mut names: Vec<&str> =
            self.ancestors(scope).map(|id| self.scope(id).name.as_str()).filter(|name| !name.is_empty()).collect();
        names.reverse();
        names.join(".")
    }
}
