//! What was published by others says where it came from and under which licence.

use std::collections::BTreeMap;

use super::repository::{TextFile, assert_none, text_files};

fn findings(files: &[TextFile]) -> Vec<String> {
    let mut workspaces: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for file in files {
        if let Some((workspace, name)) =
            file.path.strip_prefix("examples/workspaces/").and_then(|at| at.split_once('/'))
        {
            workspaces.entry(workspace).or_default().push((name, &file.text));
        }
    }
    let mut findings = Vec::new();
    for (workspace, files) in &workspaces {
        let origin = files.iter().find(|(name, _)| *name == "ORIGIN.md").map_or("", |(_, text)| text);
        let unnamed = files.iter().filter(|(name, _)| *name != "ORIGIN.md" && !origin.contains(&format!("`{name}`")));
        findings.extend(unnamed.map(|(name, _)| format!("{workspace}/ORIGIN.md does not name {name}")));
        if !files.iter().any(|(name, _)| *name == "LICENSE") {
            findings.push(format!("{workspace} has no LICENSE"));
        }
    }
    findings
}

#[test]
fn every_example_file_has_an_origin_and_a_licence() {
    let files = text_files();
    assert!(files.iter().any(|file| file.path.starts_with("examples/workspaces/")));
    assert_none(&findings(&files));
}

#[test]
fn a_file_without_an_origin_is_found() {
    let file = |path: &str, text: &str| TextFile { path: path.into(), text: text.into() };
    let files =
        [file("examples/workspaces/a/ORIGIN.md", "`x.py` from a, `LICENSE`"), file("examples/workspaces/a/y.py", "")];
    assert_eq!(findings(&files), ["a/ORIGIN.md does not name y.py", "a has no LICENSE"]);
}
