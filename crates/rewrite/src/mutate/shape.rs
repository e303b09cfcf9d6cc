//! What sort of value an expression has, guessed from literals, annotations and well-known calls: only to rank.

use reweave_syntax::scope::{BindingKind, SymbolId};
use tree_sitter::Node;

use super::site::Ground;

/// A sort of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Number,
    Text,
    Sequence,
    Flag,
    Function,
    Module,
    Unknown,
}

impl Shape {
    /// Whether a value of this shape could stand for one of `other`, as far as is known.
    pub(super) fn fits(self, other: Self) -> bool {
        self == other || self == Self::Unknown || other == Self::Unknown
    }

    /// The shape of `node`.
    pub(super) fn of(ground: &Ground<'_>, node: Node<'_>) -> Self {
        match node.kind() {
            "integer" | "float" | "unary_operator" => Self::Number,
            "string" | "concatenated_string" => Self::Text,
            "list"
            | "tuple"
            | "set"
            | "dictionary"
            | "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression"
            | "expression_list" => Self::Sequence,
            "true" | "false" | "comparison_operator" | "not_operator" => Self::Flag,
            "parenthesized_expression" => node.named_child(0).map_or(Self::Unknown, |inner| Self::of(ground, inner)),
            "binary_operator" => Self::of_binary(ground, node),
            "conditional_expression" => node.named_child(0).map_or(Self::Unknown, |value| Self::of(ground, value)),
            "subscript" => Self::of_subscript(ground, node),
            "call" => {
                node.child_by_field_name("function").map_or(Self::Unknown, |called| Self::of_call(ground, called))
            }
            "identifier" => Self::of_name(ground, node),
            _ => Self::Unknown,
        }
    }

    /// The shape that the bindings of `symbol` agree on first.
    pub(super) fn of_symbol(ground: &Ground<'_>, symbol: SymbolId) -> Self {
        let bindings = ground.scopes.symbol(symbol).bindings.iter();
        let shapes = bindings.map(|binding| match binding.kind {
            BindingKind::Function | BindingKind::Class => Self::Function,
            BindingKind::Import | BindingKind::ImportDotted | BindingKind::ImportFrom | BindingKind::ImportAs => {
                Self::Module
            }
            _ => Self::of_binding(ground, binding.span.start),
        });
        shapes.into_iter().find(|shape| *shape != Self::Unknown).unwrap_or(Self::Unknown)
    }

    fn of_binding(ground: &Ground<'_>, offset: usize) -> Self {
        let root = ground.file.tree().root_node();
        let Some(name) = root.descendant_for_byte_range(offset, offset + 1) else { return Self::Unknown };
        let Some(parent) = name.parent() else { return Self::Unknown };
        let value = |field: &str| parent.child_by_field_name(field);
        match parent.kind() {
            "assignment" => match (value("type"), value("right")) {
                (Some(annotation), _) => Self::of_annotation(ground.source(annotation)),
                (None, Some(right)) => Self::of(ground, right),
                (None, None) => Self::Unknown,
            },
            "augmented_assignment" => value("right").map_or(Self::Unknown, |right| Self::of(ground, right)),
            "typed_parameter" | "typed_default_parameter" => {
                value("type").map_or(Self::Unknown, |annotation| Self::of_annotation(ground.source(annotation)))
            }
            "default_parameter" => value("value").map_or(Self::Unknown, |default| Self::of(ground, default)),
            "for_statement" | "for_in_clause" => {
                value("right").map_or(Self::Unknown, |right| Self::element(ground, right))
            }
            "pattern_list" => Self::of_unpacked(ground, name, parent),
            _ => Self::Unknown,
        }
    }

