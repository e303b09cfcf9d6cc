//! Rust, Go and Java: names in the place of a value that stand nowhere else in the file.
//!
//! One file does not hold all that binds its names, so this says only what is certain. A name counts as bound wherever
//! it stands in a place that is no plain value: a pattern, a parameter, an import, a definition, a macro's tokens. Files
//! that take names from elsewhere wholesale are not judged. What is left:
//!
//! - Rust: names in lower case, unless the file has a glob import (`use super::*` in a module of the file apart) or
//!   includes another file.
//! - Java: names in lower case, unless a type of the file extends or implements another, for it inherits fields.
//! - Go: a package of the standard library that is used and not imported. Anything else may be bound in another file of
//!   the package.

use std::collections::HashSet;
use std::sync::OnceLock;

use reweave_core::Span;
use tree_sitter::{Node, Query, QueryCursor, StreamingIterator};

use super::Unresolved;
use crate::ParsedFile;

/// What is certain of one language.
struct Rules {
    /// Captures plain values as `use`, and what makes a file not to be judged as `elsewhere`.
    query: &'static str,
    compiled: OnceLock<Query>,
    /// Kinds of nodes that are names.
    names: &'static [&'static str],
    /// Whether a name that is bound nowhere in the file is certainly bound nowhere.
    is_certain: fn(&str) -> bool,
}

pub(crate) fn rust(file: &ParsedFile) -> Option<Vec<Unresolved>> {
    static RULES: Rules = Rules {
        query: RUST,
        compiled: OnceLock::new(),
        names: &["identifier", "shorthand_field_identifier"],
        is_certain: |name| in_lower_case(name) && !is_rust_builtin(name),
    };
    RULES.unresolved(file)
}

pub(crate) fn java(file: &ParsedFile) -> Option<Vec<Unresolved>> {
    static RULES: Rules = Rules {
        query: JAVA,
        compiled: OnceLock::new(),
        names: &["identifier"],
        is_certain: |name| in_lower_case(name) && !is_java_builtin(name),
    };
    RULES.unresolved(file)
}

pub(crate) fn go(file: &ParsedFile) -> Option<Vec<Unresolved>> {
    static RULES: Rules = Rules {
        query: GO,
        compiled: OnceLock::new(),
        names: &["identifier", "package_identifier", "interpreted_string_literal_content"],
        is_certain: |name| GO_PACKAGES.contains(&name),
    };
    RULES.unresolved(file)
}

/// Functions of Rust's prelude, and names that only look like ones.
pub(crate) fn is_rust_builtin(name: &str) -> bool {
    matches!(
        name,
        "align_of" | "align_of_val" | "crate" | "drop" | "main" | "self" | "size_of" | "size_of_val" | "super"
    )
}

/// Names that annotations generate in Java.
pub(crate) fn is_java_builtin(name: &str) -> bool {
    matches!(name, "length" | "log" | "logger" | "super" | "this")
}

/// Go's predeclared identifiers.
pub(crate) fn is_go_builtin(name: &str) -> bool {
    GO_PREDECLARED.contains(&name)
}

impl Rules {
    fn unresolved(&self, file: &ParsedFile) -> Option<Vec<Unresolved>> {
        if !file.errors().is_empty() {
            return None;
        }
        let grammar = (file.entry().grammar)();
        let query = self.compiled.get_or_init(|| Query::new(grammar, self.query).expect("a test compiles each query"));
        let uses = uses(query, file)?;
        let places: HashSet<usize> = uses.iter().map(Node::start_byte).collect();
        let bound = self.bound(file, &places);
        let name = |node: &Node<'_>| &file.text()[node.byte_range()];
        let certain = uses.iter().filter(|node| (self.is_certain)(name(node)) && !bound.contains(name(node)));
        let unresolved = |node: &Node<'_>| Unresolved {
            name: name(node).to_owned(),
            span: Span::new(node.start_byte(), node.end_byte()),
        };
        Some(certain.map(unresolved).collect())
    }

    /// Every name that stands elsewhere than in `uses`; of an import's path, its last part.
    fn bound<'a>(&self, file: &'a ParsedFile, uses: &HashSet<usize>) -> HashSet<&'a str> {
        let mut bound = HashSet::new();
        let mut cursor = file.tree().walk();
        loop {
            let node = cursor.node();
            if self.names.contains(&node.kind()) && !uses.contains(&node.start_byte()) {
                let text = &file.text()[node.byte_range()];
                bound.insert(text.rsplit('/').next().unwrap_or(text));
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return bound;
                }
            }
        }
    }
}

