//! The registry entry of JavaScript, JSX included.

use std::sync::OnceLock;

use super::{DefinitionKind, Docstring, Entry, Holding, Identifiers, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{names, nesting, strict};

/// JavaScript as read by tree-sitter-javascript 0.25 and oxc.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "oxc", exact: true, read: strict::script::javascript },
    definitions: &[
        DefinitionKind::named("function_declaration", TargetKind::Function),
        DefinitionKind::named("generator_function_declaration", TargetKind::Function),
        DefinitionKind::named("class_declaration", TargetKind::Class),
        DefinitionKind::named("method_definition", TargetKind::Method),
        DefinitionKind { holding: BOUND_CLASS, ..DefinitionKind::named("variable_declarator", TargetKind::Class) },
        DefinitionKind { holding: BOUND, ..DefinitionKind::named("variable_declarator", TargetKind::Function) },
        DefinitionKind {
            holding: BOUND,
            name: "property",
            ..DefinitionKind::named("field_definition", TargetKind::Function)
        },
        DefinitionKind { holding: BOUND, name: "key", ..DefinitionKind::named("pair", TargetKind::Function) },
    ],
    wrappers: &["lexical_declaration", "variable_declaration", "export_statement"],
    separator: ".",
    is_builtin: names::is_script_builtin,
    unresolved: Some(names::script),
    layout: Layout::Braces,
    fragments: &[
        // An expression.
        Wrapper::around("_(", "\n)"),
        // Statements of a body.
        Wrapper::around("async function* _() {\n", "\n}"),
        // A member of a class.
        Wrapper::around("class _ {\n", "\n}"),
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
        // An attribute or child of an element.
        Wrapper::around("_ = <_>", "</_>"),
    ],
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &[],
    nests_beyond: nesting::javascript,
};

/// The values that make a function of what they are bound to.
pub(super) const BOUND: Option<Holding> =
    Some(("value", &["arrow_function", "function_expression", "generator_function"]));
/// The value that makes a class of it.
pub(super) const BOUND_CLASS: Option<Holding> = Some(("value", &["class"]));

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
        "using_declaration",
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
        "jsx_element",
        "jsx_self_closing_element",
    ],
    call: "call_expression",
    arguments: &["arguments"],
    types: &[],
    imports: &["import_statement"],
    comments: &["comment"],
    verbatim: &["template_string", "string", "comment", "jsx_text"],
    docstring: Docstring::CommentBefore,
};

/// Words and letters of names, the same in TypeScript.
pub(super) const IDENTIFIERS: Identifiers = Identifiers {
    node: "identifier",
    beside_letters: "_$",
    keywords: &[
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "let",
        "new",
        "null",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_javascript::LANGUAGE.into())
}
