//! The registry of languages: everything that differs between two of them stands in one entry.
//!
//! A new language is a module here with its entry, and a row in [`Language`]; nothing else knows languages by name.

mod c;
mod cpp;
mod go;
mod java;
mod javascript;
mod python;
mod rust;
mod typescript;

use reweave_core::Language;

use crate::ParsedFile;
use crate::names::Unresolved;
pub use crate::strict::Strict;

/// Finds the names of a file that nothing binds, where that can be told.
pub type FindUnresolved = fn(&ParsedFile) -> Option<Vec<Unresolved>>;

/// What the rest of the crate needs to know of a language.
#[derive(Debug)]
pub struct Entry {
    /// The tree-sitter grammar, loaded once.
    pub grammar: fn() -> &'static tree_sitter::Language,
    /// Who gives the verdict.
    pub strict: Strict,
    /// The node kinds that define a name and can be a target.
    pub definitions: &'static [DefinitionKind],
    /// The node kinds that hold a definition with what precedes it (decorators, `export`).
    pub wrappers: &'static [&'static str],
    /// What stands between the names of a path: `.` or `::`.
    pub separator: &'static str,
    /// Whether a name resolves without being bound anywhere.
    pub is_builtin: fn(&str) -> bool,
    /// The names that nothing binds; absent, or `None` of a file, where nobody can tell.
    pub unresolved: Option<FindUnresolved>,
    pub layout: Layout,
    /// Texts around a fragment in which it parses as it would in a file; tried in this order.
    pub fragments: &'static [Wrapper],
    /// What may be masked.
    pub units: Units,
    pub identifiers: Identifiers,
    /// Statements whose head ends where a brace begins their body, so that a literal in braces cannot stand there.
    pub control_heads: &'static [&'static str],
    /// Whether a text may nest deeper than a limit; asked before any parser that recurses sees it.
    pub(crate) nests_beyond: fn(&str, usize) -> bool,
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
    /// Its kind in the grammar; its body is the field `body`.
    pub node: &'static str,
    /// The field that holds its name.
    pub name: &'static str,
    pub target: TargetKind,
    /// What a node of this kind must hold to be a definition.
    pub holding: Option<Holding>,
    /// The field whose type the definition belongs to, wherever in the file it stands: the receiver of a Go method.
    pub owner: Option<&'static str>,
    /// The field of what it says about the named type: the trait of an `impl`.
    pub of: Option<&'static str>,
    /// Before its own name, where what it holds goes by the name alone: `impl T` holds `T::method`.
    pub word: &'static str,
}

/// A field, and the kinds that may stand in it; none for any.
pub type Holding = (&'static str, &'static [&'static str]);

/// The node kinds behind the units of masking; definitions and bodies follow from [`DefinitionKind`].
#[derive(Debug)]
pub struct Units {
    pub statements: &'static [&'static str],
    pub expressions: &'static [&'static str],
    /// An expression that stands only where any expression may: it tells a name that is read from one that is bound.
    pub call: &'static str,
    pub arguments: &'static [&'static str],
    pub types: &'static [&'static str],
    pub imports: &'static [&'static str],
    pub comments: &'static [&'static str],
    /// Nodes whose lines mean something with their indentation: it is never touched.
    pub verbatim: &'static [&'static str],
    pub docstring: Docstring,
}

/// Where a definition is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Docstring {
    /// A string that is the first statement of the body.
    FirstString,
    /// The comments that end on the line above the definition.
    CommentBefore,
}

/// What a name may look like.
#[derive(Debug)]
pub struct Identifiers {
    /// The node kind of a name in an expression.
    pub node: &'static str,
    /// What else than letters may stand first.
    pub beside_letters: &'static str,
    /// What looks like a name and is none.
    pub keywords: &'static [&'static str],
}

