//! Passing a candidate through the gates of `syntax`, together with what a batch accepted before it.

use reweave_core::{Candidate, GateResult, MaskedSpan, Span, Validation};
use reweave_syntax::ParsedFile;

/// What the gates made of a candidate.
#[derive(Debug)]
pub(crate) enum Gated {
    Passed {
        text: String,
        validation: Validation,
    },
    /// The gate's name and its reason.
    Refused {
        gate: &'static str,
        reason: String,
    },
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
    strict(base, &joined)
}

fn strict(base: &ParsedFile, candidate: &Candidate) -> Gated {
    let mut file = base.file().clone();
    file.text = candidate.edits.apply(base.text());
    let outside = bytes_outside(candidate);
    if outside > 0 {
        return Gated::Refused { gate: "bytes_outside", reason: format!("{outside} bytes outside the masked spans") };
    }
    let parsed = match ParsedFile::parse(base.language(), file) {
        Ok(parsed) => parsed,
        Err(refusal) => return Gated::Refused { gate: "strict_parse", reason: refusal.reason },
    };
    if parsed.errors().len() > base.errors().len() {
        let reason = parsed.errors().first().map_or_else(String::new, |error| error.message.clone());
        return Gated::Refused { gate: "strict_parse", reason };
    }
    let passed = |gate: &str| GateResult { gate: gate.into(), passed: true, reason: String::new() };
    let validation = Validation {
        syntax_valid: true,
        errors: parsed.errors().iter().map(|error| error.message.clone()).collect(),
        gates: vec![passed("strict_parse"), passed("bytes_outside")],
        bytes_changed_outside: 0,
    };
    Gated::Passed { text: parsed.text().to_owned(), validation }
}

fn bytes_outside(candidate: &Candidate) -> usize {
    let inside = |span: Span| candidate.masked.iter().any(|mask: &MaskedSpan| mask.span.contains(span));
    candidate.edits.as_slice().iter().filter(|edit| !inside(edit.span)).map(|edit| edit.span.len().max(1)).sum()
}
