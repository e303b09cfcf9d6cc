//! Collects scopes, bindings and references in evaluation order; what they mean is decided in `resolve`.

use reweave_core::Span;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, ExprContext, Stmt};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::{BindingKind, DynamicUse, ReferenceKind, Scope, ScopeId, ScopeKind, annotation, dynamic};

/// Everything one walk over the tree sees.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) scopes: Vec<Scope>,
    pub(super) bindings: Vec<RawBinding>,
    pub(super) references: Vec<RawReference>,
    pub(super) exports: Vec<(Name, Span)>,
    pub(super) dynamic: Vec<DynamicUse>,
    pub(super) star_imports: Vec<Span>,
}

/// A binding before `global` and `nonlocal` are heeded.
#[derive(Debug)]
pub(super) struct RawBinding {
    pub(super) name: Name,
    pub(super) span: Span,
    pub(super) kind: BindingKind,
    pub(super) scope: ScopeId,
    pub(super) conditional: bool,
}

/// A reference before it is looked up.
#[derive(Debug)]
pub(super) struct RawReference {
    pub(super) name: Name,
    pub(super) span: Span,
    pub(super) scope: ScopeId,
    pub(super) kind: ReferenceKind,
    pub(super) bound: BoundHere,
}

/// Whether the scope of a read had bound the name when the read happens. It matters in a class body, where an unbound
/// name is looked up further out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BoundHere {
    No,
    Perhaps,
    Yes,
}

/// Walks `module`, the tree of `text`.
pub(super) fn build(text: &str, module: &ast::ModModule) -> Built {
    let whole = Span::new(0, text.len());
    let mut builder = Builder {
        text,
        built: Built {
            scopes: Vec::new(),
            bindings: Vec::new(),
            references: Vec::new(),
            exports: Vec::new(),
            dynamic: Vec::new(),
            star_imports: Vec::new(),
        },
        frames: Vec::new(),
        classes: Vec::new(),
        target: BindingKind::Assignment,
        reading: ReferenceKind::Read,
        in_type: false,
    };
    builder.open(ScopeKind::Module, whole, Name::empty(), whole);
    builder.visit_body(&module.body);
    builder.built
}

/// The bytes of a range of the strict parser.
pub(super) fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

struct Builder<'t> {
    text: &'t str,
    built: Built,
    frames: Vec<Frame>,
    /// The classes around, for private names.
    classes: Vec<Name>,
    /// What a name in store position is bound by.
    target: BindingKind,
    /// What a name in load position is.
    reading: ReferenceKind,
    /// A string here holds a type.
    in_type: bool,
}

/// A scope that is open.
struct Frame {
    scope: ScopeId,
    kind: ScopeKind,
    /// How many conditions, loops and handlers stand around the current statement within this scope.
    conditions: usize,
    /// What a class has bound so far, and whether for sure.
    bound: FxHashMap<Name, bool>,
}

