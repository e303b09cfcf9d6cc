//! Ways to spoil a file by one token.

use rand::{RngExt, rngs::StdRng};
use reweave_core::{Edit, Span};
use reweave_syntax::ParsedFile;

/// Texts that stand where they should not.
const STRAYS: [&str; 10] = ["(", ")", "{", "}", "[", "]", ",", ";", "=", "\""];

/// A leaf of the tree deleted, doubled, replaced by another leaf, or joined by a stray token.
pub(super) fn draw(base: &ParsedFile, random: &mut StdRng) -> Option<Edit> {
    let text = base.text();
    let leaf = leaf(base, random)?;
    let old = base.slice(leaf);
    let new = match random.random_range(0..4) {
        0 => String::new(),
        1 => format!("{old} {old}"),
        2 => base.slice(self::leaf(base, random)?).to_owned(),
        _ => format!("{old}{}", STRAYS[random.random_range(0..STRAYS.len())]),
    };
    (new != old).then(|| Edit::of(text, leaf, new, "", ""))
}

/// The leaf at a random byte.
fn leaf(base: &ParsedFile, random: &mut StdRng) -> Option<Span> {
    let at = random.random_range(0..base.text().len().max(1));
    let node = base.tree().root_node().descendant_for_byte_range(at, at)?;
    let span = Span::new(node.start_byte(), node.end_byte());
    let is_leaf = node.child_count() == 0 && !span.is_empty() && !node.is_error();
    is_leaf.then_some(span)
}
