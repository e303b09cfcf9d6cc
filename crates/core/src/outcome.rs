//! The one answer to a spec.

use crate::{CheckName, ExitCode, Patch, Refusal, SpecId};

/// What came of a spec. Deterministic; what is not lives in [`RunFacts`].
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Patch(Patch),
    Refusal(Refusal),
    /// The code already is as asked; the text says how that was seen.
    Unchanged(String),
    Batch(BatchResult),
}

/// A batch's outcome: every item's own, and the patch that holds all accepted ones.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchResult {
    /// In the order of the spec.
    pub items: Vec<ItemResult>,
    /// All accepted items together, proven together; absent when none was accepted.
    pub combined: Option<Patch>,
}

/// What came of one item of a batch.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "most items are patches, and a batch holds at most 64")]
pub enum ItemResult {
    Patch(Patch),
    Refusal(Refusal),
    Unchanged(String),
}

/// How the work went: times, hosts, logs. Measured by the services, never part of the digest.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RunFacts {
    pub started_unix_ms: u64,
    pub duration_us: u64,
    pub host: String,
    pub stages: Vec<StageTime>,
    pub check_runs: Vec<CheckRun>,
    /// The protections that were active around untrusted code.
    pub sandbox: Vec<String>,
    /// What was cut to keep the outcome under its size limit.
    pub cut: Vec<String>,
}

/// Time spent in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTime {
    pub stage: String,
    pub duration_us: u64,
}

/// One execution of a check that the outcome rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    pub name: CheckName,
    /// On the untouched base, or on the patched files.
    pub on_base: bool,
    pub duration_us: u64,
    /// The end of what it printed.
    pub log_tail: String,
    /// Bytes it printed in all.
    pub log_bytes: u64,
}

/// An outcome addressed to its spec: what is published.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeEvent {
    pub spec_id: SpecId,
    pub outcome: Outcome,
    pub run: RunFacts,
}

impl Outcome {
    /// The exit code of a command that ends with this outcome. Any refused item of a batch makes it [`ExitCode::Refused`].
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Patch(_) | Self::Unchanged(_) => ExitCode::Done,
            Self::Refusal(refusal) => refusal.code.exit_code(),
            Self::Batch(batch) if batch.items.iter().any(|item| matches!(item, ItemResult::Refusal(_))) => {
                ExitCode::Refused
            }
            Self::Batch(_) => ExitCode::Done,
        }
    }

    /// The patch to apply, if there is one.
    #[must_use]
    pub fn patch(&self) -> Option<&Patch> {
        match self {
            Self::Patch(patch) => Some(patch),
            Self::Batch(batch) => batch.combined.as_ref(),
            Self::Refusal(_) | Self::Unchanged(_) => None,
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}
