//! The registry entry of Python.

use std::sync::OnceLock;

use crate::scope;

use super::{DefinitionKind, Docstring, Entry, Identifiers, Layout, Strict, TargetKind, Units, Wrapper};
use crate::{names, nesting, strict};

/// Python as read by tree-sitter-python 0.25 and ruff's parser.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    strict: Strict { parser: "ruff", exact: true, read: strict::python::read },
    definitions: &[
        DefinitionKind::named("function_definition", TargetKind::Function),
        DefinitionKind::named("class_definition", TargetKind::Class),
    ],
    wrappers: &["decorated_definition"],
    separator: ".",
    is_builtin: scope::is_builtin,
    unresolved: Some(names::python),
    layout: Layout::Indentation,
    fragments: &[
        // An expression, or an argument.
        Wrapper { before: "_(", after: "\n)", indented: false },
        // Statements of a body.
        Wrapper { before: "if _:\n", after: "\n", indented: true },
        // A parameter, and the type of one.
        Wrapper { before: "def _(", after: "\n): _", indented: false },
        Wrapper { before: "_: ", after: "\n", indented: false },
        // Arguments or parameters with their brackets.
        Wrapper { before: "_", after: "\n", indented: false },
        Wrapper { before: "def _", after: ": _\n", indented: false },
        // The text of a string.
        Wrapper::around("_ = \"", "\""),
        // What is imported.
        Wrapper::around("from _ import ", "\n"),
        // A module that is imported.
        Wrapper::around("import ", "\n"),
        // The name of an attribute.
        Wrapper::around("_.", "\n"),
        // An element of a dictionary.
        Wrapper::around("_ = {", "\n}"),
        // The text of a formatted string.
        Wrapper::around("_ = f\"", "\""),
        // A clause of a comprehension.
        Wrapper::around("[_ ", "]"),
        // What is assigned to.
        Wrapper::around("", " = _\n"),
        // A pattern.
        Wrapper::around("match _:\n    case ", ":\n        _\n"),
    ],
    units: UNITS,
    identifiers: IDENTIFIERS,
    control_heads: &[],
    nests_beyond: nesting::python,
};

const UNITS: Units = Units {
    statements: &[
        "assert_statement",
        "break_statement",
        "continue_statement",
        "delete_statement",
        "expression_statement",
        "future_import_statement",
        "global_statement",
        "import_from_statement",
        "import_statement",
        "nonlocal_statement",
        "pass_statement",
        "raise_statement",
        "return_statement",
        "type_alias_statement",
        "class_definition",
        "decorated_definition",
        "for_statement",
        "function_definition",
        "if_statement",
        "match_statement",
        "try_statement",
        "while_statement",
        "with_statement",
    ],
    expressions: &[
        "as_pattern",
        "boolean_operator",
        "comparison_operator",
        "conditional_expression",
        "lambda",
        "named_expression",
        "not_operator",
        "attribute",
        "await",
        "binary_operator",
        "call",
        "concatenated_string",
        "dictionary",
        "dictionary_comprehension",
        "ellipsis",
        "false",
        "float",
        "generator_expression",
        "identifier",
        "integer",
        "list",
        "list_comprehension",
        "none",
        "parenthesized_expression",
        "set",
        "set_comprehension",
        "string",
        "subscript",
        "true",
        "tuple",
        "unary_operator",
        "yield",
    ],
    call: "call",
    arguments: &["argument_list"],
    types: &["type"],
    imports: &["import_statement", "import_from_statement", "future_import_statement"],
    comments: &["comment"],
    verbatim: &["string"],
    docstring: Docstring::FirstString,
};

const IDENTIFIERS: Identifiers = Identifiers {
    node: "identifier",
    beside_letters: "_",
    keywords: &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_python::LANGUAGE.into())
}
