//! Texts read by themselves, each distinct one once: a rename has hundreds of equal ones.

use std::collections::HashMap;

use reweave_core::{Language, Span};
use tree_sitter::{Parser, Tree};

use crate::hole::coextensive;
use crate::language::Wrapper;
use crate::parsed;

/// Reads fragments.
pub(super) struct Fragments {
    parser: Parser,
    read: HashMap<String, Vec<u16>>,
}

impl Fragments {
    pub(super) fn new(language: Language) -> Self {
        Self { parser: parsed::parser(language), read: HashMap::new() }
    }

    /// Grammar ids of the nodes that cover exactly `span` of `text`; empty if it is not one node.
    pub(super) fn ids(&mut self, text: &str, span: Span) -> Vec<u16> {
        if let Some(known) = self.read.get(text) {
            return known.clone();
        }
        let tree = self.parser.parse(text, None).filter(|tree| !tree.root_node().has_error());
        let root = tree.as_ref().map(Tree::root_node);
        // Some statements hold the end of their line.
        let line_end = text[span.end..].starts_with('\n').then(|| Span::new(span.start, span.end + 1));
        let exact = [Some(span), line_end].into_iter().flatten().filter_map(|span| {
            let node = root?.named_descendant_for_byte_range(span.start, span.end)?;
            (node.byte_range() == (span.start..span.end)).then_some(node)
        });
        let ids: Vec<u16> = exact.flat_map(coextensive).map(|node| node.grammar_id()).collect();
        self.read.insert(text.to_owned(), ids.clone());
        ids
    }

    /// Whether `text` is one comment and nothing else.
    pub(super) fn is_comment(&mut self, text: &str) -> bool {
        let Some(tree) = self.parser.parse(text, None) else { return false };
        let only = tree.root_node().named_child(0);
        only.is_some_and(|node| {
            node.is_extra() && !node.has_error() && node.start_byte() == 0 && node.end_byte() == text.len()
        })
    }
}

/// `new_text`, which stands in the place of `span`, inside `wrapper`, and where it stands there.
pub(super) fn wrap(base: &str, wrapper: &Wrapper, span: Span, new_text: &str) -> (String, Span) {
    let mut text = String::new();
    let line = base[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = base[line..].trim_start_matches('\u{feff}');
    let indent = &rest[..rest.len() - rest.trim_start_matches([' ', '\t', '\x0c']).len()];
    if !(wrapper.indented && indent.is_empty()) {
        text.push_str(wrapper.before);
    }
    if wrapper.indented {
        text.push_str(indent);
    }
    let start = text.len() + new_text.len() - new_text.trim_start().len();
    text.push_str(new_text);
    let end = text.trim_end().len();
    text.push_str(wrapper.after);
    (text, Span::new(start, end))
}
