//! The registry entries of TypeScript and of TSX, which differ in how `<` is read.

use std::sync::OnceLock;

use super::javascript::{BOUND, BOUND_CLASS, IDENTIFIERS};
use super::{DefinitionKind, Docstring, Entry, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{names, nesting, strict};

/// TypeScript as read by tree-sitter-typescript 0.23 and oxc.
pub(super) static ENTRY: Entry = TYPESCRIPT;

/// TSX as read by the same two.
pub(super) static TSX: Entry = Entry {
    grammar: tsx,
    strict: Strict { parser: "oxc", exact: true, read: strict::script::tsx },
    units: TSX_UNITS,
    nests_beyond: nesting::tsx,
    ..TYPESCRIPT
};

const TYPESCRIPT: Entry = Entry {
    grammar: typescript,
    strict: Strict { parser: "oxc", exact: true, read: strict::script::typescript },
    definitions: DEFINITIONS,
    wrappers: &["lexical_declaration", "variable_declaration", "ambient_declaration", "export_statement"],
    separator: ".",
    is_builtin: names::is_script_builtin,
    unresolved: Some(names::script),
    layout: Layout::Braces,
    fragments: FRAGMENTS,
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &[],
    nests_beyond: nesting::typescript,
};

const DEFINITIONS: &[DefinitionKind] = &[
    DefinitionKind::named("function_declaration", TargetKind::Function),
    DefinitionKind::named("generator_function_declaration", TargetKind::Function),
    DefinitionKind::named("class_declaration", TargetKind::Class),
    DefinitionKind::named("abstract_class_declaration", TargetKind::Class),
    DefinitionKind::named("method_definition", TargetKind::Method),
    DefinitionKind::named("function_signature", TargetKind::Function),
    DefinitionKind::named("method_signature", TargetKind::Method),
    DefinitionKind::named("abstract_method_signature", TargetKind::Method),
    DefinitionKind::named("interface_declaration", TargetKind::Type),
    DefinitionKind::named("type_alias_declaration", TargetKind::Type),
    DefinitionKind { holding: BOUND_CLASS, ..DefinitionKind::named("variable_declarator", TargetKind::Class) },
    DefinitionKind { holding: BOUND, ..DefinitionKind::named("variable_declarator", TargetKind::Function) },
    DefinitionKind { holding: BOUND, ..DefinitionKind::named("public_field_definition", TargetKind::Function) },
    DefinitionKind { holding: BOUND, name: "key", ..DefinitionKind::named("pair", TargetKind::Function) },
    DefinitionKind::named("enum_declaration", TargetKind::Type),
    DefinitionKind::named("internal_module", TargetKind::Module),
];

const FRAGMENTS: &[Wrapper] = &[
    // An expression.
    Wrapper::around("_(", "\n)"),
    // Statements of a body.
    Wrapper::around("async function* _() {\n", "\n}"),
    // A member of a class.
    Wrapper::around("class _ {\n", "\n}"),
    // A type.
    Wrapper::around("type _ = ", "\n"),
    // A member of an interface.
    Wrapper::around("interface _ {\n", "\n}"),
    // Parameters with their brackets.
    Wrapper::around("function _", "{}"),
    // Arguments with their brackets.
    Wrapper::around("_", ""),
    // A case of a switch.
    Wrapper::around("switch (_) {\n", "\n}"),
    // At the top of a file.
    Wrapper::around("", "\n"),
    // One parameter, or several.
    Wrapper::around("function _(", "\n) {}"),
    // The text of a string.
    Wrapper::around("_ = \"", "\""),
    // A property of an object.
    Wrapper::around("_ = {\n", "\n}"),
    // The name of a property.
    Wrapper::around("_.", ""),
    // What is declared.
    Wrapper::around("let ", " = _"),
    // What is imported.
    Wrapper::around("import ", " from \"_\""),
    // The text of a template.
    Wrapper::around("_ = `", "`"),
    // A type with its colon.
    Wrapper::around("let _", "\n;"),
    // Type arguments with their brackets.
    Wrapper::around("type _ = _", "\n;"),
    // Type parameters with their brackets.
    Wrapper::around("class _", "{}"),
];

const UNITS: Units = Units {
    statements: &[
        "break_statement",
        "continue_statement",
        "debugger_statement",
        "class_declaration",
        "function_declaration",
        "generator_function_declaration",
        "lexical_declaration",
        "variable_declaration",
        "do_statement",
        "empty_statement",
        "export_statement",
        "expression_statement",
        "for_in_statement",
        "for_statement",
        "if_statement",
        "import_statement",
        "labeled_statement",
        "return_statement",
        "statement_block",
        "switch_statement",
        "throw_statement",
        "try_statement",
        "while_statement",
        "with_statement",
        "abstract_class_declaration",
        "ambient_declaration",
        "enum_declaration",
        "function_signature",
        "import_alias",
        "interface_declaration",
        "internal_module",
        "module",
        "type_alias_declaration",
    ],
    expressions: &[
        "assignment_expression",
        "augmented_assignment_expression",
        "await_expression",
        "binary_expression",
        "new_expression",
        "ternary_expression",
        "unary_expression",
        "update_expression",
        "yield_expression",
        "array",
        "arrow_function",
        "call_expression",
        "class",
        "false",
        "function_expression",
        "generator_function",
        "identifier",
        "member_expression",
        "meta_property",
        "null",
        "number",
        "object",
        "parenthesized_expression",
        "regex",
        "string",
        "subscript_expression",
        "super",
        "template_string",
        "this",
        "true",
        "undefined",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "instantiation_expression",
    ],
    call: "call_expression",
    arguments: &["arguments"],
    types: &[
        "array_type",
        "conditional_type",
        "constructor_type",
        "function_type",
        "generic_type",
        "index_type_query",
        "infer_type",
        "intersection_type",
        "literal_type",
        "lookup_type",
        "nested_type_identifier",
        "object_type",
        "parenthesized_type",
        "predefined_type",
        "readonly_type",
        "template_literal_type",
        "this_type",
        "tuple_type",
        "type_identifier",
        "type_query",
        "union_type",
    ],
    imports: &["import_statement", "import_alias"],
    comments: &["comment"],
    verbatim: &["template_string", "string", "comment"],
    docstring: Docstring::CommentBefore,
};

const TSX_UNITS: Units = Units {
    expressions: &[
        "assignment_expression",
        "augmented_assignment_expression",
        "await_expression",
        "binary_expression",
        "new_expression",
        "ternary_expression",
        "unary_expression",
        "update_expression",
        "yield_expression",
        "array",
        "arrow_function",
        "call_expression",
        "class",
        "false",
        "function_expression",
        "generator_function",
        "identifier",
        "member_expression",
        "meta_property",
        "null",
        "number",
        "object",
        "parenthesized_expression",
        "regex",
        "string",
        "subscript_expression",
        "super",
        "template_string",
        "this",
        "true",
        "undefined",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "instantiation_expression",
        "jsx_element",
        "jsx_self_closing_element",
    ],
    verbatim: &["template_string", "string", "comment", "jsx_text"],
    ..UNITS
};

fn typescript() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into())
}

fn tsx() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_typescript::LANGUAGE_TSX.into())
}
