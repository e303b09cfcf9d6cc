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
    /// Names that resolve without being bound anywhere, sorted.
    pub builtins: &'static [&'static str],
    /// Names that every module binds by itself, sorted.
    pub module_names: &'static [&'static str],
    pub layout: Layout,
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

    #[test]
    fn name_lists_are_sorted_for_binary_search() {
        for language in Language::ALL {
            assert!(entry(language).builtins.is_sorted());
            assert!(entry(language).module_names.is_sorted());
        }
    }
}
