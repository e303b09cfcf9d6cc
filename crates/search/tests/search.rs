//! The search as its caller sees it: questions, answers, verdicts, and the bounds that hold whatever is answered.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::sync::Arc;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use reweave_core::{
    BaseStatus, Budget, Candidate, CheckName, CheckResult, CheckStatus, Diagnostic, Edit, Edits, FileText, JudgedBy,
    Language, MaskedSpan, Proposer, Refusal, RefusalCode, Span,
};
use reweave_search::{BaseResult, Options, Proof, Search, Step, Stop, Verdict, risk};
use reweave_syntax::ParsedFile;

const BASE: &str = "def f(n):\n    return n + 1\n";

fn base() -> Arc<ParsedFile> {
    let file = FileText { path: "m.py".parse().unwrap(), text: BASE.to_owned() };
    Arc::new(ParsedFile::parse(Language::Python, file).unwrap())
}

fn name(text: &str) -> CheckName {
    text.parse().unwrap()
}

/// A candidate that replaces the expression `n + 1`.
fn candidate(new: &str, prior: f64) -> Candidate {
    replacing("n + 1", new, prior)
}

fn replacing(old: &str, new: &str, prior: f64) -> Candidate {
    let start = BASE.find(old).unwrap();
    let span = Span::new(start, start + old.len());
    let path: reweave_core::RelativePath = "m.py".parse().unwrap();
    Candidate {
        path: path.clone(),
        edits: Edits::new(BASE, vec![Edit::of(BASE, span, new, "binary_operator", "f")]).unwrap(),
        masked: vec![MaskedSpan { path, span, node_kind: "binary_operator".into(), node_path: "f".into() }],
        proposer: Proposer::Mutation,
        operator: "arithmetic",
        description: format!("replace `{old}` by `{new}`"),
        prior,
        risks: vec![],
        scores: vec![],
    }
}

fn with_target(runs: u32) -> Options {
    Options {
        budget: Budget { runs, ..Budget::default() },
        checks: vec![name("tests")],
        targets: vec![name("tests")],
        ..Options::default()
    }
}

fn result(check: &CheckName, failing: usize) -> CheckResult {
    CheckResult {
        name: check.clone(),
        command: vec!["pytest".into()],
        status: if failing == 0 { CheckStatus::Passed } else { CheckStatus::Failed },
        judged_by: JudgedBy::Report,
        base: BaseStatus::NotRun,
        target: false,
        exit_code: Some(i32::from(failing > 0)),
        passed: 9,
        failing: (0..failing).map(|test| format!("test_{test}")).collect(),
        newly_failing: vec![],
    }
}

/// Runs the search to its end; `failing` says how many tests fail on a text.
fn run(search: &mut Search, failing: impl Fn(&str) -> usize) -> Verdict {
    loop {
        let results = match search.step() {
            Step::Finished(verdict) => return verdict,
            Step::Check { text, checks, .. } => checks.iter().map(|check| result(check, failing(text))).collect(),
        };
        search.answer(results);
    }
}

