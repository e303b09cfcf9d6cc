//! What the `x` of `x.name` is, as far as the file itself shows.

use reweave_syntax::scope::{BindingKind, Resolution, ScopeId, ScopeKind, SymbolId};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::classes::ClassId;
use super::source::{Source, span};
use super::tree::Value;

/// How far a value is followed through variables.
const STEPS_MAX: usize = 4;

/// Builtin functions that return objects of builtin types.
const BUILTIN_VALUES: [&str; 34] = [
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "chr",
    "complex",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "len",
    "list",
    "map",
    "memoryview",
    "oct",
    "open",
    "ord",
    "range",
    "repr",
    "set",
    "sorted",
    "str",
    "tuple",
];

/// What an attribute is taken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// An instance of the class, or of one that inherits from it.
    Instance(ClassId),
    /// The class itself; `exactly` when it is named, not when it is the `cls` of a class method.
    Class {
        class: ClassId,
        exactly: bool,
    },
    /// `super()` in a method of the class whose first parameter is `first`.
    Super {
        class: ClassId,
        first: String,
        of_class: bool,
    },
    /// Certainly nothing of this file's classes: a module, a literal, a builtin value.
    Foreign,
    /// A value reached through imported names alone, which would have to come back here to be of this file's classes.
    Elsewhere,
    Unknown,
}

/// How a method takes its first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    Instance,
    Class,
    Static,
}

impl Binding {
    /// Of a function that stands in a class.
    pub(super) fn of(source: &Source<'_>, function: &ast::StmtFunctionDef) -> Self {
        let has = |name| function.decorator_list.iter().any(|decorator| source.is_builtin(&decorator.expression, name));
        let implicit = matches!(function.name.as_str(), "__init_subclass__" | "__class_getitem__");
        if has("staticmethod") || function.name.as_str() == "__new__" {
            Self::Static
        } else if has("classmethod") || implicit {
            Self::Class
        } else {
            Self::Instance
        }
    }
}

impl<'a> Source<'a> {
    /// What `expr`, which stands in `scope`, is.
    pub(super) fn receiver(&self, expr: &'a Expr, scope: ScopeId) -> Receiver {
        self.follow(expr, scope, STEPS_MAX)
    }

