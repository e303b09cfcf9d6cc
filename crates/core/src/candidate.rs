//! A proposed change of one file, before it is proven.

use crate::{Edits, MaskedSpan, Proposer, RelativePath, RiskPart, Score};

/// What a proposer offers. The search treats candidates of all proposers alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub path: RelativePath,
    /// Against the base text of `path`.
    pub edits: Edits,
    /// The spans the plan allows to change; every edit lies inside one of them.
    pub masked: Vec<MaskedSpan>,
    pub proposer: Proposer,
    /// The operator within the proposer, such as `rename` or `comparison`.
    pub operator: &'static str,
    /// What it does, for a person: "replace `<` by `<=`".
    pub description: String,
    /// How promising it is before anything is run, 0 to 1; higher is tried first.
    pub prior: f64,
    /// Reasons for risk that only the proposer can see.
    pub risks: Vec<RiskPart>,
    /// Numbers behind the prior, for the provenance.
    pub scores: Vec<Score>,
}

impl Candidate {
    /// Edits that somebody else made, allowed to change exactly what they change: for asking the gates about them.
    #[must_use]
    pub fn of_edits(path: RelativePath, edits: Edits, proposer: Proposer, operator: &'static str) -> Self {
        let masked = edits.as_slice().iter().map(|edit| MaskedSpan::of(&path, edit)).collect();
        Self {
            path,
            edits,
            masked,
            proposer,
            operator,
            description: String::new(),
            prior: 0.5,
            risks: Vec::new(),
            scores: Vec::new(),
        }
    }
}

/// What a deterministic operator answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Proposal {
    Candidate(Candidate),
    /// The code already is as asked; the text says how that was seen.
    Unchanged(String),
}
