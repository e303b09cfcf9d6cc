//! What the documents point at is there: files behind links, tests behind invariants.

use super::repository::{TextFile, assert_none, root, rust_files, text_files};

/// The section of ARCHITECTURE.md in which every rule names the tests that hold it.
const INVARIANTS: &str = "## Invariants";

/// Targets of relative links of a Markdown text.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

/// The rows of the table of invariants, each with the names of tests in it.
fn invariants(architecture: &str) -> Vec<(&str, Vec<&str>)> {
    let section = architecture.split_once(INVARIANTS).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| I"));
    rows.map(|row| (row.split('|').nth(1).unwrap_or_default().trim(), test_names(row))).collect()
}

/// Words in backquotes that look like the sentences our tests are called by.
fn test_names(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name =
        |word: &&str| word.chars().all(|char| char.is_ascii_lowercase() || char == '_' || char.is_ascii_digit());
    quoted.filter(|word| word.matches('_').count() >= 2).filter(is_name).collect()
}

fn unknown_tests(architecture: &str, sources: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for (invariant, names) in invariants(architecture) {
        if names.is_empty() {
            findings.push(format!("ARCHITECTURE.md does not name a test of {invariant}"));
        }
        let unknown =
            names.iter().filter(|name| !sources.iter().any(|file| file.text.contains(&format!("fn {name}("))));
        findings.extend(unknown.map(|name| format!("ARCHITECTURE.md names {name} for {invariant}; it does not exist")));
    }
    findings
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let files = text_files();
    let architecture = files.iter().find(|file| file.path == "ARCHITECTURE.md").unwrap();
    assert_eq!(invariants(&architecture.text).len(), 10);
    assert_none(&unknown_tests(&architecture.text, &rust_files()));
}

#[test]
fn every_relative_link_of_a_document_leads_somewhere() {
    let documents = text_files().into_iter().filter(|file| file.path.ends_with(".md"));
    let ours = documents.filter(|file| !file.path.starts_with("examples/workspaces/"));
    let broken = ours.flat_map(|file| {
        let folder = root().join(&file.path).parent().unwrap().to_owned();
        let dead = links(&file.text).into_iter().filter(|target| !folder.join(target).exists());
        dead.map(|target| format!("{}: the link to {target} does not lead anywhere", file.path)).collect::<Vec<_>>()
    });
    assert_none(&broken.collect::<Vec<_>>());
}

#[test]
fn an_invariant_without_a_test_and_one_with_an_invented_test_are_found() {
    let text = "## Invariants\n\n| I1 | pure | `the_crates_are_pure` |\n| I2 | owners | `no_such_test_here` |\n| I3 | x | - |\n## Words\n";
    let file = TextFile { path: "a.rs".into(), text: "fn the_crates_are_pure() {}".into() };
    let findings = unknown_tests(text, &[file]);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert_eq!(links("[a](b.md), [c](https://d), [e](#f), [g](h/i.md#j)"), ["b.md", "h/i.md"]);
}