    /// `for i, x in enumerate(…)`, `a, b = 0, []`.
    fn of_unpacked(ground: &Ground<'_>, name: Node<'_>, list: Node<'_>) -> Self {
        let mut cursor = list.walk();
        let position = list.named_children(&mut cursor).position(|child| child.id() == name.id());
        let right = list.parent().and_then(|around| around.child_by_field_name("right"));
        match (right, position) {
            (Some(right), Some(0)) if ground.source(right).starts_with("enumerate(") => Self::Number,
            (Some(right), Some(at)) if right.kind() == "expression_list" => {
                right.named_child(at as u32).map_or(Self::Unknown, |value| Self::of(ground, value))
            }
            _ => Self::Unknown,
        }
    }

    fn of_annotation(annotation: &str) -> Self {
        let outer = annotation.split('[').next().unwrap_or(annotation);
        let head = outer.rsplit('.').next().unwrap_or(outer);
        match head.trim() {
            "int" | "float" | "complex" => Self::Number,
            "str" | "bytes" => Self::Text,
            "bool" => Self::Flag,
            "List" | "list" | "Tuple" | "tuple" | "Set" | "set" | "Dict" | "dict" | "Sequence" | "Iterable" => {
                Self::Sequence
            }
            "Callable" => Self::Function,
            _ => Self::Unknown,
        }
    }

    fn of_binary(ground: &Ground<'_>, node: Node<'_>) -> Self {
        let side = |field: &str| node.child_by_field_name(field).map_or(Self::Unknown, |side| Self::of(ground, side));
        match (side("left"), side("right")) {
            (Self::Text, _) | (_, Self::Text) => Self::Text,
            (Self::Sequence, _) | (_, Self::Sequence) => Self::Sequence,
            (Self::Number, _) | (_, Self::Number) => Self::Number,
            _ => Self::Unknown,
        }
    }

    fn of_subscript(ground: &Ground<'_>, node: Node<'_>) -> Self {
        let whole = node.child_by_field_name("value").map_or(Self::Unknown, |value| Self::of(ground, value));
        let sliced = node.child_by_field_name("subscript").is_some_and(|index| index.kind() == "slice");
        match whole {
            Self::Text => Self::Text,
            Self::Sequence if sliced => Self::Sequence,
            _ => Self::Unknown,
        }
    }

    fn of_call(ground: &Ground<'_>, called: Node<'_>) -> Self {
        let name = called.child_by_field_name("attribute").unwrap_or(called);
        match ground.source(name) {
            "len" | "int" | "sum" | "abs" | "ord" | "float" | "round" | "count" | "find" | "index" | "pow"
            | "floor" | "ceil" | "sqrt" => Self::Number,
            "str" | "chr" | "bin" | "hex" | "oct" | "join" | "lower" | "upper" | "strip" | "lstrip" | "rstrip"
            | "replace" | "title" | "capitalize" | "swapcase" | "format" | "repr" | "hexdigest" => Self::Text,
            "list" | "sorted" | "set" | "tuple" | "range" | "split" | "splitlines" | "keys" | "values" | "items"
            | "dict" | "zip" | "map" | "filter" | "enumerate" | "reversed" => Self::Sequence,
            "bool" | "isinstance" | "any" | "all" | "startswith" | "endswith" | "isdigit" | "isalpha" | "isupper"
            | "islower" | "issubset" => Self::Flag,
            _ => Self::Unknown,
        }
    }

    fn of_name(ground: &Ground<'_>, node: Node<'_>) -> Self {
        let offset = node.start_byte();
        let scope = ground.read_at(offset).unwrap_or_else(|| ground.scopes.scope_at(offset));
        match ground.scopes.meaning(scope, ground.source(node)) {
            reweave_syntax::scope::Resolution::Symbol(symbol) => ground.shape_of(symbol),
            reweave_syntax::scope::Resolution::Builtin => Self::Function,
            _ => Self::Unknown,
        }
    }

    /// The shape of what iterating over `node` yields.
    fn element(ground: &Ground<'_>, node: Node<'_>) -> Self {
        let source = ground.source(node);
        if source.starts_with("range(") {
            return Self::Number;
        }
        match Self::of(ground, node) {
            Self::Text => Self::Text,
            _ => Self::Unknown,
        }
    }
}