fn proof(verdict: Verdict) -> Box<Proof> {
    match verdict {
        Verdict::Proven(proof) => proof,
        Verdict::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

fn refusal(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refused(refusal) => refusal,
        Verdict::Proven(proof) => panic!("proven: {proof:?}"),
    }
}

fn show(refusal: &Refusal, expected: &Expect) {
    let evidence: Vec<String> =
        refusal.evidence.iter().map(|item| format!("{}: {}", item.kind.as_str(), item.detail)).collect();
    let text = format!("{}: {}\n{}\n-> {}\n", refusal.code, refusal.reason, evidence.join("\n"), refusal.next_command);
    expected.assert_eq(&text);
}

#[test]
fn the_first_acceptable_candidate_by_rank_wins() {
    let pool = vec![candidate("n - 1", 0.2), candidate("n + 2", 0.9), candidate("n * 1", 0.5)];
    let mut search = Search::new(base(), pool, with_target(10));
    let proof = proof(run(&mut search, |text| usize::from(text.contains("n + 2"))));
    assert_eq!((proof.index, proof.considered, proof.runs), (2, 2, 2));
    assert_eq!(proof.text, "def f(n):\n    return n * 1\n");
    assert!(proof.checks.iter().all(|check| check.target && check.acceptable()));
}

#[test]
fn equal_priors_are_tried_in_file_order() {
    let pool = vec![replacing("1", "2", 0.5), replacing("n + 1", "n", 0.5)];
    let mut search = Search::new(base(), pool, with_target(10));
    assert_eq!(proof(run(&mut search, |_| 0)).index, 1);
}

#[test]
fn what_does_not_parse_or_repeats_is_dropped_before_a_run_is_spent() {
    let pool = vec![candidate("n +", 0.9), candidate("n + 1", 0.8), candidate("n", 0.7), replacing(" + 1", "", 0.6)];
    let mut search = Search::new(base(), pool, with_target(10));
    let refused = refusal(run(&mut search, |_| 2));
    assert_eq!(search.spent(), (4, 1));
    assert_eq!(refused.code, RefusalCode::NoneProven);
    assert!(refused.evidence.iter().any(|item| item.detail.starts_with("duplicate refused 2")), "{refused:?}");
}

#[test]
fn a_search_without_candidates_says_so() {
    let refused = refusal(run(&mut Search::new(base(), vec![], with_target(10)), |_| 0));
    assert_eq!(refused.code, RefusalCode::NoCandidate);
}

#[test]
fn a_refusal_shows_the_closest_candidate_and_what_it_still_fails() {
    let pool = vec![candidate("n - 1", 0.9), candidate("n * 1", 0.5), candidate("n / 1", 0.4)];
    let mut search = Search::new(base(), pool, with_target(10));
    let refused = refusal(run(&mut search, |text| if text.contains('*') { 1 } else { 3 }));
    show(
        &refused,
        &expect![[r#"
            search.none_proven: none of 3 candidates was proven
            limit: 3 candidates considered, 3 check runs spent
            check: checks refused 3
            suggestion: closest was candidate 1: replace `n + 1` by `n * 1`
            check: tests failed: test_0
            -> see the closest candidate; name `lines` or `diagnostics` near the defect, or repair it by hand
        "#]],
    );
}

#[test]
fn a_spent_budget_names_the_limit_to_raise() {
    let pool = vec![candidate("n - 1", 0.9), candidate("n * 1", 0.5)];
    let mut search = Search::new(base(), pool, with_target(1));
    let refused = refusal(run(&mut search, |_| 1));
    show(
        &refused,
        &expect![[r#"
            search.budget_exhausted: the budget of 1 runs ran out before a candidate was proven
            limit: budget.runs = 1
            limit: 2 candidates considered, 1 check runs spent
            check: checks refused 1
            suggestion: closest was candidate 0: replace `n + 1` by `n - 1`
            check: tests failed: test_0
            -> raise `budget.runs` above 1, or narrow `lines`
        "#]],
    );
}

#[test]
fn the_candidate_budget_ends_the_search() {
    let mut options = with_target(10);
    options.budget.candidates = 1;
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9), candidate("n * 1", 0.5)], options);
    assert_eq!(refusal(run(&mut search, |_| 1)).code, RefusalCode::BudgetExhausted);
    assert_eq!(search.spent(), (1, 1));
}

#[test]
fn a_check_that_fail_fast_left_out_is_asked_for_again() {
    let mut options = with_target(10);
    options.checks = vec![name("lint"), name("tests")];
    options.base =
        vec![BaseResult { name: name("lint"), status: CheckStatus::Failed, passed: 0, failing: vec!["test_0".into()] }];
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], options);
    let mut asked = Vec::new();
    let verdict = loop {
        let first = match search.step() {
            Step::Finished(verdict) => break verdict,
            Step::Check { checks, .. } => checks.to_vec(),
        };
        search.answer(vec![result(&first[0], usize::from(first[0].as_str() == "lint"))]);
        asked.push(first.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    };
    assert_eq!(asked, ["tests lint", "lint"]);
    let proof = proof(verdict);
    assert_eq!((proof.runs, proof.checks.len()), (2, 2));
}

#[test]
fn a_question_repeats_until_it_is_answered_and_an_unasked_answer_is_dropped() {
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], with_target(10));
    search.answer(vec![result(&name("tests"), 0)]);
    for _ in 0..2 {
        assert!(matches!(search.step(), Step::Check { candidate: 0, .. }));
    }
    assert_eq!(search.spent(), (1, 0));
}

#[test]
fn a_check_that_did_not_run_proves_nothing() {
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], with_target(10));
    assert!(matches!(search.step(), Step::Check { .. }));
    search.answer(vec![CheckResult { status: CheckStatus::NotRun, ..result(&name("tests"), 0) }]);
    assert_eq!(refusal(run(&mut search, |_| 0)).code, RefusalCode::NoneProven);
}

#[test]
fn each_way_of_stopping_has_its_code_and_holds() {
    for (stop, code) in [
        (Stop::Deadline, RefusalCode::DeadlineExceeded),
        (Stop::Budget, RefusalCode::BudgetExhausted),
        (Stop::Cancelled, RefusalCode::Cancelled),
    ] {
        let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], with_target(10));
        assert!(matches!(search.step(), Step::Check { .. }));
        search.stop(stop);
        search.answer(vec![result(&name("tests"), 0)]);
        assert_eq!(refusal(run(&mut search, |_| 0)).code, code);
    }
}

#[test]
fn more_edits_than_allowed_are_refused_by_their_own_code() {
    let options = Options { max_edits: Some(0), ..with_target(10) };
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], options);
    assert_eq!(refusal(run(&mut search, |_| 0)).code, RefusalCode::TooManyEdits);
}

#[test]
fn a_batch_item_is_proven_together_with_those_accepted_before_it() {
    let options = Options { accepted: vec![replacing("f(n)", "g(n)", 0.9)], ..with_target(10) };
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], options.clone());
    assert_eq!(proof(run(&mut search, |_| 0)).text, "def g(n):\n    return n - 1\n");
    let mut search = Search::new(base(), vec![replacing("f(n)", "h(n)", 0.9)], options);
    assert_eq!(refusal(run(&mut search, |_| 0)).code, RefusalCode::BatchOverlap);
}

