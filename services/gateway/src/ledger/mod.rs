//! The gateway's only state: how often a message was taken up, who works on a spec, and its one outcome.
//!
//! [`Ledger`] is implemented once over SQL ([`SqlLedger`]) for embedded SQLite (one replica) and Postgres (many).
//! Every write is durable when its call returns. Times are given by the caller; leases of several replicas compare
//! them, so their clocks may differ by less than a lease. If they differ by more, work is done twice, but an outcome is
//! still stored once.

mod executor;
mod open;
mod sql;
mod statements;

use std::{fmt, time::SystemTime};

use async_trait::async_trait;
use reweave_core::{Sha256, SpecId};

pub use open::{OpenError, PostgresOptions, SqliteOptions};
pub use sql::SqlLedger;

/// What the pipeline and the HTTP door ask of the state.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Counts one more take-up of `message`, durably. With [`Lane::Fresh`] only a first attempt is counted; a message
    /// seen before is left as it is and answered with [`Attempt::Suspect`].
    async fn record_attempt(&self, message: &MessageKey, lane: Lane, now: SystemTime) -> Result<Attempt, Error>;

    /// Takes back one counted attempt: the message was put back unharmed.
    async fn forgive_attempt(&self, message: &MessageKey) -> Result<(), Error>;

    /// Takes the lease of a spec for the holder, unless it is settled, held, or the key is taken by another body.
    async fn claim(&self, claim: Claim) -> Result<Claimed, Error>;

    /// Extends a lease.
    async fn renew(&self, spec: SpecId, lease: Lease) -> Result<Renewed, Error>;

    /// Ends a lease without an outcome, so that a retry may take it at once.
    async fn release(&self, spec: SpecId, holder: &str) -> Result<(), Error>;

    /// Stores the outcome unless one is there, and returns the one that is there now.
    async fn store_outcome(&self, spec: SpecId, outcome: NewOutcome) -> Result<StoredOutcome, Error>;

    /// Notes that the bus has the outcome of `spec`, and forgets the attempts of `message`.
    async fn mark_settled(&self, spec: SpecId, message: Option<&MessageKey>, now: SystemTime) -> Result<(), Error>;

    /// Keeps a spec that came by HTTP until it is settled.
    async fn accept(&self, accepted: Accepted, now: SystemTime) -> Result<Acceptance, Error>;

    /// Notes that the bus has the accepted spec.
    async fn mark_enqueued(&self, spec: SpecId, now: SystemTime) -> Result<(), Error>;

    /// Accepted specs without an outcome whose id is greater than `after`, in order of id, at most `limit`.
    async fn accepted_unsettled(&self, after: Option<SpecId>, limit: u32) -> Result<Vec<Accepted>, Error>;

    /// What is known of a spec.
    async fn find(&self, spec: SpecId) -> Result<Option<Record>, Error>;

    /// Forgets at most `limit` settled specs and `limit` attempts that are older than `before`; says how many went.
    async fn prune(&self, before: SystemTime, limit: u32) -> Result<u64, Error>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), Error>;
}

/// The original message id and batch index of a message, the same on every retry of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageKey(String);

impl MessageKey {
    /// The key written as `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a message is taken up. A message seen before may be the one that killed the process, so such messages go one
/// at a time: their neighbours are charged for at most one of its kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Fresh,
    Suspect,
}

/// The answer to [`Ledger::record_attempt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Counted; this is attempt `number` (from 1). `spec` is known if an earlier attempt decoded the message.
    Counted { number: u32, spec: Option<SpecId> },
    /// Not counted: the message was taken up before, and must go through [`Lane::Suspect`].
    Suspect,
}

/// The wish to work on a spec.
#[derive(Clone, Debug)]
pub struct Claim {
    pub message: MessageKey,
    pub source: String,
    pub event_id: String,
    pub body: Sha256,
    pub lease: Lease,
    pub now: SystemTime,
}

impl Claim {
    /// The id of the spec.
    #[must_use]
    pub fn spec_id(&self) -> SpecId {
        SpecId::of(&self.source, &self.event_id)
    }
}

/// Who holds a spec, until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub holder: String,
    pub until: SystemTime,
}

/// The answer to [`Ledger::claim`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The holder has it.
    Fresh,
    /// Somebody works on the same body; ask again after `until`.
    InProgress { until: SystemTime },
    /// It has its outcome.
    Settled(StoredOutcome),
    /// The key belongs to another body.
    OtherBody { first: Sha256 },
}

/// The answer to [`Ledger::renew`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    Held,
    /// An outcome was stored by somebody else: a cancellation, or another holder.
    Settled,
    /// Another holder took it after the lease had run out.
    Lost,
}

/// An outcome to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutcome {
    pub body: Vec<u8>,
    pub traceparent: Option<String>,
    pub at: SystemTime,
}

/// The one outcome of a spec, with all that its event is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOutcome {
    pub body: Vec<u8>,
    pub traceparent: Option<String>,
    pub at: SystemTime,
    /// When the bus first gave a receipt for it.
    pub published: Option<SystemTime>,
}

/// A spec that came by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub source: String,
    pub event_id: String,
    pub content_type: String,
    pub body: Vec<u8>,
    pub traceparent: Option<String>,
}

impl Accepted {
    /// The id of the spec.
    #[must_use]
    pub fn spec_id(&self) -> SpecId {
        SpecId::of(&self.source, &self.event_id)
    }
}

/// The answer to [`Ledger::accept`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Kept, or kept before with the same body and not yet enqueued: put it on the bus.
    Enqueue,
    /// The same body is on the bus, or came by it.
    Known,
    /// The key belongs to another body.
    OtherBody { first: Sha256 },
}

/// What is known of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub spec_id: SpecId,
    pub source: Option<String>,
    pub event_id: Option<String>,
    pub created: SystemTime,
    pub enqueued: Option<SystemTime>,
    pub lease: Option<Lease>,
    pub outcome: Option<StoredOutcome>,
}

/// Why the ledger did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the ledger failed to {action}")]
    Database { action: &'static str, source: sqlx::Error },
    #[error("the ledger holds `{value}` where {expected} belongs")]
    Corrupt { expected: &'static str, value: String },
    #[error("the ledger is closed")]
    Closed,
}
