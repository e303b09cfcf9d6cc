//! One file with everything operators ask about it: names, classes, values, and the lines to point at.

use std::collections::HashMap;

use reweave_core::{EvidenceKind, Refusal, RefusalCode, Span};
use reweave_syntax::scope::{Reference, Resolution, ScopeId, ScopeKind, Scopes, SymbolId};
use reweave_syntax::{ParsedFile, PythonFile};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::TextRange;

use super::classes::Classes;
use super::tree::Tree;

/// A file under refactoring.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) parsed: &'a ParsedFile,
    pub(super) python: PythonFile<'a>,
    pub(super) scopes: &'a Scopes,
    pub(super) tree: Tree<'a>,
    pub(super) classes: Classes<'a>,
    /// Index of the reference whose name starts at a byte.
    reads: HashMap<usize, usize>,
    /// The symbol that the name at a byte binds.
    bound: HashMap<usize, SymbolId>,
    /// The scope of the class or function that a span is the definition of.
    definitions: HashMap<Span, ScopeId>,
}

/// The bytes of a range of the strict parser.
pub(super) fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

impl<'a> Source<'a> {
    /// `python` is `parsed` seen as what it is.
    pub(super) fn of(parsed: &'a ParsedFile, python: PythonFile<'a>) -> Self {
        let scopes = python.scopes();
        let tree = Tree::of(python.module());
        let reads = scopes.references().iter().enumerate().map(|(at, read)| (read.span.start, at)).collect();
        let bindings =
            scopes.symbols().flat_map(|(id, symbol)| symbol.bindings.iter().map(move |one| (one.span.start, id)));
        let bound = bindings.collect();
        let named = scopes.scopes().filter(|(_, scope)| !scope.name.is_empty());
        let definitions = named.map(|(id, scope)| (scope.definition, id)).collect();
        let mut source = Self { parsed, python, scopes, tree, classes: Classes::default(), reads, bound, definitions };
        source.classes = Classes::of(&source);
        source
    }

    pub(super) fn text(&self) -> &'a str {
        self.parsed.text()
    }

    /// The reference that `name` is.
    pub(super) fn reference(&self, name: &ast::ExprName) -> Option<&Reference> {
        self.reads.get(&span(name.range).start).map(|at| &self.scopes.references()[*at])
    }

    /// The symbol that the name at byte `at` binds.
    pub(super) fn bound_at(&self, at: usize) -> Option<SymbolId> {
        self.bound.get(&at).copied()
    }

    /// The scope of the class or function that stands at `definition`.
    pub(super) fn scope_of(&self, definition: Span) -> Option<ScopeId> {
        self.definitions.get(&definition).copied()
    }

    /// The function or method of that qualified name, when there is exactly one.
    pub(super) fn only_function(&self, path: &str) -> Option<&'a ast::StmtFunctionDef> {
        let last = path.rsplit('.').next()?;
        let mut found = self.tree.functions.iter().copied().filter(|function| {
            function.name.as_str() == last
                && self.scope_of(span(function.range)).is_some_and(|scope| self.scopes.qualified_name(scope) == path)
        });
        found.next().filter(|_| found.next().is_none())
    }

    /// The one symbol that `expr` names, when it is a plain name and its meaning is certain.
    pub(super) fn symbol_of(&self, expr: &Expr) -> Option<SymbolId> {
        let Expr::Name(name) = expr else { return None };
        match self.reference(name)? {
            Reference { resolution: Resolution::Symbol(symbol), alternative: None, .. } => Some(*symbol),
            _ => None,
        }
    }

    /// Whether `expr` names the builtin `name`.
    pub(super) fn is_builtin(&self, expr: &Expr, name: &str) -> bool {
        let Expr::Name(id) = expr else { return false };
        id.id.as_str() == name
            && self.reference(id).is_some_and(|reference| reference.resolution == Resolution::Builtin)
    }

    /// The names of the classes around `scope`, innermost first: private names are mangled by the first.
    pub(super) fn class_around(&self, scope: ScopeId) -> Option<&str> {
        self.scopes
            .ancestors(scope)
            .map(|id| self.scopes.scope(id))
            .find(|scope| scope.kind == ScopeKind::Class)
            .map(|scope| scope.name.as_str())
    }

    /// A refusal that points at the line of byte `at`.
    pub(super) fn refuse(
        &self,
        code: RefusalCode,
        reason: impl Into<String>,
        at: usize,
        detail: impl Into<String>,
    ) -> Refusal {
        self.point(Refusal::new(code, reason), at, detail)
    }

    /// Adds the line of byte `at` to `refusal`.
    pub(super) fn point(&self, refusal: Refusal, at: usize, detail: impl Into<String>) -> Refusal {
        refusal.at(EvidenceKind::Symbol, detail, &self.parsed.file().path, self.parsed.line(at))
    }

    /// The line of byte `at`, trimmed, as evidence.
    pub(super) fn line_text(&self, at: usize) -> String {
        let text = self.text();
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        text[start..end].trim().chars().take(160).collect()
    }
}