#[test]
fn without_checks_a_refactoring_may_win_and_a_mutation_may_not() {
    let refactoring = Candidate { proposer: Proposer::Refactor, ..candidate("1 + n", 0.9) };
    assert!(matches!(run(&mut Search::new(base(), vec![refactoring], Options::default()), |_| 0), Verdict::Proven(_)));
    let refused = refusal(run(&mut Search::new(base(), vec![candidate("n - 1", 0.9)], Options::default()), |_| 0));
    show(
        &refused,
        &expect![[r#"
            search.none_proven: none of 1 candidates was proven
            limit: 1 candidates considered, 0 check runs spent
            gate: unproven refused 1, first: no check is named and no diagnostic is given, so nothing can prove a mutation
            -> name a check in `checks` that fails on the base and must pass
        "#]],
    );
}

#[test]
fn without_checks_only_what_was_made_for_the_undefined_name_and_removes_it_wins() {
    let text = "def f(items):\n    return len(itms)\n";
    let file = FileText { path: "m.py".parse().unwrap(), text: text.to_owned() };
    let base = Arc::new(ParsedFile::parse(Language::Python, file).unwrap());
    let at = text.find("itms").unwrap();
    let fix = |operator, new: &str, prior| Candidate {
        edits: Edits::new(text, vec![Edit::of(text, Span::new(at, at + 4), new, "identifier", "f")]).unwrap(),
        masked: vec![MaskedSpan {
            path: "m.py".parse().unwrap(),
            span: Span::new(at, at + 4),
            node_kind: "identifier".into(),
            node_path: "f".into(),
        }],
        operator,
        ..candidate("n", prior)
    };
    let diagnostic = Diagnostic { line: 2, column: None, code: "F821".into(), message: "Undefined name `itms`".into() };
    let options = Options { diagnostics: vec![diagnostic], ..Options::default() };
    let pool =
        vec![fix("variable", "f", 0.9), fix("undefined_name", "itms + 0", 0.8), fix("undefined_name", "items", 0.5)];
    let mut search = Search::new(base, pool, options);
    let proof = proof(run(&mut search, |_| 0));
    assert_eq!((proof.index, proof.runs), (2, 0));
}

#[test]
fn risk_grows_with_what_is_not_known() {
    let mut search = Search::new(base(), vec![candidate("n - 1", 0.9)], with_target(10));
    let proven = proof(run(&mut search, |_| 0));
    let known = risk::assess(&proven, BASE, risk::Surroundings { covered: Some(&[2]), not_checked: &[] });
    let missed = risk::assess(&proven, BASE, risk::Surroundings { covered: Some(&[1]), not_checked: &[] });
    let unknown = risk::assess(&proven, BASE, risk::Surroundings::default());
    assert!(known.score < unknown.score && unknown.score < missed.score, "{known:?} {unknown:?} {missed:?}");
    let unchecked = Proof { checks: vec![], ..*proven };
    let unchecked = risk::assess(&unchecked, BASE, risk::Surroundings::default());
    assert!(unchecked.score > missed.score, "{unchecked:?}");
    let names: Vec<&str> = unchecked.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["proposer", "no_check", "size"]);
}

/// Candidates `n + 10`, `n + 11`, … with the given priors.
fn pool(priors: &[u8]) -> Vec<Candidate> {
    priors.iter().enumerate().map(|(at, prior)| candidate(&format!("n + {}", 10 + at), f64::from(*prior))).collect()
}

proptest! {
    #[test]
    fn it_ends_within_its_bounds_and_says_the_same_twice(
        priors in proptest::collection::vec(0u8..5, 0..12),
        good in proptest::collection::vec(any::<bool>(), 12),
        runs in 0u32..12,
        candidates in 0u32..12,
    ) {
        let verdict = || {
            let mut options = with_target(runs);
            options.budget.candidates = candidates;
            let mut search = Search::new(base(), pool(&priors), options);
            let verdict = run(&mut search, |text| {
                let number = text.trim_end().rsplit(' ').next().and_then(|word| word.parse::<usize>().ok());
                usize::from(!number.and_then(|number| good.get(number - 10)).copied().unwrap_or(false))
            });
            (verdict, search.spent())
        };
        let (first, spent) = verdict();
        prop_assert_eq!(&first, &verdict().0);
        prop_assert!(spent.0 <= candidates && spent.1 <= runs, "{:?}", spent);
    }

    #[test]
    fn a_larger_budget_never_yields_another_winner(
        priors in proptest::collection::vec(0u8..5, 1..12),
        good in 0usize..12,
        runs in 0u32..12,
    ) {
        let winner = |runs| {
            let mut search = Search::new(base(), pool(&priors), with_target(runs));
            match run(&mut search, |text| usize::from(!text.contains(&format!("n + {}", 10 + good)))) {
                Verdict::Proven(proof) => Some(proof.index),
                Verdict::Refused(_) => None,
            }
        };
        if let Some(index) = winner(runs) {
            prop_assert_eq!(winner(runs + 5), Some(index));
        }
    }
}
