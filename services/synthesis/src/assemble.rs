//! From a proof to the patch that carries it.

use reweave_core::{Candidate, CheckStatus, FileChange, HunkProvenance, Patch, Plan, Provenance, Risk, Score};
use reweave_search::{Proof, risk};
use reweave_syntax::{ParsedFile, patch::diff};

use crate::engine::Work;

/// A proof, and what was made of it.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    pub(crate) proof: &'a Proof,
    /// With this proof's edits alone: in a batch the proof's text holds earlier items too.
    pub(crate) change: FileChange,
    /// That the compiler's own parser was not asked, and why.
    pub(crate) not_compiled: Option<String>,
}

/// The patch of one proven plan.
pub(crate) fn patch(work: &Work, base: &ParsedFile, plan: Plan<'_>, made: Made<'_>) -> Patch {
    let Made { proof, change, not_compiled } = made;
    let not_checked: Vec<String> = not_compiled.into_iter().chain(not_checked(plan, proof)).collect();
    let covered = covered_lines(work, plan);
    let around = risk::Surroundings { covered: covered.as_deref(), not_checked: &not_checked };
    Patch {
        risk: risk::assess(proof, base.text(), around),
        provenance: provenance(work, proof),
        unified_diff: diff::unified(&[diff::FileDiff::of(&change, &change.original_code, &change.generated_code)]),
        masked_spans: proof.candidate.masked.clone(),
        validation: proof.validation.clone(),
        checks: proof.checks.clone(),
        not_checked,
        files: vec![change],
    }
}

/// One file's change.
pub(crate) fn change(base: &ParsedFile, edits: reweave_core::Edits) -> FileChange {
    FileChange::edited(base.file().path.clone(), base.text().to_owned(), edits)
}

/// The risk of several patches applied together: all their parts, each named with its item.
pub(crate) fn combined_risk<'a>(patches: impl Iterator<Item = (usize, &'a Patch)>) -> Risk {
    let parts = patches.flat_map(|(item, patch)| {
        patch.risk.parts.iter().cloned().map(move |mut part| {
            part.name = format!("item_{}.{}", item + 1, part.name);
            part
        })
    });
    Risk::of(parts.collect())
}

fn provenance(work: &Work, proof: &Proof) -> Provenance {
    let candidate = &proof.candidate;
    let hunks = candidate.edits.as_slice().iter().map(|edit| HunkProvenance {
        path: candidate.path.clone(),
        span: edit.span,
        proposer: candidate.proposer,
        operator: candidate.operator.to_owned(),
        description: candidate.description.clone(),
        scores: scores(candidate),
    });
    Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        seed: work.seed,
        hunks: hunks.collect(),
        candidates: proof.considered,
        runs: proof.runs,
        techniques: work.techniques.reports.clone(),
        model: candidate.proposer.is_model().then(|| work.techniques.model.clone()).flatten(),
    }
}

fn scores(candidate: &Candidate) -> Vec<Score> {
    let prior = Score { name: "prior".into(), value: candidate.prior };
    std::iter::once(prior).chain(candidate.scores.iter().cloned()).collect()
}

fn not_checked(plan: Plan<'_>, proof: &Proof) -> Vec<String> {
    let mut missing = Vec::new();
    if plan.checks().is_empty() {
        missing.push("lint, types and tests: the spec names no checks".to_owned());
    }
    for check in proof.checks.iter().filter(|check| check.status == CheckStatus::NotRun) {
        missing.push(format!("{}: not run, an earlier check had decided", check.name));
    }
    missing
}

/// Lines of the plan's file that some test ran through, when coverage was measured.
fn covered_lines(work: &Work, plan: Plan<'_>) -> Option<Vec<u32>> {
    let measured = work.base.values().flat_map(|report| &report.coverage);
    let mut lines: Vec<u32> =
        measured.filter(|covered| covered.path == plan.file_path().as_str()).map(|covered| covered.line).collect();
    lines.sort_unstable();
    lines.dedup();
    (!lines.is_empty()).then_some(lines)
}
