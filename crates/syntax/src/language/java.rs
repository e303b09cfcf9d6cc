//! The registry entry of Java.

use std::sync::OnceLock;

use reweave_core::Language;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
use crate::{names, nesting, strict};

/// Java as read by tree-sitter-java 0.23; the compiler's parser is asked about every patch that leaves the house.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "tree-sitter", exact: false, read: |text| strict::tree::read(Language::Java, text) },
    definitions: &[
        DefinitionKind::named("class_declaration", TargetKind::Class),
        DefinitionKind::named("interface_declaration", TargetKind::Type),
        DefinitionKind::named("enum_declaration", TargetKind::Type),
        DefinitionKind::named("record_declaration", TargetKind::Class),
        DefinitionKind::named("annotation_type_declaration", TargetKind::Type),
        DefinitionKind::named("method_declaration", TargetKind::Method),
        DefinitionKind::named("constructor_declaration", TargetKind::Method),
    ],
    wrappers: &[],
    separator: ".",
    is_builtin: names::is_java_builtin,
    unresolved: Some(names::java),
    layout: Layout::Braces,
    fragments: &[
        // An expression.
        Wrapper::around("class _ { Object _ = _(", "\n); }"),
        // Statements of a body.
        Wrapper::around("class _ { void _() {\n", "\n} }"),
        // A member of a class.
        Wrapper::around("class _ {\n", "\n}"),
        // A type.
        Wrapper::around("class _ { ", " _; }"),
        // Parameters with their brackets.
        Wrapper::around("class _ { void _", "{} }"),
        // At the top of a file.
        Wrapper::around("", "\n"),
        // One parameter, or several.
        Wrapper::around("class _ { void _(", "\n) {} }"),
        // The text of a string.
        Wrapper::around("class _ { Object _ = \"", "\"; }"),
        // Arguments with their brackets.
        Wrapper::around("class _ { Object _ = _", "\n; }"),
        // Type arguments with their brackets.
        Wrapper::around("class _ { _", "\n _; }"),
        // The name of a field or method.
        Wrapper::around("class _ { Object _ = _.", "\n; }"),
        // A case of a switch.
        Wrapper::around("class _ { void _() { switch (_) {\n", "\n} } }"),
        // Modifiers.
        Wrapper::around("", " class _ {}"),
        // An element of an array.
        Wrapper::around("class _ { Object[] _ = {\n", "\n}; }"),
        // The clauses of a loop.
        Wrapper::around("class _ { void _() { for (", ") {} } }"),
    ],
    control_heads: &[],
    nests_beyond: nesting::by_the_tree,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_java::LANGUAGE.into())
}
