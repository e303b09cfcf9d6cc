//! Several plans on one base: higher priority first, one outcome with a result per item.

use std::collections::BTreeMap;

use reweave_core::{
    Batch, BatchResult, Candidate, CheckName, CheckResult, EvidenceKind, FileChange, ItemResult, Outcome, Patch, Plan,
    Refusal, RefusalCode, RelativePath, Stage, Validation,
};
use reweave_search::judge;
use reweave_syntax::{gates, patch::diff};

use crate::{
    assemble,
    checking::Runs,
    engine::Work,
    item::{self, Accepted, Ended, Proven},
};

/// Works on every item and proves the accepted ones together.
pub(crate) async fn run(work: &mut Work, batch: &Batch) -> Outcome {
    let mut accepted = Accepted::default();
    let mut results: Vec<Option<ItemResult>> = batch.items.iter().map(|_| None).collect();
    let mut proven = BTreeMap::new();
    for at in by_priority(batch) {
        let plan = Plan::from(&batch.items[at]);
        results[at] = Some(match item::prove(work, plan, &accepted).await {
            Ok(Ended::Proven(item)) => {
                accept(&mut accepted, &item);
                let patch = item.patch.clone();
                proven.insert(at, *item);
                ItemResult::Patch(patch)
            }
            Ok(Ended::Unchanged(reason)) => ItemResult::Unchanged(reason),
            Err(refusal) => ItemResult::Refusal(refusal),
        });
    }
    let items: Vec<ItemResult> = results.into_iter().flatten().collect();
    match combine(work, batch, &proven, &accepted).await {
        Ok(combined) => Outcome::Batch(BatchResult { items, combined }),
        Err(refusal) => refusal.into(),
    }
}

/// Indices of the items: higher priority first, then the order given.
fn by_priority(batch: &Batch) -> Vec<usize> {
    let mut order: Vec<usize> = (0..batch.items.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(batch.items[*at].priority()));
    order
}

fn accept(accepted: &mut Accepted, item: &Proven) {
    let path = item.proof.candidate.path.clone();
    accepted.texts.insert(path.clone(), item.proof.text.clone());
    accepted.candidates.entry(path).or_default().push(item.proof.candidate.clone());
}

/// The patch with all accepted items, gated as one change per file and checked as one workspace.
async fn combine(
    work: &mut Work,
    batch: &Batch,
    proven: &BTreeMap<usize, Proven>,
    accepted: &Accepted,
) -> Result<Option<Patch>, Refusal> {
    let mut items = proven.values();
    let (Some(first), more) = (items.next(), items.len()) else { return Ok(None) };
    if more == 0 {
        return Ok(Some(first.patch.clone()));
    }
    let Together { files, validation, not_compiled } = gate_together(work, proven, accepted).await?;
    let checks = check_together(work, batch, proven, accepted).await?;
    let diffs: Vec<diff::FileDiff<'_>> =
        files.iter().map(|file| diff::FileDiff::of(file, &file.original_code, &file.generated_code)).collect();
    let patches = || proven.iter().map(|(at, item)| (*at, &item.patch));
    let mut provenance = first.patch.provenance.clone();
    provenance.hunks = patches().flat_map(|(_, patch)| patch.provenance.hunks.clone()).collect();
    provenance.candidates = patches().map(|(_, patch)| patch.provenance.candidates).sum();
    provenance.runs = patches().map(|(_, patch)| patch.provenance.runs).sum();
    let of_items = patches().flat_map(|(_, patch)| patch.not_checked.clone());
    let mut not_checked: Vec<String> = not_compiled.into_iter().chain(of_items).collect();
    not_checked.sort();
    not_checked.dedup();
    Ok(Some(Patch {
        unified_diff: diff::unified(&diffs),
        masked_spans: patches().flat_map(|(_, patch)| patch.masked_spans.clone()).collect(),
        risk: assemble::combined_risk(patches()),
        files,
        validation,
        checks,
        not_checked,
        provenance,
    }))
}

/// Every accepted edit, gated as one change per file.
struct Together {
    files: Vec<FileChange>,
    validation: Validation,
    /// Files that the compiler's own parser was not asked about, and why.
    not_compiled: Vec<String>,
}

async fn gate_together(
    work: &Work,
    proven: &BTreeMap<usize, Proven>,
    accepted: &Accepted,
) -> Result<Together, Refusal> {
    let (mut files, mut not_compiled) = (Vec::new(), Vec::new());
    let mut together = Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 };
    for (path, candidates) in &accepted.candidates {
        let item = proven.values().find(|item| item.proof.candidate.path == *path);
        let base = &item.ok_or_else(|| internal(path, "an accepted file without its item"))?.base;
        let joined = join(candidates, base.text()).map_err(|error| internal(path, &error))?;
        let report = gates::check(base, &joined);
        if let Some(gate) = report.refused {
            return Err(internal(path, &format!("gate {} refuses what it passed item by item", gate.as_str())));
        }
        together.errors.extend(report.validation.errors);
        together.gates.extend(report.validation.gates);
        together.bytes_changed_outside += report.validation.bytes_changed_outside;
        let change = assemble::change(base, joined.edits);
        not_compiled.extend(item::compiled(work, base, &change.generated_code, &mut together).await?);
        files.push(change);
    }
    Ok(Together { files, validation: together, not_compiled })
}

fn join(candidates: &[Candidate], base: &str) -> Result<Candidate, String> {
    let mut candidates = candidates.iter();
    let mut joined = candidates.next().cloned().ok_or("no candidate")?;
    for other in candidates {
        joined.edits = joined.edits.union(&other.edits, base).map_err(|error| error.to_string())?;
        joined.masked.extend(other.masked.iter().cloned());
    }
    Ok(joined)
}

async fn check_together(
    work: &mut Work,
    batch: &Batch,
    proven: &BTreeMap<usize, Proven>,
    accepted: &Accepted,
) -> Result<Vec<CheckResult>, Refusal> {
    let plans = || proven.keys().map(|at| Plan::from(&batch.items[*at]));
    let checks = distinct(plans().flat_map(|plan| plan.checks()));
    let targets = distinct(plans().flat_map(|plan| plan.target_checks().to_vec()));
    if checks.is_empty() {
        return Ok(vec![]);
    }
    work.enter(Stage::Check, "all accepted items together").await;
    let overlay = accepted.texts.iter().map(|(path, text)| (path, text.as_str())).collect();
    let reports = work.run(Runs { checks: &checks, overlay, fail_fast: false, coverage: false }).await?;
    let reports = reports.map_err(|_| {
        Refusal::new(RefusalCode::BudgetExhausted, "time ran out while the items were checked together")
            .next("raise budget.milliseconds or the deadline")
    })?;
    let base = work.base_results();
    work.facts.forget_candidate_checks();
    let mut results = Vec::new();
    for report in reports {
        work.facts.check(report.facts(false));
        results.push(judge(report.result(), &base, &targets));
    }
    match results.iter().find(|result| !result.acceptable()) {
        None => Ok(results),
        Some(result) => Err(Refusal::new(RefusalCode::NoneProven, "the items pass one by one but not together")
            .with(EvidenceKind::Check, format!("{}: {}", result.name, result.newly_failing.join(", ")))
            .next("send the items one by one")),
    }
}

fn distinct(names: impl Iterator<Item = CheckName>) -> Vec<CheckName> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn internal(path: &RelativePath, what: &str) -> Refusal {
    Refusal::new(RefusalCode::Internal, "the accepted items do not fit together")
        .with(EvidenceKind::Error, format!("{path}: {what}"))
}
