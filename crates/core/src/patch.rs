//! A patch that was proven good, with the proof.

use crate::{CheckName, Edit, FileChange, RelativePath, Risk, Sha256, Span, Technique};

/// The deterministic part of a good outcome: same input, seed and version give the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Changed files, sorted by path.
    pub files: Vec<FileChange>,
    /// What `git apply` takes.
    pub unified_diff: String,
    /// The spans frozen from the plan before anything was generated, in base coordinates.
    pub masked_spans: Vec<MaskedSpan>,
    pub validation: Validation,
    pub checks: Vec<CheckResult>,
    /// Checks and properties that were not looked at, each with the reason.
    pub not_checked: Vec<String>,
    pub risk: Risk,
    pub provenance: Provenance,
}

impl Patch {
    /// Whether it may be applied: every gate passed, every target check passed and nothing newly fails.
    #[must_use]
    pub fn can_apply(&self) -> bool {
        self.validation.syntax_valid
            && self.validation.bytes_changed_outside == 0
            && self.validation.gates.iter().all(|gate| gate.passed)
            && self.checks.iter().all(CheckResult::acceptable)
    }

    /// 0 (safe) to 1 (risky).
    #[must_use]
    pub fn risk_score(&self) -> f64 {
        self.risk.score
    }
}

/// A span that was allowed to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedSpan {
    pub path: RelativePath,
    pub span: Span,
    pub node_kind: String,
    pub node_path: String,
}

impl MaskedSpan {
    /// The place of `edit`.
    #[must_use]
    pub fn of(path: &RelativePath, edit: &Edit) -> Self {
        Self {
            path: path.clone(),
            span: edit.span,
            node_kind: edit.node_kind.clone(),
            node_path: edit.node_path.clone(),
        }
    }
}

/// What the gates found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    pub syntax_valid: bool,
    /// Errors of the strict parser that the result still has; never more than the base had.
    pub errors: Vec<String>,
    pub gates: Vec<GateResult>,
    /// Bytes that differ outside the masked spans: measured, and 0 on every patch.
    pub bytes_changed_outside: u64,
}

/// One gate's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateResult {
    /// `goto_type`, `fragment`, `strict_parse`, `names`, `bytes_outside`.
    pub gate: String,
    pub passed: bool,
    pub reason: String,
}

/// How a check ended on the patched workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    pub name: CheckName,
    pub command: Vec<String>,
    pub status: CheckStatus,
    pub judged_by: JudgedBy,
    pub base: BaseStatus,
    /// It must pass, whatever it did on the base.
    pub target: bool,
    /// `None` when it was ended by a signal or a limit.
    pub exit_code: Option<i32>,
    /// Tests that passed, by the runner's own report; 0 without one.
    pub passed: u32,
    /// Failing test or finding ids, sorted.
    pub failing: Vec<String>,
    /// Those of `failing` that did not fail on the base.
    pub newly_failing: Vec<String>,
}

impl CheckResult {
    /// Whether a patch may carry this result.
    #[must_use]
    pub fn acceptable(&self) -> bool {
        match (self.status, self.target) {
            (CheckStatus::Passed, _) => true,
            (_, true) => false,
            (CheckStatus::Failed, false) => self.base == BaseStatus::Failed && self.newly_failing.is_empty(),
            (CheckStatus::NotRun, false) => true,
            (CheckStatus::TimedOut | CheckStatus::Killed | CheckStatus::NoReport, false) => false,
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    Passed,
    Failed,
    /// It passed its time limit and was ended.
    TimedOut,
    /// It passed another limit (memory, processes, output) and was ended.
    Killed,
    /// The runner left no report, whatever its exit code says.
    NoReport,
    /// It was not run, because an earlier check had decided already.
    NotRun,
}

impl CheckStatus {
    /// Every status with its name on the wire.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Passed, "passed"),
        (Self::Failed, "failed"),
        (Self::TimedOut, "timed_out"),
        (Self::Killed, "killed"),
        (Self::NoReport, "no_report"),
        (Self::NotRun, "not_run"),
    ];

    /// The status's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| status == self).map_or("not_run", |(_, name)| name)
    }
}

/// What decided a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgedBy {
    /// The runner's own report.
    Report,
    /// The exit status alone: the command has no report we can read.
    ExitStatus,
}

impl JudgedBy {
    /// Every judge with its name on the wire.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Report, "report"), (Self::ExitStatus, "exit_status")];

    /// The judge's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ExitStatus => "exit_status",
        }
    }
}

/// How the check ended on the untouched base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseStatus {
    Passed,
    Failed,
    NotRun,
}

impl BaseStatus {
    /// Every status with its name on the wire.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Passed, "passed"), (Self::Failed, "failed"), (Self::NotRun, "not_run")];

    /// The status's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not_run",
        }
    }
}

/// Who proposed what, and why it was chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// Version of Reweave.
    pub version: String,
    pub seed: u64,
    pub hunks: Vec<HunkProvenance>,
    /// Candidates considered before this one was chosen, itself included.
    pub candidates: u32,
    /// Check runs spent on candidates.
    pub runs: u32,
    /// The techniques that were tried, in order, the one that gave this patch last.
    pub techniques: Vec<TechniqueReport>,
    /// The model behind the fills, where one made them.
    pub model: Option<ModelProvenance>,
}

/// What came of one technique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TechniqueReport {
    pub technique: Technique,
    /// `chosen`, or why it gave nothing.
    pub result: String,
}

/// Which model made a fill: with the seed, enough to make it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProvenance {
    pub name: String,
    pub architecture: String,
    /// Tells these weights from others.
    pub digest: Sha256,
    pub dtype: String,
}

/// One edit's origin.
#[derive(Clone, Debug, PartialEq)]
pub struct HunkProvenance {
    pub path: RelativePath,
    /// In base coordinates.
    pub span: Span,
    pub proposer: Proposer,
    /// The operator within the proposer, such as `rename` or `comparison`.
    pub operator: String,
    pub description: String,
    pub scores: Vec<Score>,
}

/// A named number behind a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    pub name: String,
    pub value: f64,
}

/// Who can propose a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proposer {
    /// A deterministic refactor operator.
    Refactor,
    /// First-order mutation.
    Mutation,
    /// Masked diffusion by a model.
    Diffusion,
    /// Fill-in-the-middle by a model.
    Autoregressive,
}

impl Proposer {
    /// Every proposer with its name on the wire.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Refactor, "refactor"),
        (Self::Mutation, "mutation"),
        (Self::Diffusion, "diffusion"),
        (Self::Autoregressive, "autoregressive"),
    ];

    /// Whether its candidates are the draws of a model.
    #[must_use]
    pub fn is_model(&self) -> bool {
        match self {
            Self::Diffusion | Self::Autoregressive => true,
            Self::Refactor | Self::Mutation => false,
        }
    }

    /// The proposer's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(proposer, _)| proposer == self).map_or("refactor", |(_, name)| name)
    }
}
