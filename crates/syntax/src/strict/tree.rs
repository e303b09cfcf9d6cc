//! The verdict by tree-sitter's tree, for languages whose strict parser cannot be linked: its error and missing nodes, and
//! what it takes though the language's own compiler does not, as far as single nodes show it.

use reweave_core::{Language, Span, limits};
use tree_sitter::{Node, Tree};

use super::{Fault, Reading, Unreadable};
use crate::language;
use crate::parsed::try_tree;

/// Most faults that are listed; a file in another language would have one a line.
const FAULTS_MAX: usize = 1_000;

/// What a language's compiler has against a node that tree-sitter takes.
pub(crate) type Objection = fn(Node<'_>, &str) -> Option<String>;

/// Reads `text`, unless its tree is deeper than the limit or takes too long to find.
pub(crate) fn read(language: Language, text: &str) -> Result<Reading, Unreadable> {
    read_strictly(language, text, |_, _| None)
}

/// Reads `text` as [`read`] does, and asks of each sound node whether the language has an objection of its own.
pub(crate) fn read_strictly(language: Language, text: &str, objection: Objection) -> Result<Reading, Unreadable> {
    let tree = try_tree(language, text).ok_or(Unreadable::TooComplex)?;
    let errors = faults(&tree, |node| message(node).or_else(|| objection(node, text)))?;
    Ok(Reading { errors, tree: Some(tree), python: None })
}

/// The outermost nodes that `message` has something to say of, in the order of the text; measures the tree on the way.
fn faults(tree: &Tree, message: impl Fn(Node<'_>) -> Option<String>) -> Result<Vec<Fault>, Unreadable> {
    let mut faults = Vec::new();
    let mut cursor = tree.walk();
    let (mut depth, mut broken) = (0_usize, None);
    loop {
        let node = cursor.node();
        if broken.is_none()
            && let Some(message) = message(node)
            && faults.len() < FAULTS_MAX
        {
            faults.push(Fault { span: Span::new(node.start_byte(), node.end_byte()), message });
            broken = Some(depth);
        }
        if cursor.goto_first_child() {
            depth += 1;
            if depth > limits::TREE_DEPTH_MAX {
                return Err(Unreadable::TooDeep);
            }
            continue;
        }
        loop {
            if broken.is_some_and(|level| level >= depth) {
                broken = None;
            }
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return Ok(faults);
            }
            depth -= 1;
        }
    }
}

fn message(node: Node<'_>) -> Option<String> {
    if node.is_missing() {
        return Some(format!("`{}` is missing", node.kind()));
    }
    node.is_error().then(|| "this cannot be read".to_owned())
}

/// What is wrong with a name that is a reserved word: a lexer that expects no keyword reads one as a name.
pub(super) fn reserved(language: Language, node: Node<'_>, text: &str) -> Option<String> {
    if node.child_count() > 0 || !node.is_named() || !node.kind().ends_with("identifier") {
        return None;
    }
    let word = &text[node.byte_range()];
    let words = language::entry(language).identifiers.keywords;
    let is_word = word.starts_with(|c: char| c.is_ascii_lowercase()) && words.contains(&word);
    is_word.then(|| format!("`{word}` is a keyword and no name"))
}
