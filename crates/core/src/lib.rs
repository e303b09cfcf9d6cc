//! The nouns that cross a crate boundary: spec, plan, edit, patch, refusal, risk, limits and codes.
//!
//! Nothing here performs I/O, reads a clock or the environment, or starts a thread. Wire types live in `proto`,
//! configuration types in `services/chassis`; both are converted to these on receipt and never after.

mod candidate;
mod code;
mod digest;
mod edit;
mod file_change;
mod generation;
mod id;
pub mod limits;
mod outcome;
mod patch;
mod place;
mod progress;
mod refusal;
mod risk;
mod source;
mod spec;

pub use candidate::{Candidate, Proposal};
pub use code::{ExitCode, RefusalCode};
pub use digest::Sha256;
pub use edit::{Edit, Edits, EditsError, Span};
pub use file_change::{FileChange, FileChangeError, FileKind, Mode, Modes};
pub use generation::{Generation, Preset, Technique};
pub use id::{CheckName, InvalidName, SpecId, WorkspaceName};
pub use outcome::{BatchResult, CheckRun, ItemResult, Outcome, OutcomeEvent, RunFacts, StageTime};
pub use patch::{
    BaseStatus, CheckResult, CheckStatus, GateResult, HunkProvenance, JudgedBy, MaskedSpan, ModelProvenance, Patch,
    Proposer, Provenance, Score, TechniqueReport, Validation,
};
pub use place::{HoleRequest, Place, Unit};
pub use progress::{Denoising, Glyph, Progress, Stage};
pub use refusal::{Evidence, EvidenceKind, Refusal};
pub use risk::{Risk, RiskPart};
pub use source::{FileText, InlineFile, RelativePath, RelativePathError, Source};
pub use spec::{
    Batch, BatchItem, Budget, Diagnostic, EditRequest, Language, LineRange, OperatorCall, Plan, RefactorPlan, Spec,
    SpecKind,
};
