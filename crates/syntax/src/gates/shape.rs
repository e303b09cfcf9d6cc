//! Whether each fill is still one expression after the splice: `b + c` for `x` in `a * x` parses, as `a * b + c`.

use reweave_core::Span;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Expr, ExprBoolOp, Mod, ModModule};
use ruff_python_parser::{Mode, ParseOptions};
use ruff_text_size::Ranged;

use super::Judged;
use super::fill::Fit;

/// Refuses a fill that a neighbouring operator took apart.
pub(super) fn check(judged: &Judged<'_>) -> Result<(), String> {
    for fill in judged.fills.iter().filter(|fill| !matches!(fill.fit, Fit::NoNode)) {
        let new_text = fill.edit.new_text.as_str();
        let start = fill.placed.start + new_text.len() - new_text.trim_start().len();
        let placed = Span::new(start, start + new_text.trim().len());
        let Some(result) = judged.result.python() else { continue };
        if has_loose_operator(new_text) && !is_whole(result.module(), placed) {
            let (line, new_text) = (judged.result.line(start), new_text.trim());
            return Err(format!(
                "on line {line} an operator beside `{new_text}` takes it apart: put it in parentheses"
            ));
        }
    }
    Ok(())
}

/// Whether `text` is an expression whose outermost operator stands outside brackets.
fn has_loose_operator(text: &str) -> bool {
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
fn is_whole(module: &ModModule, span: Span) -> bool {
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
