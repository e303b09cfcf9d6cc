//! What each edit puts in the place of which node.

mod lexis;
mod reading;

use reweave_core::{Edit, Edits, Language, Span};
use tree_sitter::Node;

use self::reading::Fragments;
use crate::ParsedFile;
use crate::hole::{GotoType, coextensive, inside_error};
use crate::language::Entry;

/// Longest text looked at by itself; a longer one is judged with the whole file.
const FRAGMENT_BYTES_MAX: usize = 16 << 10;
/// Longest node around an edit that is read again in its place.
const AROUND_BYTES_MAX: usize = 4 << 10;
/// Most nodes around an edit that are tried.
const AROUND_MAX: usize = 3;

/// Nodes in brackets of their own, where a brace is never taken for a body.
const BRACKETS: [&str; 6] =
    ["parenthesized_expression", "argument_list", "arguments", "block", "literal_value", "index_expression"];

/// How the kinds of nodes inside strings end.
pub(super) const STRING_PARTS: [&str; 4] = ["_content", "_fragment", "format_specifier", "escape_sequence"];

/// One edit, seen as the fill of a hole.
pub(super) struct Fill<'a> {
    pub(super) edit: &'a Edit,
    /// Where the new text stands in the result.
    pub(super) placed: Span,
    pub(super) fit: Fit,
}

/// Whether the grammar says that a fill stands where it stands.
pub(super) enum Fit {
    /// It, or what it makes of the node around it, leads the parser on as the old text did, when read in the text given
    /// here.
    Admitted(String),
    /// A comment of the same form in the place of another.
    Comment,
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

/// Reads what edits put into one file, and where.
pub(super) struct Reader<'a> {
    base: &'a ParsedFile,
    fragments: Fragments,
}

/// Where an edit stands in the tree.
#[derive(Default)]
struct Around {
    /// The edit replaces a comment.
    comment: bool,
    /// It replaces exactly one named node, with these types.
    exact: Option<Vec<GotoType>>,
    /// Whether it is right depends on its siblings.
    depends: bool,
    /// It stands where the language wants its clauses in an order that no grammar knows.
    clause: Option<u16>,
    in_string: bool,
    in_control_head: bool,
    /// The nodes around it, innermost first.
    nodes: Vec<Place>,
}

/// A node around an edit.
struct Place {
    span: Span,
    types: Vec<GotoType>,
    in_control_head: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(base: &'a ParsedFile) -> Self {
        Self { base, fragments: Fragments::new(base.language()) }
    }

    pub(super) fn language(&self) -> Language {
        self.base.language()
    }

    pub(super) fn fit(&mut self, edit: &Edit) -> Fit {
        if edit.span.is_empty() || edit.new_text.trim().is_empty() || edit.new_text.len() > FRAGMENT_BYTES_MAX {
            return Fit::NoNode;
        }
        let around = self.around(edit.span);
        if around.comment {
            return if self.is_like_comment(edit) { Fit::Comment } else { Fit::NoNode };
        }
        let Some(types) = &around.exact else { return Fit::NoNode };
        let doubt = match self.doubt(edit, &around) {
            None => match self.admitted(edit, types, around.clause) {
                Some(text) => return Fit::Admitted(text),
                None => {
                    format!("a fill of bytes {}..{} is not of a kind known to fit", edit.span.start, edit.span.end)
                }
            },
            Some(doubt) => doubt.to_owned(),
        };
        self.admitted_around(edit, &around.nodes).map_or(Fit::Doubtful(doubt), Fit::Admitted)
    }

