//! A reasoned no.

use crate::{RefusalCode, RelativePath};

/// Why nothing was proven, with what shows it and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: RefusalCode,
    /// One sentence for a person, lower case, no full stop.
    pub reason: String,
    pub evidence: Vec<Evidence>,
    /// The command or change that gets further, if there is one.
    pub next_command: String,
}

/// One thing that shows the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub detail: String,
    pub file: Option<RelativePath>,
    /// 1-based.
    pub line: Option<u32>,
}

/// What a piece of evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// A definition or name in the code.
    Symbol,
    /// A place in the spec (`line 4, field refactor.operator.name`).
    Field,
    /// A failing test or check.
    Check,
    /// A gate's verdict.
    Gate,
    /// A tool that is missing or said no.
    Tool,
    /// A name that was meant, perhaps.
    Suggestion,
    /// A number against its limit.
    Limit,
    /// An error of the machine or of a service.
    Error,
}

impl EvidenceKind {
    /// Every kind with its name on the wire.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Symbol, "symbol"),
        (Self::Field, "field"),
        (Self::Check, "check"),
        (Self::Gate, "gate"),
        (Self::Tool, "tool"),
        (Self::Suggestion, "suggestion"),
        (Self::Limit, "limit"),
        (Self::Error, "error"),
    ];

    /// The kind's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| kind == self).map_or("error", |(_, name)| name)
    }
}

impl Refusal {
    /// A refusal without evidence yet.
    #[must_use]
    pub fn new(code: RefusalCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), evidence: Vec::new(), next_command: String::new() }
    }

    /// Adds a piece of evidence that has no place in a file.
    #[must_use]
    pub fn with(mut self, kind: EvidenceKind, detail: impl Into<String>) -> Self {
        self.evidence.push(Evidence { kind, detail: detail.into(), file: None, line: None });
        self
    }

    /// Adds a piece of evidence at a line of a file.
    #[must_use]
    pub fn at(mut self, kind: EvidenceKind, detail: impl Into<String>, file: &RelativePath, line: u32) -> Self {
        self.evidence.push(Evidence { kind, detail: detail.into(), file: Some(file.clone()), line: Some(line) });
        self
    }

    /// Names what to do next.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Self {
        self.next_command = command.into();
        self
    }
}
