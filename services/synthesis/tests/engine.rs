//! The engine over its real stubs, with a checks service that follows a script.

mod scripted;

use std::time::Duration;

use reweave_core::{ItemResult, Outcome, RefusalCode};
use scripted::{Pod, report};

const SHOP: &str =
    "def total(prices):\n    result = 0\n    for price in prices:\n        result -= price\n    return result\n";

fn edit(more: &str) -> String {
    format!("edit:\n  file_path: shop.py\n{more}")
}

/// Tests that pass once the accumulation adds.
fn adds(text: &str) -> reweave_proto::wire::checks::CheckReport {
    if text.contains("result += price") { report("pytest", &[]) } else { report("pytest", &["test_total"]) }
}

#[tokio::test]
async fn a_failing_test_is_repaired_and_the_patch_carries_the_proof() {
    let pod = Pod::new(&[("shop.py", SHOP)], adds);
    let event = pod.run(&edit("  checks: [pytest]\n")).await;
    let Outcome::Patch(patch) = &event.outcome else { panic!("{event:#?}") };
    assert!(patch.can_apply());
    assert!(patch.unified_diff.contains("+        result += price"), "{}", patch.unified_diff);
    assert_eq!(patch.validation.bytes_changed_outside, 0);
    assert!(patch.checks[0].target && patch.checks[0].newly_failing.is_empty());
    assert_eq!(event.run.check_runs.iter().filter(|run| run.on_base).count(), 1);
    assert_eq!(event.run.check_runs.iter().filter(|run| !run.on_base).count(), 1, "only the winner's run is kept");
}

#[tokio::test]
async fn the_same_spec_gives_the_same_patch_whatever_the_clock_says() {
    let pod = Pod::new(&[("shop.py", SHOP)], adds);
    let spec = edit("  checks: [pytest]\n");
    assert_eq!(pod.run(&spec).await.outcome, pod.run(&spec).await.outcome);
}

#[tokio::test]
async fn checks_that_already_pass_leave_nothing_to_do() {
    let pod = Pod::new(&[("shop.py", SHOP)], |_| report("pytest", &[]));
    let event = pod.run(&edit("  checks: [pytest]\n")).await;
    assert!(matches!(event.outcome, Outcome::Unchanged(_)), "{event:#?}");
}

#[tokio::test]
async fn an_edit_that_nothing_can_prove_is_refused() {
    let pod = Pod::new(&[("shop.py", SHOP)], adds);
    let refusal = pod.refusal(&edit("  instruction: make it faster\n")).await;
    assert_eq!(refusal.code, RefusalCode::NoCandidate);
    assert!(!refusal.next_command.is_empty());
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_what_it_tried() {
    let pod = Pod::new(&[("shop.py", SHOP)], |_| report("pytest", &["test_total"]));
    let refusal = pod.refusal(&edit("  checks: [pytest]\n")).await;
    assert_eq!(refusal.code, RefusalCode::NoneProven);
    assert!(!refusal.evidence.is_empty());
}

#[tokio::test]
async fn the_budget_of_runs_is_kept_and_named() {
    let pod = Pod::new(&[("shop.py", SHOP)], |_| report("pytest", &["test_total"]));
    let refusal = pod.refusal(&format!("{}budget: {{runs: 3}}\n", edit("  checks: [pytest]\n"))).await;
    assert_eq!(refusal.code, RefusalCode::BudgetExhausted);
    assert_eq!(pod.runs(), 1 + 3, "the base, then three candidates");
}

#[tokio::test]
async fn a_check_that_hangs_ends_at_the_budget_and_a_passed_deadline_before_any_work() {
    let pod = Pod::hanging(&[("shop.py", SHOP)]);
    let refusal = pod.refusal(&format!("{}budget: {{milliseconds: 50}}\n", edit("  checks: [pytest]\n"))).await;
    assert_eq!(refusal.code, RefusalCode::BudgetExhausted);
    let late = format!("{}deadline: 2001-01-01T00:00:00Z\n", edit("  checks: [pytest]\n"));
    assert_eq!(pod.refusal(&late).await.code, RefusalCode::DeadlineExceeded);
}

#[tokio::test]
async fn dropping_the_stream_ends_the_checks_session() {
    let pod = Pod::hanging(&[("shop.py", SHOP)]);
    let responses = pod.start(&edit("  checks: [pytest]\n")).await;
    pod.session_began().await;
    drop(responses);
    tokio::time::timeout(Duration::from_secs(10), pod.session_ended()).await.expect("the session ends with its caller");
}

#[tokio::test]
async fn hostile_and_unreadable_files_are_refused_by_name() {
    let pod = Pod::new(&[("shop.py", SHOP), ("empty.py", ""), ("broken.py", "def f(:\n")], adds);
    for (path, code) in [
        ("missing.py", RefusalCode::FileMissing),
        ("empty.py", RefusalCode::FileEmpty),
        ("../outside.py", RefusalCode::PathOutside),
    ] {
        let spec = format!("edit:\n  file_path: {path}\n  checks: [pytest]\n");
        assert_eq!(pod.refusal(&spec).await.code, code, "{path}");
    }
    let spec =
        "refactor:\n  file_path: broken.py\n  edit_targets: [f]\n  operator: {name: rename, parameters: {to: g}}\n";
    assert_eq!(pod.refusal(spec).await.code, RefusalCode::SyntaxBroken);
}

#[tokio::test]
async fn a_batch_takes_the_higher_priority_first_and_refuses_what_overlaps() {
    let pod = Pod::new(&[("shop.py", SHOP)], |_| report("pytest", &[]));
    let rename = |to: &str, priority: i32| {
        format!(
            "    - refactor:\n        file_path: shop.py\n        edit_targets: [total]\n        priority: {priority}\n        \
             operator: {{name: rename, parameters: {{to: {to}}}}}\n"
        )
    };
    let event = pod.run(&format!("batch:\n  items:\n{}{}", rename("low", 1), rename("high", 5))).await;
    let Outcome::Batch(batch) = &event.outcome else { panic!("{event:#?}") };
    assert!(matches!(&batch.items[0], ItemResult::Refusal(refusal) if refusal.code == RefusalCode::BatchOverlap));
    assert!(matches!(&batch.items[1], ItemResult::Patch(_)));
    let combined = batch.combined.as_ref().expect("one item was accepted");
    assert!(combined.unified_diff.contains("+def high(prices):"));
    assert_eq!(event.outcome.exit_code(), reweave_core::ExitCode::Refused);
}

#[tokio::test]
async fn items_in_several_files_become_one_patch_checked_as_one_workspace() {
    let pod = Pod::new(&[("a.py", "def one():\n    return 1\n"), ("b.py", "def two():\n    return 2\n")], |_| {
        report("pytest", &[])
    });
    let rename = |path: &str, from: &str, to: &str| {
        format!(
            "    - refactor:\n        file_path: {path}\n        edit_targets: [{from}]\n        checks: [pytest]\n        \
             operator: {{name: rename, parameters: {{to: {to}}}}}\n"
        )
    };
    let event =
        pod.run(&format!("batch:\n  items:\n{}{}", rename("a.py", "one", "uno"), rename("b.py", "two", "due"))).await;
    let patch = event.outcome.patch().expect("both items fit together");
    assert_eq!(patch.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.py", "b.py"]);
    assert!(patch.can_apply());
}
