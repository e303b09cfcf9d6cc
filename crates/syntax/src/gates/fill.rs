//! What each edit puts in the place of which node.

use std::collections::HashMap;

use reweave_core::{Edit, Edits, Span};
use tree_sitter::{Parser, Tree};

use crate::ParsedFile;
use crate::hole::{GotoType, coextensive};
use crate::language::{self, Entry, Wrapper};
use crate::parsed::parse_region;

/// Longest text looked at by itself; a longer one is judged with the whole file.
const FRAGMENT_BYTES_MAX: usize = 16 << 10;

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
        let exact = node.filter(|node| node.byte_range() == (span.start..span.end) && !node.has_error());
        let nodes = exact.into_iter().flat_map(coextensive);
        nodes.filter_map(|node| GotoType::of(grammar, node)).collect()
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
        let node =
            tree.as_ref().and_then(|tree| tree.root_node().named_descendant_for_byte_range(span.start, span.end));
        let exact = node.filter(|node| node.byte_range() == (span.start..span.end));
        let ids: Vec<u16> = exact.into_iter().flat_map(coextensive).map(|node| node.grammar_id()).collect();
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

/// Whether a lexer may read an edge of the new text together with its neighbour.
fn glues(base: &str, edit: &Edit) -> bool {
    let before = base[..edit.span.start].chars().next_back();
    let after = base[edit.span.end..].chars().next();
    let (first, last) = (edit.new_text.chars().next(), edit.new_text.chars().next_back());
    let joins =
        |left: Option<char>, right: Option<char>| left.zip(right).is_some_and(|(left, right)| merge(left, right));
    joins(before, first) || joins(last, after)
}

/// Whether two characters side by side can belong to one token.
fn merge(left: char, right: char) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    let quote = |c: char| matches!(c, '"' | '\'');
    let operator = |c: char| "+-*/%=<>!&|^:.@~\\".contains(c);
    (word(left) && (word(right) || quote(right)))
        || (quote(left) && quote(right))
        || (operator(left) && operator(right))
        || (left.is_numeric() && right == '.')
        || (left == '.' && right.is_numeric())
}
