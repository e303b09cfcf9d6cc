//! Passing a candidate through the gates of `syntax`, together with what a batch accepted before it.

use reweave_core::{Candidate, Sha256, Validation};
use reweave_syntax::ParsedFile;
use reweave_syntax::gates;

/// What the gates made of a candidate.
#[derive(Debug)]
pub(crate) enum Gated {
    Passed {
        text: String,
        validation: Validation,
        /// Equal for candidates that differ in formatting and names of locals only.
        fingerprint: Option<Sha256>,
    },
    /// The gate's name and its reason.
    Refused { gate: &'static str, reason: String },
}

/// Gates `candidate` on `base`, its edits joined with those of `accepted`.
pub(crate) fn check(base: &ParsedFile, candidate: &Candidate, accepted: &[Candidate]) -> Gated {
    let mut joined = candidate.clone();
    for earlier in accepted {
        match joined.edits.union(&earlier.edits, base.text()) {
            Ok(edits) => joined.edits = edits,
            Err(error) => return Gated::Refused { gate: "batch_overlap", reason: error.to_string() },
        }
        joined.masked.extend(earlier.masked.iter().cloned());
    }
    let report = gates::check(base, &joined);
    match report.refused {
        None => Gated::Passed { text: report.result, validation: report.validation, fingerprint: report.fingerprint },
        Some(gate) => {
            let reason = report.reason().unwrap_or_default().to_owned();
            Gated::Refused { gate: gate.as_str(), reason }
        }
    }
}
