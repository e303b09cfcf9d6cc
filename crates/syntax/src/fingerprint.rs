//! Two measures of a file that do not see its formatting: a fingerprint, by which equal candidates are known, and the size
//! of an edit in syntax nodes, by which small ones are.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use reweave_core::Sha256;
use ruff_python_ast::token::TokenKind;
use ruff_text_size::Ranged;
use rustc_hash::FxHashMap;
use tree_sitter::{Node, Tree};

use crate::scope::{BindingKind, Resolution, ScopeKind, Scopes, SymbolId};
use crate::{ParsedFile, PythonFile};

/// Most children of one node that are aligned with those of another; beyond it, both sides count whole.
const CHILDREN_MAX: usize = 2_000;

/// The same for files that differ in white space and comments only; in Python also for those that differ in the names
/// of local variables. Parameters are no such: callers may name them.
#[must_use]
pub fn fingerprint(file: &ParsedFile) -> Sha256 {
    let bytes = file.text().as_bytes();
    let mut tokens = Tokens(Vec::with_capacity(bytes.len() * 2));
    match file.python() {
        Some(python) => python_tokens(file, python, &mut tokens),
        None => match file.walkable() {
            Ok(tree) => leaves(tree, |leaf| tokens.push(&bytes[leaf.byte_range()])),
            Err(_) => tokens.push(bytes),
        },
    }
    Sha256::of(&tokens.0)
}

/// Tokens in one buffer, each before a NUL, which no source holds. A file has tens of thousands, and a fingerprint is taken
/// of every candidate.
struct Tokens(Vec<u8>);

impl Tokens {
    fn push(&mut self, token: &[u8]) {
        self.0.extend_from_slice(token);
        self.0.push(0);
    }
}

fn python_tokens(file: &ParsedFile, python: PythonFile<'_>, tokens: &mut Tokens) {
    let locals = locals(python.scopes());
    let mut numbers: FxHashMap<SymbolId, usize> = FxHashMap::default();
    for token in python.tokens() {
        let range = token.range();
        let (start, end) = (range.start().to_usize(), range.end().to_usize());
        match token.kind() {
            TokenKind::Comment | TokenKind::NonLogicalNewline | TokenKind::EndOfFile => {}
            TokenKind::Newline => tokens.push(b"newline"),
            TokenKind::Indent => tokens.push(b"indent"),
            TokenKind::Dedent => tokens.push(b"dedent"),
            TokenKind::Name if locals.contains_key(&start) => {
                let next = numbers.len();
                let number = numbers.entry(locals[&start]).or_insert(next);
                // No name of the language begins with a space.
                tokens.push(format!(" local {number}").as_bytes());
            }
            _ => tokens.push(&file.text().as_bytes()[start..end]),
        }
    }
}

/// Where names of local variables stand, and which variable each is.
fn locals(scopes: &Scopes) -> FxHashMap<usize, SymbolId> {
    let is_local = |id: SymbolId| {
        let symbol = scopes.symbol(id);
        let inside = matches!(
            scopes.scope(symbol.scope).kind,
            ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Comprehension
        );
        inside && symbol.bindings.iter().all(|binding| binding.kind != BindingKind::Parameter)
    };
    let bound = scopes.symbols().flat_map(|(id, symbol)| symbol.bindings.iter().map(move |one| (one.span.start, id)));
    let read = scopes.references().iter().filter_map(|one| match one.resolution {
        Resolution::Symbol(id) => Some((one.span.start, id)),
        Resolution::Builtin | Resolution::Implicit | Resolution::MaybeStarImport | Resolution::Unresolved => None,
    });
    bound.chain(read).filter(|(_, id)| is_local(*id)).collect()
}

