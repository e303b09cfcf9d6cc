//! The registry entry of Rust.

use std::sync::OnceLock;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
use crate::{names, nesting, strict};

/// Rust as read by tree-sitter-rust 0.24 and syn.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "syn", exact: true, read: strict::rust::read },
    definitions: &[
        DefinitionKind::named("function_item", TargetKind::Function),
        DefinitionKind::named("struct_item", TargetKind::Type),
        DefinitionKind::named("enum_item", TargetKind::Type),
        DefinitionKind::named("union_item", TargetKind::Type),
        DefinitionKind::named("trait_item", TargetKind::Scope),
        DefinitionKind { node: "impl_item", name: "type", target: TargetKind::Scope },
        DefinitionKind::named("mod_item", TargetKind::Scope),
    ],
    wrappers: &[],
    separator: "::",
    is_builtin: names::is_rust_builtin,
    unresolved: Some(names::rust),
    layout: Layout::Braces,
    fragments: &[
        // An expression.
        Wrapper::around("fn _() { _(", "\n) }"),
        // Statements of a body.
        Wrapper::around("async fn _() {\n", "\n}"),
        // An item of an `impl`.
        Wrapper::around("impl _ {\n", "\n}"),
        // A type.
        Wrapper::around("type _ = ", "\n;"),
        // A pattern.
        Wrapper::around("fn _() { let ", " = _; }"),
        // An arm of a match.
        Wrapper::around("fn _() { match _ {\n", "\n} }"),
        // Parameters with their brackets.
        Wrapper::around("fn _", "{}"),
        // Arguments with their brackets.
        Wrapper::around("fn _() { _", "\n}"),
        // At the top of a file.
        Wrapper::around("", "\n"),
        // One parameter, or several.
        Wrapper::around("fn _(", "\n) {}"),
        // The text of a string.
        Wrapper::around("const _: _ = \"", "\";"),
        // What is imported.
        Wrapper::around("use _::", "\n;"),
        // A field of a struct.
        Wrapper::around("struct _ {\n", "\n}"),
        // A variant of an enum.
        Wrapper::around("enum _ {\n", "\n}"),
        // Type arguments with their brackets.
        Wrapper::around("type _ = _", "\n;"),
        // Type parameters with their brackets.
        Wrapper::around("struct _", "\n;"),
        // A field of a literal.
        Wrapper::around("fn _() { _ {\n", "\n}; }"),
        // The name of a field or method.
        Wrapper::around("fn _() { _.", "; }"),
        // A bound.
        Wrapper::around("fn _<_: ", ">() {}"),
        // The arguments of a macro with their brackets.
        Wrapper::around("_!", "\n;"),
        // A name after a path.
        Wrapper::around("fn _() { _::", "; }"),
        // An attribute with its brackets.
        Wrapper::around("#", "\nfn _() {}"),
    ],
    control_heads: &["if_expression", "while_expression", "for_expression", "match_expression"],
    nests_beyond: nesting::rust,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_rust::LANGUAGE.into())
}
