//! ruff: judged by its findings as JSON.

use std::{collections::HashMap, path::Path};

use reweave_core::CheckStatus;
use serde::Deserialize;

use super::{Exit, Verdict};
use crate::report::Finding;

/// One entry of `--output-format=json`. ruff's documentation describes the format.
#[derive(Debug, Deserialize)]
struct Entry {
    code: Option<String>,
    filename: String,
    location: Option<Location>,
    message: String,
}

#[derive(Debug, Deserialize)]
struct Location {
    row: u32,
    column: u32,
}

pub(super) fn arguments(command: &[String], report: &Path) -> Vec<String> {
    let ours =
        ["--no-cache".to_owned(), "--output-format=json".to_owned(), format!("--output-file={}", report.display())];
    command.iter().cloned().chain(ours).collect()
}

/// Exit 0 says nothing was found, 1 that something was; anything else is an error of ruff itself.
pub(super) fn judge(exit: Exit, report: &[u8], workspace: &Path) -> Verdict {
    let Ok(entries) = serde_json::from_slice::<Vec<Entry>>(report) else { return Verdict::no_report() };
    let status = match (exit, entries.is_empty()) {
        (Exit::Code(0), true) => CheckStatus::Passed,
        (Exit::Code(0 | 1), false) => CheckStatus::Failed,
        (Exit::Code(_) | Exit::Signal(_), _) => return Verdict::no_report(),
    };
    let findings: Vec<Finding> = entries.into_iter().map(|entry| finding(entry, workspace)).collect();
    Verdict { failing: identifiers(&findings), findings, ..Verdict::bare(status) }
}

fn finding(entry: Entry, workspace: &Path) -> Finding {
    let path = Path::new(&entry.filename);
    let path = path.strip_prefix(workspace).unwrap_or(path).to_string_lossy().into_owned();
    let (line, column) = entry.location.map_or((0, 0), |location| (location.row, location.column));
    let code = entry.code.unwrap_or_else(|| "invalid-syntax".to_owned());
    Finding { path, line, column, code, message: entry.message }
}

/// Names for findings that stay when lines move: what was found and where, the second of the same kind numbered.
fn identifiers(findings: &[Finding]) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let name = |finding: &Finding| {
        let message = without_line_numbers(&finding.message);
        let name = format!("{}: {} {message}", finding.path, finding.code);
        let count = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count == 1 { name } else { format!("{name} ({count})") }
    };
    let mut names: Vec<String> = findings.iter().map(name).collect();
    names.sort();
    names
}

/// A message may say `from line 12`.
fn without_line_numbers(message: &str) -> String {
    let mut words = Vec::new();
    for word in message.split(' ') {
        let number = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let after_line = matches!(words.last(), Some(&"line" | &"lines"));
        words.push(if after_line && number.parse::<u32>().is_ok() { "N" } else { word });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = br#"[
      {"code":"F821","filename":"/w/a.py","location":{"row":9,"column":3},"message":"Undefined name `x`"},
      {"code":"F821","filename":"/w/a.py","location":{"row":12,"column":1},"message":"Undefined name `x`"},
      {"code":null,"filename":"/w/b.py","location":{"row":1,"column":1},"message":"Expected an expression"},
      {"code":"F811","filename":"/w/a.py","location":{"row":2,"column":1},"message":"Redefinition of unused `f` from line 1"}
    ]"#;

    #[test]
    fn findings_keep_their_names_when_lines_move() {
        let verdict = judge(Exit::Code(1), TWO, Path::new("/w"));
        expect_test::expect![[r#"
            a.py: F811 Redefinition of unused `f` from line N
            a.py: F821 Undefined name `x`
            a.py: F821 Undefined name `x` (2)
            b.py: invalid-syntax Expected an expression"#]]
        .assert_eq(&verdict.failing.join("\n"));
        assert_eq!(verdict.status, CheckStatus::Failed);
        assert_eq!((verdict.findings[0].line, verdict.findings[0].column), (9, 3));
    }

    #[test]
    fn an_error_of_ruff_is_no_report_and_nothing_found_passes() {
        assert_eq!(judge(Exit::Code(0), b"[]", Path::new("/w")).status, CheckStatus::Passed);
        assert_eq!(judge(Exit::Code(2), b"[]", Path::new("/w")).status, CheckStatus::NoReport);
        assert_eq!(judge(Exit::Code(0), b"", Path::new("/w")).status, CheckStatus::NoReport);
        assert_eq!(judge(Exit::Signal(9), TWO, Path::new("/w")).status, CheckStatus::NoReport);
    }
}
