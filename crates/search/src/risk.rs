//! How risky a proven patch is: 1 − Π(1 − partᵢ) over the parts below, each with its reason.
//!
//! | part | value | when |
//! |---|---|---|
//! | `proposer` | 0.02 refactor, 0.10 mutation, 0.15 a model | always |
//! | `no_check` | 0.60 mutation or model, 0.35 refactor | no check ran on the result |
//! | `no_target_check` | 0.25 mutation or model, 0.10 refactor | checks ran, but none that had to pass |
//! | `exit_status_only` | 0.15 | every check was judged by its exit status, none by a report |
//! | `still_failing` | 0.10 | a check that failed on the base fails as before |
//! | `not_covered` | 0.40 × share of changed lines no test runs through | coverage is known |
//! | `coverage_unknown` | 0.05 | checks ran, coverage is not known |
//! | `size` | 0.30 × (1 − e^(−lines/60)) | always; lines removed and added |
//! | `sites` | 0.30 × (1 − e^(−(sites − 1)/20)) | more than one edit |
//! | `tried` | 0.05 × log₁₀(failed candidates + 1), at most 0.15 | a mutation or fill that came after others failed: the more are tried, the likelier one passes by chance |
//! | `rivals` | 0.25 × rivals/(rivals + 4) without checks, a third of it with | candidates ranked close behind that nothing ruled out |
//! | `not_checked` | 0.05 each, at most 0.15 | properties the patch lists as not looked at |
//!
//! The values are judgement, not measurement: they order patches, and their calibration is to be published when there
//! are verdicts to calibrate against. A proposer's own parts are added unchanged.

use reweave_core::{Candidate, CheckResult, CheckStatus, JudgedBy, Proposer, Risk, RiskPart};

use crate::verdict::Proof;

/// What the caller knows about a proven candidate beyond its proof.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// Lines of the base, 1-based, that some test ran through; `None` when no coverage was measured.
    pub covered: Option<&'a [u32]>,
    /// What the patch will list as not looked at.
    pub not_checked: &'a [String],
}

/// The risk of the winner `proof`, a change of `base`.
#[must_use]
pub fn assess(proof: &Proof, base: &str, around: Surroundings<'_>) -> Risk {
    let mut parts = vec![proposer(&proof.candidate)];
    parts.extend(checks(proof));
    parts.extend(coverage(proof, base, around.covered));
    parts.push(size(&proof.candidate, base));
    parts.extend(sites(&proof.candidate));
    parts.extend(tried(proof));
    parts.extend(rivals(proof));
    parts.extend(not_checked(around.not_checked));
    parts.extend(proof.candidate.risks.iter().cloned());
    Risk::of(parts)
}

fn part(name: &str, value: f64, reason: impl Into<String>) -> RiskPart {
    RiskPart { name: name.to_owned(), value: (value * 1e4).round() / 1e4, reason: reason.into() }
}

fn proposer(candidate: &Candidate) -> RiskPart {
    match candidate.proposer {
        Proposer::Refactor => part("proposer", 0.02, "a deterministic operator with preconditions"),
        Proposer::Mutation => part("proposer", 0.10, "a mutation: chosen because it passes, not because it is meant"),
        Proposer::Diffusion | Proposer::Autoregressive => part("proposer", 0.15, "a model's fill: likely, not derived"),
    }
}

fn checks(proof: &Proof) -> Vec<RiskPart> {
    let guessed = proof.candidate.proposer != Proposer::Refactor;
    let ran = |check: &&CheckResult| check.status != CheckStatus::NotRun;
    let ran: Vec<&CheckResult> = proof.checks.iter().filter(ran).collect();
    if ran.is_empty() {
        return vec![part("no_check", if guessed { 0.60 } else { 0.35 }, "no check ran on the result")];
    }
    let mut parts = Vec::new();
    if !ran.iter().any(|check| check.target) {
        let value = if guessed { 0.25 } else { 0.10 };
        parts.push(part("no_target_check", value, "no check had to pass on the result"));
    }
    if ran.iter().all(|check| check.judged_by == JudgedBy::ExitStatus) {
        parts.push(part("exit_status_only", 0.15, "no check left a report; exit status alone decided"));
    }
    let failing: Vec<&str> =
        ran.iter().filter(|check| check.status != CheckStatus::Passed).map(|check| check.name.as_str()).collect();
    if !failing.is_empty() {
        parts.push(part("still_failing", 0.10, format!("fails as it did on the base: {}", failing.join(", "))));
    }
    parts
}

fn coverage(proof: &Proof, base: &str, covered: Option<&[u32]>) -> Option<RiskPart> {
    let Some(covered) = covered else {
        return (!proof.checks.is_empty())
            .then(|| part("coverage_unknown", 0.05, "which lines the tests ran through was not measured"));
    };
    let lines = changed_lines(&proof.candidate, base);
    let missed = lines.iter().filter(|line| !covered.contains(line)).count();
    (missed > 0).then(|| {
        let share = missed as f64 / lines.len() as f64;
        part("not_covered", 0.40 * share, format!("{missed} of {} changed lines are run by no test", lines.len()))
    })
}

/// Lines of `base`, 1-based, sorted, that an edit touches; an insertion touches the line it stands in.
fn changed_lines(candidate: &Candidate, base: &str) -> Vec<u32> {
    let line_at = |at: usize| base.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
    let mut lines: Vec<u32> = candidate
        .edits
        .as_slice()
        .iter()
        .flat_map(|edit| {
            let last = if edit.span.is_empty() { edit.span.start } else { edit.span.end - 1 };
            line_at(edit.span.start)..=line_at(last)
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

fn size(candidate: &Candidate, base: &str) -> RiskPart {
    let lines: usize = candidate
        .edits
        .as_slice()
        .iter()
        .map(|edit| base[edit.span.start..edit.span.end].lines().count() + edit.new_text.lines().count())
        .sum();
    part("size", 0.30 * (1.0 - (-(lines as f64) / 60.0).exp()), format!("{lines} lines removed or added"))
}

fn sites(candidate: &Candidate) -> Option<RiskPart> {
    let sites = candidate.edits.as_slice().len();
    let value = 0.30 * (1.0 - (-(sites.saturating_sub(1) as f64) / 20.0).exp());
    (sites > 1).then(|| part("sites", value, format!("edits at {sites} places")))
}

fn tried(proof: &Proof) -> Option<RiskPart> {
    let failed = proof.considered.saturating_sub(1);
    let counts = proof.candidate.proposer != Proposer::Refactor && failed > 0 && !proof.checks.is_empty();
    let value = (0.05 * f64::from(failed + 1).log10()).min(0.15);
    counts.then(|| part("tried", value, format!("{failed} candidates were ruled out before it")))
}

fn rivals(proof: &Proof) -> Option<RiskPart> {
    let rivals = f64::from(proof.rivals);
    let weight = if proof.checks.is_empty() { 0.25 } else { 0.25 / 3.0 };
    (proof.rivals > 0).then(|| {
        let reason = format!("{} candidates ranked close behind were not ruled out", proof.rivals);
        part("rivals", weight * rivals / (rivals + 4.0), reason)
    })
}

fn not_checked(what: &[String]) -> Option<RiskPart> {
    let value = (0.05 * what.len() as f64).min(0.15);
    (!what.is_empty()).then(|| part("not_checked", value, format!("not looked at: {}", what.join("; "))))
}