/// Every leaf but comments, in the order of the text.
fn leaves(tree: &Tree, mut visit: impl FnMut(Node<'_>)) {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.child_count() == 0 && !node.is_extra() {
            visit(node);
        }
        if !node.is_extra() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// How many syntax nodes an edit takes out and puts in: subtrees that are equal but for white space count nothing, and
/// of nodes of one kind only the children that differ count.
#[must_use]
pub fn edit_size(base: &ParsedFile, result: &ParsedFile) -> usize {
    let (old, new) = (Hashes::of(base), Hashes::of(result));
    let mut size = 0;
    let mut pairs = vec![(base.tree().root_node(), result.tree().root_node())];
    while let Some((before, after)) = pairs.pop() {
        if old.get(before) == new.get(after) {
            continue;
        }
        if before.kind_id() != after.kind_id() || before.child_count() == 0 || after.child_count() == 0 {
            size += before.descendant_count() + after.descendant_count();
            continue;
        }
        let (left, right) = (children(before), children(after));
        let (left, right) = unmatched(&left, &right, |node| old.get(node), |node| new.get(node));
        let paired = left.len().min(right.len());
        pairs.extend(left.iter().copied().zip(right.iter().copied()));
        size += left[paired..].iter().chain(&right[paired..]).map(Node::descendant_count).sum::<usize>();
    }
    size
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// What is left of both when the longest common sequence of equal subtrees is taken out.
fn unmatched<'a, 'b>(
    left: &[Node<'a>],
    right: &[Node<'b>],
    old: impl Fn(Node<'a>) -> u64,
    new: impl Fn(Node<'b>) -> u64,
) -> (Vec<Node<'a>>, Vec<Node<'b>>) {
    let old: Vec<u64> = left.iter().map(|node| old(*node)).collect();
    let new: Vec<u64> = right.iter().map(|node| new(*node)).collect();
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (from, left_to, right_to) = (head, left.len() - tail, right.len() - tail);
    if left_to - from > CHILDREN_MAX || right_to - from > CHILDREN_MAX {
        return (left[from..left_to].to_vec(), right[from..right_to].to_vec());
    }
    let kept = common(&old[from..left_to], &new[from..right_to]);
    let lost = (from..left_to).filter(|at| !kept.iter().any(|(i, _)| i + from == *at)).map(|at| left[at]);
    let gained = (from..right_to).filter(|at| !kept.iter().any(|(_, j)| j + from == *at)).map(|at| right[at]);
    (lost.collect(), gained.collect())
}

/// The longest common sequence, as pairs of places.
fn common(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut best = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            best[i * width + j] = if a[i] == b[j] {
                best[(i + 1) * width + j + 1] + 1
            } else {
                best[(i + 1) * width + j].max(best[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if best[(i + 1) * width + j] >= best[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// A hash of every subtree: of its kind, and of its children's hashes or its text.
struct Hashes(HashMap<usize, u64>);

impl Hashes {
    fn of(file: &ParsedFile) -> Self {
        let mut hashes = HashMap::new();
        let mut open: Vec<(Node<'_>, DefaultHasher)> = Vec::new();
        let mut cursor = file.tree().walk();
        loop {
            let node = cursor.node();
            let mut hasher = DefaultHasher::new();
            node.kind_id().hash(&mut hasher);
            if node.child_count() == 0 {
                file.text().as_bytes()[node.byte_range()].hash(&mut hasher);
            }
            open.push((node, hasher));
            if cursor.goto_first_child() {
                continue;
            }
            loop {
                close(&mut open, &mut hashes);
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return Self(hashes);
                }
            }
        }
    }

    fn get(&self, node: Node<'_>) -> u64 {
        self.0.get(&node.id()).copied().unwrap_or_default()
    }
}

/// Ends the innermost node: its hash is known, and counts in its parent's unless it is a comment.
fn close(open: &mut Vec<(Node<'_>, DefaultHasher)>, hashes: &mut HashMap<usize, u64>) {
    let Some((node, hasher)) = open.pop() else { return };
    let hash = hasher.finish();
    hashes.insert(node.id(), hash);
    if let Some((_, parent)) = open.last_mut()
        && !node.is_extra()
    {
        hash.hash(parent);
    }
}

#[cfg(test)]
mod tests {
    use reweave_core::{FileText, Language};

    use super::*;

    fn parse(language: Language, text: &str) -> ParsedFile {
        let path = "file".parse().expect("a relative path");
        ParsedFile::parse(language, FileText { path, text: text.to_owned() }).expect("small")
    }

    fn same(language: Language, one: &str, other: &str) -> bool {
        fingerprint(&parse(language, one)) == fingerprint(&parse(language, other))
    }

    #[test]
    fn formatting_and_comments_do_not_count() {
        assert!(same(Language::Python, "x = f(1,2)  # why\n", "x = f( 1, 2 )\n"));
        assert!(same(Language::Rust, "fn f() -> u8 { 1 }\n", "// one\nfn f()->u8{\n    1\n}\n"));
        assert!(!same(Language::Python, "x = f(1, 2)\n", "x = f(2, 1)\n"));
        assert!(!same(Language::Python, "if x:\n    y()\nz()\n", "if x:\n    y()\n    z()\n"));
    }

    #[test]
    fn names_of_locals_do_not_count_and_all_other_names_do() {
        let function = |local: &str, parameter: &str| {
            format!("def f({parameter}):\n    {local} = g({parameter})\n    return {local}\n")
        };
        assert!(same(Language::Python, &function("a", "x"), &function("b", "x")));
        assert!(!same(Language::Python, &function("a", "x"), &function("a", "y")));
        let two = |first: &str, second: &str| format!("def f():\n    a, b = g()\n    return {first} - {second}\n");
        assert!(!same(Language::Python, &two("a", "b"), &two("b", "a")));
    }

    fn size(one: &str, other: &str) -> usize {
        edit_size(&parse(Language::Python, one), &parse(Language::Python, other))
    }

    #[test]
    fn an_edit_is_as_large_as_what_differs() {
        let text = "def f(a, b):\n    if a < b:\n        return a\n    return b\n";
        assert_eq!(size(text, text), 0);
        assert_eq!(size(text, &text.replace("a < b:", "a  <  b:  # why")), 0);
        assert_eq!(size(text, &text.replace('<', "<=")), 2, "one operator for another");
        assert_eq!(size(text, &text.replace("return b", "return c")), 2, "one name for another");
        let inserted = size(text, &text.replace("    return b", "    b += 1\n    return b"));
        assert_eq!(inserted, "expression_statement augmented_assignment identifier += integer".split(' ').count());
        assert!(size(text, "x = 1\n") > inserted);
    }
}
