//! The closed set of refusal codes and the one table of exit codes.

use std::fmt;

/// Exit codes of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// A patch, or nothing to do.
    Done = 0,
    /// Refused; the outcome says why.
    Refused = 1,
    /// The command line or the spec is wrong.
    Usage = 2,
    /// The machine lacks something (a tool, a right, space).
    Environment = 3,
    /// The file is not the one the patch was made for.
    StaleBase = 4,
    /// The configuration is wrong.
    Configuration = 64,
}

macro_rules! refusal_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal => $exit:ident,)+) => {
        /// Why a spec was refused. The set is closed: a consumer may match on it exhaustively.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode { $($(#[doc = $doc])+ $variant,)+ }

        impl RefusalCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as written on every door.
            #[must_use]
            pub fn as_str(&self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub fn meaning(&self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// The exit code of a command that ends with this refusal.
            #[must_use]
            pub fn exit_code(&self) -> ExitCode {
                match self { $(Self::$variant => ExitCode::$exit,)+ }
            }
        }
    };
}

refusal_codes! {
    /// The document is empty, or not YAML or JSON, or a field is unknown, missing or of the wrong type.
    SpecInvalid = "spec.invalid" => Usage,
    /// The document is larger than the limit.
    SpecTooLarge = "spec.too_large" => Usage,
    /// A spec by event or HTTP asked for something only a local command line may ask for.
    SpecForbidden = "spec.forbidden" => Usage,
    /// Free-text issues need planning, which does not exist yet.
    PlanningUnavailable = "issue.planning_unavailable" => Refused,
    /// The event carries no usable type, or a type this version does not know.
    EventInvalid = "event.invalid" => Refused,
    /// The same source and id came before with another body.
    EventIdReused = "event.id_reused" => Refused,
    /// The event expired before work began.
    EventExpired = "event.expired" => Refused,
    /// The event was delivered more often than the limit without an outcome.
    AttemptsExhausted = "event.attempts_exhausted" => Refused,
    /// The caller cancelled the spec.
    Cancelled = "spec.cancelled" => Refused,
    /// The deadline passed before a patch was proven.
    DeadlineExceeded = "deadline.exceeded" => Refused,
    /// The workspace name is not in the operator's configuration.
    WorkspaceUnknown = "workspace.unknown" => Refused,
    /// The workspace cannot be read or written, or is at another revision.
    WorkspaceUnavailable = "workspace.unavailable" => Environment,
    /// The workspace holds more files or bytes than the limit.
    WorkspaceTooLarge = "workspace.too_large" => Refused,
    /// The path, or what a symbolic link on it points to, lies outside the workspace.
    PathOutside = "source.path_outside" => Refused,
    /// The file does not exist.
    FileMissing = "source.file_missing" => Refused,
    /// The file is empty, so there is nothing to change.
    FileEmpty = "source.file_empty" => Refused,
    /// The file is larger than the limit.
    FileTooLarge = "source.too_large" => Refused,
    /// The file is not UTF-8 text.
    NotText = "source.not_text" => Refused,
    /// The syntax tree is deeper than the limit.
    TooDeep = "source.too_deep" => Refused,
    /// The file takes its parser more steps than a file of its length may.
    TooComplex = "source.too_complex" => Refused,
    /// The carried content does not have the SHA-256 that was given for it.
    DigestMismatch = "source.digest_mismatch" => Refused,
    /// The file is not the one the patch was made for.
    StaleBase = "source.stale_base" => StaleBase,
    /// No registry entry for this language.
    LanguageUnsupported = "language.unsupported" => Refused,
    /// The part of the file to be changed has syntax errors already.
    SyntaxBroken = "source.syntax_broken" => Refused,
    /// No definition of that name.
    TargetMissing = "target.missing" => Refused,
    /// Several definitions have that name.
    TargetAmbiguous = "target.ambiguous" => Refused,
    /// No operator of that name, or none that the intent maps onto.
    OperatorUnknown = "operator.unknown" => Refused,
    /// A parameter is missing, unknown or malformed.
    OperatorParameter = "operator.parameter" => Refused,
    /// The new name is taken.
    NameCollision = "refactor.name_collision" => Refused,
    /// The transformation would change which binding a name refers to.
    NameCaptured = "refactor.name_captured" => Refused,
    /// The operator's precondition does not hold.
    Precondition = "refactor.precondition" => Refused,
    /// A use exists that the operator cannot rewrite safely.
    DynamicUse = "refactor.dynamic_use" => Refused,
    /// No proposer had a candidate.
    NoCandidate = "search.no_candidate" => Refused,
    /// Every candidate failed a gate or a check.
    NoneProven = "search.none_proven" => Refused,
    /// The budget ran out before a candidate was proven.
    BudgetExhausted = "search.budget_exhausted" => Refused,
    /// The edits overlap those of a batch item of higher priority.
    BatchOverlap = "batch.overlap" => Refused,
    /// The patch would hold more edits than `max_edits` allows.
    TooManyEdits = "edit.too_many_edits" => Refused,
    /// The patch is larger than an outcome event may be.
    OutcomeTooLarge = "outcome.too_large" => Refused,
    /// No check of that name in the operator's configuration.
    CheckUnknown = "checks.unknown" => Refused,
    /// The tool a check needs is not there.
    CheckToolMissing = "checks.tool_missing" => Environment,
    /// A check's result is not to be had: it hung, was killed, or reported nothing on the untouched base.
    CheckUnusable = "checks.unusable" => Refused,
    /// The protections that untrusted code needs cannot be put up here.
    SandboxUnavailable = "checks.sandbox_unavailable" => Environment,
    /// The work needs a model, and none is mounted here.
    ModelUnavailable = "model.unavailable" => Environment,
    /// The model could not predict what it was asked for; its fault is in the evidence.
    ModelFault = "model.fault" => Refused,
    /// A service the work needs did not answer within the retry bounds.
    ServiceUnavailable = "service.unavailable" => Environment,
    /// No space or memory is left to do the work in.
    ResourceExhausted = "service.resource_exhausted" => Environment,
    /// A defect of Reweave: the evidence is what we need to know.
    Internal = "service.internal" => Environment,
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for RefusalCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for code in RefusalCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.meaning().ends_with('.'), "{code}");
        }
    }
}
