//! One plan on one file: propose, gate, check, and the patch that is proven.

use std::{collections::BTreeMap, sync::Arc};

use reweave_core::{
    Candidate, CheckName, CheckResult, CheckStatus, Diagnostic, EditRequest, EvidenceKind, Outcome, Patch, Plan,
    Proposal, RefactorPlan, Refusal, RefusalCode, RelativePath, Stage, Technique, Validation,
};
use reweave_rewrite::{mutate, refactor};
use reweave_search::{Options, Proof, Search, Step, Verdict};
use reweave_syntax::ParsedFile;

use crate::{
    assemble,
    checking::{Report, Runs},
    engine::Work,
    generate,
    workspace::NeighbourLimits,
};

/// What items of a batch before this one changed; empty for a single spec.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    /// Accepted changes by file, in base coordinates.
    pub(crate) candidates: BTreeMap<RelativePath, Vec<Candidate>>,
    /// Each changed file's text with all of them applied.
    pub(crate) texts: BTreeMap<RelativePath, String>,
}

/// How an item ended, when it was not refused.
#[derive(Debug)]
pub(crate) enum Ended {
    Proven(Box<Proven>),
    Unchanged(String),
}

/// A proven item.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) base: Arc<ParsedFile>,
    pub(crate) proof: Proof,
    pub(crate) patch: Patch,
}

/// The outcome of a spec with a single plan.
pub(crate) async fn single(work: &mut Work, plan: Plan<'_>) -> Outcome {
    match prove(work, plan, &Accepted::default()).await {
        Ok(Ended::Proven(proven)) => Outcome::Patch(proven.patch),
        Ok(Ended::Unchanged(reason)) => Outcome::Unchanged(reason),
        Err(refusal) => refusal.into(),
    }
}

