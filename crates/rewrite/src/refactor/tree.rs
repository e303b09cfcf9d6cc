//! One walk over the syntax tree that keeps what operators look up: attributes, calls, classes, functions, values.

use std::collections::HashMap;

use reweave_core::Span;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::source::span;

/// Nodes of one file by what they are, each list in evaluation order.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    pub(super) attributes: Vec<Access<'a>>,
    pub(super) calls: Vec<&'a ast::ExprCall>,
    pub(super) functions: Vec<&'a ast::StmtFunctionDef>,
    pub(super) classes: Vec<&'a ast::StmtClassDef>,
    pub(super) aliases: Vec<&'a ast::Alias>,
    /// `C` and `x` of every `case C(x=…)`.
    pub(super) pattern_keywords: Vec<(&'a Expr, &'a ast::Identifier)>,
    /// Expressions whose own text is printed: `f"{x=}"`.
    pub(super) printed: Vec<Span>,
    /// Every part of every string literal, f-strings whole.
    pub(super) strings: Vec<Span>,
    pub(super) string_values: Vec<&'a ast::StringLiteral>,
    /// What the name that starts at a byte is bound to.
    pub(super) values: HashMap<usize, Value<'a>>,
}

/// `x.name`, and the call it is the function of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access<'a> {
    pub(super) attribute: &'a ast::ExprAttribute,
    pub(super) call: Option<&'a ast::ExprCall>,
}

/// Where a bound name gets its value from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// `x = expr`.
    Expr(&'a Expr),
    /// A parameter or variable of that type.
    Typed(&'a Expr),
}

impl<'a> Tree<'a> {
    pub(super) fn of(module: &'a ModModule) -> Self {
        let mut collector = Collector(Self::default());
        collector.visit_body(&module.body);
        collector.0
    }
}

struct Collector<'a>(Tree<'a>);

impl<'a> Collector<'a> {
    fn value(&mut self, target: &Expr, value: Value<'a>) {
        if let Expr::Name(name) = target {
            self.0.values.insert(span(name.range).start, value);
        }
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => self.0.functions.push(function),
            Stmt::ClassDef(class) => self.0.classes.push(class),
            Stmt::Assign(assignment) => {
                for target in &assignment.targets {
                    self.value(target, Value::Expr(&assignment.value));
                }
            }
            Stmt::AnnAssign(assignment) => match &assignment.value {
                Some(value) => self.value(&assignment.target, Value::Expr(value)),
                None => self.value(&assignment.target, Value::Typed(&assignment.annotation)),
            },
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                self.0.calls.push(call);
                if let Expr::Attribute(attribute) = &*call.func {
                    self.0.attributes.push(Access { attribute, call: Some(call) });
                    self.visit_expr(&attribute.value);
                    self.visit_arguments(&call.arguments);
                    return;
                }
            }
            Expr::Attribute(attribute) => self.0.attributes.push(Access { attribute, call: None }),
            Expr::Named(named) => self.value(&named.target, Value::Expr(&named.value)),
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }

    fn visit_parameter(&mut self, parameter: &'a ast::Parameter) {
        if let Some(annotation) = &parameter.annotation {
            self.0.values.insert(span(parameter.name.range).start, Value::Typed(annotation));
        }
        visitor::walk_parameter(self, parameter);
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        if let ast::Pattern::MatchClass(class) = pattern {
            let keywords = class.arguments.keywords.iter().map(|keyword| (&*class.cls, &keyword.attr));
            self.0.pattern_keywords.extend(keywords);
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_alias(&mut self, alias: &'a ast::Alias) {
        self.0.aliases.push(alias);
    }

    fn visit_string_literal(&mut self, literal: &'a ast::StringLiteral) {
        self.0.strings.push(span(literal.range()));
        self.0.string_values.push(literal);
    }

    fn visit_bytes_literal(&mut self, literal: &'a ast::BytesLiteral) {
        self.0.strings.push(span(literal.range()));
    }

    fn visit_f_string(&mut self, string: &'a ast::FString) {
        self.0.strings.push(span(string.range()));
        visitor::walk_f_string(self, string);
    }

    fn visit_interpolated_string_element(&mut self, element: &'a ast::InterpolatedStringElement) {
        if let ast::InterpolatedStringElement::Interpolation(element) = element
            && element.debug_text.is_some()
        {
            self.0.printed.push(span(element.range));
        }
        visitor::walk_interpolated_string_element(self, element);
    }

    fn visit_t_string(&mut self, string: &'a ast::TString) {
        self.0.strings.push(span(string.range()));
        visitor::walk_t_string(self, string);
    }
}
