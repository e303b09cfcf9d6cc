//! Work on one spec from its source to its outcome.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use reweave_core::{
    Budget, CheckName, EvidenceKind, Generation, Outcome, OutcomeEvent, Plan, Progress, Refusal, RefusalCode, Source,
    Spec, SpecId, SpecKind, Stage, limits,
};
use reweave_proto::wire::checks::checks_service_client::ChecksServiceClient;
use reweave_search::{BaseResult, Stop};
use reweave_syntax::ParsedFile;
use tokio::{sync::mpsc, time::Instant};
use tonic::transport::Channel;

use crate::{
    SynthesisConfig, batch,
    checking::{Report, Runs, Session},
    compiler::{self, Compiler},
    facts::{self, Facts},
    generate::{Models, Mounted},
    item,
    technique::Techniques,
    workspace::Workspace,
};

/// What every spec is worked on with.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) config: SynthesisConfig,
    pub(crate) checks: ChecksServiceClient<Channel>,
    pub(crate) models: Models,
}

/// One spec under way.
pub(crate) struct Work {
    pub(crate) config: SynthesisConfig,
    pub(crate) workspace: Workspace,
    pub(crate) budget: Budget,
    pub(crate) seed: u64,
    pub(crate) generation: Generation,
    pub(crate) techniques: Techniques,
    pub(crate) facts: Facts,
    /// Reports of the checks on the untouched base, once they ran.
    pub(crate) base: BTreeMap<CheckName, Report>,
    models: Models,
    checks: ChecksServiceClient<Channel>,
    source: Source,
    session: Option<Session>,
    progress: mpsc::Sender<Progress>,
    stop_at: Instant,
    stop: Stop,
}

impl Engine {
    /// The one outcome of `spec`. Dropping the future cancels the work and everything it started.
    pub(crate) async fn run(&self, spec_id: SpecId, spec: Spec, progress: mpsc::Sender<Progress>) -> OutcomeEvent {
        self.crash_if_asked(&spec.kind);
        let facts = Facts::start();
        let budget = self.capped(spec.budget);
        let opened = stopping(budget, spec.deadline_unix_ms)
            .and_then(|stopping| Ok((stopping, Workspace::open(&spec.source, &self.config)?)));
        let ((stop_at, stop), workspace) = match opened {
            Ok(opened) => opened,
            Err(refusal) => return OutcomeEvent { spec_id, outcome: refusal.into(), run: facts.finish() },
        };
        let mut work = Work {
            config: self.config.clone(),
            workspace,
            budget,
            seed: spec.seed,
            techniques: Techniques::new(
                &spec.generation.techniques,
                &self.config.techniques(),
                self.models.is_configured(),
            ),
            generation: spec.generation,
            models: self.models.clone(),
            facts,
            base: BTreeMap::new(),
            checks: self.checks.clone(),
            source: spec.source,
            session: None,
            progress,
            stop_at,
            stop,
        };
        let outcome = match spec.kind {
            SpecKind::Refactor(plan) => item::single(&mut work, Plan::Refactor(&plan)).await,
            SpecKind::Edit(edit) => item::single(&mut work, Plan::Edit(&edit)).await,
            SpecKind::Batch(batch) => batch::run(&mut work, &batch).await,
            SpecKind::Issue(_) => planning_unavailable().into(),
        };
        work.enter(Stage::Done, outcome_word(&outcome)).await;
        OutcomeEvent { spec_id, outcome, run: work.facts.finish() }
    }

    /// See [`SynthesisConfig::crash_on`].
    fn crash_if_asked(&self, kind: &SpecKind) {
        let text = match kind {
            SpecKind::Refactor(plan) => &plan.intent,
            SpecKind::Edit(edit) => &edit.instruction,
            SpecKind::Issue(text) => text,
            SpecKind::Batch(_) => return,
        };
        if !self.config.crash_on.is_empty() && *text == self.config.crash_on {
            tracing::error!("ending the process, as `synthesis.crash_on` asks");
            std::process::abort();
        }
    }

    fn capped(&self, budget: Budget) -> Budget {
        Budget {
            runs: budget.runs.min(self.config.runs_max).min(limits::RUNS_MAX),
            candidates: budget.candidates.min(self.config.candidates_max).min(limits::CANDIDATES_MAX),
            milliseconds: budget.milliseconds.min(self.config.milliseconds_max),
        }
    }
}

impl Work {
    /// Begins a stage and says so.
    pub(crate) async fn enter(&mut self, stage: Stage, message: impl Into<String>) {
        self.facts.enter(stage);
        self.report(stage, message, 0, 0).await;
    }

    /// Says how far a stage is. Waits while the reader is behind; a reader that is gone cancels the work elsewhere.
    pub(crate) async fn report(&self, stage: Stage, message: impl Into<String>, done: u32, total: u32) {
        self.send(Progress { done, total, ..Progress::new(stage, message) }).await;
    }

    /// Says how far the work is, in any form.
    pub(crate) async fn send(&self, progress: Progress) {
        let _ = self.progress.send(progress).await;
    }

    /// The model that is served now.
    pub(crate) async fn mounted(&self) -> Result<Arc<Mounted>, Refusal> {
        before(self.stop_at, self.models.mounted()).await.unwrap_or_else(|| Err(self.out_of_time()))
    }

