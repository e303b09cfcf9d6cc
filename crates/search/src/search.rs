//! The search itself: a small state machine over the pool.

use std::collections::HashSet;
use std::sync::Arc;

use reweave_core::{Budget, Candidate, CheckName, CheckResult, CheckStatus, Diagnostic, Sha256, Validation, limits};
use reweave_syntax::ParsedFile;

use crate::gate::{self, Gated};
use crate::judge::{BaseResult, judge};
use crate::pool::Pool;
use crate::tally::Tally;
use crate::unproven;
use crate::verdict::{Proof, Verdict};

/// What a search is held to.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub budget: Budget,
    /// Every check a winner is measured by, targets included or not; each is run once per candidate.
    pub checks: Vec<CheckName>,
    /// Checks that must pass on the result.
    pub targets: Vec<CheckName>,
    /// How the checks ended on the untouched base.
    pub base: Vec<BaseResult>,
    /// What the request wants gone; without checks a mutation must remove all of these to win.
    pub diagnostics: Vec<Diagnostic>,
    /// Items of the same batch accepted before, on the same file: a winner must hold together with them.
    pub accepted: Vec<Candidate>,
    /// Most edits the winner may hold.
    pub max_edits: Option<u32>,
}

/// What to do next.
#[derive(Debug)]
pub enum Step<'a> {
    /// Run `checks` with the candidate's file replaced by `text`, then call [`Search::answer`].
    Check {
        candidate: usize,
        text: &'a str,
        checks: &'a [CheckName],
    },
    Finished(Verdict),
}

/// Why the caller ends a search early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Deadline,
    /// The wall-clock part of the budget, which only the caller can see.
    Budget,
    Cancelled,
}

/// A search over the candidates for one file.
#[derive(Debug)]
pub struct Search {
    base: Arc<ParsedFile>,
    options: Options,
    /// Targets that failed on the base, other targets, the rest: the likeliest to fail comes first.
    checks: Vec<CheckName>,
    pool: Pool,
    seen: HashSet<Sha256>,
    tally: Tally,
    pending: Option<Pending>,
    verdict: Option<Verdict>,
}

/// A candidate whose checks are being run.
#[derive(Debug)]
struct Pending {
    index: usize,
    text: String,
    validation: Validation,
    results: Vec<CheckResult>,
    /// Checks without a result yet.
    left: Vec<CheckName>,
}

impl Search {
    /// A search among `candidates`, all of them changes of `base`. Budgets are capped by [`limits`].
    #[must_use]
    pub fn new(base: Arc<ParsedFile>, candidates: Vec<Candidate>, mut options: Options) -> Self {
        options.budget.runs = options.budget.runs.min(limits::RUNS_MAX);
        options.budget.candidates = options.budget.candidates.min(limits::CANDIDATES_MAX);
        let seen = HashSet::from([base.file().sha256()]);
        let checks = in_cost_order(&options);
        Self {
            base,
            options,
            checks,
            pool: Pool::new(candidates),
            seen,
            tally: Tally::default(),
            pending: None,
            verdict: None,
        }
    }