/// Proves a change that does what `plan` asks, on the base with `accepted` applied.
pub(crate) async fn prove(work: &mut Work, plan: Plan<'_>, accepted: &Accepted) -> Result<Ended, Refusal> {
    work.enter(Stage::Read, plan.file_path().as_str()).await;
    let file = work.workspace.read(plan.file_path())?;
    let language = plan.language();
    let base = Arc::new(blocking(move || ParsedFile::parse(language, file)).await??);

    work.enter(Stage::Plan, intent(plan)).await;
    work.techniques.restart();
    for technique in work.techniques.wanted.clone() {
        let refusal = match offered(work, &base, plan, technique).await {
            Ok(Offer::Unchanged(reason)) => return Ok(Ended::Unchanged(reason)),
            Ok(Offer::Candidates(candidates)) => match searched(work, &base, plan, candidates, accepted).await {
                Ok(proof) => {
                    work.techniques.chose(technique);
                    return proven(work, base, plan, proof).await;
                }
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal,
        };
        work.techniques.gave_up(technique, refusal)?;
    }
    Err(work.techniques.refusal())
}

/// What one technique has to offer.
enum Offer {
    Candidates(Vec<Candidate>),
    Unchanged(String),
}

async fn offered(
    work: &mut Work,
    base: &Arc<ParsedFile>,
    plan: Plan<'_>,
    technique: Technique,
) -> Result<Offer, Refusal> {
    match (technique, plan) {
        (Technique::Rewrite, Plan::Refactor(refactor)) => {
            // An operator's refusal takes milliseconds, so it comes before the checks on the base.
            let proposal = refactored(work, base, refactor).await?;
            based(work, plan).await?;
            Ok(match proposal {
                Proposal::Candidate(candidate) => Offer::Candidates(vec![candidate]),
                Proposal::Unchanged(reason) => Offer::Unchanged(reason),
            })
        }
        (Technique::Rewrite, Plan::Edit(edit)) => {
            based(work, plan).await?;
            mutated(work, base, edit).await
        }
        (Technique::Diffusion | Technique::Autoregressive, _) => {
            based(work, plan).await?;
            generate::candidates(work, base, plan, technique).await.map(Offer::Candidates)
        }
    }
}

/// Runs the checks on the untouched base, unless an earlier technique did, and begins to propose.
async fn based(work: &mut Work, plan: Plan<'_>) -> Result<(), Refusal> {
    let checks = plan.checks();
    if !checks.is_empty() {
        work.enter(Stage::Base, names(&checks)).await;
        work.run_base(&checks, matches!(plan, Plan::Edit(_))).await?;
        refuse_unusable_base(work, &checks, plan.target_checks())?;
    }
    work.enter(Stage::Propose, "candidates").await;
    Ok(())
}

async fn searched(
    work: &mut Work,
    base: &Arc<ParsedFile>,
    plan: Plan<'_>,
    candidates: Vec<Candidate>,
    accepted: &Accepted,
) -> Result<Proof, Refusal> {
    let candidates = without_overlap(candidates, base, accepted)?;
    search(work, base, plan, candidates, accepted).await
}

async fn proven(work: &Work, base: Arc<ParsedFile>, plan: Plan<'_>, mut proof: Proof) -> Result<Ended, Refusal> {
    let change = assemble::change(&base, proof.candidate.edits.clone());
    let not_compiled = compiled(work, &base, &change.generated_code, &mut proof.validation).await?;
    let patch = assemble::patch(work, &base, plan, assemble::Made { proof: &proof, change, not_compiled });
    Ok(Ended::Proven(Box::new(Proven { base, proof, patch })))
}

/// Asks the compiler's own parser about a whole file that is to be emitted, where the strict gate asked another. Answers
/// with what there is to say when it cannot be asked.
pub(crate) async fn compiled(
    work: &Work,
    base: &ParsedFile,
    generated: &str,
    validation: &mut Validation,
) -> Result<Option<String>, Refusal> {
    let Some(verdict) = work.compile(base, generated).await else { return Ok(None) };
    let (gate, not_checked) = verdict.settle(&base.file().path)?;
    validation.gates.extend(gate);
    Ok(not_checked)
}

async fn refactored(work: &mut Work, base: &Arc<ParsedFile>, plan: &RefactorPlan) -> Result<Proposal, Refusal> {
    let limits =
        NeighbourLimits { files_max: work.config.neighbours_files_max, bytes_max: work.config.neighbours_bytes_max };
    let names: Vec<&str> = plan.edit_targets.iter().map(|target| target.rsplit('.').next().unwrap_or(target)).collect();
    let neighbours = work.workspace.neighbours(&plan.file_path, &names, limits)?;
    let (base, plan) = (Arc::clone(base), plan.clone());
    blocking(move || refactor::propose(&base, &plan, &neighbours)).await?
}

async fn mutated(work: &mut Work, base: &Arc<ParsedFile>, edit: &EditRequest) -> Result<Offer, Refusal> {
    let plan = Plan::Edit(edit);
    let failing = plan.target_checks().iter().any(|name| !passed_on_base(work, name));
    if !failing && edit.diagnostics.is_empty() {
        if plan.target_checks().is_empty() || !edit.holes.is_empty() {
            return Err(aimless(edit));
        }
        return Ok(Offer::Unchanged(format!("{} already pass on the untouched base", names(plan.target_checks()))));
    }
    let mut diagnostics = edit.diagnostics.clone();
    let mut coverage = Vec::new();
    let path = edit.file_path.as_str();
    for report in work.base.values() {
        diagnostics.extend(report.findings.iter().filter(|finding| finding.path == path).map(|finding| Diagnostic {
            line: finding.line,
            column: (finding.column > 0).then_some(finding.column),
            code: finding.code.clone(),
            message: finding.message.clone(),
        }));
        coverage.extend(report.coverage.iter().filter(|covered| covered.path == path).map(|covered| {
            mutate::LineSuspicion { line: covered.line, failing: covered.failing, passing: covered.passing }
        }));
    }
    let (base, lines, limit) = (Arc::clone(base), edit.lines, work.budget.candidates as usize);
    let words = words(edit, &work.base);
    let candidates = blocking(move || {
        let focus = mutate::Focus { lines, diagnostics, coverage, words };
        mutate::propose(&base, &focus, limit)
    })
    .await??;
    Ok(Offer::Candidates(candidates))
}

/// Words of the request and of failing test names: names like them are likelier to be meant.
fn words(edit: &EditRequest, base: &BTreeMap<CheckName, Report>) -> Vec<String> {
    let failing = base.values().flat_map(|report| report.failing.iter().map(String::as_str));
    let texts = std::iter::once(edit.instruction.as_str()).chain(failing);
    let mut words: Vec<String> = texts
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|word| word.len() > 2)
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words.dedup();
    words
}

async fn search(
    work: &mut Work,
    base: &Arc<ParsedFile>,
    plan: Plan<'_>,
    candidates: Vec<Candidate>,
    accepted: &Accepted,
) -> Result<Proof, Refusal> {
    let total = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
    let mut search = Search::new(Arc::clone(base), candidates, options(work, plan, accepted));
    work.enter(Stage::Check, format!("{total} candidates")).await;
    loop {
        if let Some(stop) = work.overdue() {
            search.stop(stop);
        }
        let (text, checks) = match search.step() {
            Step::Finished(Verdict::Proven(proof)) => return Ok(*proof),
            Step::Finished(Verdict::Refused(refusal)) => return Err(refusal),
            Step::Check { text, checks, .. } => (text.to_owned(), checks.to_vec()),
        };
        let mut overlay: Vec<(&RelativePath, &str)> = accepted
            .texts
            .iter()
            .filter(|(path, _)| *path != plan.file_path())
            .map(|(path, text)| (path, text.as_str()))
            .collect();
        overlay.push((plan.file_path(), &text));
        work.facts.forget_candidate_checks();
        match work.run(Runs { checks: &checks, overlay, fail_fast: true, coverage: false }).await? {
            Ok(reports) => search.answer(results(work, reports)),
            Err(stop) => search.stop(stop),
        }
        let (considered, runs) = search.spent();
        work.report(Stage::Check, format!("{runs} check runs"), considered, total).await;
    }
}