impl Identifiers {
    /// Whether `text` may name a variable.
    #[must_use]
    pub fn admits(&self, text: &str) -> bool {
        let starts = |letter: char| letter.is_alphabetic() || self.beside_letters.contains(letter);
        let mut letters = text.chars();
        letters.next().is_some_and(starts)
            && letters.all(|letter| starts(letter) || letter.is_alphanumeric())
            && !self.keywords.contains(&text)
    }
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetKind {
    Function,
    /// A function directly inside a type.
    Method,
    Class,
    /// A type that is no class: a struct, an enum, an interface, an alias.
    Type,
    /// A block that adds to a type: `impl`, `trait`.
    Scope,
    /// A block of names: `mod`, `namespace`.
    Module,
}

/// Whether white space is part of the syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Blocks are delimited by indentation: text that is moved must be re-indented.
    Indentation,
    /// Blocks are delimited by braces: indentation is for people.
    Braces,
}

/// The entry of `language`.
#[must_use]
pub fn entry(language: Language) -> &'static Entry {
    match language {
        Language::Python => &python::ENTRY,
        Language::JavaScript => &javascript::ENTRY,
        Language::TypeScript => &typescript::ENTRY,
        Language::Tsx => &typescript::TSX,
        Language::Rust => &rust::ENTRY,
        Language::Go => &go::ENTRY,
        Language::Java => &java::ENTRY,
        Language::C => &c::ENTRY,
        Language::Cpp => &cpp::ENTRY,
    }
}

impl DefinitionKind {
    /// A definition whose name is the field `name`.
    const fn named(node: &'static str, target: TargetKind) -> Self {
        Self { node, name: "name", target, holding: None, owner: None, of: None, word: "" }
    }
}

impl Wrapper {
    /// A fragment on its own lines between two texts.
    const fn around(before: &'static str, after: &'static str) -> Self {
        Self { before, after, indented: false }
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
            Self::Type => "type",
            Self::Scope => "scope",
            Self::Module => "module",
        }
    }

    /// Whether a function directly inside it is a method.
    #[must_use]
    pub fn has_methods(&self) -> bool {
        match self {
            Self::Class | Self::Type | Self::Scope => true,
            Self::Function | Self::Method | Self::Module => false,
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
            let kinds = entry.definitions.iter().map(|definition| definition.node);
            for kind in kinds.chain(entry.wrappers.iter().copied()) {
                assert_ne!(grammar.id_for_node_kind(kind, true), 0, "{kind}");
            }
            for kind in entry.control_heads {
                assert_ne!(grammar.id_for_node_kind(kind, true), 0, "{kind}");
            }
            let units = &entry.units;
            let single = [units.call, entry.identifiers.node];
            let lists = [units.statements, units.expressions, units.arguments, units.types, units.imports];
            let lists = lists.into_iter().chain([units.comments, units.verbatim, &single]);
            for kind in lists.flatten() {
                assert_ne!(grammar.id_for_node_kind(kind, true), 0, "{language:?} {kind}");
            }
            for definition in entry.definitions {
                if let Some((field, kinds)) = definition.holding {
                    assert!(grammar.field_id_for_name(field).is_some(), "{field}");
                    kinds.iter().for_each(|kind| assert_ne!(grammar.id_for_node_kind(kind, true), 0, "{kind}"));
                }
                for field in definition.owner.into_iter().chain(definition.of) {
                    assert!(grammar.field_id_for_name(field).is_some(), "{field}");
                }
                assert!(grammar.field_id_for_name(definition.name).is_some(), "{}", definition.name);
            }
            for extension in language.extensions() {
                assert_eq!(Language::by_extension(extension), Some(language));
            }
        }
    }

    #[test]
    fn a_name_is_letters_and_digits_and_no_keyword() {
        let admits = |language, text| entry(language).identifiers.admits(text);
        for language in Language::ALL {
            assert!(admits(language, "größe_2"), "{language:?}");
            for text in ["", "2x", "a b", "a.b", "for"] {
                assert!(!admits(language, text), "{language:?} {text}");
            }
        }
        assert!(admits(Language::JavaScript, "$") && !admits(Language::Python, "$"));
        assert!(admits(Language::Go, "class") && !admits(Language::Java, "class"));
    }
}
