//! The registry entries of TypeScript and of TSX, which differ in how `<` is read.

use std::sync::OnceLock;

use super::{DefinitionKind, Entry, Layout, Strict, TargetKind, Wrapper};
use crate::{names, nesting, strict};

/// TypeScript as read by tree-sitter-typescript 0.23 and oxc.
pub(super) static ENTRY: Entry = Entry {
    grammar: typescript,
    strict: Strict { parser: "oxc", exact: true, read: strict::script::typescript },
    definitions: DEFINITIONS,
    wrappers: &["export_statement"],
    separator: ".",
    is_builtin: names::is_script_builtin,
    unresolved: Some(names::script),
    layout: Layout::Braces,
    fragments: FRAGMENTS,
    control_heads: &[],
    nests_beyond: nesting::typescript,
};

/// TSX as read by the same two.
pub(super) static TSX: Entry = Entry {
    grammar: tsx,
    strict: Strict { parser: "oxc", exact: true, read: strict::script::tsx },
    definitions: DEFINITIONS,
    wrappers: &["export_statement"],
    separator: ".",
    is_builtin: names::is_script_builtin,
    unresolved: Some(names::script),
    layout: Layout::Braces,
    fragments: FRAGMENTS,
    control_heads: &[],
    nests_beyond: nesting::tsx,
};

const DEFINITIONS: &[DefinitionKind] = &[
    DefinitionKind::named("function_declaration", TargetKind::Function),
    DefinitionKind::named("generator_function_declaration", TargetKind::Function),
    DefinitionKind::named("class_declaration", TargetKind::Class),
    DefinitionKind::named("abstract_class_declaration", TargetKind::Class),
    DefinitionKind::named("method_definition", TargetKind::Method),
    DefinitionKind::named("interface_declaration", TargetKind::Type),
    DefinitionKind::named("enum_declaration", TargetKind::Type),
    DefinitionKind::named("internal_module", TargetKind::Scope),
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

fn typescript() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into())
}

fn tsx() -> &'static tree_sitter::Language {
    static GRAMMAR: OnceLock<tree_sitter::Language> = OnceLock::new();
    GRAMMAR.get_or_init(|| tree_sitter_typescript::LANGUAGE_TSX.into())
}
