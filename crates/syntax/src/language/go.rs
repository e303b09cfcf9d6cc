//! The registry entry of Go.

use std::sync::OnceLock;

use reweave_core::Language;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
use crate::{names, nesting, strict};

/// Go as read by tree-sitter-go 0.25; `go/parser` is asked about every patch that leaves the house.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "tree-sitter", exact: false, read: |text| strict::tree::read(Language::Go, text) },
    definitions: &[
        DefinitionKind::named("function_declaration", TargetKind::Function),
        DefinitionKind::named("method_declaration", TargetKind::Method),
        DefinitionKind::named("type_spec", TargetKind::Type),
    ],
    wrappers: &[],
    separator: ".",
    is_builtin: names::is_go_builtin,
    unresolved: Some(names::go),
    layout: Layout::Braces,
    fragments: &[
        // An expression.
        Wrapper::around("package _\nfunc _() { _(", "\n) }"),
        // Statements of a body.
        Wrapper::around("package _\nfunc _() {\n", "\n}"),
        // A type.
        Wrapper::around("package _\ntype _ ", "\n"),
        // Parameters or results with their brackets.
        Wrapper::around("package _\nfunc _", " {}"),
        // A case of a switch.
        Wrapper::around("package _\nfunc _() { switch {\n", "\n} }"),
        // A literal with its braces.
        Wrapper::around("package _\nvar _ = _", "\n"),
        // At the top of a file.
        Wrapper::around("package _\n", "\n"),
        // One parameter, or several.
        Wrapper::around("package _\nfunc _(", "\n) {}"),
        // The text of a string.
        Wrapper::around("package _\nvar _ = \"", "\""),
        // An import.
        Wrapper::around("package _\nimport (\n", "\n)"),
        // A field of a struct.
        Wrapper::around("package _\ntype _ struct {\n", "\n}"),
        // A method of an interface.
        Wrapper::around("package _\ntype _ interface {\n", "\n}"),
        // Type arguments with their brackets.
        Wrapper::around("package _\nvar _ _", "\n"),
        // An element of a literal.
        Wrapper::around("package _\nvar _ = _{\n", ",\n}"),
        // What is assigned to.
        Wrapper::around("package _\nfunc _() {\n", " = _\n}"),
        // The clauses of a loop.
        Wrapper::around("package _\nfunc _() { for ", " {\n} }"),
        // The name of a field or method.
        Wrapper::around("package _\nvar _ = _.", "\n"),
    ],
    control_heads: &["for_statement", "if_statement", "expression_switch_statement", "type_switch_statement"],
    nests_beyond: nesting::by_the_tree,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_go::LANGUAGE.into())
}
