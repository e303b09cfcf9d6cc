//! The places of a file that may be changed, with what surrounds each.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use reweave_core::{RelativePath, Span};
use reweave_syntax::ParsedFile;
use reweave_syntax::scope::{ScopeId, Scopes, SymbolId};
use tree_sitter::Node;

use super::Focus;
use super::draft::{Draft, Masked};
use super::heat::Heat;
use super::rule::Rule;
use super::shape::Shape;
use super::vocabulary::Vocabulary;

/// Most places worked on, hottest first: a bound for files of megabytes, far above what a budget of runs can use.
const SITES_MAX: usize = 20_000;

/// A file with everything the rules ask about it.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) file: &'a ParsedFile,
    pub(super) text: &'a str,
    pub(super) focus: &'a Focus,
    pub(super) scopes: &'a Scopes,
    heat: Heat,
    /// The bytes that may change.
    allowed: Span,
    line_starts: Vec<usize>,
    /// Start bytes of names that are read.
    reads: HashMap<usize, ScopeId>,
    regions: Vec<Vocabulary>,
    /// Names of the functions and methods defined with `async def`.
    pub(super) coroutines: HashSet<&'a str>,
    walked: Vec<Walked<'a>>,
    visible: RefCell<HashMap<ScopeId, Rc<Vec<SymbolId>>>>,
    shapes: RefCell<HashMap<SymbolId, Shape>>,
}

/// A node that the walk kept.
#[derive(Clone, Copy, Debug)]
struct Walked<'a> {
    node: Node<'a>,
    region: usize,
    heat: f64,
}

/// One node with its surroundings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'g, 'a> {
    pub(super) ground: &'g Ground<'a>,
    pub(super) node: Node<'a>,
    pub(super) words: &'g Vocabulary,
    pub(super) heat: f64,
}

impl<'a> Ground<'a> {
    /// `scopes` are those of `file`.
    pub(super) fn new(file: &'a ParsedFile, scopes: &'a Scopes, focus: &'a Focus) -> Self {
        let text = file.text();
        let whole = Span::new(0, text.len());
        let allowed = focus.lines.map_or(Some(whole), |lines| lines.span(text)).unwrap_or(Span::new(0, 0));
        let reads = scopes.references().iter().map(|read| (read.span.start, read.scope)).collect();
        let mut ground = Self {
            file,
            text,
            focus,
            scopes,
            heat: Heat::new(focus),
            allowed,
            line_starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
            reads,
            regions: vec![Vocabulary::default()],
            coroutines: HashSet::new(),
            walked: Vec::new(),
            visible: RefCell::default(),
            shapes: RefCell::default(),
        };
        ground.walk(file.tree().root_node());
        ground
    }

    /// The places to change, hottest first, in file order among equals.
    pub(super) fn sites(&self) -> impl Iterator<Item = Site<'_, 'a>> {
        let mut order: Vec<&Walked<'a>> = self.walked.iter().filter(|walked| self.touches(walked.node)).collect();
        order.sort_by(|a, b| b.heat.total_cmp(&a.heat).then(a.node.start_byte().cmp(&b.node.start_byte())));
        order.truncate(SITES_MAX);
        order.into_iter().map(|walked| Site {
            ground: self,
            node: walked.node,
            words: &self.regions[walked.region],
            heat: walked.heat,
        })
    }

    /// The source of `node`.
    pub(super) fn source(&self, node: Node<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }

    pub(super) fn path(&self) -> &RelativePath {
        &self.file.file().path
    }

    /// The 1-based line of the byte at `offset`.
    pub(super) fn line(&self, offset: usize) -> u32 {
        self.line_starts.partition_point(|start| *start <= offset) as u32
    }

