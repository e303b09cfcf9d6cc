//! Where in a document a field stands.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::spec::yaml_options;

/// A line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// The place of the field at `path` (`batch.items[2].refactor`), or of the nearest field around it.
///
/// Reads the document a second time, so only refusals pay for it. JSON is read as the YAML that it is.
pub(super) fn of(text: &str, path: &str) -> Option<Place> {
    let mut node: Node = serde_saphyr::from_str_with_options(text, yaml_options()).ok()?;
    let mut place = None;
    for step in steps(path) {
        let Some((found, next)) = node.step(step) else { break };
        (place, node) = (Some(found), next);
    }
    place
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split('.').flat_map(|part| {
        let mut pieces = part.split('[');
        let key = pieces.next().filter(|key| !key.is_empty()).map(Step::Key);
        let indices = pieces.filter_map(|piece| piece.trim_end_matches(']').parse().ok().map(Step::Index));
        key.into_iter().chain(indices)
    })
}

enum Node {
    Map(Vec<(Spanned<String>, Node)>),
    List(Vec<Spanned<Node>>),
    Leaf,
}

impl Node {
    fn step(self, step: Step<'_>) -> Option<(Place, Node)> {
        match (self, step) {
            (Node::Map(entries), Step::Key(name)) => {
                let (key, value) = entries.into_iter().find(|(key, _)| same(&key.value, name))?;
                Some((place(&key.referenced), value))
            }
            (Node::List(items), Step::Index(index)) => {
                let item = items.into_iter().nth(index)?;
                Some((place(&item.referenced), item.value))
            }
            (Node::Map(_) | Node::List(_) | Node::Leaf, _) => None,
        }
    }
}

/// Whether a key as written (`file_path` or `filePath`) is the field `name`.
fn same(key: &str, name: &str) -> bool {
    let letters = |text: &str| text.replace('_', "").to_ascii_lowercase();
    key == name || letters(key) == letters(name)
}

fn place(location: &serde_saphyr::Location) -> Place {
    Place { line: location.line(), column: location.column() }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

macro_rules! leaves {
    ($($visit:ident: $type:ty),+) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<Node, E> { Ok(Node::Leaf) })+
    };
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    leaves!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}
