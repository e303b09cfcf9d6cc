//! Names that travel as strings: `__all__`, `getattr`, `globals()`, `exec`.

use reweave_core::Span;
use ruff_python_ast::{self as ast, Expr, Stmt};

use super::DynamicKind;
use super::build::span;

/// Functions that reach an attribute by a name given as a string. `object` is that of `mock.patch.object`.
const ATTRIBUTE_FUNCTIONS: [&str; 7] =
    ["getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller", "object"];

/// `f` of `f`, `m.f` and `x().f`.
pub(super) fn last_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// What `call` reaches through strings, if it does.
pub(super) fn of_call(call: &ast::ExprCall) -> Option<(DynamicKind, Option<String>)> {
    let function = last_name(&call.func)?;
    if ATTRIBUTE_FUNCTIONS.contains(&function) {
        let at = usize::from(!matches!(function, "attrgetter" | "methodcaller"));
        let argument = call.arguments.args.get(at)?;
        return Some((DynamicKind::Attribute, literal(argument)));
    }
    match &*call.func {
        Expr::Attribute(method) if is_namespace(&method.value) => {
            let by_name = matches!(function, "get" | "pop" | "setdefault");
            Some((DynamicKind::Variable, call.arguments.args.first().filter(|_| by_name).and_then(literal)))
        }
        Expr::Name(_) if matches!(function, "exec" | "eval") => Some((DynamicKind::Code, None)),
        Expr::Name(_) if is_namespace_call(call) => Some((DynamicKind::Variable, None)),
        _ => None,
    }
}

/// What `globals()["name"]` and the like reach.
pub(super) fn of_subscript(subscript: &ast::ExprSubscript) -> Option<(DynamicKind, Option<String>)> {
    is_namespace(&subscript.value).then(|| (DynamicKind::Variable, literal(&subscript.slice)))
}

/// Whether `expr` is all variables of a scope: `globals()`, `locals()`, `vars()`.
pub(super) fn is_namespace(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(call) if is_namespace_call(call))
}

fn is_namespace_call(call: &ast::ExprCall) -> bool {
    call.arguments.is_empty()
        && matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "globals" | "locals" | "vars"))
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(string) => Some(string.value.to_str().to_owned()),
        _ => None,
    }
}

/// The names that `stmt` puts into `__all__`, with the bytes between the quotes; literals with escapes are left out.
pub(super) fn exports(stmt: &Stmt) -> Vec<(&str, Span)> {
    let mut names = Vec::new();
    if let Some(list) = exported_list(stmt) {
        collect_literals(list, &mut names);
    }
    names
}

/// Follows lists, tuples and `+` chains; the depth of the tree is bounded where files are parsed.
fn collect_literals<'a>(expr: &'a Expr, names: &mut Vec<(&'a str, Span)>) {
    match expr {
        Expr::List(list) => list.elts.iter().for_each(|element| collect_literals(element, names)),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| collect_literals(element, names)),
        Expr::BinOp(sum) => {
            collect_literals(&sum.left, names);
            collect_literals(&sum.right, names);
        }
        Expr::StringLiteral(string) => {
            let Some(part) = string.as_single_part_string() else { return };
            let place = span(part.content_range());
            if place.len() == part.value.len() {
                names.push((&part.value, place));
            }
        }
        _ => {}
    }
}

/// The value of `__all__ = …`, `__all__ += …`, `__all__.extend(…)` or `__all__.append(…)`.
fn exported_list(stmt: &Stmt) -> Option<&Expr> {
    let is_all = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id.as_str() == "__all__");
    match stmt {
        Stmt::Assign(assignment) if assignment.targets.iter().any(is_all) => Some(&assignment.value),
        Stmt::AnnAssign(assignment) if is_all(&assignment.target) => assignment.value.as_deref(),
        Stmt::AugAssign(assignment) if is_all(&assignment.target) => Some(&assignment.value),
        Stmt::Expr(statement) => match &*statement.value {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if is_all(&method.value) => call.arguments.args.first(),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
