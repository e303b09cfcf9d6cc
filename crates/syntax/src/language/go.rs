//! The registry entry of Go.

use std::sync::OnceLock;

use super::{DefinitionKind, Docstring, Entry, Identifiers, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{names, nesting, strict};

/// Go as read by tree-sitter-go 0.25; `go/parser` is asked about every patch that leaves the house.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "tree-sitter", exact: false, read: strict::go::read },
    definitions: &[
        DefinitionKind::named("function_declaration", TargetKind::Function),
        DefinitionKind { owner: Some("receiver"), ..DefinitionKind::named("method_declaration", TargetKind::Method) },
        DefinitionKind::named("type_spec", TargetKind::Type),
        DefinitionKind::named("type_alias", TargetKind::Type),
        DefinitionKind::named("method_elem", TargetKind::Method),
    ],
    wrappers: &["type_declaration"],
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
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &["for_statement", "if_statement", "expression_switch_statement", "type_switch_statement"],
    nests_beyond: nesting::by_the_tree,
};

const UNITS: Units = Units {
    statements: &[
        "assignment_statement",
        "dec_statement",
        "expression_statement",
        "inc_statement",
        "send_statement",
        "short_var_declaration",
        "block",
        "break_statement",
        "const_declaration",
        "continue_statement",
        "defer_statement",
        "empty_statement",
        "expression_switch_statement",
        "fallthrough_statement",
        "for_statement",
        "go_statement",
        "goto_statement",
        "if_statement",
        "labeled_statement",
        "return_statement",
        "select_statement",
        "type_declaration",
        "type_switch_statement",
        "var_declaration",
        "function_declaration",
        "method_declaration",
        "import_declaration",
    ],
    expressions: &[
        "binary_expression",
        "call_expression",
        "composite_literal",
        "false",
        "float_literal",
        "func_literal",
        "identifier",
        "imaginary_literal",
        "index_expression",
        "int_literal",
        "interpreted_string_literal",
        "iota",
        "nil",
        "parenthesized_expression",
        "raw_string_literal",
        "rune_literal",
        "selector_expression",
        "slice_expression",
        "true",
        "type_assertion_expression",
        "type_conversion_expression",
        "type_instantiation_expression",
        "unary_expression",
    ],
    call: "call_expression",
    arguments: &["argument_list"],
    types: &[
        "array_type",
        "channel_type",
        "function_type",
        "generic_type",
        "interface_type",
        "map_type",
        "pointer_type",
        "qualified_type",
        "slice_type",
        "struct_type",
        "type_identifier",
        "parenthesized_type",
    ],
    imports: &["import_declaration"],
    comments: &["comment"],
    verbatim: &["raw_string_literal", "comment"],
    docstring: Docstring::CommentBefore,
};

const IDENTIFIERS: Identifiers = Identifiers {
    node: "identifier",
    beside_letters: "_",
    keywords: &[
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_go::LANGUAGE.into())
}
