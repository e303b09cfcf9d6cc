//! What a check's result on a candidate means beside its result on the untouched base.

use reweave_core::{BaseStatus, CheckName, CheckResult, CheckStatus};

/// How one check ended on the untouched base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseResult {
    pub name: CheckName,
    pub status: CheckStatus,
    /// Tests that passed, by the runner's own report; 0 without one.
    pub passed: u32,
    /// Failing test or finding ids.
    pub failing: Vec<String>,
}

/// Fills the fields of `result` that follow from the base and the plan: `base`, `target`, `newly_failing`.
///
/// A run that passes with fewer tests than passed on the base is a failure: a patch may not win by making tests vanish.
#[must_use]
pub fn judge(mut result: CheckResult, base: &[BaseResult], targets: &[CheckName]) -> CheckResult {
    let before = base.iter().find(|before| before.name == result.name);
    result.target = targets.contains(&result.name);
    result.base = before.map_or(BaseStatus::NotRun, |before| base_status(before.status));
    result.failing.sort();
    result.failing.dedup();
    result.newly_failing = newly_failing(&result, before);
    if result.status == CheckStatus::Passed && !result.newly_failing.is_empty() {
        result.status = CheckStatus::Failed;
    }
    result
}

fn base_status(status: CheckStatus) -> BaseStatus {
    match status {
        CheckStatus::Passed => BaseStatus::Passed,
        CheckStatus::Failed | CheckStatus::TimedOut | CheckStatus::Killed | CheckStatus::NoReport => BaseStatus::Failed,
        CheckStatus::NotRun => BaseStatus::NotRun,
    }
}

fn newly_failing(result: &CheckResult, before: Option<&BaseResult>) -> Vec<String> {
    let known: &[String] = before.map_or(&[], |before| &before.failing);
    let passed_before = before.map_or(0, |before| before.passed);
    let mut new: Vec<String> = result.failing.iter().filter(|id| !known.contains(id)).cloned().collect();
    match result.status {
        CheckStatus::Passed if result.passed < passed_before => {
            new.push(format!("{} tests that passed before no longer run", passed_before - result.passed));
        }
        // Without ids, a failure is only excused by a base that failed without ids too.
        CheckStatus::Failed if result.failing.is_empty() && !failed_without_ids(before) => {
            new.push(result.name.to_string());
        }
        _ => {}
    }
    new
}

fn failed_without_ids(before: Option<&BaseResult>) -> bool {
    before.is_some_and(|before| base_status(before.status) == BaseStatus::Failed && before.failing.is_empty())
}

#[cfg(test)]
mod tests {
    use reweave_core::JudgedBy;

    use super::*;

    fn name(text: &str) -> CheckName {
        text.parse().expect("a valid name")
    }

    fn result(status: CheckStatus, passed: u32, failing: &[&str]) -> CheckResult {
        CheckResult {
            name: name("tests"),
            command: vec![],
            status,
            judged_by: JudgedBy::Report,
            base: BaseStatus::NotRun,
            target: false,
            exit_code: Some(0),
            passed,
            failing: failing.iter().map(|id| (*id).to_owned()).collect(),
            newly_failing: vec![],
        }
    }

    fn base(status: CheckStatus, passed: u32, failing: &[&str]) -> Vec<BaseResult> {
        let failing = failing.iter().map(|id| (*id).to_owned()).collect();
        vec![BaseResult { name: name("tests"), status, passed, failing }]
    }

    #[test]
    fn what_failed_on_the_base_may_keep_failing_and_nothing_new_may() {
        let base = base(CheckStatus::Failed, 3, &["a", "b"]);
        let kept = judge(result(CheckStatus::Failed, 3, &["b", "a"]), &base, &[]);
        assert!(kept.acceptable() && kept.newly_failing.is_empty());
        let grown = judge(result(CheckStatus::Failed, 2, &["b", "c"]), &base, &[]);
        assert_eq!((grown.acceptable(), grown.newly_failing), (false, vec!["c".to_owned()]));
    }

    #[test]
    fn a_target_must_pass_whatever_the_base_did() {
        let base = base(CheckStatus::Failed, 3, &["a"]);
        assert!(!judge(result(CheckStatus::Failed, 3, &["a"]), &base, &[name("tests")]).acceptable());
        assert!(judge(result(CheckStatus::Passed, 4, &[]), &base, &[name("tests")]).acceptable());
    }

    #[test]
    fn a_run_that_passes_with_fewer_tests_than_before_has_failed() {
        let judged = judge(result(CheckStatus::Passed, 2, &[]), &base(CheckStatus::Failed, 3, &["a"]), &[]);
        assert_eq!(judged.status, CheckStatus::Failed);
        assert_eq!(judged.newly_failing, vec!["1 tests that passed before no longer run".to_owned()]);
    }

    #[test]
    fn a_failure_without_ids_is_excused_only_by_a_base_that_failed_so() {
        let now = result(CheckStatus::Failed, 0, &[]);
        assert!(judge(now.clone(), &base(CheckStatus::Failed, 0, &[]), &[]).acceptable());
        assert!(!judge(now.clone(), &base(CheckStatus::Failed, 0, &["a"]), &[]).acceptable());
        assert!(!judge(now, &base(CheckStatus::Passed, 0, &[]), &[]).acceptable());
    }
}
