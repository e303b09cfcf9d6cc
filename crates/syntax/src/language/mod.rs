//! The registry of languages: everything that differs between two of them stands in one entry.

mod python;

use reweave_core::Language;

/// What the rest of the crate needs to know of a language.
#[derive(Debug)]
pub struct Entry {
    /// The tree-sitter grammar, loaded once.
    pub grammar: fn() -> &'static tree_sitter::Language,
    /// File extensions, without the dot.
    pub extensions: &'static [&'static str],
    /// The node kinds that define a name and can be a target.
    pub definitions: &'static [DefinitionKind],
    /// The node kind that holds a definition with what precedes it (decorators, attributes).
    pub wrapper: Option<&'static str>,
    /// Whether a name resolves without being bound anywhere.
    pub is_builtin: fn(&str) -> bool,
    pub layout: Layout,
    /// Texts around a fragment in which it parses as it would in a file; tried in this order.
    pub wrappers: &'static [Wrapper],
}

/// A text before and after a fragment.
#[derive(Debug)]
pub struct Wrapper {
    pub before: &'static str,
    pub after: &'static str,
    /// `before` opens a block: the fragment follows with its own indentation, or without `before` where it has none.
    pub indented: bool,
}

/// A node kind that defines a name.
#[derive(Debug)]
pub struct DefinitionKind {
    /// Its kind in the grammar; its name is the field `name`, its body the field `body`.
    pub node: &'static str,
    pub target: TargetKind,
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetKind {
    Function,
    /// A function directly inside a class.
    Method,
    Class,
}

/// Whether white space is part of the syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Blocks are delimited by indentation: text that is moved must be re-indented.
    Indentation,
}

/// The entry of `language`.
#[must_use]
pub fn entry(language: Language) -> &'static Entry {
    match language {
        Language::Python => &python::ENTRY,
    }
}

impl TargetKind {
    /// The word for it in a message.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Class => "class",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_loads_in_this_runtime_and_knows_its_own_kinds() {
        for language in Language::ALL {
            let entry = entry(language);
            let grammar = (entry.grammar)();
            tree_sitter::Parser::new().set_language(grammar).unwrap();
            let kinds = entry.definitions.iter().map(|definition| definition.node).chain(entry.wrapper);
            for kind in kinds {
                assert_ne!(grammar.id_for_node_kind(kind, true), 0, "{kind}");
            }
            for extension in entry.extensions {
                assert_eq!(Language::by_extension(extension), Some(language));
            }
        }
    }
}