    /// What `work` gives, unless the time ends first.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        before(self.stop_at, work).await
    }

    /// Why the work stops when its time is over.
    pub(crate) fn out_of_time(&self) -> Refusal {
        let code = match self.stop {
            Stop::Deadline => RefusalCode::DeadlineExceeded,
            Stop::Budget => RefusalCode::BudgetExhausted,
            Stop::Cancelled => RefusalCode::Cancelled,
        };
        Refusal::new(code, "time ran out while the model was filling a hole")
            .with(EvidenceKind::Limit, format!("{} ms", self.budget.milliseconds))
            .next("raise budget.milliseconds or the deadline, or choose a faster generation.preset")
    }

    /// Runs those of `names` on the untouched base that have not run there yet.
    pub(crate) async fn run_base(&mut self, names: &[CheckName], coverage: bool) -> Result<(), Refusal> {
        let missing: Vec<CheckName> = names.iter().filter(|name| !self.base.contains_key(name)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let runs = Runs { checks: &missing, overlay: vec![], fail_fast: false, coverage };
        let reports = match self.run(runs).await? {
            Ok(reports) => reports,
            Err(stop) => return Err(stopped_on_base(stop, &missing)),
        };
        for report in reports {
            self.facts.check(report.facts(true));
            self.base.insert(report.name.clone(), report);
        }
        Ok(())
    }

    /// How the checks ended on the untouched base, as the search takes it.
    pub(crate) fn base_results(&self) -> Vec<BaseResult> {
        let result = |report: &Report| BaseResult {
            name: report.name.clone(),
            status: report.status,
            passed: report.passed,
            failing: report.failing.clone(),
        };
        self.base.values().map(result).collect()
    }

    /// Runs checks, or says why there was no time to: `Err(stop)` inside when the spec's time is over.
    pub(crate) async fn run(&mut self, runs: Runs<'_>) -> Result<Result<Vec<Report>, Stop>, Refusal> {
        let (stop_at, stop) = (self.stop_at, self.stop);
        let running = async {
            let session = self.session().await?;
            session.run(runs).await
        };
        match before(stop_at, running).await {
            Some(reports) => reports.map(Ok),
            None => Ok(Err(stop)),
        }
    }

    /// What the compiler's own parser says of `result`, where the verdict on its language is another parser's.
    pub(crate) async fn compile(&self, base: &ParsedFile, result: &str) -> Option<compiler::Verdict> {
        if base.entry().strict.exact {
            return None;
        }
        let compiler = Compiler::new(self.checks.clone());
        let judged = before(self.stop_at, compiler.judge(base.language(), base.text(), result)).await;
        Some(judged.unwrap_or_else(|| {
            compiler::Verdict::NotChecked("not checked by the compiler's parser: time ran out".into())
        }))
    }

    /// The reason to stop now, if the time is over.
    pub(crate) fn overdue(&self) -> Option<Stop> {
        (Instant::now() >= self.stop_at).then_some(self.stop)
    }

    async fn session(&mut self) -> Result<&mut Session, Refusal> {
        if self.session.is_none() {
            let session = Session::open(&self.checks, &self.source).await?;
            self.facts.sandbox(&session.sandbox);
            self.session = Some(session);
        }
        self.session.as_mut().ok_or_else(|| Refusal::new(RefusalCode::Internal, "the session vanished"))
    }
}

async fn before<T>(stop_at: Instant, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(stop_at, work).await.ok()
}

/// When to stop, and what that stop is called: the budget's time or the caller's deadline, whichever comes first.
fn stopping(budget: Budget, deadline_unix_ms: Option<u64>) -> Result<(Instant, Stop), Refusal> {
    let now = Instant::now();
    let budget_ends = now + Duration::from_millis(budget.milliseconds);
    let Some(deadline) = deadline_unix_ms else { return Ok((budget_ends, Stop::Budget)) };
    let left = deadline.saturating_sub(facts::unix_ms());
    if left == 0 {
        return Err(Refusal::new(RefusalCode::DeadlineExceeded, "the deadline had passed before work began")
            .with(EvidenceKind::Limit, format!("deadline {deadline} ms after the epoch"))
            .next("send the spec again with a later deadline"));
    }
    let deadline = now + Duration::from_millis(left);
    Ok(if deadline < budget_ends { (deadline, Stop::Deadline) } else { (budget_ends, Stop::Budget) })
}

fn stopped_on_base(stop: Stop, checks: &[CheckName]) -> Refusal {
    let code = match stop {
        Stop::Deadline => RefusalCode::DeadlineExceeded,
        Stop::Budget => RefusalCode::BudgetExhausted,
        Stop::Cancelled => RefusalCode::Cancelled,
    };
    let names: Vec<&str> = checks.iter().map(CheckName::as_str).collect();
    Refusal::new(code, "time ran out while the checks ran on the untouched base")
        .with(EvidenceKind::Check, names.join(", "))
        .next("raise budget.milliseconds or the deadline, or name faster checks")
}

fn planning_unavailable() -> Refusal {
    Refusal::new(RefusalCode::PlanningUnavailable, "free-text issues need planning, which does not exist yet")
        .with(EvidenceKind::Field, "field issue")
        .next("write it as `refactor:` with an operator, or as `edit:` with diagnostics or checks")
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Patch(_) => "patch",
        Outcome::Refusal(_) => "refused",
        Outcome::Unchanged(_) => "nothing to do",
        Outcome::Batch(_) => "batch",
    }
}
