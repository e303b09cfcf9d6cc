//! How a search ends: a proven candidate, or a refusal with what was tried.

use reweave_core::{Candidate, CheckResult, Refusal, Validation};

/// The end of a search.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Proven(Box<Proof>),
    Refused(Refusal),
}

/// The winner, with what proves it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// Its place in the list the search was given.
    pub index: usize,
    pub candidate: Candidate,
    /// The whole file after, earlier accepted items of a batch included.
    pub text: String,
    pub validation: Validation,
    /// In the order they were asked for; empty when the spec names no checks.
    pub checks: Vec<CheckResult>,
    /// Candidates looked at, the winner included.
    pub considered: u32,
    /// Executions of single checks spent on candidates.
    pub runs: u32,
    /// Candidates of the same proposer, ranked close behind, that nothing has ruled out.
    pub rivals: u32,
}
