//! What each edit puts in the place of which node.

use std::collections::HashMap;

use reweave_core::{Edit, Edits, Span};
use tree_sitter::{Node, Parser, Tree};

use crate::ParsedFile;
use crate::hole::{GotoType, coextensive};
use crate::language::{self, Entry, Wrapper};
use crate::parsed::parse_region;

/// Longest text looked at by itself; a longer one is judged with the whole file.
const FRAGMENT_BYTES_MAX: usize = 16 << 10;

/// Nodes in brackets of their own, where a brace is never taken for a body.
const BRACKETS: [&str; 6] =
    ["parenthesized_expression", "argument_list", "arguments", "block", "literal_value", "index_expression"];

/// How the kinds of nodes inside strings end.
const STRING_PARTS: [&str; 4] = ["_content", "_fragment", "format_specifier", "escape_sequence"];

/// One edit, seen as the fill of a hole.
pub(super) struct Fill<'a> {
    pub(super) edit: &'a Edit,
    /// Where the new text stands in the result.
    pub(super) placed: Span,
    pub(super) fit: Fit,
}

/// Whether the grammar says that a fill stands where it stands.
pub(super) enum Fit {
    /// It is a node that leads the parser on as the old node did, when read in the text given here.
    Admitted(String),
    /// The grammar's test misses, so that the whole result decides.
    Doubtful(String),
    /// The edit replaces no single node: an insertion, a deletion, lines, an operator.
    NoNode,
}

/// Looks at each edit by itself.
pub(super) fn classify<'a>(base: &ParsedFile, edits: &'a Edits) -> Vec<Fill<'a>> {
    let mut shift = 0_isize;
    let mut reader = Reader::new(base);
    let fill = |edit: &'a Edit| {
        let start = edit.span.start.saturating_add_signed(shift);
        shift += edit.new_text.len() as isize - edit.span.len() as isize;
        Fill { edit, placed: Span::new(start, start + edit.new_text.len()), fit: reader.fit(edit) }
    };
    edits.as_slice().iter().map(fill).collect()
}

/// Reads fragments, each distinct text once: a rename has hundreds of equal ones.
pub(super) struct Reader<'a> {
    base: &'a ParsedFile,
    entry: &'static Entry,
    parser: Parser,
    read: HashMap<String, Vec<u16>>,
    /// Trees of the top-level statements that edits stand in: the tree of a long file costs more than all gates else.
    regions: HashMap<Span, Tree>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(base: &'a ParsedFile) -> Self {
        let entry = language::entry(base.language());
        let mut parser = Parser::new();
        parser
            .set_language((entry.grammar)())
            .expect("the registry's grammars fit the linked runtime, as its test shows");
        Self { base, entry, parser, read: HashMap::new(), regions: HashMap::new() }
    }

    pub(super) fn fit(&mut self, edit: &Edit) -> Fit {
        if edit.span.is_empty() || edit.new_text.trim().is_empty() || edit.new_text.len() > FRAGMENT_BYTES_MAX {
            return Fit::NoNode;
        }
        let grammar = (self.entry.grammar)();
        let places = self.places(edit.span);
        if places.is_empty() {
            return Fit::NoNode;
        }
        if glues(self.base.text(), edit) {
            return Fit::Doubtful("its edge may be read together with what stands beside it".to_owned());
        }
        if is_keyword(grammar, edit.new_text.trim()) {
            return Fit::Doubtful("it is a keyword, which may be no name where the hole is".to_owned());
        }
        if edit.new_text.contains(['"', '\'', '`', '\\', '{', '}']) && self.in_string(edit.span) {
            return Fit::Doubtful("it may end the string around it".to_owned());
        }
        if edit.new_text.contains('{') && self.in_control_head(edit.span) {
            return Fit::Doubtful("its brace may be read as the body of the statement around it".to_owned());
        }
        for wrapper in self.entry.fragments {
            let (text, span) = wrap(self.base.text(), wrapper, edit);
            let ids = self.ids(&text, span);
            if ids.iter().any(|id| places.iter().any(|place| place.admits(grammar, *id))) {
                return Fit::Admitted(text);
            }
        }
        Fit::Doubtful(format!("a fill of bytes {}..{} is not of a kind known to fit", edit.span.start, edit.span.end))
    }

    /// The types of the nodes that cover exactly `span`; none for an anonymous node or inside an error.
    fn places(&mut self, span: Span) -> Vec<GotoType> {
        let grammar = (self.entry.grammar)();
        let root = self.tree_around(span).root_node();
        let node = root.named_descendant_for_byte_range(span.start, span.end);
        // A comment stands anywhere, but not every text that may stand there begins and ends as it does.
        let is_place =
            |node: &Node<'_>| node.byte_range() == (span.start..span.end) && !node.has_error() && !node.is_extra();
        let exact = node.filter(is_place);
        let nodes = exact.into_iter().flat_map(coextensive);
        nodes.filter_map(|node| GotoType::of(grammar, node)).collect()
    }

    /// Whether `span` is text inside a string or template.
    fn in_string(&mut self, span: Span) -> bool {
        let node = self.tree_around(span).root_node().descendant_for_byte_range(span.start, span.end);
        node.is_some_and(|node| STRING_PARTS.iter().any(|part| node.kind().ends_with(part)))
    }

    /// Whether `span` lies in the head of a statement whose body follows in braces, with no bracket in between.
    fn in_control_head(&mut self, span: Span) -> bool {
        let heads = self.entry.control_heads;
        let node = self.tree_around(span).root_node().descendant_for_byte_range(span.start, span.end);
        let ancestors = std::iter::successors(node, Node::parent);
        let kinds = ancestors.map(|node| node.kind()).take_while(|kind| !BRACKETS.contains(kind));
        kinds.into_iter().any(|kind| heads.contains(&kind))
    }

    /// A tree that holds `span`, with the offsets of the whole file.
    fn tree_around(&mut self, span: Span) -> &Tree {
        match self.base.statements_around(span) {
            Some(region) if !self.base.has_tree() => {
                let text = self.base.text();
                self.regions.entry(region).or_insert_with(|| parse_region(&mut self.parser, text, region))
            }
            _ => self.base.tree(),
        }
    }

    /// Grammar ids of the nodes that cover exactly `span` of `text`; empty if it is not one node.
    fn ids(&mut self, text: &str, span: Span) -> Vec<u16> {
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
}