impl Builder<'_> {
    fn open(&mut self, kind: ScopeKind, span: Span, name: Name, definition: Span) -> ScopeId {
        let id = ScopeId(self.built.scopes.len());
        let parent = self.frames.last().map(|frame| frame.scope);
        let (globals, nonlocals) = (Vec::new(), Vec::new());
        self.built.scopes.push(Scope { kind, parent, span, name, definition, excluded: None, globals, nonlocals });
        self.frames.push(Frame { scope: id, kind, conditions: 0, bound: FxHashMap::default() });
        id
    }

    fn close(&mut self) {
        self.frames.pop();
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the module's frame stays open until the walk is over")
    }

    fn scope(&mut self) -> ScopeId {
        self.frame().scope
    }

    /// The name as the interpreter sees it: `__x` in class `C` is `_C__x`.
    fn seen(&self, name: &Name) -> Name {
        match self.classes.last() {
            Some(class) if name.starts_with("__") => Name::new(mangle(class, name)),
            _ => name.clone(),
        }
    }

    fn bind(&mut self, id: &ast::Identifier, kind: BindingKind) {
        self.bind_name(&id.id, span(id.range), kind);
    }

    fn bind_name(&mut self, name: &Name, span: Span, kind: BindingKind) {
        let name = self.seen(name);
        let frame = self.frame();
        let conditional = frame.conditions > 0;
        if frame.kind == ScopeKind::Class {
            *frame.bound.entry(name.clone()).or_default() |= !conditional && kind != BindingKind::Deletion;
        }
        let scope = frame.scope;
        self.built.bindings.push(RawBinding { name, span, kind, scope, conditional });
    }

    fn read(&mut self, name: &Name, span: Span) {
        let (name, kind) = (self.seen(name), self.reading);
        let frame = self.frame();
        let bound = match (frame.bound.get(&name), frame.conditions) {
            (Some(true), _) => BoundHere::Yes,
            (None, 0) => BoundHere::No,
            (Some(false), _) | (None, _) => BoundHere::Perhaps,
        };
        let scope = frame.scope;
        self.built.references.push(RawReference { name, span, scope, kind, bound });
    }

    /// Binds what `target` names, as `kind`.
    fn visit_target(&mut self, target: &Expr, kind: BindingKind) {
        let outer = std::mem::replace(&mut self.target, kind);
        self.visit_expr(target);
        self.target = outer;
    }

    /// A walrus binds in the nearest scope that is no comprehension.
    fn visit_walrus(&mut self, named: &ast::ExprNamed) {
        self.visit_expr(&named.value);
        let Expr::Name(name) = &*named.target else { return };
        let outer = self.frames.iter().rposition(|frame| frame.kind != ScopeKind::Comprehension).unwrap_or(0);
        let inner = self.frames.split_off(outer + 1);
        self.bind_name(&name.id, span(name.range), BindingKind::Assignment);
        self.frames.extend(inner);
    }

    /// Runs `visit` where what it sees may not happen, or may happen again.
    fn conditionally(&mut self, visit: impl FnOnce(&mut Self)) {
        self.frame().conditions += 1;
        visit(self);
        self.frame().conditions -= 1;
    }

    /// Visits something where strings hold types, or, with `false`, something where they do not.
    fn typed(&mut self, in_type: bool, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.in_type, in_type);
        visit(self);
        self.in_type = outer;
    }

    fn open_type_parameters(&mut self, parameters: Option<&ast::TypeParams>, end: usize) {
        let Some(parameters) = parameters else { return };
        let covered = Span::new(span(parameters.range).start, end);
        self.open(ScopeKind::TypeParameters, covered, Name::empty(), covered);
        for parameter in &parameters.type_params {
            self.bind(parameter.name(), BindingKind::TypeParameter);
        }
        self.visit_type_params(parameters);
    }

    fn visit_function(&mut self, function: &ast::StmtFunctionDef) {
        let definition = span(function.range);
        function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        self.visit_defaults(&function.parameters);
        self.open_type_parameters(function.type_params.as_deref(), definition.end);
        function.parameters.iter().for_each(|parameter| self.visit_parameter(parameter.as_parameter()));
        if let Some(returns) = &function.returns {
            self.visit_annotation(returns);
        }
        self.open(ScopeKind::Function, body_span(&function.body, definition), function.name.id.clone(), definition);
        self.bind_parameters(&function.parameters);
        self.visit_body(&function.body);
        self.close();
        if function.type_params.is_some() {
            self.close();
        }
        self.bind(&function.name, BindingKind::Function);
    }

    fn visit_class(&mut self, class: &ast::StmtClassDef) {
        let definition = span(class.range);
        class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        self.open_type_parameters(class.type_params.as_deref(), definition.end);
        if let Some(arguments) = &class.arguments {
            self.visit_arguments(arguments);
        }
        self.open(ScopeKind::Class, body_span(&class.body, definition), class.name.id.clone(), definition);
        self.classes.push(class.name.id.clone());
        self.visit_body(&class.body);
        self.classes.pop();
        self.close();
        if class.type_params.is_some() {
            self.close();
        }
        self.bind(&class.name, BindingKind::Class);
    }

    fn visit_lambda(&mut self, lambda: &ast::ExprLambda) {
        if let Some(parameters) = &lambda.parameters {
            self.visit_defaults(parameters);
        }
        let body = span(lambda.body.range());
        self.open(ScopeKind::Lambda, body, Name::empty(), body);
        if let Some(parameters) = &lambda.parameters {
            self.bind_parameters(parameters);
        }
        self.visit_expr(&lambda.body);
        self.close();
    }

    fn visit_defaults(&mut self, parameters: &ast::Parameters) {
        for default in parameters.iter_non_variadic_params().filter_map(|parameter| parameter.default()) {
            self.visit_expr(default);
        }
    }

    fn bind_parameters(&mut self, parameters: &ast::Parameters) {
        for parameter in parameters.iter_source_order() {
            self.bind(parameter.name(), BindingKind::Parameter);
        }
    }

    fn visit_type_alias(&mut self, alias: &ast::StmtTypeAlias) {
        let covered = span(alias.range);
        self.visit_target(&alias.name, BindingKind::TypeAlias);
        self.open(ScopeKind::TypeParameters, covered, Name::empty(), covered);
        if let Some(parameters) = &alias.type_params {
            for parameter in &parameters.type_params {
                self.bind(parameter.name(), BindingKind::TypeParameter);
            }
            self.visit_type_params(parameters);
        }
        self.visit_annotation(&alias.value);
        self.close();
    }

    /// The first iterable belongs to the scope around; everything else to the comprehension's own.
    fn visit_comprehensions(&mut self, whole: TextRange, generators: &[ast::Comprehension], elements: &[&Expr]) {
        let first = generators.first().map(|generator| &generator.iter);
        if let Some(iter) = first {
            self.visit_expr(iter);
        }
        let whole = span(whole);
        let scope = self.open(ScopeKind::Comprehension, whole, Name::empty(), whole);
        self.built.scopes[scope.0].excluded = first.map(|iter| span(iter.range()));
        for (at, generator) in generators.iter().enumerate() {
            if at > 0 {
                self.visit_expr(&generator.iter);
            }
            self.visit_target(&generator.target, BindingKind::Loop);
            generator.ifs.iter().for_each(|condition| self.visit_expr(condition));
        }
        elements.iter().for_each(|element| self.visit_expr(element));
        self.close();
    }

    fn visit_import(&mut self, alias: &ast::Alias) {
        if let Some(name) = &alias.asname {
            return self.bind(name, BindingKind::ImportAs);
        }
        let whole = span(alias.name.range);
        match alias.name.as_str().split_once('.') {
            Some((first, _)) => {
                let first_span = Span::new(whole.start, whole.start + first.len());
                self.bind_name(&Name::new(first), first_span, BindingKind::ImportDotted);
            }
            None => self.bind(&alias.name, BindingKind::Import),
        }
    }

    fn visit_import_from(&mut self, import: &ast::StmtImportFrom) {
        for alias in &import.names {
            match &alias.asname {
                _ if alias.name.as_str() == "*" => self.built.star_imports.push(span(import.range)),
                Some(name) => self.bind(name, BindingKind::ImportAs),
                None => self.bind(&alias.name, BindingKind::ImportFrom),
            }
        }
    }

    fn declare(&mut self, names: &[ast::Identifier], list: fn(&mut Scope) -> &mut Vec<Name>) {
        let scope = self.scope();
        for id in names {
            let name = self.seen(&id.id);
            list(&mut self.built.scopes[scope.0]).push(name.clone());
            let (span, kind) = (span(id.range), ReferenceKind::Declaration);
            self.built.references.push(RawReference { name, span, scope, kind, bound: BoundHere::Yes });
        }
    }

    fn visit_augmented(&mut self, assignment: &ast::StmtAugAssign) {
        if let Expr::Name(name) = &*assignment.target {
            self.read(&name.id, span(name.range));
        }
        self.visit_expr(&assignment.value);
        self.visit_target(&assignment.target, BindingKind::AugmentedAssignment);
    }

    fn visit_annotated(&mut self, assignment: &ast::StmtAnnAssign) {
        self.visit_annotation(&assignment.annotation);
        let kind = if assignment.value.is_some() { BindingKind::Assignment } else { BindingKind::Annotation };
        if let Some(value) = &assignment.value {
            self.visit_expr(value);
        }
        self.visit_target(&assignment.target, kind);
    }

    fn visit_for(&mut self, stmt: &ast::StmtFor) {
        self.visit_expr(&stmt.iter);
        self.conditionally(|this| {
            this.visit_target(&stmt.target, BindingKind::Loop);
            this.visit_body(&stmt.body);
            this.visit_body(&stmt.orelse);
        });
    }

    fn visit_type_string(&mut self, string: &ast::ExprStringLiteral) {
        match annotation::parse(string, self.text) {
            annotation::Content::Located(parsed) => {
                let outer = std::mem::replace(&mut self.reading, ReferenceKind::StringAnnotation);
                self.visit_expr(parsed.expression());
                self.reading = outer;
            }
            annotation::Content::Words(words) => {
                let outer = std::mem::replace(&mut self.reading, ReferenceKind::OpaqueAnnotation);
                words.iter().for_each(|word| self.read(word, span(string.range)));
                self.reading = outer;
            }
            annotation::Content::NoType => {}
        }
    }

    /// `Literal["x"]` holds no type, of `Annotated[T, …]` only the first argument is one.
    fn visit_type_subscript(&mut self, subscript: &ast::ExprSubscript) {
        self.visit_expr(&subscript.value);
        match (dynamic::last_name(&subscript.value), &*subscript.slice) {
            (Some("Literal"), slice) => self.typed(false, |this| this.visit_expr(slice)),
            (Some("Annotated"), Expr::Tuple(arguments)) => {
                for (at, argument) in arguments.elts.iter().enumerate() {
                    self.typed(at == 0, |this| this.visit_expr(argument));
                }
            }
            (_, slice) => self.visit_expr(slice),
        }
    }

    fn visit_namespace(&mut self, namespace: &Expr) {
        if let Expr::Call(call) = namespace {
            self.visit_expr(&call.func);
        }
    }

    /// `cast("T", x)` and `TypeVar("T", bound="B")` take types as strings; other calls do not.
    fn visit_call(&mut self, call: &ast::ExprCall) {
        if let Some((kind, name)) = dynamic::of_call(call) {
            let scope = self.scope();
            self.built.dynamic.push(DynamicUse { kind, name, span: span(call.range()), scope });
        }
        let function = dynamic::last_name(&call.func);
        match &*call.func {
            // The namespace call inside was recorded with this one; by itself it would count as a use of every name.
            Expr::Attribute(method) if dynamic::is_namespace(&method.value) => self.visit_namespace(&method.value),
            func => self.typed(false, |this| this.visit_expr(func)),
        }
        for (at, argument) in call.arguments.args.iter().enumerate() {
            self.typed(at == 0 && function == Some("cast"), |this| this.visit_expr(argument));
        }
        for keyword in &call.arguments.keywords {
            let bound = keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "bound");
            self.typed(bound && function == Some("TypeVar"), |this| this.visit_expr(&keyword.value));
        }
    }
}

