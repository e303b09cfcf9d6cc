//! pytest: judged by the report of our plugin, never by the exit status alone.

use std::collections::BTreeMap;

use reweave_core::CheckStatus;
use serde::Deserialize;

use super::{Exit, Setting, Verdict};
use crate::report::{FileCoverage, Finding, LineCoverage};

/// Most failing tests that are told apart.
const FAILING_MAX: usize = 10_000;

/// What the plugin writes.
#[derive(Debug, Deserialize)]
struct Report {
    nonce: String,
    exit_status: i32,
    /// passed, failed or skipped, by test.
    outcomes: BTreeMap<String, String>,
    /// What could not be collected.
    errors: Vec<String>,
    findings: Vec<Place>,
    /// By file and line, how many failing and how many passing tests ran through it.
    coverage: BTreeMap<String, BTreeMap<u32, (u32, u32)>>,
}

#[derive(Debug, Deserialize)]
struct Place {
    path: String,
    line: u32,
    code: String,
    message: String,
}

/// The plugin, and every failure instead of the first: what fails on the base must be known in full to tell what is new.
pub(super) fn arguments(command: &[String]) -> Vec<String> {
    let ours = ["-p", "reweave_pytest", "-p", "no:cacheprovider", "--maxfail=0", "--continue-on-collection-errors"];
    let runner = |word: &String| matches!(word.rsplit('/').next(), Some("pytest" | "py.test"));
    let behind = command.iter().position(runner).map_or(command.len(), |index| index + 1);
    let (before, after) = command.split_at(behind);
    before.iter().cloned().chain(ours.map(str::to_owned)).chain(after.iter().cloned()).collect()
}

/// Where the plugin is, and where it reports to.
pub(super) fn environment(setting: &Setting<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("PYTHONPATH".to_owned(), setting.plugin.display().to_string()),
        ("REWEAVE_REPORT".to_owned(), setting.report.display().to_string()),
    ]);
    if setting.coverage {
        variables.insert("REWEAVE_COVERAGE".to_owned(), "1".to_owned());
    }
    variables
}

pub(super) fn judge(exit: Exit, report: &[u8], nonce: &str) -> Verdict {
    match serde_json::from_slice::<Report>(report) {
        Ok(report) if report.nonce == nonce => judge_report(exit, report),
        Ok(_) | Err(_) => Verdict::no_report(),
    }
}

fn judge_report(exit: Exit, report: Report) -> Verdict {
    let with = |wanted: &'static str| report.outcomes.iter().filter(move |(_, outcome)| *outcome == wanted);
    let passed = with("passed").count();
    let mut failing: Vec<String> =
        with("failed").map(|(id, _)| id.clone()).chain(report.errors.iter().cloned()).collect();
    if failing.is_empty() && (passed == 0 || report.exit_status != 0 || exit != Exit::Code(0)) {
        failing.push(abnormal(exit, report.exit_status, passed));
    }
    failing.sort();
    failing.dedup();
    failing.truncate(FAILING_MAX);
    Verdict {
        status: if failing.is_empty() { CheckStatus::Passed } else { CheckStatus::Failed },
        passed: u32::try_from(passed).unwrap_or(u32::MAX),
        failing,
        findings: report.findings.into_iter().map(finding).collect(),
        coverage: report.coverage.into_iter().map(coverage).collect(),
    }
}

/// A name for a run that failed although no test did. pytest's exit codes are documented.
fn abnormal(exit: Exit, status: i32, passed: usize) -> String {
    match status {
        2 => "interrupted".to_owned(),
        3 => "internal error".to_owned(),
        4 => "usage error".to_owned(),
        0 | 5 if passed == 0 => "no tests ran".to_owned(),
        0 => exit.identifier(),
        other => Exit::Code(other).identifier(),
    }
}

fn finding(place: Place) -> Finding {
    Finding { path: place.path, line: place.line, column: 0, code: place.code, message: place.message }
}

fn coverage((path, lines): (String, BTreeMap<u32, (u32, u32)>)) -> FileCoverage {
    let line = |(line, (failing, passing))| LineCoverage { line, failing, passing };
    FileCoverage { path, lines: lines.into_iter().map(line).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(exit_status: i32, outcomes: &str, errors: &str) -> String {
        format!(
            r#"{{"nonce":"n","exit_status":{exit_status},"outcomes":{outcomes},"errors":{errors},"findings":[],"coverage":{{}}}}"#
        )
    }

    fn judged(exit: i32, status: i32, outcomes: &str, errors: &str) -> Verdict {
        judge(Exit::Code(exit), report(status, outcomes, errors).as_bytes(), "n")
    }

    #[test]
    fn a_report_with_a_passed_test_and_nothing_else_passes() {
        let verdict = judged(0, 0, r#"{"t.py::a":"passed","t.py::b":"skipped"}"#, "[]");
        assert_eq!((verdict.status, verdict.passed), (CheckStatus::Passed, 1));
    }

    #[test]
    fn exit_0_without_a_report_or_with_a_strangers_is_no_report() {
        assert_eq!(judge(Exit::Code(0), b"", "n").status, CheckStatus::NoReport);
        let stranger = report(0, r#"{"t.py::a":"passed"}"#, "[]");
        assert_eq!(judge(Exit::Code(0), stranger.as_bytes(), "m").status, CheckStatus::NoReport);
    }

    #[test]
    fn failing_tests_and_files_that_cannot_be_collected_are_sorted() {
        let verdict = judged(1, 1, r#"{"t.py::b":"failed","t.py::a":"failed"}"#, r#"["s.py"]"#);
        assert_eq!(verdict.failing, ["s.py", "t.py::a", "t.py::b"]);
        assert_eq!(verdict.status, CheckStatus::Failed);
    }

    #[test]
    fn a_run_that_failed_without_a_failing_test_has_a_name_for_it() {
        assert_eq!(judged(5, 5, "{}", "[]").failing, ["no tests ran"]);
        assert_eq!(judged(0, 0, "{}", "[]").failing, ["no tests ran"]);
        assert_eq!(judged(0, 0, r#"{"a":"skipped"}"#, "[]").failing, ["no tests ran"]);
        assert_eq!(judged(3, 3, r#"{"a":"passed"}"#, "[]").failing, ["internal error"]);
        assert_eq!(judged(7, 0, r#"{"a":"passed"}"#, "[]").failing, ["exit status 7"]);
        assert_eq!(judged(7, 7, r#"{"a":"passed"}"#, "[]").failing, ["exit status 7"]);
    }

    #[test]
    fn our_arguments_come_right_behind_the_runner() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let ours = "-p reweave_pytest -p no:cacheprovider --maxfail=0 --continue-on-collection-errors";
        assert_eq!(arguments(&words("python -m pytest -x a")).join(" "), format!("python -m pytest {ours} -x a"));
        assert_eq!(arguments(&words("/venv/bin/pytest a")).join(" "), format!("/venv/bin/pytest {ours} a"));
        assert_eq!(arguments(&words("./run-tests a")).join(" "), format!("./run-tests a {ours}"));
    }
}