/// The plain values of a file in the order of the text; `None` where names come from elsewhere.
fn uses<'a>(query: &Query, file: &'a ParsedFile) -> Option<Vec<Node<'a>>> {
    let elsewhere = query.capture_index_for_name("elsewhere");
    let mut cursor = QueryCursor::new();
    let mut captures = cursor.captures(query, file.tree().root_node(), file.text().as_bytes());
    let mut found = Vec::new();
    while let Some((matched, index)) = captures.next() {
        let capture = matched.captures()[*index];
        if Some(capture.index) == elsewhere {
            if !is_own_parent(capture.node, file.text()) {
                return None;
            }
        } else {
            found.push(capture.node);
        }
    }
    Some(found)
}

/// Whether a glob import takes what the module around it, in the same file, binds.
fn is_own_parent(import: Node<'_>, text: &str) -> bool {
    let mut ancestors = std::iter::successors(import.parent(), Node::parent);
    &text[import.byte_range()] == "super::*" && ancestors.any(|node| node.kind() == "mod_item")
}

fn in_lower_case(name: &str) -> bool {
    name.starts_with(char::is_lowercase)
}

const RUST: &str = r#"
(binary_expression (identifier) @use)
(call_expression function: (identifier) @use)
(arguments (identifier) @use)
(field_expression value: (identifier) @use)
(unary_expression (identifier) @use)
(reference_expression value: (identifier) @use)
(return_expression (identifier) @use)
(assignment_expression (identifier) @use)
(compound_assignment_expr (identifier) @use)
(let_declaration value: (identifier) @use)
(index_expression (identifier) @use)
(try_expression (identifier) @use)
(if_expression condition: (identifier) @use)
(match_expression value: (identifier) @use)
(for_expression value: (identifier) @use)
(parenthesized_expression (identifier) @use)
(tuple_expression (identifier) @use)
(array_expression (identifier) @use)
(type_cast_expression value: (identifier) @use)
(field_initializer value: (identifier) @use)
(use_wildcard) @elsewhere
((macro_invocation macro: (identifier) @elsewhere) (#eq? @elsewhere "include"))
"#;

const JAVA: &str = r#"
(binary_expression (identifier) @use)
(argument_list (identifier) @use)
(return_statement (identifier) @use)
(assignment_expression (identifier) @use)
(variable_declarator value: (identifier) @use)
(unary_expression operand: (identifier) @use)
(update_expression (identifier) @use)
(parenthesized_expression (identifier) @use)
(array_access (identifier) @use)
(ternary_expression (identifier) @use)
(cast_expression value: (identifier) @use)
(method_invocation object: (identifier) @use)
(superclass) @elsewhere
(super_interfaces) @elsewhere
(extends_interfaces) @elsewhere
(object_creation_expression (class_body) @elsewhere)
(import_declaration (asterisk) @elsewhere)
"#;

const GO: &str = r#"
(selector_expression operand: (identifier) @use)
(qualified_type package: (package_identifier) @use)
(import_spec name: (dot) @elsewhere)
"#;

/// Packages whose names nobody gives to variables of a package.
const GO_PACKAGES: &[&str] = &[
    "bufio", "bytes", "context", "errors", "filepath", "fmt", "http", "ioutil", "os", "reflect", "regexp", "sort",
    "strconv", "strings", "sync", "unicode", "utf8",
];

const GO_PREDECLARED: &[&str] = &[
    "any",
    "append",
    "bool",
    "byte",
    "cap",
    "clear",
    "close",
    "comparable",
    "complex",
    "complex128",
    "complex64",
    "copy",
    "delete",
    "error",
    "false",
    "float32",
    "float64",
    "imag",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "iota",
    "len",
    "make",
    "max",
    "min",
    "new",
    "nil",
    "panic",
    "print",
    "println",
    "real",
    "recover",
    "rune",
    "string",
    "true",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintptr",
];
