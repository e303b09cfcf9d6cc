//! The registry entry of C++: masking and gates by tree-sitter alone.

use std::sync::OnceLock;

use reweave_core::Language;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
use crate::{nesting, strict};

/// C++ as read by tree-sitter-cpp 0.23.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "tree-sitter", exact: false, read: |text| strict::tree::read(Language::Cpp, text) },
    definitions: &[
        DefinitionKind { node: "function_definition", name: "declarator", target: TargetKind::Function },
        DefinitionKind::named("class_specifier", TargetKind::Class),
        DefinitionKind::named("struct_specifier", TargetKind::Class),
        DefinitionKind::named("union_specifier", TargetKind::Type),
        DefinitionKind::named("enum_specifier", TargetKind::Type),
        DefinitionKind::named("namespace_definition", TargetKind::Scope),
    ],
    wrappers: &[],
    separator: "::",
    is_builtin: |_| false,
    unresolved: None,
    layout: Layout::Braces,
    fragments: &[
        // An expression.
        Wrapper::around("int _ = _(", "\n);"),
        // Statements of a body.
        Wrapper::around("void _() {\n", "\n}"),
        // At the top of a file.
        Wrapper::around("", "\n"),
        // A type.
        Wrapper::around("", " _;"),
        // One parameter, or several.
        Wrapper::around("void _(", "\n);"),
        // The text of a string.
        Wrapper::around("auto _ = \"", "\";"),
        // Arguments with their brackets.
        Wrapper::around("auto _ = _", "\n;"),
        // A member of a class.
        Wrapper::around("class _ {\n", "\n};"),
        // What is declared.
        Wrapper::around("int ", ";"),
        // An element of a list.
        Wrapper::around("int _[] = {\n", "\n};"),
        // The name of a member.
        Wrapper::around("auto _ = _.", "\n;"),
        // A name after a namespace.
        Wrapper::around("auto _ = _::", "\n;"),
        // Template arguments with their brackets.
        Wrapper::around("_", "\n _;"),
    ],
    control_heads: &[],
    nests_beyond: nesting::by_the_tree,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_cpp::LANGUAGE.into())
}
