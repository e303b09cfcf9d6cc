//! What CPython refuses after its parser, when it compiles: `return` outside a function, a parameter twice, and the like.
//!
//! ruff's checker knows the rules; what it is told here is where in the file it looks. Where that takes the meaning of
//! names (`global` after a use, `nonlocal` of nothing) it is told that all is well.

use std::cell::RefCell;

use reweave_core::Span;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Comprehension, Expr, ModModule, Parameters, PythonVersion, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_python_parser::semantic_errors::{
    LazyImportContext, SemanticSyntaxChecker, SemanticSyntaxContext, SemanticSyntaxError,
};
use ruff_text_size::TextRange;

use super::Fault;

/// Every such fault of a module without syntax errors.
pub(super) fn faults(text: &str, module: &ModModule) -> Vec<Fault> {
    let here = Place { text, frames: vec![Frame::new(Kind::Module)], found: RefCell::default() };
    let mut walk = Walk { checker: SemanticSyntaxChecker::new(), here };
    walk.visit_body(&module.body);
    walk.here.found.into_inner()
}

/// What has names or loops of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Module,
    Class,
    Function {
        is_async: bool,
    },
    Lambda,
    /// A list, set or dictionary of them.
    Comprehension {
        is_async: bool,
    },
    Generator,
}

#[derive(Debug)]
struct Frame {
    kind: Kind,
    /// Loops around the statement, within this frame.
    loops: u32,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, loops: 0 }
    }
}

struct Walk<'a> {
    checker: SemanticSyntaxChecker,
    here: Place<'a>,
}

/// Where the walk is.
struct Place<'a> {
    text: &'a str,
    /// Never empty; the innermost last.
    frames: Vec<Frame>,
    found: RefCell<Vec<Fault>>,
}

impl<'a> Walk<'a> {
    fn within(&mut self, kind: Kind, visit: impl FnOnce(&mut Self)) {
        self.here.frames.push(Frame::new(kind));
        visit(self);
        self.here.frames.pop();
    }

    fn in_loop(&mut self, body: &'a [Stmt]) {
        self.count_loops(|loops| loops + 1);
        self.visit_body(body);
        self.count_loops(|loops| loops - 1);
    }

    fn count_loops(&mut self, count: fn(u32) -> u32) {
        if let Some(frame) = self.here.frames.last_mut() {
            frame.loops = count(frame.loops);
        }
    }

    /// Decorators, defaults and annotations belong to what is around the function.
    fn function(&mut self, function: &'a StmtFunctionDef) {
        function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        function.type_params.iter().for_each(|params| self.visit_type_params(params));
        self.visit_parameters(&function.parameters);
        function.returns.iter().for_each(|returns| self.visit_annotation(returns));
        self.within(Kind::Function { is_async: function.is_async }, |walk| walk.visit_body(&function.body));
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        class.type_params.iter().for_each(|params| self.visit_type_params(params));
        class.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
        self.within(Kind::Class, |walk| walk.visit_body(&class.body));
    }

    fn lambda(&mut self, parameters: Option<&'a Parameters>, body: &'a Expr) {
        parameters.into_iter().for_each(|parameters| self.visit_parameters(parameters));
        self.within(Kind::Lambda, |walk| walk.visit_expr(body));
    }

