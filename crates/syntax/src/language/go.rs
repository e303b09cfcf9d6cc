//! The registry entry of Go.

use std::sync::OnceLock;

use reweave_core::Language;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
use crate::{nesting, strict};

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
    is_builtin: |_| false,
    unresolved: None,
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
    ],
    nests_beyond: nesting::braces,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_go::LANGUAGE.into())
}
