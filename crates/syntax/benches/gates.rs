//! The gates beside the parsers alone, on one file of over 3,500 lines.
//!
//! The figures that count are ratios within one run: of `ladder` to `ruff_parse`, 2.5 at most; of `mask_target` to
//! `tree_sitter_parse`, 1.3 at most. `goto_test` shall take 2 µs at most, `fragment_gate` 150.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reweave_core::{Candidate, Edit, Edits, FileText, Language, Proposer, Span};
use reweave_syntax::gates::{self, Predictor};
use reweave_syntax::{Hole, ParsedFile, mask, targets, tree_errors};
use ruff_python_parser::parse_module;

/// Functions of the file; each has ten lines.
const FUNCTIONS: usize = 355;

/// A file with classes, loops, strings and calls, the same at every run.
fn source() -> String {
    let mut text = String::from("import json\nimport math\n\nLIMIT = 100\n\n\n");
    for index in 0..FUNCTIONS {
        text += &format!(
            "class Shape{index}:\n    \"\"\"Holds {index} sides, each with a length.\"\"\"\n\n    \
             def scaled(self, by, *, limit=LIMIT):\n        if by < {index} and not self.fixed:\n            \
             raise ValueError(f\"{{by}} is less than {index}\")\n        \
             sides = [math.sqrt(side * by) for side in self.sides if side]\n        \
             return json.dumps({{\"sides\": sides[:limit], \"by\": by + {index}}})\n\n\n"
        );
    }
    text
}

/// A mutation in the middle of the file: one comparison replaced.
fn candidate(file: &FileText) -> Candidate {
    let old = format!("by < {}", FUNCTIONS / 2);
    let start = file.text.find(&old).expect("the comparison is in the middle function");
    let span = Span::new(start, start + old.len());
    let edit = Edit::of(&file.text, span, old.replace('<', "<="), "comparison_operator", "Shape.scaled");
    let edits = Edits::new(&file.text, vec![edit]).expect("one edit");
    Candidate::of_edits(file.path.clone(), edits, Proposer::Mutation, "comparison")
}

fn ladder(criterion: &mut Criterion) {
    let file = FileText { path: "shapes.py".parse().expect("a relative path"), text: source() };
    let candidate = candidate(&file);
    let base = ParsedFile::parse(Language::Python, file.clone()).expect("a file within the limits");
    assert_eq!(gates::check(&base, &candidate).refused, None);
    let mut group = criterion.benchmark_group("gates");
    group.throughput(Throughput::Bytes(file.text.len() as u64));
    group.bench_function("ruff_parse", |bencher| bencher.iter(|| parse_module(black_box(&file.text))));
    group.bench_function("tree_sitter_parse", |bencher| bencher.iter(|| tree_errors(Language::Python, &file.text)));
    group.bench_function("mask_target", |bencher| {
        bencher.iter(|| {
            let parsed = ParsedFile::parse(Language::Python, file.clone()).expect("a file within the limits");
            let target = targets::find(&parsed, "Shape177.scaled").expect("it is defined once");
            mask::mask(parsed.text(), &[target.span]).expect("one span")
        });
    });
    group.bench_function("mask_target_warm", |bencher| {
        bencher.iter(|| {
            let target = targets::find(black_box(&base), "Shape177.scaled").expect("it is defined once");
            mask::mask(base.text(), &[target.span]).expect("one span")
        });
    });
    let edit = candidate.edits.as_slice()[0].clone();
    group.bench_function("fragment_gate", |bencher| {
        bencher.iter(|| Predictor::new(black_box(&base)).admits(black_box(&edit)));
    });
    let grammar = (base.entry().grammar)();
    let hole = Hole::at(&base, edit.span).expect("no syntax error there");
    let kind = grammar.id_for_node_kind("comparison_operator", true);
    group.bench_function("goto_test", |bencher| bencher.iter(|| black_box(hole.goto).admits(grammar, black_box(kind))));
    group.bench_function("ladder", |bencher| bencher.iter(|| gates::check(black_box(&base), black_box(&candidate))));
    group.finish();
}

criterion_group!(benches, ladder);
criterion_main!(benches);
