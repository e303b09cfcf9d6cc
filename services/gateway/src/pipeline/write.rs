//! Writes to the ledger and the bus that must happen before a message may be settled: tried again, within bounds.

use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};

use reweave_chassis::service::chain;
use reweave_core::SpecId;

use super::{CrashPoint, Error, Inner};
use crate::{
    bus::{self, Outgoing, Topic},
    dlq::{self, DeadLetter},
    event::{Attributes, OUTCOME_TYPE},
    ledger::{self, MessageKey, NewOutcome, StoredOutcome},
    metrics,
};

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A failed try.
pub(super) trait Failed: std::error::Error + Sized + 'static {
    fn may_pass(&self) -> bool;
    fn after(self, attempts: u32) -> Error;
}

impl Failed for ledger::Error {
    fn may_pass(&self) -> bool {
        match self {
            Self::Database { .. } => true,
            Self::Corrupt { .. } | Self::Closed => false,
        }
    }

    fn after(self, attempts: u32) -> Error {
        Error::Ledger { attempts, source: self }
    }
}

impl Failed for bus::Error {
    fn may_pass(&self) -> bool {
        self.is_transient()
    }

    fn after(self, attempts: u32) -> Error {
        Error::Bus { attempts, source: self }
    }
}

impl Inner {
    /// Tries `write` until it passes, at most as often as configured.
    pub(super) async fn insist<T, E, F>(&self, mut write: impl FnMut() -> F) -> Result<T, Error>
    where
        E: Failed,
        F: Future<Output = Result<T, E>>,
    {
        let mut attempts = 1;
        let mut pause = PAUSE_MIN;
        loop {
            match write().await {
                Ok(value) => return Ok(value),
                Err(error) if error.may_pass() && attempts < self.config.write_attempts_max.get() => {
                    tracing::warn!(attempts, error = chain(&error), "a write failed and is tried again");
                    metrics::count_write_retry();
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                    attempts += 1;
                }
                Err(error) => return Err(error.after(attempts)),
            }
        }
    }

    /// Stores `outcome` unless there is one, and returns the one there is.
    pub(super) async fn store(&self, spec: SpecId, outcome: NewOutcome) -> Result<StoredOutcome, Error> {
        let stored = self.insist(|| self.ledger.store_outcome(spec, outcome.clone())).await?;
        self.faults.pass(CrashPoint::StoreOutcome).await;
        Ok(stored)
    }

    /// Puts the outcome on the bus: the same bytes under the same id every time.
    pub(super) async fn publish_outcome(&self, spec: SpecId, stored: &StoredOutcome) -> Result<(), Error> {
        let attributes = Attributes {
            id: format!("{spec}/outcome"),
            source: self.config.source.clone(),
            kind: OUTCOME_TYPE,
            subject: spec.to_string(),
            time: stored.at,
            traceparent: stored.traceparent.clone(),
        };
        let message = attributes.outgoing(stored.body.clone());
        self.publish(Topic::Patches, message).await?;
        metrics::count_outcome(stored.published.is_some());
        self.faults.pass(CrashPoint::Publish).await;
        Ok(())
    }

    pub(super) async fn mark_settled(&self, spec: SpecId, message: Option<&MessageKey>) -> Result<(), Error> {
        self.insist(|| self.ledger.mark_settled(spec, message, SystemTime::now())).await?;
        self.board.settled(spec);
        self.faults.pass(CrashPoint::MarkSettled).await;
        Ok(())
    }

    /// Keeps a message that is given up. One that is too large for a letter leaves its payload behind; its digest stays.
    pub(super) async fn bury(&self, letter: &DeadLetter<'_>, delivery: &bus::Delivery) -> Result<(), Error> {
        let message = letter.outgoing(delivery);
        let buried = self.publish(Topic::DeadLetters, message.clone()).await;
        metrics::count_dead_letter(letter.stage, letter.refusal.code);
        if buried.as_ref().is_err_and(is_too_large) {
            return self.publish(Topic::DeadLetters, dlq::without_payload(message)).await;
        }
        buried
    }

    pub(super) async fn publish(&self, topic: Topic, message: Outgoing) -> Result<(), Error> {
        self.insist(|| self.bus.publish(topic, message.clone())).await.map(|_receipt| ())
    }
}

/// Whether the message itself is the reason, so that no other try can pass.
pub(super) fn is_too_large(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<bus::Error>());
    matches!(source, Some(bus::Error::TooLarge { .. }))
}