    /// The first iterable belongs to what is around the comprehension.
    fn comprehension(&mut self, kind: Kind, elements: &[&'a Expr], generators: &'a [Comprehension]) {
        generators.first().into_iter().for_each(|first| self.visit_expr(&first.iter));
        self.within(kind, |walk| {
            for (index, generator) in generators.iter().enumerate() {
                walk.visit_expr(&generator.target);
                if index > 0 {
                    walk.visit_expr(&generator.iter);
                }
                generator.ifs.iter().for_each(|condition| walk.visit_expr(condition));
            }
            elements.iter().for_each(|element| walk.visit_expr(element));
        });
    }
}

impl<'a> Visitor<'a> for Walk<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.checker.visit_stmt(statement, &self.here);
        self.here.refuse_star(value_of(statement));
        match statement {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::For(looped) => {
                self.visit_expr(&looped.iter);
                self.visit_expr(&looped.target);
                self.in_loop(&looped.body);
                self.visit_body(&looped.orelse);
            }
            Stmt::While(looped) => {
                self.visit_expr(&looped.test);
                self.in_loop(&looped.body);
                self.visit_body(&looped.orelse);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.checker.visit_expr(expression, &self.here);
        let kind = |generators: &[Comprehension]| Kind::Comprehension {
            is_async: generators.iter().any(|generator| generator.is_async),
        };
        match expression {
            Expr::Yield(yielded) => {
                self.here.refuse_star(yielded.value.as_deref());
                visitor::walk_expr(self, expression);
            }
            Expr::Lambda(lambda) => self.lambda(lambda.parameters.as_deref(), &lambda.body),
            Expr::ListComp(list) => self.comprehension(kind(&list.generators), &[&list.elt], &list.generators),
            Expr::SetComp(set) => self.comprehension(kind(&set.generators), &[&set.elt], &set.generators),
            Expr::DictComp(dict) => {
                let elements: Vec<&Expr> = dict.key.iter().map(AsRef::as_ref).chain([dict.value.as_ref()]).collect();
                self.comprehension(kind(&dict.generators), &elements, &dict.generators);
            }
            Expr::Generator(made) => self.comprehension(Kind::Generator, &[&made.elt], &made.generators),
            _ => visitor::walk_expr(self, expression),
        }
    }
}

/// What a statement does something with, where one value is wanted.
fn value_of(statement: &Stmt) -> Option<&Expr> {
    match statement {
        Stmt::Expr(alone) => Some(&alone.value),
        Stmt::Assign(assigned) => Some(&assigned.value),
        Stmt::AugAssign(assigned) => Some(&assigned.value),
        Stmt::AnnAssign(assigned) => assigned.value.as_deref(),
        Stmt::Return(returned) => returned.value.as_deref(),
        _ => None,
    }
}

impl Place<'_> {
    /// `*x` without a comma unpacks into nothing; the checker leaves that to its parser, which takes it.
    fn refuse_star(&self, value: Option<&Expr>) {
        if let Some(Expr::Starred(starred)) = value {
            let span = Span::new(starred.range.start().to_usize(), starred.range.end().to_usize());
            let message = "a starred expression cannot stand alone".to_owned();
            self.found.borrow_mut().push(Fault { span, message });
        }
    }

    /// Kinds of the frames around the place, the innermost first.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.frames.iter().rev().map(|frame| frame.kind)
    }

    fn innermost(&self) -> Kind {
        self.kinds().next().unwrap_or(Kind::Module)
    }
}

