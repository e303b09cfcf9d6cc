//! The registry entry of Rust.

use std::sync::OnceLock;

use super::{DefinitionKind, Docstring, Entry, Identifiers, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{names, nesting, strict};

/// Rust as read by tree-sitter-rust 0.24 and syn.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "syn", exact: true, read: strict::rust::read },
    definitions: &[
        DefinitionKind::named("function_item", TargetKind::Function),
        DefinitionKind::named("function_signature_item", TargetKind::Function),
        DefinitionKind::named("type_item", TargetKind::Type),
        DefinitionKind::named("macro_definition", TargetKind::Function),
        DefinitionKind::named("struct_item", TargetKind::Type),
        DefinitionKind::named("enum_item", TargetKind::Type),
        DefinitionKind::named("union_item", TargetKind::Type),
        DefinitionKind::named("trait_item", TargetKind::Scope),
        DefinitionKind {
            name: "type",
            of: Some("trait"),
            word: "impl ",
            ..DefinitionKind::named("impl_item", TargetKind::Scope)
        },
        DefinitionKind::named("mod_item", TargetKind::Module),
    ],
    wrappers: &[],
    separator: "::",
    is_builtin: names::is_rust_builtin,
    unresolved: Some(names::rust),
    layout: Layout::Braces,
    fragments: &[
        // An expression.
        Wrapper::around("fn x() { x(", "\n) }"),
        // Statements of a body.
        Wrapper::around("async fn x() {\n", "\n}"),
        // An item of an `impl`.
        Wrapper::around("impl x {\n", "\n}"),
        // A type.
        Wrapper::around("type x = ", "\n;"),
        // A pattern.
        Wrapper::around("fn x() { let ", " = x; }"),
        // An arm of a match.
        Wrapper::around("fn x() { match x {\n", "\n} }"),
        // Parameters with their brackets.
        Wrapper::around("fn x", "{}"),
        // Arguments with their brackets.
        Wrapper::around("fn x() { x", "\n}"),
        // At the top of a file.
        Wrapper::around("", "\n"),
        // One parameter, or several.
        Wrapper::around("fn x(", "\n) {}"),
        // The text of a string.
        Wrapper::around("const x: x = \"", "\";"),
        // What is imported.
        Wrapper::around("use x::", "\n;"),
        // A field of a struct.
        Wrapper::around("struct x {\n", "\n}"),
        // A variant of an enum.
        Wrapper::around("enum x {\n", "\n}"),
        // Type arguments with their brackets.
        Wrapper::around("type x = x", "\n;"),
        // Type parameters with their brackets.
        Wrapper::around("struct x", "\n;"),
        // A field of a literal.
        Wrapper::around("fn x() { x {\n", "\n}; }"),
        // The name of a field or method.
        Wrapper::around("fn x() { x.", "; }"),
        // A bound.
        Wrapper::around("fn x<x: ", ">() {}"),
        // The arguments of a macro with their brackets.
        Wrapper::around("x!", "\n;"),
        // A name after a path.
        Wrapper::around("fn x() { x::", "; }"),
        // An attribute with its brackets.
        Wrapper::around("#", "\nfn x() {}"),
    ],
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &["if_expression", "while_expression", "for_expression", "match_expression"],
    nests_beyond: nesting::rust,
};

const UNITS: Units = Units {
    statements: &[
        "let_declaration",
        "expression_statement",
        "empty_statement",
        "associated_type",
        "attribute_item",
        "const_item",
        "enum_item",
        "extern_crate_declaration",
        "foreign_mod_item",
        "function_item",
        "function_signature_item",
        "impl_item",
        "inner_attribute_item",
        "macro_definition",
        "mod_item",
        "static_item",
        "struct_item",
        "trait_item",
        "type_item",
        "union_item",
        "use_declaration",
    ],
    expressions: &[
        "boolean_literal",
        "char_literal",
        "float_literal",
        "integer_literal",
        "raw_string_literal",
        "string_literal",
        "array_expression",
        "assignment_expression",
        "async_block",
        "await_expression",
        "binary_expression",
        "break_expression",
        "call_expression",
        "closure_expression",
        "compound_assignment_expr",
        "const_block",
        "continue_expression",
        "field_expression",
        "for_expression",
        "generic_function",
        "identifier",
        "if_expression",
        "index_expression",
        "loop_expression",
        "macro_invocation",
        "match_expression",
        "parenthesized_expression",
        "range_expression",
        "reference_expression",
        "return_expression",
        "scoped_identifier",
        "self",
        "struct_expression",
        "try_block",
        "try_expression",
        "tuple_expression",
        "type_cast_expression",
        "unary_expression",
        "unit_expression",
        "unsafe_block",
        "while_expression",
        "yield_expression",
    ],
    call: "call_expression",
    arguments: &["arguments"],
    types: &[
        "abstract_type",
        "array_type",
        "bounded_type",
        "dynamic_type",
        "function_type",
        "generic_type",
        "never_type",
        "pointer_type",
        "primitive_type",
        "reference_type",
        "scoped_type_identifier",
        "tuple_type",
        "type_identifier",
        "unit_type",
    ],
    imports: &["use_declaration", "extern_crate_declaration"],
    comments: &["line_comment", "block_comment"],
    verbatim: &["string_literal", "raw_string_literal", "block_comment"],
    docstring: Docstring::CommentBefore,
};

const IDENTIFIERS: Identifiers = Identifiers {
    node: "identifier",
    beside_letters: "_",
    keywords: &[
        "Self", "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
        "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
        "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while", "abstract",
        "become", "box", "do", "final", "gen", "macro", "override", "priv", "try", "typeof", "unsized", "virtual",
        "yield",
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_rust::LANGUAGE.into())
}
