//! The classes of a file, how they inherit, and what they define.

use reweave_syntax::scope::{BindingKind, ScopeId, SymbolId};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::source::{Source, span};

/// A class of one [`Classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassId(usize);

/// Every class of a file.
#[derive(Debug, Default)]
pub(super) struct Classes<'a>(Vec<Class<'a>>);

/// One class.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) node: &'a ast::StmtClassDef,
    pub(super) scope: ScopeId,
    /// `Outer.Inner`.
    pub(super) path: String,
    /// The variable that holds it, when that holds nothing else.
    pub(super) symbol: Option<SymbolId>,
    pub(super) bases: Vec<ClassId>,
    /// Bases from elsewhere, as written, that may define or call anything.
    pub(super) outside_bases: Vec<String>,
}

/// Bases from elsewhere that define no ordinary methods.
const PLAIN_BASES: [&str; 5] = ["object", "ABC", "Generic", "Protocol", "Exception"];

impl<'a> Classes<'a> {
    pub(super) fn of(source: &Source<'a>) -> Self {
        let found = source.tree.classes.iter().filter_map(|node| Class::of(source, node)).collect();
        let mut classes = Self(found);
        for at in 0..classes.0.len() {
            let node = classes.0[at].node;
            for base in node.arguments.iter().flat_map(|arguments| &arguments.args) {
                classes.add_base(source, at, base);
            }
            // A metaclass runs code of its own over the class.
            if let Some(keyword) = node.arguments.iter().flat_map(|arguments| &arguments.keywords).next() {
                let written = source.parsed.slice(span(keyword.range)).to_owned();
                if !written.ends_with("ABCMeta") {
                    classes.0[at].outside_bases.push(written);
                }
            }
        }
        classes
    }

    fn add_base(&mut self, source: &Source<'a>, at: usize, base: &Expr) {
        let base = match base {
            Expr::Subscript(subscript) => &*subscript.value,
            other => other,
        };
        let known = source.symbol_of(base).and_then(|symbol| self.by_symbol(symbol));
        match known {
            Some(id) => self.0[at].bases.push(id),
            None => {
                let written = source.parsed.slice(span(base.range()));
                if !PLAIN_BASES.contains(&written.rsplit('.').next().unwrap_or(written)) {
                    self.0[at].outside_bases.push(written.to_owned());
                }
            }
        }
    }

    pub(super) fn get(&self, id: ClassId) -> &Class<'a> {
        &self.0[id.0]
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..self.0.len()).map(ClassId)
    }

    pub(super) fn by_symbol(&self, symbol: SymbolId) -> Option<ClassId> {
        self.ids().find(|id| self.get(*id).symbol == Some(symbol))
    }

    pub(super) fn by_scope(&self, scope: ScopeId) -> Option<ClassId> {
        self.ids().find(|id| self.get(*id).scope == scope)
    }

    /// `id` and every class of the file it inherits from, nearest first; inheritance in a circle ends.
    pub(super) fn ancestors(&self, id: ClassId) -> Vec<ClassId> {
        let mut order = vec![id];
        let mut at = 0;
        while at < order.len() {
            for base in &self.get(order[at]).bases {
                if !order.contains(base) {
                    order.push(*base);
                }
            }
            at += 1;
        }
        order
    }

    /// Every class of the file that inherits from `id`, itself left out.
    pub(super) fn descendants(&self, id: ClassId) -> Vec<ClassId> {
        self.ids().filter(|other| *other != id && self.ancestors(*other).contains(&id)).collect()
    }

    /// Whether a value of one may be a value of the other, or they share code by inheritance.
    pub(super) fn related(&self, a: ClassId, b: ClassId) -> bool {
        self.ancestors(a).contains(&b) || self.ancestors(b).contains(&a)
    }

    /// The bases from elsewhere of `id` and of the classes it inherits from.
    pub(super) fn outside_bases(&self, id: ClassId) -> Vec<&str> {
        self.ancestors(id).into_iter().flat_map(|class| &self.get(class).outside_bases).map(String::as_str).collect()
    }
}

impl<'a> Class<'a> {
    fn of(source: &Source<'a>, node: &'a ast::StmtClassDef) -> Option<Self> {
        let scope = source.scope_of(span(node.range))?;
        let symbol = source.bound_at(span(node.name.range).start)?;
        let bindings = &source.scopes.symbol(symbol).bindings;
        let only = matches!(bindings.as_slice(), [binding] if binding.kind == BindingKind::Class);
        let path = source.scopes.qualified_name(scope);
        Some(Self { node, scope, path, symbol: only.then_some(symbol), bases: Vec::new(), outside_bases: Vec::new() })
    }
}
