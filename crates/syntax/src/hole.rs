//! Typed holes: a syntax node taken out, with what the grammar lets stand in its place.
//!
//! Before the node `n` the parser is in state `s`; having read `n` it is in `g = next_state(s, n)`. A nonterminal `X`
//! with `next_state(s, X) == g` leaves the parser where `n` did, so the rest of the file parses as before. The test is
//! sufficient, not necessary: what fails it may still be right, and is decided by parsing the whole file.

use reweave_core::{EvidenceKind, Language, Refusal, RefusalCode, Span};
use tree_sitter::Node;

use crate::language;
use crate::{ParsedFile, targets};

/// tree-sitter's mark of a node read while several parses were open, whose state means nothing by itself.
const FRAGILE: u16 = u16::MAX;

/// A place in the file that may be refilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    pub span: Span,
    /// The node's kind in the grammar.
    pub kind: &'static str,
    /// The definitions around it: `Class.method`, or empty at module level.
    pub node_path: String,
    /// Column of the first byte of the line's code, in bytes: what a fill of several lines is indented by.
    pub indent: usize,
    /// The leaf that ends before the hole.
    pub before: Option<Span>,
    /// The leaf that begins after it.
    pub after: Option<Span>,
    pub goto: GotoType,
}

/// The parser's states around a node: what makes a hole typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GotoType {
    /// Before the hole.
    pub before: u16,
    /// After any admissible fill.
    pub after: u16,
}

impl GotoType {
    /// The type of `node`'s place; `None` where the parser's state is not known.
    #[must_use]
    pub fn of(grammar: &tree_sitter::Language, node: Node<'_>) -> Option<Self> {
        let before = node.parse_state();
        let after = if before == FRAGILE { 0 } else { grammar.next_state(before, symbol_of(grammar, node)) };
        (after != 0).then_some(Self { before, after })
    }

    /// The types of `node` and of the nodes above it that cover the same bytes.
    pub(crate) fn all(grammar: &tree_sitter::Language, node: Node<'_>) -> Vec<Self> {
        coextensive(node).filter_map(|node| Self::of(grammar, node)).collect()
    }

    /// Whether a node of this grammar id may stand there.
    #[must_use]
    pub fn admits(&self, grammar: &tree_sitter::Language, grammar_id: u16) -> bool {
        grammar.next_state(self.before, grammar_id) == self.after
    }
}

impl Hole {
    /// The hole for the outermost node that covers exactly `span`, or for the smallest node around it; widened to a
    /// parent where the parser's state is not known. Refuses a place inside a syntax error.
    pub fn at(parsed: &ParsedFile, span: Span) -> Result<Self, Refusal> {
        let node = parsed.walkable()?.root_node().named_descendant_for_byte_range(span.start, span.end);
        let node = node.map(|node| coextensive(node).last().unwrap_or(node));
        node.and_then(|node| Self::of(parsed, node)).ok_or_else(|| broken(parsed, span))
    }

    /// The hole for `node`, widened to a parent where its state is not known; `None` inside a syntax error.
    #[must_use]
    pub fn of(parsed: &ParsedFile, node: Node<'_>) -> Option<Self> {
        let grammar = (language::entry(parsed.language()).grammar)();
        let typed = |node: Node<'_>| GotoType::of(grammar, node).filter(|_| node.is_named());
        let mut node = node;
        let goto = loop {
            match typed(node) {
                Some(goto) => break goto,
                None => node = node.parent()?,
            }
        };
        if node.has_error() || inside_error(node) {
            return None;
        }
        let span = Span::new(node.start_byte(), node.end_byte());
        Some(Self {
            span,
            kind: grammar.node_kind_for_id(node.kind_id())?,
            node_path: targets::node_path_at(parsed, span),
            indent: indent_at(parsed.text(), span.start),
            before: leaf_before(parsed, span.start),
            after: leaf_after(parsed, span.end),
            goto,
        })
    }

    /// The kinds that may fill the hole, in the order of the grammar; its own, where the grammar has no kind for what may
    /// stand in this place.
    #[must_use]
    pub fn admissible(&self, language: Language) -> Vec<&'static str> {
        let grammar = (language::entry(language).grammar)();
        let ids = 0..u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX);
        let visible = ids.filter(|id| grammar.node_kind_is_named(*id) && grammar.node_kind_is_visible(*id));
        let mut kinds: Vec<&str> =
            visible.filter(|id| self.goto.admits(grammar, *id)).filter_map(|id| grammar.node_kind_for_id(id)).collect();
        kinds.dedup();
        if kinds.is_empty() {
            kinds.push(self.kind);
        }
        kinds
    }
}

/// What the parser read `node` as; of a keyword in the role of a name (`print`, `async`, `of`), the name: by the keyword's
/// own token nothing else could stand there.
fn symbol_of(grammar: &tree_sitter::Language, node: Node<'_>) -> u16 {
    let read_as = node.grammar_id();
    if grammar.node_kind_is_named(read_as) || !grammar.node_kind_is_visible(read_as) { read_as } else { node.kind_id() }
}

/// `node` and its ancestors that cover the same bytes, innermost first.
pub(crate) fn coextensive(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let range = node.byte_range();
    std::iter::successors(Some(node), move |node| node.parent().filter(|parent| parent.byte_range() == range))
}

pub(crate) fn inside_error(node: Node<'_>) -> bool {
    std::iter::successors(Some(node), Node::parent).any(|node| node.is_error() || node.is_missing())
}

fn indent_at(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..];
    line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len()
}

