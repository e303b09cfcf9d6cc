//! The whole ladder of gates beside the strict parser alone, on one file of over 1,000 lines.
//!
//! The figure that counts is the ratio of `ladder` to `ruff_parse` within one run; the goal is 2.5 at most.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reweave_core::{Candidate, Edit, Edits, FileText, Language, MaskedSpan, Proposer, Span};
use reweave_syntax::{ParsedFile, gates};
use ruff_python_parser::parse_module;

/// Functions of the file; each has ten lines.
const FUNCTIONS: usize = 120;

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
    Candidate {
        path: file.path.clone(),
        edits: Edits::new(&file.text, vec![edit]).expect("one edit"),
        masked: vec![MaskedSpan { path: file.path.clone(), span, node_kind: String::new(), node_path: String::new() }],
        proposer: Proposer::Mutation,
        operator: "comparison",
        description: String::new(),
        prior: 0.5,
        risks: Vec::new(),
    }
}

fn ladder(criterion: &mut Criterion) {
    let file = FileText { path: "shapes.py".parse().expect("a relative path"), text: source() };
    let candidate = candidate(&file);
    let base = ParsedFile::parse(Language::Python, file.clone()).expect("a file within the limits");
    assert_eq!(gates::check(&base, &candidate).refused, None);
    let mut group = criterion.benchmark_group("gates");
    group.throughput(Throughput::Bytes(file.text.len() as u64));
    group.bench_function("ruff_parse", |bencher| bencher.iter(|| parse_module(black_box(&file.text))));
    group.bench_function("ladder", |bencher| bencher.iter(|| gates::check(black_box(&base), black_box(&candidate))));
    group.finish();
}

criterion_group!(benches, ladder);
criterion_main!(benches);
