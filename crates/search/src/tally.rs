//! What a search has spent and seen: the evidence of its refusals.

use std::collections::BTreeMap;

use reweave_core::{Budget, Candidate, CheckResult, EvidenceKind, Refusal, RefusalCode};

use crate::search::Stop;

/// Most failing tests of the closest candidate that a refusal lists.
const FAILING_LISTED_MAX: usize = 10;

/// Counts of a running search.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) considered: u32,
    pub(crate) runs: u32,
    /// Per gate: how many it refused, and the first reason it gave.
    gates: BTreeMap<&'static str, (u32, String)>,
    checked: u32,
    closest: Option<Closest>,
}

/// The candidate that came nearest to passing its checks.
#[derive(Debug)]
struct Closest {
    index: usize,
    description: String,
    checks: Vec<CheckResult>,
}

impl Tally {
    /// Counts a candidate that `gate` refused.
    pub(crate) fn refused(&mut self, gate: &'static str, reason: String) {
        self.gates.entry(gate).or_insert((0, reason)).0 += 1;
    }

    /// Counts a candidate that its checks refused.
    pub(crate) fn failed(&mut self, candidate: &Candidate, index: usize, checks: Vec<CheckResult>) {
        self.checked += 1;
        let better = self.closest.as_ref().is_none_or(|closest| distance(&checks) < distance(&closest.checks));
        if better {
            self.closest = Some(Closest { index, description: candidate.description.clone(), checks });
        }
    }

    /// The refusal of a search whose pool is empty.
    pub(crate) fn none_proven(&self) -> Refusal {
        if self.considered == 0 {
            return Refusal::new(RefusalCode::NoCandidate, "no proposer had a candidate")
                .next("name the lines or the diagnostics to work on, or widen `lines`");
        }
        let only = |gate: &str| self.gates.get(gate).is_some_and(|(count, _)| *count == self.considered);
        if only("max_edits") {
            return self
                .evidence(Refusal::new(RefusalCode::TooManyEdits, "every candidate needs more edits than allowed"))
                .next("raise `max_edits`");
        }
        if only("batch_overlap") {
            return self
                .evidence(Refusal::new(RefusalCode::BatchOverlap, "an item of higher priority changes the same bytes"))
                .next("publish the item again on its own, once the other is applied");
        }
        let reason = format!("none of {} candidates was proven", self.considered);
        let next = match (self.checked, self.gates.contains_key("unproven")) {
            (0, true) => "name a check in `checks` that fails on the base and must pass",
            (0, false) => "see the gate's reason; widen `lines` if the place is wrong",
            _ => "see the closest candidate; name `lines` or `diagnostics` near the defect, or repair it by hand",
        };
        self.evidence(Refusal::new(RefusalCode::NoneProven, reason)).next(next)
    }

    /// The refusal of a search that spent `what` up to `limit`.
    pub(crate) fn exhausted(&self, what: &str, limit: u32) -> Refusal {
        let reason = format!("the budget of {limit} {what} ran out before a candidate was proven");
        let refusal = Refusal::new(RefusalCode::BudgetExhausted, reason)
            .with(EvidenceKind::Limit, format!("budget.{what} = {limit}"));
        self.evidence(refusal).next(format!("raise `budget.{what}` above {limit}, or narrow `lines`"))
    }

    /// The refusal of a search that the caller ended.
    pub(crate) fn stopped(&self, stop: Stop, budget: &Budget) -> Refusal {
        let done = format!("after {} candidates and {} check runs", self.considered, self.runs);
        match stop {
            Stop::Cancelled => self.evidence(Refusal::new(RefusalCode::Cancelled, format!("cancelled {done}"))),
            Stop::Deadline => self
                .evidence(Refusal::new(RefusalCode::DeadlineExceeded, format!("the deadline passed {done}")))
                .next("publish it again with a later deadline, or narrow `lines`"),
            Stop::Budget => {
                let limit = budget.milliseconds;
                self.evidence(Refusal::new(RefusalCode::BudgetExhausted, format!("{limit} ms ran out {done}")))
                    .with(EvidenceKind::Limit, format!("budget.milliseconds = {limit}"))
                    .next(format!("raise `budget.milliseconds` above {limit}, or narrow `lines`"))
            }
        }
    }

    fn evidence(&self, mut refusal: Refusal) -> Refusal {
        let spent = format!("{} candidates considered, {} check runs spent", self.considered, self.runs);
        refusal = refusal.with(EvidenceKind::Limit, spent);
        for (gate, (count, reason)) in &self.gates {
            refusal = refusal.with(EvidenceKind::Gate, format!("{gate} refused {count}, first: {reason}"));
        }
        if self.checked > 0 {
            refusal = refusal.with(EvidenceKind::Check, format!("checks refused {}", self.checked));
        }
        if let Some(closest) = &self.closest {
            let detail = format!("closest was candidate {}: {}", closest.index, closest.description);
            refusal = refusal.with(EvidenceKind::Suggestion, detail);
            for check in closest.checks.iter().filter(|check| !check.acceptable()) {
                refusal = refusal.with(EvidenceKind::Check, unmet(check));
            }
        }
        refusal
    }
}

/// How far results are from acceptable: checks that ended without a verdict, then failing tests, then fewer passed.
fn distance(checks: &[CheckResult]) -> (usize, usize, std::cmp::Reverse<u32>) {
    let unmet = || checks.iter().filter(|check| !check.acceptable());
    let silent = unmet().filter(|check| check.failing.is_empty()).count();
    let silent = if checks.is_empty() { usize::MAX } else { silent };
    let failing = unmet().map(|check| check.failing.len().max(check.newly_failing.len())).sum();
    (silent, failing, std::cmp::Reverse(checks.iter().map(|check| check.passed).sum()))
}

fn unmet(check: &CheckResult) -> String {
    let ids = if check.target { &check.failing } else { &check.newly_failing };
    let mut text = format!("{} {}", check.name, check.status.as_str());
    if !ids.is_empty() {
        let listed: Vec<&str> = ids.iter().take(FAILING_LISTED_MAX).map(String::as_str).collect();
        text = format!("{text}: {}", listed.join(", "));
    }
    if ids.len() > FAILING_LISTED_MAX {
        text = format!("{text} and {} more", ids.len() - FAILING_LISTED_MAX);
    }
    text
}
