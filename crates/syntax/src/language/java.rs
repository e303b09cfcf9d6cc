//! The registry entry of Java.

use std::sync::OnceLock;

use super::{DefinitionKind, Docstring, Entry, Identifiers, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{names, nesting, strict};

/// Java as read by tree-sitter-java 0.23; the compiler's parser is asked about every patch that leaves the house.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "tree-sitter", exact: false, read: strict::java::read },
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
        Wrapper::around("class x { Object x = x(", "\n); }"),
        // Statements of a body.
        Wrapper::around("class x { void x() {\n", "\n} }"),
        // A member of a class.
        Wrapper::around("class x {\n", "\n}"),
        // A type.
        Wrapper::around("class x { ", " x; }"),
        // Parameters with their brackets.
        Wrapper::around("class x { void x", "{} }"),
        // At the top of a file.
        Wrapper::around("", "\n"),
        // One parameter, or several.
        Wrapper::around("class x { void x(", "\n) {} }"),
        // The text of a string.
        Wrapper::around("class x { Object x = \"", "\"; }"),
        // Arguments with their brackets.
        Wrapper::around("class x { Object x = x", "\n; }"),
        // Type arguments with their brackets.
        Wrapper::around("class x { x", "\n x; }"),
        // The name of a field or method.
        Wrapper::around("class x { Object x = x.", "\n; }"),
        // A case of a switch.
        Wrapper::around("class x { void x() { switch (x) {\n", "\n} } }"),
        // Modifiers.
        Wrapper::around("", " class x {}"),
        // An element of an array.
        Wrapper::around("class x { Object[] x = {\n", "\n}; }"),
        // The clauses of a loop.
        Wrapper::around("class x { void x() { for (", ") {} } }"),
    ],
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &[],
    nests_beyond: nesting::by_the_tree,
};

const UNITS: Units = Units {
    statements: &[
        "assert_statement",
        "block",
        "break_statement",
        "continue_statement",
        "do_statement",
        "enhanced_for_statement",
        "expression_statement",
        "for_statement",
        "if_statement",
        "labeled_statement",
        "local_variable_declaration",
        "return_statement",
        "synchronized_statement",
        "throw_statement",
        "try_statement",
        "try_with_resources_statement",
        "while_statement",
        "yield_statement",
        "class_declaration",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "annotation_type_declaration",
        "import_declaration",
        "package_declaration",
        "method_declaration",
        "constructor_declaration",
        "field_declaration",
    ],
    expressions: &[
        "binary_integer_literal",
        "character_literal",
        "decimal_floating_point_literal",
        "decimal_integer_literal",
        "false",
        "hex_floating_point_literal",
        "hex_integer_literal",
        "null_literal",
        "octal_integer_literal",
        "string_literal",
        "true",
        "assignment_expression",
        "binary_expression",
        "cast_expression",
        "instanceof_expression",
        "lambda_expression",
        "switch_expression",
        "ternary_expression",
        "unary_expression",
        "update_expression",
        "array_access",
        "array_creation_expression",
        "class_literal",
        "field_access",
        "identifier",
        "method_invocation",
        "method_reference",
        "object_creation_expression",
        "parenthesized_expression",
        "this",
    ],
    call: "method_invocation",
    arguments: &["argument_list"],
    types: &[
        "array_type",
        "boolean_type",
        "floating_point_type",
        "generic_type",
        "integral_type",
        "scoped_type_identifier",
        "type_identifier",
        "void_type",
        "annotated_type",
    ],
    imports: &["import_declaration"],
    comments: &["line_comment", "block_comment"],
    verbatim: &["string_literal", "block_comment"],
    docstring: Docstring::CommentBefore,
};

const IDENTIFIERS: Identifiers = Identifiers {
    node: "identifier",
    beside_letters: "_$",
    keywords: &[
        "abstract",
        "assert",
        "boolean",
        "break",
        "byte",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extends",
        "false",
        "final",
        "finally",
        "float",
        "for",
        "goto",
        "if",
        "implements",
        "import",
        "instanceof",
        "int",
        "interface",
        "long",
        "native",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "short",
        "static",
        "strictfp",
        "super",
        "switch",
        "synchronized",
        "this",
        "throw",
        "throws",
        "transient",
        "true",
        "try",
        "void",
        "volatile",
        "while",
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_java::LANGUAGE.into())
}