    /// What to do next. Asked again without an answer in between, it says the same.
    pub fn step(&mut self) -> Step<'_> {
        while self.verdict.is_none() && self.pending.is_none() {
            self.consider();
        }
        match (&self.verdict, &self.pending) {
            (None, Some(pending)) => {
                Step::Check { candidate: pending.index, text: &pending.text, checks: &pending.left }
            }
            (verdict, _) => {
                Step::Finished(verdict.clone().expect("the loop ends only with a verdict or a pending check"))
            }
        }
    }

    /// The candidate of that index in the list the search was given.
    #[must_use]
    pub fn candidate(&self, index: usize) -> &Candidate {
        self.pool.get(index)
    }

    /// Candidates looked at and single checks run so far.
    #[must_use]
    pub fn spent(&self) -> (u32, u32) {
        (self.tally.considered, self.tally.runs)
    }

    /// The results of the checks last asked for. The fields `base`, `target` and `newly_failing` are computed here.
    ///
    /// Checks left out, or not run because an earlier one failed, are asked for again where they still matter. Without
    /// a pending question the answer is dropped.
    pub fn answer(&mut self, results: Vec<CheckResult>) {
        let Some(mut pending) = self.pending.take() else { return };
        let before = pending.left.len();
        for result in results {
            let asked = pending.left.iter().position(|name| *name == result.name);
            if let Some(at) = asked
                && result.status != CheckStatus::NotRun
            {
                pending.left.remove(at);
                self.tally.runs += 1;
                pending.results.push(judge(result, &self.options.base, &self.options.targets));
            }
        }
        let nothing_ran = pending.left.len() == before;
        if nothing_ran || !pending.results.iter().all(CheckResult::acceptable) {
            self.tally.failed(self.pool.get(pending.index), pending.index, pending.results);
        } else if pending.left.is_empty() {
            self.win(pending);
        } else {
            self.pending = Some(pending);
        }
    }

    /// Ends the search at the candidates recorded so far.
    pub fn stop(&mut self, stop: Stop) {
        if self.verdict.is_none() {
            self.pending = None;
            self.verdict = Some(Verdict::Refused(self.tally.stopped(stop, &self.options.budget)));
        }
    }

    /// Takes one candidate up to its checks, or ends the search.
    fn consider(&mut self) {
        let budget = self.options.budget;
        if self.tally.considered >= budget.candidates && self.pool.rest().next().is_some() {
            return self.refuse(|tally| tally.exhausted("candidates", budget.candidates));
        }
        let Some((index, candidate)) = self.pool.take() else {
            return self.refuse(|tally| tally.none_proven());
        };
        self.tally.considered += 1;
        if let Some(max) = self.options.max_edits
            && candidate.edits.as_slice().len() > max as usize
        {
            let reason = format!("{} edits, at most {max}", candidate.edits.as_slice().len());
            return self.tally.refused("max_edits", reason);
        }
        match gate::check(&self.base, candidate, &self.options.accepted) {
            Gated::Refused { gate, reason } => self.tally.refused(gate, reason),
            Gated::Passed { text, fingerprint, .. } if !self.is_new(&text, fingerprint) => {
                self.tally.refused("duplicate", "the same as an earlier candidate, formatting aside".to_owned());
            }
            Gated::Passed { text, validation, .. } => self.ask_checks(index, text, validation),
        }
    }

    /// Whether no candidate before it, nor the base itself, was this text.
    fn is_new(&mut self, text: &str, fingerprint: Option<Sha256>) -> bool {
        let new_text = self.seen.insert(Sha256::of(text.as_bytes()));
        new_text && fingerprint.is_none_or(|fingerprint| self.seen.insert(fingerprint))
    }

    fn ask_checks(&mut self, index: usize, text: String, validation: Validation) {
        let left = self.checks.clone();
        let pending = Pending { index, text, validation, results: Vec::new(), left };
        if pending.left.is_empty() {
            return self.without_checks(pending);
        }
        let runs = self.options.budget.runs;
        if self.tally.runs as usize + pending.left.len() > runs as usize {
            return self.refuse(|tally| tally.exhausted("runs", runs));
        }
        self.pending = Some(pending);
    }

    fn without_checks(&mut self, pending: Pending) {
        match unproven::acceptable(self.pool.get(pending.index), &self.base, &pending.text, &self.options.diagnostics) {
            Ok(()) => self.win(pending),
            Err(reason) => self.tally.refused("unproven", reason),
        }
    }

    fn win(&mut self, pending: Pending) {
        let candidate = self.pool.get(pending.index).clone();
        let rivals = self.pool.rest().filter(|other| is_rival(other, &candidate)).count();
        self.verdict = Some(Verdict::Proven(Box::new(Proof {
            index: pending.index,
            candidate,
            text: pending.text,
            validation: pending.validation,
            checks: pending.results,
            considered: self.tally.considered,
            runs: self.tally.runs,
            rivals: u32::try_from(rivals).unwrap_or(u32::MAX),
        })));
    }

    fn refuse(&mut self, refusal: impl FnOnce(&Tally) -> reweave_core::Refusal) {
        self.verdict = Some(Verdict::Refused(refusal(&self.tally)));
    }
}

/// How close behind the winner's prior an untried candidate must be to count as a rival.
const RIVAL_PRIOR_RATIO: f64 = 0.8;

fn is_rival(other: &Candidate, winner: &Candidate) -> bool {
    other.proposer == winner.proposer && other.prior >= winner.prior * RIVAL_PRIOR_RATIO
}

fn in_cost_order(options: &Options) -> Vec<CheckName> {
    let failed =
        |name: &CheckName| options.base.iter().any(|base| base.name == *name && base.status != CheckStatus::Passed);
    let mut checks: Vec<CheckName> = Vec::new();
    for name in options.checks.iter().chain(&options.targets) {
        if !checks.contains(name) {
            checks.push(name.clone());
        }
    }
    checks.sort_by_key(|name| (!options.targets.contains(name), !failed(name)));
    checks
}
