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
}
