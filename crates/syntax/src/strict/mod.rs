//! What a language's strict parser says of a text: the yes and no behind every patch.
//!
//! tree-sitter accepts a superset of each language on purpose, so its trees give spans and states, never a verdict, save
//! where no strict parser can be linked: there [`tree::read`] is the best there is, and the registry says so.

pub(crate) mod c;
pub(crate) mod go;
pub(crate) mod java;
pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod script;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

use reweave_core::{Language, Span, limits};

use crate::language;

/// Most of the stack that a recursive parser and its walkers may need for [`limits::TREE_DEPTH_MAX`] levels, with room
/// for builds without optimisation. Only what is touched takes memory.
const STACK_BYTES: usize = 256 << 20;

/// Reads `text` by the strict parser of `language`, once it is known not to nest too deep for one.
pub(crate) fn read(language: Language, text: &str) -> Result<Reading, Unreadable> {
    let entry = language::entry(language);
    if (entry.nests_beyond)(text, limits::TREE_DEPTH_MAX) {
        return Err(Unreadable::TooDeep);
    }
    (entry.strict.read)(text)
}

/// As [`read`], for a text that is known not to nest too deep.
pub(crate) fn read_shallow(language: Language, text: &str) -> Result<Reading, Unreadable> {
    (language::entry(language).strict.read)(text)
}

/// Runs a parser that recurses on a stack of its own: those of the services' threads hold 2 MiB.
pub(crate) fn on_a_deep_stack<T>(parse: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES, STACK_BYTES, parse)
}

/// Why a text was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Its tree is deeper than [`limits::TREE_DEPTH_MAX`].
    TooDeep,
    /// The parser took more steps than [`limits::PARSE_STEPS_PER_BYTE`] allows.
    TooComplex,
}

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
    pub(crate) read: fn(&str) -> Result<Reading, Unreadable>,
}
