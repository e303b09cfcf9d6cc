//! Names that nothing binds: what the gate of names asks of every language.
//!
//! A patch may not bring one in. Python and the JavaScript family are analysed by scopes; the registry says, per language,
//! who does it ([`crate::language::Entry::unresolved`]).

mod globals;
mod local;
mod script;
#[cfg(test)]
mod tests;

use reweave_core::Span;

pub(crate) use self::local::{go, is_go_builtin, is_java_builtin, is_rust_builtin, java, rust};
pub(crate) use self::script::{is_builtin as is_script_builtin, unresolved as script};

use crate::ParsedFile;

/// A use of a name that nothing in the file binds and the language does not bring along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    pub name: String,
    pub span: Span,
}

/// By Python's own scopes.
pub(crate) fn python(file: &ParsedFile) -> Option<Vec<Unresolved>> {
    let scopes = file.python().map(|python| python.scopes());
    let unresolved = scopes.into_iter().flat_map(|scopes| scopes.unresolved());
    Some(unresolved.map(|read| Unresolved { name: read.name.to_string(), span: read.span }).collect())
}