    fn follow(&self, expr: &'a Expr, scope: ScopeId, steps: usize) -> Receiver {
        match expr {
            Expr::Name(name) => self.named(name, steps),
            Expr::Call(call) => self.called(call, scope, steps),
            Expr::Attribute(attribute) => self.attribute(attribute, scope, steps),
            Expr::If(choice) => {
                let (body, orelse) =
                    (self.follow(&choice.body, scope, steps), self.follow(&choice.orelse, scope, steps));
                if body == orelse { body } else { Receiver::Unknown }
            }
            Expr::Subscript(subscript) => match self.follow(&subscript.value, scope, steps) {
                Receiver::Elsewhere => Receiver::Elsewhere,
                _ => Receiver::Unknown,
            },
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::FString(_)
            | Expr::TString(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Dict(_)
            | Expr::Set(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
            | Expr::Lambda(_)
            | Expr::Compare(_) => Receiver::Foreign,
            _ => Receiver::Unknown,
        }
    }

    fn named(&self, name: &'a ast::ExprName, steps: usize) -> Receiver {
        let Some(reference) = self.reference(name) else { return Receiver::Unknown };
        match reference.resolution {
            Resolution::Symbol(symbol) if reference.alternative.is_none() => self.variable(symbol, steps),
            Resolution::Implicit if name.id.as_str() == "__class__" => self
                .method_around(reference.scope)
                .map_or(Receiver::Unknown, |(class, _)| Receiver::Class { class, exactly: true }),
            Resolution::Builtin => Receiver::Foreign,
            Resolution::Symbol(_) | Resolution::Implicit | Resolution::MaybeStarImport | Resolution::Unresolved => {
                Receiver::Unknown
            }
        }
    }

    fn variable(&self, id: SymbolId, steps: usize) -> Receiver {
        if let Some(class) = self.classes.by_symbol(id) {
            return Receiver::Class { class, exactly: true };
        }
        if let Some(receiver) = self.first_parameter(id) {
            return receiver;
        }
        let symbol = self.scopes.symbol(id);
        let mut receivers = symbol.bindings.iter().map(|binding| match binding.kind {
            BindingKind::Import | BindingKind::ImportDotted | BindingKind::Function => Receiver::Foreign,
            BindingKind::ImportFrom | BindingKind::ImportAs => Receiver::Elsewhere,
            BindingKind::Assignment | BindingKind::Annotation | BindingKind::Parameter => {
                self.bound_value(binding.span.start, binding.within, steps)
            }
            BindingKind::Class
            | BindingKind::AugmentedAssignment
            | BindingKind::Loop
            | BindingKind::With
            | BindingKind::Except
            | BindingKind::Pattern
            | BindingKind::TypeParameter
            | BindingKind::TypeAlias
            | BindingKind::Deletion => Receiver::Unknown,
        });
        let Some(first) = receivers.next() else { return Receiver::Unknown };
        if receivers.all(|other| other == first) { first } else { Receiver::Unknown }
    }

    fn bound_value(&self, at: usize, scope: ScopeId, steps: usize) -> Receiver {
        match self.tree.values.get(&at) {
            Some(Value::Expr(value)) if steps > 0 => self.follow(value, scope, steps - 1),
            Some(Value::Typed(annotation)) => self.typed(annotation),
            Some(Value::Expr(_)) | None => Receiver::Unknown,
        }
    }

    /// An annotation that names a class of this file promises an instance of it.
    fn typed(&self, annotation: &Expr) -> Receiver {
        let class = match annotation {
            Expr::StringLiteral(string) => {
                self.classes.ids().find(|id| self.classes.get(*id).path == string.value.to_str())
            }
            other => self.symbol_of(other).and_then(|symbol| self.classes.by_symbol(symbol)),
        };
        class.map_or(Receiver::Unknown, Receiver::Instance)
    }

    fn called(&self, call: &'a ast::ExprCall, scope: ScopeId, steps: usize) -> Receiver {
        if self.is_builtin(&call.func, "super") {
            return self.super_of(scope, call);
        }
        if self.is_builtin(&call.func, "type")
            && let [argument] = &*call.arguments.args
            && let Receiver::Instance(class) = self.follow(argument, scope, steps)
        {
            return Receiver::Class { class, exactly: false };
        }
        if BUILTIN_VALUES.iter().any(|name| self.is_builtin(&call.func, name)) {
            return Receiver::Foreign;
        }
        match self.follow(&call.func, scope, steps) {
            Receiver::Class { class, .. } => Receiver::Instance(class),
            // What is made elsewhere of nothing of ours is nothing of ours.
            Receiver::Elsewhere if !self.passes_own(call, scope, steps) => Receiver::Elsewhere,
            Receiver::Instance(_)
            | Receiver::Super { .. }
            | Receiver::Foreign
            | Receiver::Elsewhere
            | Receiver::Unknown => Receiver::Unknown,
        }
    }

    fn super_of(&self, scope: ScopeId, call: &ast::ExprCall) -> Receiver {
        // Without arguments it takes the first parameter of the function it stands in, not of the method around that.
        let own = self.scopes.ancestors(scope).find(|id| self.scopes.scope(*id).kind != ScopeKind::Comprehension);
        let Some((class, function)) = own.and_then(|id| self.method_of(id)) else { return Receiver::Unknown };
        let Some(first) = first_positional(function) else { return Receiver::Unknown };
        let explicit = match &*call.arguments.args {
            [] => true,
            [named, object] => {
                let own = self.classes.get(class).symbol;
                own.is_some() && self.symbol_of(named) == own && matches!(object, Expr::Name(name) if name.id == *first)
            }
            _ => false,
        };
        if !explicit {
            return Receiver::Unknown;
        }
        match Binding::of(self, function) {
            Binding::Instance => Receiver::Super { class, first: first.to_string(), of_class: false },
            Binding::Class => Receiver::Super { class, first: first.to_string(), of_class: true },
            Binding::Static => Receiver::Unknown,
        }
    }

    fn attribute(&self, attribute: &'a ast::ExprAttribute, scope: ScopeId, steps: usize) -> Receiver {
        if steps == 0 {
            return Receiver::Unknown;
        }
        match self.follow(&attribute.value, scope, steps - 1) {
            Receiver::Instance(class) if attribute.attr.as_str() == "__class__" => {
                Receiver::Class { class, exactly: false }
            }
            Receiver::Class { class, exactly: true } => {
                let inner = self.scopes.symbol_in(self.classes.get(class).scope, attribute.attr.as_str());
                inner
                    .and_then(|symbol| self.classes.by_symbol(symbol))
                    .map_or(Receiver::Unknown, |class| Receiver::Class { class, exactly: true })
            }
            Receiver::Foreign if self.is_module(&attribute.value) => Receiver::Elsewhere,
            Receiver::Elsewhere => Receiver::Elsewhere,
            Receiver::Instance(_)
            | Receiver::Class { .. }
            | Receiver::Super { .. }
            | Receiver::Foreign
            | Receiver::Unknown => Receiver::Unknown,
        }
    }

    /// Whether an argument of `call` may be, or lead to, an object of this file's classes.
    fn passes_own(&self, call: &'a ast::ExprCall, scope: ScopeId, steps: usize) -> bool {
        let values = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        values.into_iter().any(|value| match value {
            Expr::Name(_) | Expr::Call(_) => match steps {
                0 => true,
                _ => !matches!(self.follow(value, scope, steps - 1), Receiver::Foreign | Receiver::Elsewhere),
            },
            Expr::Attribute(attribute) => matches!(*attribute.value, Expr::Call(_)),
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::FString(_) => false,
            _ => true,
        })
    }

    /// What a module holds is not of this file.
    fn is_module(&self, expr: &Expr) -> bool {
        let bindings = self.symbol_of(expr).map(|symbol| &self.scopes.symbol(symbol).bindings);
        bindings.is_some_and(|bindings| {
            bindings.iter().all(|binding| matches!(binding.kind, BindingKind::Import | BindingKind::ImportDotted))
        })
    }

    /// `self` or `cls`, when nothing else is ever assigned to it.
    fn first_parameter(&self, id: SymbolId) -> Option<Receiver> {
        let symbol = self.scopes.symbol(id);
        let [binding] = symbol.bindings.as_slice() else { return None };
        let (class, function) = self.method_of(symbol.scope)?;
        let first = first_positional_node(function)?;
        if binding.kind != BindingKind::Parameter || span(first.name.range) != binding.span {
            return None;
        }
        match Binding::of(self, function) {
            Binding::Instance => Some(Receiver::Instance(class)),
            Binding::Class => Some(Receiver::Class { class, exactly: false }),
            Binding::Static => None,
        }
    }

    /// The method whose own body `scope` is, with its class.
    pub(super) fn method_of(&self, scope: ScopeId) -> Option<(ClassId, &'a ast::StmtFunctionDef)> {
        let here = self.scopes.scope(scope);
        if here.kind != ScopeKind::Function {
            return None;
        }
        let outer =
            self.scopes.ancestors(scope).skip(1).find(|id| self.scopes.scope(*id).kind != ScopeKind::TypeParameters)?;
        let class = self.classes.by_scope(outer)?;
        let function = self.tree.functions.iter().find(|function| span(function.range()) == here.definition)?;
        Some((class, function))
    }

    /// The method that the code in `scope` runs in, through comprehensions, lambdas and functions within it.
    fn method_around(&self, scope: ScopeId) -> Option<(ClassId, &'a ast::StmtFunctionDef)> {
        self.scopes.ancestors(scope).find_map(|id| self.method_of(id))
    }
}

/// The parameter that a bound call fills.
pub(super) fn first_positional_node(function: &ast::StmtFunctionDef) -> Option<&ast::Parameter> {
    let parameters = &function.parameters;
    parameters.posonlyargs.first().or(parameters.args.first()).map(|with_default| &with_default.parameter)
}

fn first_positional(function: &ast::StmtFunctionDef) -> Option<&ast::name::Name> {
    first_positional_node(function).map(|parameter| &parameter.name.id)
}
