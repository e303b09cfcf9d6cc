//! The words of one function: what else could stand where something stands.

use std::collections::HashMap;

use tree_sitter::Node;

/// Most words of one sort that are kept per function.
const WORDS_MAX: usize = 64;

/// Words of a region in order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Start bytes of each identifier's occurrences.
    pub(super) identifiers: HashMap<String, Vec<usize>>,
    pub(super) integers: Vec<String>,
    /// As written, quotes included.
    pub(super) strings: Vec<String>,
    /// Names after a dot.
    pub(super) members: Vec<String>,
    /// Plain names that are called.
    pub(super) functions: Vec<String>,
}

impl Vocabulary {
    /// Takes up what `node` itself says.
    pub(super) fn learn(&mut self, node: Node<'_>, text: &str) {
        let source = || &text[node.byte_range()];
        match node.kind() {
            "identifier" => self.identifiers.entry(source().to_owned()).or_default().push(node.start_byte()),
            "integer" => add(&mut self.integers, source()),
            "string" if node.byte_range().len() <= WORDS_MAX => add(&mut self.strings, source()),
            "attribute" => {
                if let Some(name) = node.child_by_field_name("attribute") {
                    add(&mut self.members, &text[name.byte_range()]);
                }
            }
            "call" => {
                let function = node.child_by_field_name("function").filter(|child| child.kind() == "identifier");
                if let Some(function) = function {
                    add(&mut self.functions, &text[function.byte_range()]);
                }
            }
            _ => {}
        }
    }

    /// Bytes between `offset` and the nearest occurrence of `name` elsewhere; the largest number when there is none.
    pub(super) fn distance(&self, name: &str, offset: usize) -> usize {
        let places = self.identifiers.get(name).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| place.abs_diff(offset)).filter(|distance| *distance > 0).min().unwrap_or(usize::MAX)
    }
}

fn add(words: &mut Vec<String>, word: &str) {
    if words.len() < WORDS_MAX && !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
}
