//! Holes over real files: masking is reversible, and what the goto type admits parses in its place.

use std::path::Path;

use reweave_core::{FileText, Language, Span};
use reweave_syntax::hole::GotoType;
use reweave_syntax::{Hole, ParsedFile, language, mask};
use tree_sitter::Node;

/// Python files of the examples, with their origin and licence beside them.
const FILES: [&str; 4] =
    ["bottle/bottle.py", "docopt/docopt.py", "inflection/inflection.py", "boltons-math/mathutils.py"];

fn parse(text: String) -> ParsedFile {
    let path = "a.py".parse().expect("a relative path");
    ParsedFile::parse(Language::Python, FileText { path, text }).expect("a file within the limits")
}

fn real_files() -> impl Iterator<Item = ParsedFile> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/workspaces");
    FILES.iter().map(move |name| parse(std::fs::read_to_string(examples.join(name)).expect("the examples are there")))
}

fn named_nodes(parsed: &ParsedFile) -> Vec<Node<'_>> {
    let mut nodes = Vec::new();
    let mut open = vec![parsed.tree().root_node()];
    while let Some(node) = open.pop() {
        nodes.push(node);
        open.extend((0..node.child_count()).filter_map(|index| node.child(index)).filter(Node::is_named));
    }
    nodes
}

fn span_of(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// Numbers that are the same at every run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn masking_nodes_of_real_files_and_putting_them_back_is_the_identity() {
    let mut numbers = Numbers(1);
    for parsed in real_files() {
        let nodes = named_nodes(&parsed);
        for _ in 0..50 {
            let mut spans: Vec<Span> = (0..8).map(|_| span_of(nodes[numbers.below(nodes.len())])).collect();
            spans.sort_unstable();
            spans.dedup();
            let Ok(masked) = mask::mask(parsed.text(), &spans) else { continue };
            let old: Vec<&str> = masked.holes().iter().map(|hole| hole.text.as_str()).collect();
            assert_eq!(masked.splice(&old).as_deref(), Ok(parsed.text()));
        }
    }
}

#[test]
fn every_node_of_a_real_file_gives_a_hole_that_admits_the_node_itself() {
    let grammar = (language::entry(Language::Python).grammar)();
    for parsed in real_files() {
        assert_eq!(parsed.errors(), []);
        for node in named_nodes(&parsed).into_iter().step_by(17).filter(|node| node.parent().is_some()) {
            let hole = Hole::of(&parsed, node);
            let Some(hole) = hole else { panic!("no hole for {node:?}") };
            assert!(hole.span.contains(span_of(node)), "{node:?}");
            let exact = hole.span == span_of(node) && hole.kind == node.kind();
            // A keyword in the role of a name has the place of a name.
            let symbols = [node.grammar_id(), node.kind_id()];
            assert!(!exact || symbols.iter().any(|symbol| hole.goto.admits(grammar, *symbol)), "{node:?}");
        }
    }
}

#[test]
fn what_the_goto_type_admits_parses_in_its_place() {
    let grammar = (language::entry(Language::Python).grammar)();
    let (mut numbers, mut tried, mut broken) = (Numbers(7), 0, Vec::new());
    for parsed in real_files().skip(1) {
        let one_line = |node: &Node<'_>| node.child_count() > 0 && node.start_position().row == node.end_position().row;
        let nodes: Vec<Node<'_>> = named_nodes(&parsed).into_iter().filter(one_line).collect();
        for _ in 0..2_000 {
            let (hole, donor) = (nodes[numbers.below(nodes.len())], nodes[numbers.below(nodes.len())]);
            let admitted = GotoType::of(grammar, hole).is_some_and(|goto| goto.admits(grammar, donor.grammar_id()));
            if !admitted || span_of(hole) == span_of(donor) || donor.kind() == hole.kind() {
                continue;
            }
            let masked = mask::mask(parsed.text(), &[span_of(hole)]).expect("a node of the text");
            let result = masked.splice(&[parsed.slice(span_of(donor))]).expect("one fill for one hole");
            tried += 1;
            if parse(result).tree().root_node().has_error() {
                broken.push(format!("{} for {}", parsed.slice(span_of(donor)), parsed.slice(span_of(hole))));
            }
        }
    }
    assert!(tried >= 200, "only {tried} substitutions by another kind");
    assert!(broken.len() * 100 <= tried, "{} of {tried} broke: {broken:#?}", broken.len());
}
