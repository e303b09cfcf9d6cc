//! The registry entry of JavaScript, JSX included.

use std::sync::OnceLock;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
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
    ],
    wrappers: &["export_statement"],
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
    control_heads: &[],
    nests_beyond: nesting::javascript,
};

fn grammar() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_javascript::LANGUAGE.into())
}
