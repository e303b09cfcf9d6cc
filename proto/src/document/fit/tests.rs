//! What is cut, in which order, and what never is.

use reweave_core::{
    CheckRun, Edit, Edits, FileChange, Provenance, Risk, Sha256, Span, SpecId, Validation, limits::OUTCOME_BYTES_MAX,
};

use super::*;

fn patch(base: &str, new_text: &str) -> Patch {
    let span = Span::new(0, 1);
    let edit = Edit {
        span,
        old_sha256: Sha256::of(&base.as_bytes()[..1]),
        new_text: new_text.into(),
        node_kind: "identifier".into(),
        node_path: String::new(),
    };
    let edits = Edits::new(base, vec![edit]).unwrap();
    Patch {
        files: vec![FileChange::edited("a.py".parse().unwrap(), base.into(), edits)],
        unified_diff: format!("-{base}\n+{new_text}"),
        masked_spans: vec![],
        validation: Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 },
        checks: vec![],
        not_checked: vec![],
        risk: Risk::of(vec![]),
        provenance: Provenance { version: "1".into(), candidates: 1, ..Provenance::default() },
    }
}

fn event(patch: Patch, log: &str) -> OutcomeEvent {
    let check_run = CheckRun {
        name: "tests".parse().unwrap(),
        on_base: false,
        duration_us: 1,
        log_tail: log.into(),
        log_bytes: log.len() as u64,
    };
    let run = RunFacts { check_runs: vec![check_run], ..RunFacts::default() };
    OutcomeEvent { spec_id: SpecId::of("a", "b"), outcome: Outcome::Patch(patch), run }
}

fn fitted(event: OutcomeEvent) -> OutcomeEvent {
    let fitted = fit(event, OUTCOME_BYTES_MAX);
    assert!(len(&fitted) <= OUTCOME_BYTES_MAX, "{} bytes", len(&fitted));
    assert!(super::super::read_outcome(super::super::outcome_json(&fitted).to_string()).is_ok());
    fitted
}

#[test]
fn what_fits_is_left_alone() {
    let small = event(patch("a = 1\n", "b"), "1 passed");
    assert_eq!(fitted(small.clone()), small);
}

#[test]
fn logs_are_cut_first_and_named() {
    let before = event(patch("a = 1\n", "b"), &"log\n".repeat(1 << 18));
    let after = fitted(before.clone());
    assert_eq!(after.outcome, before.outcome);
    assert_eq!(after.run.check_runs[0].log_tail, "");
    assert_eq!(after.run.check_runs[0].log_bytes, 1 << 20);
    assert_eq!(after.run.cut, ["log of tests on patch"]);
}

#[test]
fn copies_of_the_code_are_cut_next_and_edits_and_diff_never() {
    let Outcome::Patch(whole) = event(patch(&"a".repeat(400 << 10), "b"), "").outcome else { unreachable!() };
    let after = fitted(event(whole.clone(), "a log"));
    assert_eq!(after.run.cut, ["log of tests on patch", "original_code of a.py", "generated_code of a.py"]);
    let Outcome::Patch(cut) = after.outcome else { panic!("the patch is gone") };
    assert_eq!((&cut.files[0].edits, &cut.unified_diff), (&whole.files[0].edits, &whole.unified_diff));
    assert_eq!(cut.files[0].generated_code, "");
}

#[test]
fn what_is_digested_does_not_depend_on_the_length_of_a_log() {
    let digest = |event: OutcomeEvent| crate::convert::outcome(event).digest;
    // Just under and just over what leaves room for run facts.
    for kib in 310..345 {
        let patch = patch(&"a".repeat(kib << 10), "b");
        let quiet = digest(fitted(event(patch.clone(), "")));
        assert_eq!(digest(fitted(event(patch, &"log\n".repeat(1 << 18)))), quiet, "{kib} KiB");
    }
}

#[test]
fn what_is_too_large_even_so_is_a_refusal_that_says_so() {
    let after = fitted(event(patch("a = 1\n", &"b".repeat(OUTCOME_BYTES_MAX)), ""));
    let Outcome::Refusal(refusal) = after.outcome else { panic!("it was published") };
    assert_eq!(refusal.code, RefusalCode::OutcomeTooLarge);
}

#[test]
fn run_facts_without_end_are_cut_too() {
    let mut event = event(patch("a = 1\n", "b"), "");
    event.run.sandbox = vec!["x".repeat(1 << 10); 2 << 10];
    assert_eq!(fitted(event).run.cut, ["stages, check runs and sandbox"]);
}
