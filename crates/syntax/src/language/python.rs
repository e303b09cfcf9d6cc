//! The registry entry of Python.

use std::sync::OnceLock;

use crate::scope;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
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
    control_heads: &[],
    nests_beyond: nesting::python,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_python::LANGUAGE.into())
}
