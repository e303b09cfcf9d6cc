//! Dead letters: messages that were given up, whole, with the reason. [`review`] is what a person does with them.

pub mod review;

use std::time::SystemTime;

use prost_types::Timestamp;
use reweave_core::{Refusal, Sha256, SpecId};

use crate::bus::{Delivery, Outgoing};

/// Properties that a dead letter has beside those of its message.
pub mod property {
    /// The refusal code.
    pub const CODE: &str = "reweave-dlq-code";
    pub const REASON: &str = "reweave-dlq-reason";
    /// Where it was given up.
    pub const STAGE: &str = "reweave-dlq-stage";
    pub const ATTEMPTS: &str = "reweave-dlq-attempts";
    /// Original message id and batch index.
    pub const ORIGIN: &str = "reweave-dlq-origin";
    pub const SPEC_ID: &str = "reweave-dlq-spec-id";
    /// When the producer published, and when the message was given up (RFC 3339).
    pub const PUBLISHED: &str = "reweave-dlq-published";
    pub const TIME: &str = "reweave-dlq-time";
    pub const VERSION: &str = "reweave-dlq-version";
    /// Digest of the original payload; the payload is missing when the letter would have been too large with it.
    pub const SHA256: &str = "reweave-dlq-payload-sha256";
}

/// Longest reason kept, in characters.
const REASON_CHARS_MAX: usize = 1000;

/// Why and where a message was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter<'a> {
    pub refusal: &'a Refusal,
    pub stage: Stage,
    pub attempts: u32,
    pub origin: &'a str,
    pub spec_id: SpecId,
    pub at: SystemTime,
}

/// Where a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Taken up too often, before it was read.
    Attempts,
    /// The event cannot be read.
    Event,
    /// The spec in it cannot be read.
    Spec,
    /// The work failed in every retry.
    Work,
}

impl Stage {
    /// The name in the letter.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Event => "event",
            Self::Spec => "spec",
            Self::Work => "work",
        }
    }
}

/// The letter without the message's bytes, of which it keeps the digest.
#[must_use]
pub fn without_payload(letter: Outgoing) -> Outgoing {
    Outgoing { payload: Vec::new(), ..letter }
}

impl DeadLetter<'_> {
    /// The letter for `delivery`: its bytes, key and properties, and what is said here.
    #[must_use]
    pub fn outgoing(&self, delivery: &Delivery) -> Outgoing {
        let published = std::time::UNIX_EPOCH + std::time::Duration::from_millis(delivery.published_unix_ms);
        let mut properties = delivery.properties.clone();
        properties.extend(
            [
                (property::CODE, self.refusal.code.to_string()),
                (property::REASON, self.refusal.reason.chars().take(REASON_CHARS_MAX).collect()),
                (property::STAGE, self.stage.as_str().to_owned()),
                (property::ATTEMPTS, self.attempts.to_string()),
                (property::ORIGIN, self.origin.to_owned()),
                (property::SPEC_ID, self.spec_id.to_string()),
                (property::PUBLISHED, Timestamp::from(published).to_string()),
                (property::TIME, Timestamp::from(self.at).to_string()),
                (property::VERSION, env!("CARGO_PKG_VERSION").to_owned()),
                (property::SHA256, Sha256::of(&delivery.payload).to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Outgoing { key: delivery.key.clone(), properties, payload: delivery.payload.clone(), deliver_after: None }
    }
}
