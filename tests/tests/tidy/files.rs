//! The shape of source files.

use super::repository::{TextFile, assert_none, rust_files, text_files};
use super::source::{code, is_for_tests, without_tests};

/// About 500 is the aim; here it must be split.
const LINES_MAX: usize = 600;
/// Names that say nothing about what lies in the file.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];
/// Who may start processes: checks runs untrusted code; xtask, the tests and the command line's child run our own tools.
const MAY_START_PROCESSES: &[&str] = &["services/checks/", "xtask/", "tests/", "services/cli/src/model/child.rs"];

fn findings(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    let mut find = |line: usize, what: &str| findings.push(format!("{}:{line}: {what}", file.path));
    if !file.text.starts_with("//! ") {
        find(1, "a file opens with `//!` and what it is for");
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        find(lines, "a file of more than 600 lines is to be split");
    }
    let stem = file.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
    if EMPTY_NAMES.contains(&stem) {
        find(1, "the name says nothing about what lies here");
    }
    let code = code(&file.text);
    for (line, text) in numbered(&code) {
        if text.contains("#[ignore") {
            find(line, "a test that is not run proves nothing");
        }
        if text.contains("[allow(") {
            find(line, "an exception is `#[expect(…, reason = …)]`");
        }
    }
    if is_for_tests(&file.path) {
        return findings;
    }
    let mut find = |line: usize, what: &str| findings.push(format!("{}:{line}: {what}", file.path));
    for (line, text) in numbered(&without_tests(&code)) {
        if text.contains(".unwrap()") {
            find(line, "`unwrap` outside tests; say why it cannot fail with `expect`, or give the error on");
        }
        let may_start = MAY_START_PROCESSES.iter().any(|owner| file.path.starts_with(owner));
        if text.contains("process::Command") && !may_start {
            find(line, "processes are started by services/checks only");
        }
    }
    findings
}

fn numbered(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[test]
fn every_source_file_has_the_shape_of_the_house() {
    let files = rust_files();
    assert!(files.len() > 50, "the walk missed the sources");
    assert_none(&files.iter().flat_map(findings).collect::<Vec<_>>());
}

#[test]
fn every_schema_says_what_it_is_for() {
    let protos: Vec<TextFile> = text_files().into_iter().filter(|file| file.path.ends_with(".proto")).collect();
    assert!(protos.len() >= 4);
    let silent =
        protos.iter().filter(|file| !file.text.contains("\n// ") || !file.text.starts_with("syntax = \"proto3\";"));
    assert_none(&silent.map(|file| format!("{}: no comment above the package", file.path)).collect::<Vec<_>>());
}

fn found(path: &str, text: &str) -> usize {
    findings(&TextFile { path: path.into(), text: format!("//! What it is for.\n{text}\n") }).len()
}

#[test]
fn each_rule_finds_its_breach() {
    let path = "services/gateway/src/door.rs";
    assert_eq!(found(path, "fn a() {}"), 0);
    assert_eq!(findings(&TextFile { path: path.into(), text: "fn a() {}\n".into() }).len(), 1);
    assert_eq!(found(path, &"\n".repeat(LINES_MAX)), 1);
    assert_eq!(found("services/gateway/src/utils.rs", ""), 1);
    assert_eq!(found(path, "#[test]\n#[ignore = \"slow\"]\nfn a() {}"), 1);
    assert_eq!(found(path, "#[allow(dead_code)]\nfn a() {}"), 1);
    assert_eq!(found(path, "fn a() { b().unwrap(); }"), 1);
    assert_eq!(found(path, "use std::process::Command;"), 1);
}

#[test]
fn tests_may_unwrap_and_checks_may_start_processes() {
    assert_eq!(found("services/gateway/src/door.rs", "#[cfg(test)]\nmod tests { fn a() { b().unwrap() } }"), 0);
    assert_eq!(found("services/gateway/src/door/tests.rs", "fn a() { b().unwrap() }"), 0);
    assert_eq!(found("services/checks/src/child.rs", "use tokio::process::Command;"), 0);
    assert_eq!(found("services/gateway/src/door.rs", "// b().unwrap()\nconst A: &str = \"x.unwrap()\";"), 0);
}