impl SemanticSyntaxContext for Place<'_> {
    fn in_async_context(&self) -> bool {
        let function = self.kinds().find(|kind| !matches!(kind, Kind::Comprehension { .. } | Kind::Generator));
        function == Some(Kind::Function { is_async: true })
    }

    fn in_await_allowed_context(&self) -> bool {
        let deciding = self.kinds().find(|kind| !matches!(kind, Kind::Comprehension { .. }));
        matches!(deciding, Some(Kind::Function { .. } | Kind::Lambda | Kind::Generator))
    }

    fn in_yield_allowed_context(&self) -> bool {
        matches!(self.innermost(), Kind::Function { .. } | Kind::Lambda)
    }

    fn in_sync_comprehension(&self) -> bool {
        self.kinds().any(|kind| kind == Kind::Comprehension { is_async: false })
    }

    fn in_class_body_comprehension(&self) -> bool {
        let around = self.kinds().find(|kind| !matches!(kind, Kind::Comprehension { .. } | Kind::Generator));
        around == Some(Kind::Class)
    }

    fn in_generator_context(&self) -> bool {
        self.kinds().any(|kind| kind == Kind::Generator)
    }

    fn in_module_scope(&self) -> bool {
        self.innermost() == Kind::Module
    }

    fn in_function_scope(&self) -> bool {
        matches!(self.innermost(), Kind::Function { .. })
    }

    fn in_loop_context(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.loops > 0)
    }

    fn in_notebook(&self) -> bool {
        false
    }

    fn lazy_import_context(&self) -> Option<LazyImportContext> {
        None
    }

    fn future_annotations_or_stub(&self) -> bool {
        false
    }

    /// The newest: a construct that an older one lacks is not refused for that.
    fn python_version(&self) -> PythonVersion {
        PythonVersion::latest()
    }

    fn source(&self) -> &str {
        self.text
    }

    fn global(&self, _name: &str) -> Option<TextRange> {
        None
    }

    fn has_nonlocal_binding(&self, _name: &str) -> bool {
        true
    }

    fn is_bound_parameter(&self, _name: &str) -> bool {
        false
    }

    fn report_semantic_error(&self, error: SemanticSyntaxError) {
        let span = Span::new(error.range.start().to_usize(), error.range.end().to_usize());
        self.found.borrow_mut().push(Fault { span, message: error.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use reweave_core::{FileText, Language};

    use crate::ParsedFile;

    fn faults(text: &str) -> Vec<String> {
        let file = FileText { path: "a.py".parse().unwrap(), text: text.into() };
        let parsed = ParsedFile::parse(Language::Python, file).unwrap();
        parsed.errors().iter().map(|error| error.message.clone()).collect()
    }

    #[test]
    fn what_cpython_refuses_when_it_compiles_is_refused() {
        for text in [
            "return 1\n",
            "class A:\n    return 1\n",
            "yield 1\n",
            "def f():\n    [(yield 1) for x in y]\n",
            "await f()\n",
            "def f():\n    await g()\n",
            "break\n",
            "for x in y:\n    pass\nelse:\n    continue\n",
            "while x:\n    def f():\n        break\n",
            "def f(a, b, a): pass\n",
            "lambda a, a: a\n",
            "nonlocal x\n",
            "def f():\n    from a import *\n",
            "x = 1\nfrom __future__ import annotations\n",
            "from __future__ import nothing_of_that_name\n",
            "def f():\n    __debug__ = 1\n",
            "match x:\n    case _: pass\n    case 1: pass\n",
            "async def f():\n    yield from g()\n",
            "*a, *b = c\n",
            "*a\n",
            "x = (*a)\n",
            "x += *a\n",
            "def f():\n    return *a\n",
            "def f():\n    yield *a\n",
        ] {
            assert!(!faults(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_cpython_takes_is_taken() {
        for text in [
            "def f():\n    return (yield 1)\n",
            "def f():\n    return lambda: (yield 1)\n",
            "async def f():\n    return [await g(x) async for x in await h()]\n",
            "async def f():\n    return [x async for x in y if (await z)]\n",
            "async def f():\n    async with a as b:\n        async for c in d:\n            continue\n",
            "def f():\n    return (await g() for x in y)\n",
            "for x in y:\n    if x:\n        try:\n            break\n        finally:\n            continue\nelse:\n    pass\n",
            "while x:\n    with y:\n        match z:\n            case 1: break\n",
            "class A:\n    x: int\n    y = [z for z in range(3)]\n    def f(self): return self\n",
            "def f(a, b=lambda a: a): pass\n",
            "'doc'\nfrom __future__ import annotations\n",
            "def f():\n    x = 1\n    def g():\n        nonlocal x\n",
            "from a import *\n",
            "def f[T](x: T) -> T: return x\n",
            "type A = int\n",
            "*a, b\nx = *a,\nx: object = *a, b\n*a, b = c\n",
            "def f():\n    yield *a, b\n    return *a, b\n",
        ] {
            assert_eq!(faults(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_file_that_does_not_parse_is_told_that_alone() {
        assert_eq!(faults("return 1\nx = (\n").len(), 1);
    }
}
