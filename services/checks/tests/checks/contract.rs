//! What every runner holds to, asked of each.

use std::time::Duration;

use reweave_checks::{
    Overlay, Report, Runner, SandboxRunner,
    runner::{Request, ScriptedRunner},
};
use reweave_core::{CheckStatus, InlineFile, JudgedBy, RefusalCode, Sha256, Source};
use tokio_util::sync::CancellationToken;

use crate::kit::Kit;

/// Passes when `ok.txt` is replaced by `yes`.
const CHECK: &str = "ok";

#[tokio::test]
async fn the_sandbox_holds_to_the_contract() {
    let kit = Kit::new(&[]).shell(CHECK, "grep -q yes ok.txt");
    holds(&SandboxRunner::new(kit.config.clone())).await;
}

#[tokio::test]
async fn the_scripted_runner_holds_to_the_contract() {
    holds(&ScriptedRunner::default().check(CHECK.parse().unwrap(), scripted)).await;
}

async fn holds(runner: &dyn Runner) {
    describes_its_checks(runner).await;
    counts_what_it_opened(runner).await;
    runs_on_what_was_replaced_and_forgets_it(runner).await;
    refuses_unknown_checks(runner).await;
    stops_after_a_failure_when_asked_to(runner).await;
    answers_nothing_when_cancelled(runner).await;
}

async fn describes_its_checks(runner: &dyn Runner) {
    let described = runner.describe().await;
    assert!(described.checks.iter().any(|check| check.name.as_str() == CHECK && check.available));
    assert!(!described.sandbox.unwrap().is_empty());
}

async fn counts_what_it_opened(runner: &dyn Runner) {
    let opened = runner.open(source()).await.unwrap().opened();
    assert_eq!((opened.files, opened.bytes), (1, 2));
}

async fn runs_on_what_was_replaced_and_forgets_it(runner: &dyn Runner) {
    let mut workspace = runner.open(source()).await.unwrap();
    let go = CancellationToken::new();
    for (content, status) in
        [(None, CheckStatus::Failed), (Some("yes"), CheckStatus::Passed), (None, CheckStatus::Failed)]
    {
        let reports = workspace.run(request(&[CHECK], content), &go).await.unwrap().unwrap();
        assert_eq!((reports.len(), reports[0].name.as_str(), reports[0].status), (1, CHECK, status));
        assert_eq!(reports[0].failing.is_empty(), status == CheckStatus::Passed);
    }
}

async fn refuses_unknown_checks(runner: &dyn Runner) {
    let mut workspace = runner.open(source()).await.unwrap();
    let refused = workspace.run(request(&[CHECK, "none"], None), &CancellationToken::new()).await;
    let refusal = refused.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::CheckUnknown);
    assert!(refusal.evidence[0].detail.contains(CHECK));
}

async fn stops_after_a_failure_when_asked_to(runner: &dyn Runner) {
    let mut workspace = runner.open(source()).await.unwrap();
    let all = request(&[CHECK, CHECK], None);
    for (fail_fast, second) in [(true, CheckStatus::NotRun), (false, CheckStatus::Failed)] {
        let reports = workspace.run(Request { fail_fast, ..all.clone() }, &CancellationToken::new()).await;
        let statuses: Vec<_> = reports.unwrap().unwrap().iter().map(|report| report.status).collect();
        assert_eq!(statuses, [CheckStatus::Failed, second]);
    }
}

async fn answers_nothing_when_cancelled(runner: &dyn Runner) {
    let mut workspace = runner.open(source()).await.unwrap();
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert_eq!(workspace.run(request(&[CHECK], None), &cancelled).await.unwrap(), None);
}

fn source() -> Source {
    let content = b"no".to_vec();
    let sha256 = Sha256::of(&content);
    Source::Inline(vec![InlineFile { path: "ok.txt".parse().unwrap(), content, sha256 }])
}

fn request(checks: &[&str], content: Option<&str>) -> Request {
    let replaced = |content: &str| Overlay { path: "ok.txt".parse().unwrap(), content: content.as_bytes().to_vec() };
    Request {
        checks: checks.iter().map(|name| name.parse().unwrap()).collect(),
        overlay: content.map(replaced).into_iter().collect(),
        ..Request::default()
    }
}

fn scripted(request: &Request) -> Report {
    let passes = request.overlay.iter().any(|overlay| overlay.content == b"yes");
    Report {
        name: CHECK.parse().unwrap(),
        command: Vec::new(),
        status: if passes { CheckStatus::Passed } else { CheckStatus::Failed },
        judged_by: JudgedBy::ExitStatus,
        exit_code: Some(i32::from(!passes)),
        passed: 0,
        failing: if passes { Vec::new() } else { vec!["exit status 1".to_owned()] },
        duration: Duration::ZERO,
        log_tail: String::new(),
        log_bytes: 0,
        coverage: Vec::new(),
        findings: Vec::new(),
        limit: None,
    }
}