/// The new text inside `wrapper`, and where it stands there.
fn wrap(base: &str, wrapper: &Wrapper, edit: &Edit) -> (String, Span) {
    let mut text = String::new();
    let line = base[..edit.span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = base[line..].trim_start_matches('\u{feff}');
    let indent = &rest[..rest.len() - rest.trim_start_matches([' ', '\t', '\x0c']).len()];
    if !(wrapper.indented && indent.is_empty()) {
        text.push_str(wrapper.before);
    }
    if wrapper.indented {
        text.push_str(indent);
    }
    let start = text.len() + edit.new_text.len() - edit.new_text.trim_start().len();
    text.push_str(&edit.new_text);
    let end = text.trim_end().len();
    text.push_str(wrapper.after);
    (text, Span::new(start, end))
}

/// Whether `text` is a word that the grammar uses as a token: its lexer reads one as a name where it expects none.
fn is_keyword(grammar: &tree_sitter::Language, text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && grammar.id_for_node_kind(text, false) != 0
}

/// Whether a lexer may read an edge of the new text together with its neighbour.
fn glues(base: &str, edit: &Edit) -> bool {
    let before = base[..edit.span.start].chars().next_back();
    let after = base[edit.span.end..].chars().next();
    let (first, last) = (edit.new_text.chars().next(), edit.new_text.chars().next_back());
    let joins =
        |left: Option<char>, right: Option<char>| left.zip(right).is_some_and(|(left, right)| merge(left, right));
    joins(before, first)
        || joins(last, after)
        || (is_quote(first) && ends_in_prefix(&base[..edit.span.start]))
        || (is_quote(after) && ends_in_prefix(&edit.new_text))
}

fn is_quote(c: Option<char>) -> bool {
    matches!(c, Some('"' | '\'' | '`'))
}

/// Whether the last word of `text` can be the prefix of a string: `r`, `rb`, `u8`.
fn ends_in_prefix(text: &str) -> bool {
    let rest = text.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let word = &text[rest.len()..];
    (1..=3).contains(&word.len()) && word.chars().all(|c| "rbufltcRBUFLTC8".contains(c))
}

/// Whether two characters side by side can belong to one token.
fn merge(left: char, right: char) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    let quote = |c: char| matches!(c, '"' | '\'');
    let operator = |c: char| "+-*/%=<>!&|^:.@~\\".contains(c);
    (word(left) && word(right))
        || (quote(left) && quote(right))
        || (operator(left) && operator(right))
        || (left.is_numeric() && right == '.')
        || (left == '.' && right.is_numeric())
}
