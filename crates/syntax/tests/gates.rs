//! The corpus of gates: a case is a source with one edit written into it as `«old→new»`, and what must come of it.
//!
//! The format is tree-sitter's own for corpora. `UPDATE_EXPECT=1` writes what comes of each case now; read it before you
//! believe it.

use std::path::{Path, PathBuf};

use reweave_core::{Candidate, Edit, Edits, FileText, Language, Proposer, Span};
use reweave_syntax::gates::{self, Predictor};
use reweave_syntax::{ParsedFile, tree_errors};

const RULE: &str = "==================";

/// One case of a corpus file.
struct Case {
    name: String,
    source: String,
    expected: String,
}

#[test]
fn the_gates_say_of_every_case_what_the_corpus_says() {
    let mut wrong = Vec::new();
    for path in files() {
        let language = path.file_stem().and_then(|stem| stem.to_str()).and_then(Language::by_name);
        let language = language.expect("a corpus file is named by its language");
        let mut cases = read(&std::fs::read_to_string(&path).expect("the corpus is there"));
        for case in &mut cases {
            let found = verdict(language, &case.source);
            if found != case.expected {
                wrong.push(format!("{} {}: {found}, not {}", language.name(), case.name, case.expected));
                case.expected = found;
            }
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, written(&cases)).expect("the corpus can be written");
        }
    }
    let updated = std::env::var_os("UPDATE_EXPECT").is_some();
    assert!(wrong.is_empty() || updated, "{}", wrong.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gates");
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "there is a corpus");
    files
}

fn read(text: &str) -> Vec<Case> {
    let rule = format!("{RULE}\n");
    let mut parts = text.split(&rule).skip(1);
    let mut cases = Vec::new();
    while let (Some(name), Some(body)) = (parts.next(), parts.next()) {
        let (source, expected) = body.rsplit_once("\n---\n").expect("a line of dashes before what is expected");
        let source = source.strip_prefix('\n').and_then(|source| source.strip_suffix('\n')).unwrap_or(source);
        let (source, expected) = (source.to_owned(), expected.trim().to_owned());
        cases.push(Case { name: name.trim().to_owned(), source, expected });
    }
    cases
}

fn written(cases: &[Case]) -> String {
    let case = |case: &Case| {
        let Case { name, source, expected } = case;
        format!("{RULE}\n{name}\n{RULE}\n\n{source}\n\n---\n\n{expected}\n\n")
    };
    cases.iter().map(case).collect()
}

/// `accepted` or `refused by GATE`, with `predicted` where no parse of the result was needed to know that it is well.
fn verdict(language: Language, source: &str) -> String {
    let (before, rest) = source.split_once('«').expect("an edit is marked");
    let (edit, after) = rest.split_once('»').expect("the edit ends");
    let (old, new) = edit.split_once('→').expect("the edit says what comes of the old text");
    let text = format!("{before}{old}{after}\n");
    let span = Span::new(before.len(), before.len() + old.len());
    let path: reweave_core::RelativePath = "case".parse().expect("a relative path");
    let base = ParsedFile::parse(language, FileText { path: path.clone(), text }).expect("a small file");
    assert_eq!(base.errors(), [], "{source}");
    let edit = Edit::of(base.text(), span, new, "", "");
    let predicted = Predictor::new(&base).admits(&edit);
    let edits = Edits::new(base.text(), vec![edit]).expect("one edit");
    let candidate = Candidate::of_edits(path, edits, Proposer::Mutation, "corpus");
    let report = gates::check(&base, &candidate);
    assert_eq!(report.validation.bytes_changed_outside, 0, "{source}");
    assert!(!predicted || tree_errors(language, &report.result) == 0, "predicted, and wrong: {source}");
    let how = if predicted { ", predicted" } else { "" };
    match report.refused {
        None => format!("accepted{how}"),
        Some(gate) => format!("refused by {}{how}", gate.as_str()),
    }
}
