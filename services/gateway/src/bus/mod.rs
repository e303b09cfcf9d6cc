//! The bus: publish with a receipt that means "stored", receive at least once, settle each delivery.
//!
//! [`Bus`] has two implementations, [`pulsar`] and [`memory`], held to one suite in `contract`. Both hand deliveries
//! out through [`intake`], which keeps the rule that a batch is acknowledged only when every member is settled.
//!
//! What a caller may rely on:
//! - [`Bus::publish`] returns a [`Receipt`] only for a message that the broker stored.
//! - A delivery that is not settled comes back after the subscription is opened again, never sooner: there is no
//!   negative acknowledgement. To try later, publish a copy with [`Outgoing::deliver_after`], then settle the original.
//! - While a delivery is handed out it is not handed out a second time by the same subscription, even if the broker
//!   redelivers it after a reconnect.
//! - Settling is not durable at once: after a crash, settled deliveries may come again.

pub mod config;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod intake;
pub mod memory;
pub mod metrics;
pub mod pulsar;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;

pub use config::Config;
pub use intake::{Deliveries, Settler};

/// A connection to the broker. Cheap to share behind an `Arc`; every method may be called concurrently.
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug {
    /// Stores `message` on `topic` and returns the broker's receipt.
    ///
    /// Waits while too many sends are in flight. An error does not prove absence: the broker may have stored the
    /// message and lost the receipt, so a repeated publish can leave two copies.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything is sent, [`Error::Overloaded`], [`Error::Unavailable`],
    /// [`Error::Rejected`], [`Error::Closed`].
    async fn publish(&self, topic: Topic, message: Outgoing) -> Result<Receipt, Error>;

    /// Sends `message` without waiting for its receipt; for progress, which may be lost.
    ///
    /// Returns false, and counts it, when the message was dropped at once because it is too large, too many such
    /// messages are in flight, or the bus is closed.
    fn offer(&self, topic: Topic, message: Outgoing) -> bool;

    /// Opens a shared subscription. Dropping [`Deliveries`] ends it: what is not settled comes back to the others.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`], [`Error::Closed`].
    async fn subscribe(&self, subscription: Subscription) -> Result<(Deliveries, Settler), Error>;

    /// Reads up to `limit` messages of `topic`, oldest first, as far as the topic reached when the call began.
    /// Nothing is consumed: no subscription moves.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`], [`Error::Closed`].
    async fn browse(&self, topic: Topic, limit: usize) -> Result<Vec<Delivery>, Error>;

    /// What is known about the connection now; costs no round trip.
    fn health(&self) -> Health;

    /// Lets sends in flight finish, then closes the producers. Subscriptions are closed by [`Settler::close`], before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when sends were still in flight after `timeout`.
    async fn close(&self, timeout: Duration) -> Result<(), Error>;
}

/// The topics there are, by role; their names are configuration ([`config::Topics`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Spec and cancel events, from anyone.
    Specs,
    /// Every outcome.
    Patches,
    /// Progress of running specs; may lose messages.
    Progress,
    /// What people said about patches.
    Verdicts,
    /// Delayed copies of specs that are tried again.
    Retry,
    /// What was given up, with the reason.
    DeadLetters,
}

impl Topic {
    /// Every topic with its role's name, which labels metrics and errors.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Specs, "specs"),
        (Self::Patches, "patches"),
        (Self::Progress, "progress"),
        (Self::Verdicts, "verdicts"),
        (Self::Retry, "retry"),
        (Self::DeadLetters, "dead_letters"),
    ];

    /// The role's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Specs => "specs",
            Self::Patches => "patches",
            Self::Progress => "progress",
            Self::Verdicts => "verdicts",
            Self::Retry => "retry",
            Self::DeadLetters => "dead_letters",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A message to publish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Messages of one key go to one partition.
    pub key: Option<String>,
    pub properties: BTreeMap<String, String>,
    pub payload: Vec<u8>,
    /// Holds the message back for this long; only shared subscriptions honour it.
    pub deliver_after: Option<Duration>,
}

impl Outgoing {
    /// The bytes that count against the broker's message size limit.
    #[must_use]
    pub fn size(&self) -> usize {
        let properties: usize = self.properties.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.payload.len() + self.key.as_ref().map_or(0, String::len) + properties
    }
}

/// Where the broker stored a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    pub ledger: u64,
    pub entry: u64,
    pub partition: i32,
}

/// Names one delivered message: an entry of the broker's ledger and the member of it, if the entry is a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    pub topic: Topic,
    pub ledger: u64,
    pub entry: u64,
    /// -1 on a topic without partitions.
    pub partition: i32,
    /// 0-based; -1 when the entry is not a batch.
    pub batch_index: i32,
    /// Members of the entry; 1 when it is not a batch.
    pub batch_size: u32,
}

/// `topic:ledger:entry:partition:batch_index`: distinct for every message, the same on every redelivery.
impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}:{}", self.topic, self.ledger, self.entry, self.partition, self.batch_index)
    }
}

/// A message as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub key: Option<String>,
    pub properties: BTreeMap<String, String>,
    pub payload: Vec<u8>,
    /// When the producer says it published, in milliseconds since 1970.
    pub published_unix_ms: u64,
    /// The broker's count, where it tells: it forgets when the last consumer leaves, so it proves nothing.
    pub redelivered: Option<u32>,
    /// Which piece of a larger message this is, when its producer cut it up. Nobody here puts pieces together.
    pub chunk: Option<Chunk>,
}

/// A piece of a message that was larger than the broker takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// 0-based.
    pub index: u32,
    /// Bytes of the whole message, as its producer says.
    pub bytes_total: u64,
}

/// What to receive, and how much of it at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub topics: Vec<Topic>,
    /// Subscribers of one name share the messages.
    pub name: String,
    /// A durable subscription keeps its place without a subscriber; another one ends with it.
    pub durable: bool,
    /// Where a new subscription begins; a known durable one goes on where it was.
    pub start: Start,
    /// Most deliveries that are handed out and not settled.
    pub unsettled_max: NonZeroUsize,
}

/// Where a new subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest message there is.
    Earliest,
    /// With the next message.
    Latest,
}

/// What is known about the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// The broker answered lately and every subscription is open.
    Up,
    /// Something is being rebuilt; the text says what and why.
    Down(String),
    /// [`Bus::close`] was called.
    Closed,
}

/// Why the bus did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a message of {size} bytes is over the limit of {limit} bytes for {topic}")]
    TooLarge { topic: Topic, size: usize, limit: usize },
    #[error("{topic} takes no more messages now")]
    Overloaded { topic: Topic, source: Option<Source> },
    #[error("the broker did not {operation}")]
    Unavailable { operation: String, source: Option<Source> },
    #[error("the broker refuses to {operation}")]
    Rejected { operation: String, source: Option<Source> },
    #[error("the bus is closed")]
    Closed,
}

/// The foreign cause of an [`Error`].
pub type Source = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Overloaded { .. } | Self::Unavailable { .. } => true,
            Self::TooLarge { .. } | Self::Rejected { .. } | Self::Closed => false,
        }
    }
}