pub(crate) fn leaf_before(parsed: &ParsedFile, at: usize) -> Option<Span> {
    let end = parsed.text()[..at].trim_end().len();
    let leaf = parsed.tree().root_node().descendant_for_byte_range(end.checked_sub(1)?, end)?;
    (leaf.child_count() == 0).then(|| Span::new(leaf.start_byte(), leaf.end_byte()))
}

pub(crate) fn leaf_after(parsed: &ParsedFile, at: usize) -> Option<Span> {
    let rest = &parsed.text()[at..];
    let start = at + rest.len() - rest.trim_start().len();
    if start == parsed.text().len() {
        return None;
    }
    let leaf = parsed.tree().root_node().descendant_for_byte_range(start, start + 1)?;
    (leaf.child_count() == 0).then(|| Span::new(leaf.start_byte(), leaf.end_byte()))
}

fn broken(parsed: &ParsedFile, span: Span) -> Refusal {
    let (file, line) = (&parsed.file().path, parsed.line(span.start));
    Refusal::new(RefusalCode::SyntaxBroken, format!("line {line} of `{file}` lies in a syntax error"))
        .at(EvidenceKind::Error, "no syntax node covers the place without an error", file, line)
        .next(format!("repair the syntax of {file} around line {line} first"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use reweave_core::FileText;

    use super::*;

    fn parse(text: &str) -> ParsedFile {
        let path = "a.py".parse().expect("a relative path");
        ParsedFile::parse(Language::Python, FileText { path, text: text.to_owned() }).expect("small")
    }

    fn hole(text: &str, needle: &str) -> Result<(ParsedFile, Hole), Refusal> {
        let parsed = parse(text);
        let start = text.find(needle).expect("the needle is in the text");
        let hole = Hole::at(&parsed, Span::new(start, start + needle.len()))?;
        Ok((parsed, hole))
    }

    fn check(text: &str, needle: &str, expected: Expect) {
        let (parsed, hole) = hole(text, needle).expect("no syntax error there");
        let beside = |leaf: Option<Span>| leaf.map_or("-", |span| parsed.slice(span)).to_owned();
        expected.assert_eq(&format!(
            "{} `{}` in `{}` indent {} between `{}` and `{}`\nadmits {}\n",
            hole.kind,
            parsed.slice(hole.span),
            hole.node_path,
            hole.indent,
            beside(hole.before),
            beside(hole.after),
            hole.admissible(Language::Python).join(" ")
        ));
    }

    const SOURCE: &str = "class A:\n    def f(self, x: int):\n        if x > 1:\n            return g(x + 1, k=2)\n";

    #[test]
    fn a_hole_knows_its_kind_its_place_and_what_may_fill_it() {
        check(
            SOURCE,
            "return g(x + 1, k=2)",
            expect![[r#"
            block `return g(x + 1, k=2)` in `A.f` indent 12 between `:` and `-`
            admits block
        "#]],
        );
        check(
            SOURCE,
            "x + 1",
            expect![[r#"
            binary_operator `x + 1` in `A.f` indent 12 between `(` and `,`
            admits ellipsis integer float true false none binary_operator unary_operator attribute subscript call list set tuple dictionary list_comprehension dictionary_comprehension set_comprehension generator_expression parenthesized_expression concatenated_string await
        "#]],
        );
        check(
            SOURCE,
            "int",
            expect![[r#"
            type `int` in `A.f` indent 4 between `:` and `)`
            admits type
        "#]],
        );
        check(
            SOURCE,
            "k=2",
            expect![[r#"
            keyword_argument `k=2` in `A.f` indent 12 between `,` and `)`
            admits list_splat dictionary_splat keyword_argument
        "#]],
        );
    }

    #[test]
    fn a_keyword_that_is_a_name_here_leaves_a_place_for_any_name() {
        let goto = |name| hole(&format!("a = {name}\n"), name).unwrap().1.goto;
        assert_eq!(goto("print"), goto("x"));
    }

    #[test]
    fn a_place_for_which_the_grammar_has_no_kind_admits_its_own() {
        let (_, hole) = hole("if x: y = 1; z = 2\n", "y = 1; z = 2").unwrap();
        assert_eq!((hole.kind, hole.admissible(Language::Python).contains(&"block")), ("block", true));
    }

    #[test]
    fn a_place_inside_a_syntax_error_is_no_hole() {
        assert_eq!(hole("x = (1 +\n", "1 +").unwrap_err().code, RefusalCode::SyntaxBroken);
    }

    #[test]
    fn a_span_that_is_no_node_is_widened_to_the_smallest_one_around_it() {
        let (parsed, hole) = hole("a = b + c\n", "b +").unwrap();
        assert_eq!(parsed.slice(hole.span), "b + c");
    }

    #[test]
    fn what_a_hole_admits_parses_in_its_place() {
        let fills = ["x", "f(x)", "a.b", "[1, 2]", "lambda: 0", "x if y else z", "not x", "pass", "k=1", "int"];
        let (_, hole) = hole(SOURCE, "x + 1").unwrap();
        let grammar = (language::entry(Language::Python).grammar)();
        for fill in fills {
            let alone = parse(fill);
            let node = alone.tree().root_node();
            let text = format!("{}{fill}{}", &SOURCE[..hole.span.start], &SOURCE[hole.span.end..]);
            let admitted = coextensive(node.named_descendant_for_byte_range(0, fill.len()).expect("a node"))
                .any(|node| hole.goto.admits(grammar, node.grammar_id()));
            if admitted {
                assert!(!parse(&text).tree().root_node().has_error(), "{fill}");
            }
        }
    }
}
