//! Words that must not stand in the repository: where it was built, and hosts that a user may have to replace.

use super::repository::{TextFile, assert_none, text_files};

/// Put together here, so that this file does not hold them.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/wor", "k/"), "a path of the machine it was built on"),
    (concat!("/roo", "t/"), "a path of the machine it was built on"),
    (concat!("pypi", ".org"), "a package registry's host"),
    (concat!("python", "hosted"), "a package registry's host"),
    (concat!("repo.maven", ".apache"), "a package registry's host"),
    (concat!("repo1.", "maven"), "a package registry's host"),
    (concat!("registry.", "npmjs"), "a package registry's host"),
    (concat!("static.", "crates"), "a package registry's host"),
];
/// Written by cargo, which names its registry there.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock"];

fn findings(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for (word, why) in FORBIDDEN {
            if line.contains(word) {
                findings.push(format!("{}:{}: `{word}` is {why}", file.path, index + 1));
            }
        }
    }
    findings
}

#[test]
fn no_file_names_the_machine_it_was_built_on_or_a_registry_host() {
    let files = text_files();
    // What was published by others is committed byte for byte.
    let ours = files.iter().filter(|file| !file.path.starts_with("examples/workspaces/"));
    let ours = ours.filter(|file| !WRITTEN_BY_TOOLS.contains(&&*file.path));
    assert_none(&ours.flat_map(findings).collect::<Vec<_>>());
}

#[test]
fn each_forbidden_word_is_found_with_its_line() {
    for (word, _) in FORBIDDEN {
        let file = TextFile { path: "README.md".into(), text: format!("first line\nsee {word}x\n") };
        let findings = findings(&file);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("README.md:2: "), "{findings:?}");
    }
}
