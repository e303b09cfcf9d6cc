//! What a function's decorators and parameters say about the calls it can take.

use ruff_python_ast::{self as ast, Expr};

use super::receivers::Binding;

/// Decorators that read a function and a method alike.
pub(super) const KNOWN_DECORATORS: [&str; 7] =
    ["staticmethod", "classmethod", "contextmanager", "asynccontextmanager", "lru_cache", "cache", "wraps"];

/// Whether a call on an instance or on the class could be one of this method: another number of arguments, or a keyword
/// it lacks, would fail, so such a call means another method.
pub(super) fn accepts(function: &ast::StmtFunctionDef, binding: Binding, call: &ast::ExprCall) -> bool {
    let parameters = &function.parameters;
    let arguments = &call.arguments;
    let keeps_signature = |decorator: &ast::Decorator| {
        decorator_name(&decorator.expression).is_some_and(|name| KNOWN_DECORATORS.contains(&name))
    };
    if !function.decorator_list.iter().all(keeps_signature) {
        return true;
    }
    if arguments.args.iter().any(|argument| argument.is_starred_expr())
        || arguments.keywords.iter().any(|one| one.arg.is_none())
    {
        return true;
    }
    let positional = parameters.posonlyargs.len() + parameters.args.len();
    let bound = usize::from(binding != Binding::Static);
    let given = arguments.args.len();
    let named = arguments.keywords.iter().filter_map(|keyword| keyword.arg.as_ref()).collect::<Vec<_>>();
    let known = |name: &ast::Identifier| {
        parameters.kwarg.is_some()
            || parameters.args.iter().chain(&parameters.kwonlyargs).any(|one| one.name().id == name.id)
    };
    let required = parameters.posonlyargs.iter().chain(&parameters.args).filter(|one| one.default.is_none()).count();
    let fits_positions = given <= positional || parameters.vararg.is_some();
    // On the class the object itself is given too, so one more argument than on an instance.
    let enough = given + named.len() + bound >= required;
    fits_positions && enough && named.into_iter().all(known)
}

/// `d` of `@d`, `@m.d` and `@d(…)`.
pub(super) fn decorator_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) => Some(name.id.as_str()),
            Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
            _ => None,
        },
        _ => None,
    }
}
