//! The registry entry of Python.

use std::sync::OnceLock;

use crate::scope;

use super::{DefinitionKind, Entry, Layout, TargetKind, Wrapper};

/// Python as read by tree-sitter-python 0.25 and ruff's parser.
pub(super) static ENTRY: Entry = Entry {
    grammar,
    extensions: &["py", "pyi"],
    definitions: &[
        DefinitionKind { node: "function_definition", target: TargetKind::Function },
        DefinitionKind { node: "class_definition", target: TargetKind::Class },
    ],
    wrapper: Some("decorated_definition"),
    is_builtin: scope::is_builtin,
    layout: Layout::Indentation,
    wrappers: &[
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
    ],
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_python::LANGUAGE.into())
}