impl<'a> Visitor<'a> for Builder<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if self.frames.len() == 1 {
            let exports = dynamic::exports(stmt).into_iter().map(|(name, place)| (Name::new(name), place));
            self.built.exports.extend(exports);
        }
        match stmt {
            Stmt::FunctionDef(function) => self.visit_function(function),
            Stmt::ClassDef(class) => self.visit_class(class),
            Stmt::TypeAlias(alias) => self.visit_type_alias(alias),
            Stmt::AugAssign(assignment) => self.visit_augmented(assignment),
            Stmt::AnnAssign(assignment) => self.visit_annotated(assignment),
            Stmt::For(stmt) => self.visit_for(stmt),
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.visit_import(alias)),
            Stmt::ImportFrom(import) => self.visit_import_from(import),
            Stmt::Global(global) => self.declare(&global.names, |scope| &mut scope.globals),
            Stmt::Nonlocal(nonlocal) => self.declare(&nonlocal.names, |scope| &mut scope.nonlocals),
            Stmt::If(_) | Stmt::While(_) | Stmt::Try(_) | Stmt::Match(_) => {
                self.conditionally(|this| visitor::walk_stmt(this, stmt));
            }
            Stmt::Return(_)
            | Stmt::Delete(_)
            | Stmt::Assign(_)
            | Stmt::With(_)
            | Stmt::Raise(_)
            | Stmt::Assert(_)
            | Stmt::Expr(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_annotation(&mut self, annotation: &'a Expr) {
        self.typed(true, |this| this.visit_expr(annotation));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => match name.ctx {
                ExprContext::Load | ExprContext::Invalid => self.read(&name.id, span(name.range)),
                ExprContext::Store => self.bind_name(&name.id, span(name.range), self.target),
                ExprContext::Del => {
                    self.read(&name.id, span(name.range));
                    self.bind_name(&name.id, span(name.range), BindingKind::Deletion);
                }
            },
            Expr::Named(named) => self.visit_walrus(named),
            Expr::Lambda(lambda) => self.visit_lambda(lambda),
            Expr::ListComp(comp) => self.visit_comprehensions(comp.range, &comp.generators, &[&comp.elt]),
            Expr::SetComp(comp) => self.visit_comprehensions(comp.range, &comp.generators, &[&comp.elt]),
            Expr::Generator(comp) => self.visit_comprehensions(comp.range, &comp.generators, &[&comp.elt]),
            Expr::DictComp(comp) => {
                let elements: Vec<&Expr> = comp.key.iter().chain(Some(&comp.value)).map(|part| &**part).collect();
                self.visit_comprehensions(comp.range, &comp.generators, &elements);
            }
            Expr::Call(call) => self.visit_call(call),
            Expr::Subscript(subscript) => {
                if let Some((kind, name)) = dynamic::of_subscript(subscript) {
                    let scope = self.scope();
                    self.built.dynamic.push(DynamicUse { kind, name, span: span(subscript.range), scope });
                    self.visit_namespace(&subscript.value);
                    self.visit_expr(&subscript.slice);
                } else if self.in_type {
                    self.visit_type_subscript(subscript);
                } else {
                    visitor::walk_expr(self, expr);
                }
            }
            Expr::StringLiteral(string) if self.in_type => self.visit_type_string(string),
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_with_item(&mut self, item: &'a ast::WithItem) {
        self.visit_expr(&item.context_expr);
        if let Some(target) = &item.optional_vars {
            self.visit_target(target, BindingKind::With);
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(handler) = handler;
        if let Some(kind) = &handler.type_ {
            self.visit_expr(kind);
        }
        if let Some(name) = &handler.name {
            self.bind(name, BindingKind::Except);
        }
        self.visit_body(&handler.body);
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        let captured = match pattern {
            ast::Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            ast::Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            ast::Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            ast::Pattern::MatchValue(_)
            | ast::Pattern::MatchSingleton(_)
            | ast::Pattern::MatchSequence(_)
            | ast::Pattern::MatchClass(_)
            | ast::Pattern::MatchOr(_) => None,
        };
        if let Some(name) = captured {
            self.bind(name, BindingKind::Pattern);
        }
        visitor::walk_pattern(self, pattern);
    }
}

/// A private name as class `class` stores it; any other name as it is.
#[must_use]
pub fn mangle(class: &str, name: &str) -> String {
    let class = class.trim_start_matches('_');
    let private = name.starts_with("__") && !name.ends_with("__") && !name.contains('.');
    if private && !class.is_empty() { format!("_{class}{name}") } else { name.to_owned() }
}

fn body_span(body: &[Stmt], definition: Span) -> Span {
    Span::new(body.first().map_or(definition.end, |first| span(first.range()).start), definition.end)
}
