//! Trying later: a delayed copy on the retry topic, which carries the original's identity and the number of retries.

use std::time::{Duration, SystemTime};

use rand::RngExt as _;

use super::{Error, Inner};
use crate::{
    bus::{Delivery, Outgoing, Topic, config::Retry},
    ledger::MessageKey,
    metrics,
};

/// Original message id and batch index.
const ORIGIN: &str = "reweave-origin";
/// Orderly retries so far.
const RETRIES: &str = "reweave-retries";
/// Shortest and longest wait before looking again whether somebody else is done. Their work is bounded, so this is.
const LEASE_WAIT_MIN: Duration = Duration::from_millis(200);
const LEASE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Who a message was at first. Only the gateway writes to the retry topic, so only there is it believed.
pub(super) fn identity(delivery: &Delivery) -> (MessageKey, u32) {
    let carried = |name| delivery.properties.get(name).filter(|_| delivery.id.topic == Topic::Retry);
    let origin = carried(ORIGIN).cloned().unwrap_or_else(|| delivery.id.to_string());
    let retries = carried(RETRIES).and_then(|count| count.parse().ok()).unwrap_or(0);
    (MessageKey::new(origin), retries)
}

/// The wait before retry number `retry` (from 1).
pub(super) fn back_off(config: &Retry, retry: u32) -> Duration {
    let at = usize::try_from(retry.saturating_sub(1)).unwrap_or(usize::MAX);
    let bound = config.delays_ms.get(at).or(config.delays_ms.last()).copied().unwrap_or(0);
    let wait = if config.jitter { rand::rng().random_range(0..=bound) } else { bound };
    Duration::from_millis(wait)
}

/// The wait before looking again at a lease that ends at `until`.
pub(super) fn lease_wait(until: SystemTime, now: SystemTime) -> Duration {
    until.duration_since(now).unwrap_or(Duration::ZERO).clamp(LEASE_WAIT_MIN, LEASE_WAIT_MAX)
}

impl Inner {
    /// Publishes the copy of `delivery` that comes after `wait`.
    pub(super) async fn try_later(
        &self,
        delivery: &Delivery,
        message: &MessageKey,
        retries: u32,
        wait: Duration,
    ) -> Result<(), Error> {
        let mut properties = delivery.properties.clone();
        properties.insert(ORIGIN.into(), message.to_string());
        properties.insert(RETRIES.into(), retries.to_string());
        let copy = Outgoing {
            key: delivery.key.clone(),
            properties,
            payload: delivery.payload.clone(),
            deliver_after: Some(wait),
        };
        metrics::count_retry();
        self.publish(Topic::Retry, copy).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_by_the_list_and_the_last_repeats() {
        let config = Retry { delays_ms: vec![5, 30], jitter: false };
        let waits = [1, 2, 3, 9].map(|retry| back_off(&config, retry).as_millis());
        assert_eq!(waits, [5, 30, 30, 30]);
    }

    #[test]
    fn jitter_stays_below_the_bound() {
        let config = Retry { delays_ms: vec![10], jitter: true };
        assert!((0..100).all(|_| back_off(&config, 1) <= Duration::from_millis(10)));
    }
}