    /// Why the new text alone cannot tell whether it fits.
    fn doubt(&self, edit: &Edit, around: &Around) -> Option<&'static str> {
        let entry = self.base.entry();
        if around.depends {
            return Some("what may stand here depends on what stands beside it");
        }
        if lexis::glues(self.base.text(), edit.span, &edit.new_text) {
            return Some("its edge may be read together with what stands beside it");
        }
        if lexis::is_keyword(entry, edit.new_text.trim()) {
            return Some("it is a keyword, which may be no name where the hole is");
        }
        if edit.new_text.contains(['"', '\'', '`', '\\', '{', '}']) && around.in_string {
            return Some("it may end the string around it");
        }
        let braces = edit.new_text.contains('{') && around.in_control_head;
        braces.then_some("its brace may be read as the body of the statement around it")
    }

    /// The text in which the new text is read as a node of one of `types`, and as the same clause.
    fn admitted(&mut self, edit: &Edit, types: &[GotoType], clause: Option<u16>) -> Option<String> {
        let grammar = (self.base.entry().grammar)();
        for wrapper in self.base.entry().fragments {
            let (text, place) = reading::wrap(self.base.text(), wrapper, edit.span, &edit.new_text);
            let ids = self.fragments.ids(&text, place);
            let in_order = clause.is_none_or(|clause| ids.contains(&clause));
            if in_order && ids.iter().any(|id| types.iter().any(|of_type| of_type.admits(grammar, *id))) {
                return Some(text);
            }
        }
        None
    }

    /// The text in which the edit makes a node that fits of a node around it; the old text of that node must be read so
    /// too, or the wrapper does not stand for its place.
    fn admitted_around(&mut self, edit: &Edit, around: &[Place]) -> Option<String> {
        let base = self.base;
        let grammar = (base.entry().grammar)();
        for place in around {
            let old_text = base.slice(place.span);
            let at = edit.span.start - place.span.start;
            let new_text = [&old_text[..at], &edit.new_text, &old_text[at + edit.span.len()..]].concat();
            let braces = new_text.contains('{') && place.in_control_head;
            if braces || lexis::glues(base.text(), place.span, &new_text) {
                continue;
            }
            for wrapper in base.entry().fragments {
                let (old, in_old) = reading::wrap(base.text(), wrapper, place.span, old_text);
                let fits = |ids: &[u16]| ids.iter().any(|id| place.types.iter().any(|of| of.admits(grammar, *id)));
                if !fits(&self.fragments.ids(&old, in_old)) {
                    continue;
                }
                let (text, in_text) = reading::wrap(base.text(), wrapper, place.span, &new_text);
                if fits(&self.fragments.ids(&text, in_text)) {
                    return Some(text);
                }
                break;
            }
        }
        None
    }

    fn around(&mut self, span: Span) -> Around {
        let (base, entry) = (self.base, self.base.entry());
        let grammar = (entry.grammar)();
        let tree = base.tree_around(span);
        let root = tree.root_node();
        let Some(leaf) = root.descendant_for_byte_range(span.start, span.end) else { return Around::default() };
        let Some(node) = root.named_descendant_for_byte_range(span.start, span.end) else { return Around::default() };
        let is_exact = node.byte_range() == (span.start..span.end);
        let in_comment = std::iter::successors(node.parent(), Node::parent).any(|node| node.is_extra());
        if inside_error(node) || node.has_error() || in_comment {
            return Around::default();
        }
        let outermost = coextensive(node).last().unwrap_or(node);
        Around {
            comment: is_exact && node.is_extra(),
            exact: (is_exact && !node.is_extra()).then(|| GotoType::all(grammar, node)),
            depends: depends(entry, outermost),
            clause: is_clause(entry, outermost).then(|| outermost.grammar_id()),
            in_string: STRING_PARTS.iter().any(|part| leaf.kind().ends_with(part)),
            in_control_head: in_control_head(outermost, entry.control_heads),
            nodes: places_around(entry, outermost),
        }
    }

    /// Whether the new text is one comment as the old is: of the same marks, and with a line's end inside only
    /// where that ends nothing new.
    fn is_like_comment(&mut self, edit: &Edit) -> bool {
        let (old, new) = (self.base.slice(edit.span), edit.new_text.as_str());
        let ends_line = old.ends_with('\n') || self.base.text()[edit.span.end..].starts_with(['\n', '\r']);
        lexis::marks(old) == lexis::marks(new)
            && (ends_line || old.contains('\n') == new.contains('\n'))
            && old.ends_with('\n') == new.ends_with('\n')
            && !lexis::glues(self.base.text(), edit.span, new)
            && self.fragments.is_comment(new)
    }
}

/// The nodes around `node` whose types are known and that are short enough to be read again, innermost first.
fn places_around(entry: &Entry, node: Node<'_>) -> Vec<Place> {
    let is_short =
        |node: &Node<'_>| node.byte_range().len() <= AROUND_BYTES_MAX && node.parent().is_some() && !node.has_error();
    let above = std::iter::successors(node.parent(), Node::parent).take_while(is_short);
    let mut covered = node.byte_range();
    let innermost = above.filter(|node| std::mem::replace(&mut covered, node.byte_range()) != node.byte_range());
    let place = |node: Node<'_>| Place {
        span: Span::new(node.start_byte(), node.end_byte()),
        types: GotoType::all((entry.grammar)(), node),
        in_control_head: in_control_head(node, entry.control_heads),
    };
    innermost.map(place).filter(|place| !place.types.is_empty()).take(AROUND_MAX).collect()
}

/// Whether `node` must agree with what stands beside it: parameters with and without names or defaults, the names of a
/// class and of its constructors, the tags of an element.
fn depends(entry: &Entry, node: Node<'_>) -> bool {
    let lists = ["parameters", "parameter_list", "opening_element", "closing_element"];
    let Some(parent) = node.parent() else { return false };
    let names = |field: &str| parent.child_by_field_name(field) == Some(node);
    let defined = entry.definitions.iter().find(|definition| definition.node == parent.kind());
    lists.iter().any(|list| parent.kind().ends_with(list)) || defined.is_some_and(|definition| names(definition.name))
}

/// Whether `node` stands at the top of a file whose verdict is tree-sitter's: its grammars know no order there.
fn is_clause(entry: &Entry, node: Node<'_>) -> bool {
    !entry.strict.exact && node.parent().is_some_and(|parent| parent.parent().is_none())
}

/// Whether `node` lies in the head of a statement whose body follows in braces, with no bracket in between.
fn in_control_head(node: Node<'_>, heads: &[&str]) -> bool {
    let ancestors = std::iter::successors(node.parent(), Node::parent);
    let mut kinds = ancestors.map(|node| node.kind()).take_while(|kind| !BRACKETS.contains(kind));
    kinds.any(|kind| heads.contains(&kind))
}
