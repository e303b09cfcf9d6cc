//! Every service's `default.toml` is its reference: each field stands below a comment with its unit and range.

use super::repository::{TextFile, assert_none, text_files};

fn findings(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    let mut commented = false;
    let mut in_array = false;
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if in_array {
            in_array = !line.ends_with(']');
            continue;
        }
        if line.starts_with('#') {
            commented = true;
        } else if line.is_empty() || line.starts_with('[') {
            commented = false;
        } else {
            let (field, value) = line.split_once('=').unwrap_or((line, ""));
            if !commented {
                findings.push(format!("{}:{}: no comment above {}", file.path, index + 1, field.trim()));
            }
            in_array = value.trim_start().starts_with('[') && !value.trim_end().ends_with(']');
            commented = false;
        }
    }
    findings
}

#[test]
fn every_field_of_every_default_configuration_is_commented() {
    let files: Vec<TextFile> = text_files().into_iter().filter(|file| file.path.ends_with("default.toml")).collect();
    let wanted =
        ["chassis", "gateway", "synthesis", "checks"].map(|service| format!("services/{service}/default.toml"));
    let missing = wanted.iter().filter(|path| !files.iter().any(|file| file.path == **path));
    let missing = missing.map(|path| format!("{path} is missing"));
    assert_none(&missing.chain(files.iter().flat_map(findings)).collect::<Vec<_>>());
}

#[test]
fn a_field_without_a_comment_of_its_own_is_found() {
    let text = "# Attempts, 1 to 100.\nattempts_max = 5\nlease_ms = 10\n\n# Paths.\npaths = [\n  \"a\",\n]\n";
    let file = TextFile { path: "default.toml".into(), text: text.into() };
    assert_eq!(findings(&file), ["default.toml:3: no comment above lease_ms"]);
}