fn results(work: &mut Work, reports: Vec<Report>) -> Vec<CheckResult> {
    let ran = reports.into_iter().filter(|report| report.status != CheckStatus::NotRun);
    ran.map(|report| {
        work.facts.check(report.facts(false));
        report.result()
    })
    .collect()
}

fn options(work: &Work, plan: Plan<'_>, accepted: &Accepted) -> Options {
    let (diagnostics, max_edits) = match plan {
        Plan::Edit(edit) => (edit.diagnostics.clone(), Some(edit.max_edits)),
        Plan::Refactor(_) => (Vec::new(), None),
    };
    Options {
        budget: work.budget,
        checks: plan.checks(),
        targets: plan.target_checks().to_vec(),
        base: work.base_results(),
        diagnostics,
        accepted: accepted.candidates.get(plan.file_path()).cloned().unwrap_or_default(),
        max_edits,
    }
}

/// Drops candidates that overlap what a batch accepted before; refuses when that leaves none of them.
fn without_overlap(
    mut candidates: Vec<Candidate>,
    base: &ParsedFile,
    accepted: &Accepted,
) -> Result<Vec<Candidate>, Refusal> {
    let Some(earlier) = accepted.candidates.get(&base.file().path) else { return Ok(candidates) };
    let before = candidates.len();
    let mut overlap = None;
    candidates.retain(|candidate| {
        let conflict = earlier.iter().find_map(|other| candidate.edits.union(&other.edits, base.text()).err());
        if let Some(error) = &conflict {
            overlap.get_or_insert_with(|| error.to_string());
        }
        conflict.is_none()
    });
    match overlap {
        Some(error) if before > 0 && candidates.is_empty() => {
            Err(Refusal::new(RefusalCode::BatchOverlap, "the edits overlap those of an item of higher priority")
                .with(EvidenceKind::Symbol, error)
                .next("send the item on its own once the batch is applied"))
        }
        _ => Ok(candidates),
    }
}

/// A check that must not newly fail needs a base to compare with; one that hung or reported nothing gives none.
fn refuse_unusable_base(work: &Work, checks: &[CheckName], targets: &[CheckName]) -> Result<(), Refusal> {
    for name in checks.iter().filter(|name| !targets.contains(name)) {
        let Some(report) = work.base.get(name) else { continue };
        let what = match report.status {
            CheckStatus::TimedOut => "hung",
            CheckStatus::Killed => "was ended at a limit",
            CheckStatus::NoReport => "left no report",
            CheckStatus::Passed | CheckStatus::Failed | CheckStatus::NotRun => continue,
        };
        let tail: String =
            report.log_tail.lines().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" | ");
        return Err(Refusal::new(RefusalCode::CheckUnusable, format!("check `{name}` {what} on the untouched base"))
            .with(EvidenceKind::Limit, report.limit.clone())
            .with(EvidenceKind::Check, tail)
            .next(format!("run `{}` in the workspace, or leave the check out", report.command.join(" "))));
    }
    Ok(())
}

fn aimless(edit: &EditRequest) -> Refusal {
    Refusal::new(
        RefusalCode::NoCandidate,
        "an edit needs a diagnostic or a check that fails: nothing else can prove a repair",
    )
    .with(
        EvidenceKind::Field,
        if edit.instruction.is_empty() {
            "fields edit.diagnostics and edit.checks are empty"
        } else {
            "field edit.instruction alone needs a model"
        },
    )
    .next("add `diagnostics:` or `checks: [pytest]` to the edit")
}

fn passed_on_base(work: &Work, name: &CheckName) -> bool {
    work.base.get(name).is_some_and(|report| report.status == CheckStatus::Passed)
}

fn intent(plan: Plan<'_>) -> String {
    match plan {
        Plan::Refactor(plan) => match &plan.operator {
            Some(operator) => format!("{} {}", operator.name, plan.edit_targets.join(", ")),
            None => plan.intent.clone(),
        },
        Plan::Edit(edit) => format!("repair {}", edit.file_path),
    }
}

fn names(checks: &[CheckName]) -> String {
    checks.iter().map(CheckName::as_str).collect::<Vec<_>>().join(", ")
}

/// Runs pure work off the threads that answer callers; a panic in it becomes a refusal, not a lost spec.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Refusal::new(RefusalCode::Internal, "a defect of Reweave stopped the work")
            .with(EvidenceKind::Error, error.to_string())
    })
}
