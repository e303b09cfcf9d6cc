//! From rewrites to a candidate.

use reweave_core::{Candidate, Edit, Edits, MaskedSpan, Proposal, Proposer, Refusal, RefusalCode, RiskPart, Span};

use super::source::Source;

/// A piece of the base text that becomes other text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewrite {
    pub(super) span: Span,
    pub(super) text: String,
}

/// One reason for risk.
pub(super) fn part(name: &str, value: f64, reason: String) -> RiskPart {
    RiskPart { name: name.to_owned(), value, reason }
}

/// The candidate of `edits`, which masks exactly what they touch.
pub(super) fn candidate(
    source: &Source<'_>,
    operator: &'static str,
    description: String,
    edits: Vec<Edit>,
    risks: Vec<RiskPart>,
) -> Result<Proposal, Refusal> {
    let file = &source.parsed.file().path;
    let edits = Edits::new(source.text(), edits).map_err(|error| {
        Refusal::new(RefusalCode::Internal, format!("the edits of `{operator}` do not fit together: {error}"))
    })?;
    let masked = edits.as_slice().iter().map(|edit| MaskedSpan {
        path: file.clone(),
        span: edit.span,
        node_kind: edit.node_kind.clone(),
        node_path: edit.node_path.clone(),
    });
    Ok(Proposal::Candidate(Candidate {
        path: file.clone(),
        masked: masked.collect(),
        proposer: Proposer::Refactor,
        operator,
        description,
        prior: 1.0,
        edits,
        risks,
        scores: Vec::new(),
    }))
}
