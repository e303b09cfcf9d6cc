//! What a language's strict parser says of a text: the yes and no behind every patch.
//!
//! tree-sitter accepts a superset of each language on purpose, so its trees give spans and states, never a verdict, save
//! where no strict parser can be linked: there [`tree::read`] is the best there is, and the registry says so.

pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod script;
pub(crate) mod tree;

use reweave_core::Span;

/// A text as its strict parser read it.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) errors: Vec<Fault>,
    /// Kept where the verdict came from it, so that it is not built twice.
    pub(crate) tree: Option<tree_sitter::Tree>,
    /// Kept because scopes are read from it.
    pub(crate) python: Option<python::Module>,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// Who gives the verdict on a language's files.
#[derive(Clone, Copy, Debug)]
pub struct Strict {
    /// The parser's name, for reports.
    pub parser: &'static str,
    /// Whether it accepts what the language's own compiler parses, and nothing else.
    pub exact: bool,
    pub(crate) read: fn(&str) -> Reading,
}
