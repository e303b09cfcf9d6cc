//! The registry entry of C: masking and gates by tree-sitter alone.

use std::sync::OnceLock;

use super::{DefinitionKind, Docstring, Entry, Holding, Identifiers, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{nesting, strict};

/// C as read by tree-sitter-c 0.24.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "tree-sitter", exact: false, read: strict::c::read },
    definitions: &[
        DefinitionKind { name: "declarator", ..DefinitionKind::named("function_definition", TargetKind::Function) },
        DefinitionKind { holding: WITH_BODY, ..DefinitionKind::named("struct_specifier", TargetKind::Type) },
        DefinitionKind { holding: WITH_BODY, ..DefinitionKind::named("union_specifier", TargetKind::Type) },
        DefinitionKind { holding: WITH_BODY, ..DefinitionKind::named("enum_specifier", TargetKind::Type) },
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
        Wrapper::around("char *_ = \"", "\";"),
        // Arguments with their brackets.
        Wrapper::around("int _ = _", "\n;"),
        // A field of a struct.
        Wrapper::around("struct _ {\n", "\n};"),
        // What is declared.
        Wrapper::around("int ", ";"),
        // An element of a list.
        Wrapper::around("int _[] = {\n", "\n};"),
        // The name of a field.
        Wrapper::around("int _ = _.", "\n;"),
    ],
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &[],
    nests_beyond: nesting::by_the_tree,
};

/// Without a body it names a type that is defined elsewhere.
const WITH_BODY: Option<Holding> = Some(("body", &[]));

const UNITS: Units = Units {
    statements: &[
        "attributed_statement",
        "break_statement",
        "case_statement",
        "compound_statement",
        "continue_statement",
        "declaration",
        "do_statement",
        "expression_statement",
        "for_statement",
        "goto_statement",
        "if_statement",
        "labeled_statement",
        "return_statement",
        "switch_statement",
        "while_statement",
        "function_definition",
        "preproc_include",
    ],
    expressions: &[
        "assignment_expression",
        "binary_expression",
        "call_expression",
        "cast_expression",
        "char_literal",
        "compound_literal_expression",
        "concatenated_string",
        "conditional_expression",
        "false",
        "field_expression",
        "generic_expression",
        "identifier",
        "null",
        "number_literal",
        "offsetof_expression",
        "parenthesized_expression",
        "pointer_expression",
        "sizeof_expression",
        "string_literal",
        "subscript_expression",
        "true",
        "unary_expression",
        "update_expression",
    ],
    call: "call_expression",
    arguments: &["argument_list"],
    types: &[
        "enum_specifier",
        "primitive_type",
        "sized_type_specifier",
        "struct_specifier",
        "type_identifier",
        "union_specifier",
    ],
    imports: &["preproc_include"],
    comments: &["comment"],
    verbatim: &["comment"],
    docstring: Docstring::CommentBefore,
};

const IDENTIFIERS: Identifiers = Identifiers {
    node: "identifier",
    beside_letters: "_",
    keywords: &[
        "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
        "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
        "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while",
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_c::LANGUAGE.into())
}
