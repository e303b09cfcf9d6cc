//! Whether a new name may be used at all, and whether it would take or lose a meaning somewhere.

use reweave_core::{EvidenceKind, Refusal, RefusalCode};
use reweave_syntax::scope::{Resolution, ScopeId, SymbolId, is_builtin};

use super::source::Source;

/// Python's reserved words.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Refuses what is no identifier, a keyword or too long, as the value of `parameter`.
pub(super) fn check_identifier(parameter: &str, name: &str) -> Result<(), Refusal> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let problem = if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_') {
        "is not an identifier"
    } else if KEYWORDS.contains(&name) {
        "is a keyword"
    } else if name == "_" || name.len() > reweave_core::limits::NAME_BYTES_MAX {
        "is not a name to give"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(80).collect();
    Err(Refusal::new(RefusalCode::OperatorParameter, format!("`{shown}` {problem}"))
        .with(EvidenceKind::Field, format!("operator.parameters.{parameter}"))
        .next(format!("give `{parameter}` a Python identifier, such as `new_name`")))
}

/// Refuses the name of a builtin, which every reader takes for the builtin.
pub(super) fn check_no_builtin(parameter: &str, name: &str) -> Result<(), Refusal> {
    if !is_builtin(name) {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::OperatorParameter, format!("`{name}` is a builtin, which the new name would hide"))
        .with(EvidenceKind::Field, format!("operator.parameters.{parameter}"))
        .next(format!("give `{parameter}` another name, such as `{name}_`")))
}

/// Refuses a `name` that `scope` binds already.
pub(super) fn check_free(source: &Source<'_>, scope: ScopeId, name: &str) -> Result<(), Refusal> {
    let Some(taken) = source.scopes.symbol_in(scope, name) else { return Ok(()) };
    let at = source.scopes.symbol(taken).bindings.first().map_or(0, |binding| binding.span.start);
    let place = match source.scopes.qualified_name(scope) {
        path if path.is_empty() => "the module".to_owned(),
        path => format!("`{path}`"),
    };
    Err(source
        .refuse(RefusalCode::NameCollision, format!("{place} has a `{name}` already"), at, source.line_text(at))
        .next("choose a name that is free, or rename the other one first"))
}

/// Refuses when a binding of `name` in `owner` would take over reads of that name that mean something further out.
/// `except` is the symbol that is being moved away.
pub(super) fn check_hides_nothing(
    source: &Source<'_>,
    owner: ScopeId,
    name: &str,
    except: Option<SymbolId>,
) -> Result<(), Refusal> {
    for reference in source.scopes.references().iter().filter(|reference| reference.name.as_str() == name) {
        let visible = source.scopes.visible_scopes(reference.scope);
        let Some(at_owner) = visible.iter().position(|scope| *scope == owner) else { continue };
        let meant = match reference.resolution {
            Resolution::Symbol(symbol) if Some(symbol) == except => continue,
            Resolution::Symbol(symbol) => Some(source.scopes.symbol(symbol).scope),
            Resolution::Builtin | Resolution::Implicit | Resolution::MaybeStarImport | Resolution::Unresolved => None,
        };
        let nearer = meant.and_then(|scope| visible.iter().position(|other| *other == scope));
        if nearer.is_none_or(|at| at > at_owner) {
            let at = reference.span.start;
            return Err(source
                .refuse(
                    RefusalCode::NameCaptured,
                    format!("`{name}` is read where it means something else, which the new name would hide"),
                    at,
                    source.line_text(at),
                )
                .next("choose another name"));
        }
    }
    Ok(())
}

/// Refuses when `name`, read in `scope` at byte `at`, would find something nearer than `owner`.
/// `except` is the symbol that is being moved away or renamed.
pub(super) fn check_reaches(
    source: &Source<'_>,
    scope: ScopeId,
    owner: ScopeId,
    name: &str,
    at: usize,
    except: Option<SymbolId>,
) -> Result<(), Refusal> {
    let visible = source.scopes.visible_scopes(scope);
    let nearer = visible.iter().take_while(|id| **id != owner);
    let in_the_way = nearer.filter_map(|id| source.scopes.symbol_in(*id, name)).find(|symbol| Some(*symbol) != except);
    let Some(symbol) = in_the_way else { return Ok(()) };
    let shadow = source.scopes.symbol(symbol).bindings.first().map_or(at, |binding| binding.span.start);
    let refusal = source.refuse(
        RefusalCode::NameCaptured,
        format!("where it is used, `{name}` already means something nearer"),
        shadow,
        source.line_text(shadow),
    );
    Err(source.point(refusal, at, source.line_text(at)).next("choose another name, or rename the nearer one first"))
}
