//! Every service's `default.toml` is its reference: each field stands below a comment with its unit and range.

use super::repository::{TextFile, assert_none, text_files};

/// A comment speaks of the field below it, or of a pair of fields such as a shortest and a longest wait.
const FIELDS_PER_COMMENT_MAX: usize = 2;

fn findings(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    let mut fields_left = 0_usize;
    let mut in_array = false;
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if in_array {
            in_array = !line.ends_with(']');
            continue;
        }
        if line.starts_with('#') {
            fields_left = FIELDS_PER_COMMENT_MAX;
        } else if line.is_empty() || line.starts_with('[') {
            fields_left = 0;
        } else {
            let (field, value) = line.split_once('=').unwrap_or((line, ""));
            if fields_left == 0 {
                findings.push(format!("{}:{}: no comment above {}", file.path, index + 1, field.trim()));
            }
            fields_left = fields_left.saturating_sub(1);
            in_array = value.trim_start().starts_with('[') && !value.trim_end().ends_with(']');
        }
    }
    findings
}

#[test]
fn every_field_of_every_default_configuration_is_commented() {
    let files: Vec<TextFile> = text_files().into_iter().filter(|file| file.path.ends_with("default.toml")).collect();
    let wanted = ["chassis", "gateway", "synthesis", "checks", "inference", "network"]
        .map(|service| format!("services/{service}/default.toml"));
    let missing = wanted.iter().filter(|path| !files.iter().any(|file| file.path == **path));
    let missing = missing.map(|path| format!("{path} is missing"));
    assert_none(&missing.chain(files.iter().flat_map(findings)).collect::<Vec<_>>());
}

#[test]
fn a_field_without_a_comment_of_its_own_is_found() {
    let text = "# Waits, in ms.\nmin_ms = 5\nmax_ms = 9\nlease_ms = 10\n\n# Paths.\npaths = [\n  \"a\",\n]\n[table]\nfield = 1\n";
    let file = TextFile { path: "default.toml".into(), text: text.into() };
    assert_eq!(
        findings(&file),
        ["default.toml:4: no comment above lease_ms", "default.toml:11: no comment above field"]
    );
}
