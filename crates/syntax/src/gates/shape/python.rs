//! Python's own tree says it without a parse by tree-sitter: only an expression with an operator outside brackets can be
//! taken apart.

use reweave_core::Span;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Expr, ExprBoolOp, Mod, ModModule};
use ruff_python_parser::{Mode, ParseOptions};
use ruff_text_size::Ranged;

/// Whether `text` is an expression whose outermost operator stands outside brackets.
pub(super) fn has_loose_operator(text: &str) -> bool {
    let parsed = ruff_python_parser::parse_unchecked(text, ParseOptions::from(Mode::ParenthesizedExpression));
    let Mod::Expression(expression) = parsed.syntax() else { return false };
    let body = expression.body.as_ref();
    let operator = matches!(
        body,
        Expr::BinOp(_)
            | Expr::BoolOp(_)
            | Expr::Compare(_)
            | Expr::UnaryOp(_)
            | Expr::If(_)
            | Expr::Lambda(_)
            | Expr::Await(_)
            | Expr::Named(_)
            | Expr::Yield(_)
            | Expr::YieldFrom(_)
    );
    parsed.errors().is_empty() && operator && body.range().len().to_usize() == text.trim().len()
}

/// Whether one node of `module` covers exactly `span`.
pub(super) fn is_whole(module: &ModModule, span: Span) -> bool {
    let mut search = Search { span, found: false };
    search.visit_body(&module.body);
    search.found
}

struct Search {
    span: Span,
    found: bool,
}

impl<'a> SourceOrderVisitor<'a> for Search {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let range = node.range();
        let node_span = Span::new(range.start().to_usize(), range.end().to_usize());
        if self.found || !node_span.contains(self.span) {
            return TraversalSignal::Skip;
        }
        self.found = node_span == self.span || matches!(node, AnyNodeRef::ExprBoolOp(chain) if joins(chain, self.span));
        TraversalSignal::Traverse
    }
}

/// `a and b` in `a and b and c` is no node of its own, yet nothing was taken apart: the operator is associative.
fn joins(chain: &ExprBoolOp, span: Span) -> bool {
    let starts = chain.values.iter().any(|value| value.start().to_usize() == span.start);
    starts && chain.values.iter().any(|value| value.end().to_usize() == span.end)
}