    /// The first byte of the line that holds `offset`.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        self.line_starts[self.line_starts.partition_point(|start| *start <= offset) - 1]
    }

    /// Whether an edit of `span` stays within the lines the caller allows to change.
    pub(super) fn allows(&self, span: Span) -> bool {
        if span.is_empty() {
            return self.allowed.start <= span.start && span.start <= self.allowed.end;
        }
        span.start < self.allowed.end && self.allowed.start < span.end
    }

    fn touches(&self, node: Node<'_>) -> bool {
        self.allows(Span::new(node.start_byte(), node.end_byte()))
    }

    /// The scope in which the name at `offset` is read; `None` where no name is read.
    pub(super) fn read_at(&self, offset: usize) -> Option<ScopeId> {
        self.reads.get(&offset).copied()
    }

    /// What a name read in `scope` could mean, nearest first.
    pub(super) fn visible(&self, scope: ScopeId, offset: usize) -> Rc<Vec<SymbolId>> {
        let known = self.visible.borrow().get(&scope).cloned();
        known.unwrap_or_else(|| {
            let found = Rc::new(self.scopes.visible_names(offset));
            self.visible.borrow_mut().insert(scope, Rc::clone(&found));
            found
        })
    }

    /// What values `symbol` holds, as far as its bindings show.
    pub(super) fn shape_of(&self, symbol: SymbolId) -> Shape {
        let known = self.shapes.borrow().get(&symbol).copied();
        known.unwrap_or_else(|| {
            // Entered before it is worked out: `x = x + 1` must not ask for itself again.
            self.shapes.borrow_mut().insert(symbol, Shape::Unknown);
            let found = Shape::of_symbol(self, symbol);
            self.shapes.borrow_mut().insert(symbol, found);
            found
        })
    }

    /// Names of the definitions around `offset`, from the outside in.
    pub(super) fn node_path(&self, offset: usize) -> String {
        self.scopes.qualified_name(self.scopes.scope_at(offset))
    }

    /// The kind of the node that covers exactly `span`.
    pub(super) fn kind_at(&self, span: Span) -> &'a str {
        let found = self.file.tree().root_node().descendant_for_byte_range(span.start, span.end);
        found.filter(|node| node.byte_range() == (span.start..span.end)).map_or("lines", |node| node.kind())
    }

    /// Every member name used anywhere in the file, each once.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().flat_map(|region| region.members.iter().map(String::as_str))
    }

    fn walk(&mut self, root: Node<'a>) {
        let mut stack = vec![(root, 0_usize, 0_u32)];
        while let Some((node, region, statement)) = stack.pop() {
            if node.is_error() || skipped(node) {
                continue;
            }
            let lines = (node.start_position().row as u32 + 1, node.end_position().row as u32 + 1);
            let statement = if is_statement(node) { lines.0 } else { statement };
            let region = self.region(node, region);
            if is_async(node) {
                self.coroutines.extend(node.child_by_field_name("name").map(|name| self.source(name)));
            }
            self.regions[region].learn(node, self.text);
            if node.is_named() {
                let heat = self.heat.of(statement, lines);
                self.walked.push(Walked { node, region, heat });
            }
            let mut cursor = node.walk();
            let children: Vec<Node<'a>> = node.children(&mut cursor).collect();
            stack.extend(children.into_iter().rev().map(|child| (child, region, statement)));
        }
    }

    /// A function that stands in no other function opens a region.
    fn region(&mut self, node: Node<'a>, around: usize) -> usize {
        if around > 0 || node.kind() != "function_definition" {
            return around;
        }
        self.regions.push(Vocabulary::default());
        self.regions.len() - 1
    }
}

/// Subtrees no rule may change: types, imports, comments, and strings that stand alone (docstrings).
fn skipped(node: Node<'_>) -> bool {
    match node.kind() {
        "type" | "import_statement" | "import_from_statement" | "future_import_statement" | "comment" => true,
        "expression_statement" => {
            node.named_child_count() == 1 && node.named_child(0).is_some_and(|child| child.kind() == "string")
        }
        _ => false,
    }
}

/// Whether `node` is an `async def`.
pub(super) fn is_async(node: Node<'_>) -> bool {
    node.kind() == "function_definition" && node.child(0).is_some_and(|first| first.kind() == "async")
}

/// Whether `node` is a statement of a block or of the module.
pub(super) fn is_statement(node: Node<'_>) -> bool {
    node.kind().ends_with("_statement")
        || node.kind().ends_with("_definition")
        || node.kind().ends_with("_clause") && node.kind() != "for_in_clause" && node.kind() != "if_clause"
}

impl<'g, 'a> Site<'g, 'a> {
    /// The source of `node`.
    pub(super) fn source(&self, node: Node<'_>) -> &'a str {
        self.ground.source(node)
    }

    /// The same surroundings around another node.
    pub(super) fn at(&self, node: Node<'a>) -> Self {
        Self { node, ..*self }
    }

    /// A draft that replaces `node` by `new`.
    pub(super) fn replace(&self, rule: Rule, nth: usize, node: Node<'_>, new: impl Into<String>) -> Draft {
        self.edit(rule, nth, (node, node), new)
    }

    /// A draft that replaces the first node, which lies in the second, by `new`.
    pub(super) fn edit(&self, rule: Rule, nth: usize, place: (Node<'_>, Node<'_>), new: impl Into<String>) -> Draft {
        let span = Span::new(place.0.start_byte(), place.0.end_byte());
        let new = unglued(self.ground.text, span, new.into());
        Draft { rule, nth, edits: vec![(span, new)], masked: Masked::node(place.1), description: None }
    }
}

/// `new` with a space where it would otherwise grow together with a word beside it, as in `return(x)`.
fn unglued(text: &str, span: Span, mut new: String) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if text[..span.start].ends_with(word) && new.starts_with(word) {
        new.insert(0, ' ');
    }
    if text[span.end..].starts_with(word) && new.ends_with(word) {
        new.push(' ');
    }
    new
}

/// Longest piece of code quoted in a description, in characters.
const SHOWN_MAX: usize = 60;

/// `code` on one line, cut to a readable length.
pub(super) fn shown(code: &str) -> String {
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN_MAX {
        return line;
    }
    line.chars().take(SHOWN_MAX - 1).chain(['…']).collect()
}
