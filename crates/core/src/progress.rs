//! What is being done, while it is being done.

/// The stages of the work on one spec, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Accepted, waiting for a worker.
    Queued,
    /// Reading and parsing the source.
    Read,
    /// Resolving targets and choosing operators.
    Plan,
    /// Running the checks on the untouched base.
    Base,
    /// Proposing candidates and passing them through the gates.
    Propose,
    /// Running the checks on candidates.
    Check,
    /// Settled.
    Done,
}

impl Stage {
    /// Every stage with its name on the wire.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Queued, "queued"),
        (Self::Read, "read"),
        (Self::Plan, "plan"),
        (Self::Base, "base"),
        (Self::Propose, "propose"),
        (Self::Check, "check"),
        (Self::Done, "done"),
    ];

    /// The stage's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(stage, _)| stage == self).map_or("done", |(_, name)| name)
    }
}

/// One step forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub stage: Stage,
    /// What exactly, for a person.
    pub message: String,
    /// Units done in this stage, of `total`; both 0 where there is nothing to count.
    pub done: u32,
    pub total: u32,
    /// A hole that a model is refilling, as it stands.
    pub denoising: Option<Denoising>,
}

/// One step in the refilling of a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denoising {
    /// Which hole of the request, from 1.
    pub hole: u32,
    /// Steps done, and the most there may be.
    pub step: u32,
    pub steps: u32,
    /// The canvas that leads: the text of each position, in order.
    pub glyphs: Vec<Glyph>,
}

/// One position of a canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glyph {
    Masked,
    /// Filled by this step.
    New(String),
    /// Filled before.
    Kept(String),
}

impl Progress {
    /// A step with nothing to draw.
    #[must_use]
    pub fn new(stage: Stage, message: impl Into<String>) -> Self {
        Self { stage, message: message.into(), done: 0, total: 0, denoising: None }
    }
}
