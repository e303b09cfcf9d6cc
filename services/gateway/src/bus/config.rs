//! The `bus` part of the gateway's configuration. The crate's `default.toml` says what each field means.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Topic;

/// Longest list of retry waits.
const RETRY_DELAYS_MAX: usize = 16;
const DAY_MS: u64 = 86_400_000;

/// A field whose value cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bus.{field} {reason}")]
pub struct Invalid {
    /// Below `bus`.
    pub field: &'static str,
    pub reason: &'static str,
}

/// How to reach the broker and how much to hold in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `pulsar://host:port` or `pulsar+ssl://host:port`; empty means the memory bus.
    pub url: String,
    /// The broker's admin REST API, for `init` only.
    pub admin_url: String,
    /// A file with the token; read again on every authentication, so it may be rotated.
    pub token_file: Option<PathBuf>,
    /// PEM file of the roots that sign the broker's certificate; empty means the system's.
    pub tls_roots_file: Option<PathBuf>,
    pub topics: Topics,
    /// The durable subscription of all gateways.
    pub subscription: String,
    /// Largest message (key, properties and payload) that is sent, in bytes; at most the broker's `maxMessageSize`.
    pub message_bytes_max: NonZeroUsize,
    /// Sends that may await their receipt at a time; further ones wait.
    pub sends_in_flight_max: NonZeroUsize,
    /// Progress messages that may be in flight at a time; further ones are dropped.
    pub offers_in_flight_max: NonZeroUsize,
    /// Longest wait for a receipt, in milliseconds, a broker's restart included.
    pub send_timeout_ms: u64,
    /// Messages the client asks the broker for in advance, per partition.
    pub prefetch: NonZeroU32,
    /// Longest wait for any other answer of the broker, in milliseconds.
    pub operation_timeout_ms: u64,
    /// Connection attempts before an operation fails.
    pub connection_retries_max: u32,
    /// Shortest and longest pause before a lost subscription is opened again, in milliseconds.
    pub rebuild_pause_min_ms: u64,
    pub rebuild_pause_max_ms: u64,
    /// How often the connection is probed and new partitions are looked for, in milliseconds.
    pub probe_interval_ms: u64,
    pub compression: Compression,
    /// Bytes that one topic of the memory bus may hold.
    pub memory_topic_bytes_max: NonZeroUsize,
    pub retry: Retry,
    pub init: Init,
}

/// The name of each topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Topics {
    /// Prefix of every name that is not full already.
    pub namespace: String,
    pub specs: String,
    pub patches: String,
    pub progress: String,
    pub verdicts: String,
    pub retry: String,
    pub dead_letters: String,
}

/// Compression of what is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    Off,
    Zstd,
}

/// How long a failed spec waits before it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Upper bounds of the waits, one per attempt, in milliseconds; the last repeats.
    pub delays_ms: Vec<u64>,
    /// Draw each wait evenly between zero and its bound, so that failed specs do not come back together.
    pub jitter: bool,
}

/// What `reweave-gateway init` creates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Init {
    /// Partitions of each topic; 0 makes a topic without partitions. Use powers of two.
    pub partitions: u32,
    /// How long acknowledged outcomes, verdicts and dead letters are kept, in minutes; -1 for ever.
    pub retention_minutes: i64,
    /// How much of them is kept per topic, in MiB; -1 without bound. Must exceed the broker's backlog quota.
    pub retention_mib: i64,
    /// After this time an outcome, verdict or progress message that a subscription never acknowledged is dropped for
    /// it, in seconds; 0 never. Specs, retries and dead letters never expire.
    pub ttl_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: String::new(),
            admin_url: String::new(),
            token_file: None,
            tls_roots_file: None,
            topics: Topics::default(),
            subscription: "reweave-gateway".to_owned(),
            message_bytes_max: NonZeroUsize::new(5 << 20).expect("a constant over zero"),
            sends_in_flight_max: NonZeroUsize::new(64).expect("a constant over zero"),
            offers_in_flight_max: NonZeroUsize::new(32).expect("a constant over zero"),
            send_timeout_ms: 90_000,
            prefetch: NonZeroU32::new(16).expect("a constant over zero"),
            operation_timeout_ms: 90_000,
            connection_retries_max: 200,
            rebuild_pause_min_ms: 100,
            rebuild_pause_max_ms: 10_000,
            probe_interval_ms: 5_000,
            compression: Compression::Off,
            memory_topic_bytes_max: NonZeroUsize::new(64 << 20).expect("a constant over zero"),
            retry: Retry::default(),
            init: Init::default(),
        }
    }
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            namespace: "persistent://public/default".to_owned(),
            specs: "reweave-specs".to_owned(),
            patches: "reweave-patches".to_owned(),
            progress: "reweave-progress".to_owned(),
            verdicts: "reweave-verdicts".to_owned(),
            retry: "reweave-specs-retry".to_owned(),
            dead_letters: "reweave-specs-dlq".to_owned(),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { delays_ms: vec![5_000, 30_000, 180_000, 900_000], jitter: true }
    }
}

impl Default for Init {
    fn default() -> Self {
        Self { partitions: 4, retention_minutes: 10_080, retention_mib: -1, ttl_seconds: 604_800 }
    }
}

impl Config {
    /// Checks ranges and what fields demand of each other.
    ///
    /// # Errors
    /// The first field that cannot be used.
    pub fn validate(&self) -> Result<(), Invalid> {
        let known = ["pulsar://", "pulsar+ssl://"];
        let ms = 1..=600_000;
        let count = 1..=10_000;
        let message = self.message_bytes_max.get();
        let rules = [
            (
                "url",
                self.url.is_empty() || known.iter().any(|scheme| self.url.starts_with(scheme)),
                "must begin with pulsar:// or pulsar+ssl://",
            ),
            ("subscription", !self.subscription.is_empty(), "must not be empty"),
            ("topics", self.topics.are_usable(), "must be six different persistent://tenant/namespace/topic"),
            ("message_bytes_max", (2 << 20..=128 << 20).contains(&message), "must be 2097152 to 134217728"),
            ("sends_in_flight_max", count.contains(&self.sends_in_flight_max.get()), "must be 1 to 10000"),
            ("offers_in_flight_max", count.contains(&self.offers_in_flight_max.get()), "must be 1 to 10000"),
            ("send_timeout_ms", ms.contains(&self.send_timeout_ms), "must be 1 to 600000"),
            ("prefetch", count.contains(&(self.prefetch.get() as usize)), "must be 1 to 10000"),
            ("operation_timeout_ms", ms.contains(&self.operation_timeout_ms), "must be 1 to 600000"),
            ("connection_retries_max", (1..=10_000).contains(&self.connection_retries_max), "must be 1 to 10000"),
            ("rebuild_pause_max_ms", ms.contains(&self.rebuild_pause_max_ms), "must be 1 to 600000"),
            (
                "rebuild_pause_min_ms",
                (1..=self.rebuild_pause_max_ms).contains(&self.rebuild_pause_min_ms),
                "must be 1 to rebuild_pause_max_ms",
            ),
            ("probe_interval_ms", (100..=600_000).contains(&self.probe_interval_ms), "must be 100 to 600000"),
            (
                "memory_topic_bytes_max",
                (message..=1 << 30).contains(&self.memory_topic_bytes_max.get()),
                "must be message_bytes_max to 1073741824",
            ),
            ("retry.delays_ms", self.retry.is_usable(), "must be 1 to 16 waits of 0 to 86400000"),
            ("init.partitions", self.init.partitions <= 1024, "must be 0 to 1024"),
            ("init.ttl_seconds", i32::try_from(self.init.ttl_seconds).is_ok(), "must be 0 to 2147483647"),
        ];
        match rules.iter().find(|(_, holds, _)| !holds) {
            Some((field, _, reason)) => Err(Invalid { field, reason }),
            None => Ok(()),
        }
    }
}

impl Retry {
    fn is_usable(&self) -> bool {
        (1..=RETRY_DELAYS_MAX).contains(&self.delays_ms.len()) && self.delays_ms.iter().all(|delay| *delay <= DAY_MS)
    }
}

impl Topics {
    fn are_usable(&self) -> bool {
        let names: BTreeSet<_> = Topic::ALL.iter().map(|(topic, _)| self.full_name(*topic)).collect();
        let is_full = |name: &String| {
            let parts = name.strip_prefix("persistent://").map(|name| name.split('/').collect::<Vec<_>>());
            parts.is_some_and(|parts| parts.len() == 3 && parts.iter().all(|part| !part.is_empty()))
        };
        names.len() == Topic::ALL.len() && names.iter().all(is_full)
    }

    /// The short name of `topic`.
    #[must_use]
    pub fn name(&self, topic: Topic) -> &str {
        match topic {
            Topic::Specs => &self.specs,
            Topic::Patches => &self.patches,
            Topic::Progress => &self.progress,
            Topic::Verdicts => &self.verdicts,
            Topic::Retry => &self.retry,
            Topic::DeadLetters => &self.dead_letters,
        }
    }

    /// The full name of `topic`: `persistent://tenant/namespace/topic`.
    #[must_use]
    pub fn full_name(&self, topic: Topic) -> String {
        let name = self.name(topic);
        if name.contains("://") { name.to_owned() } else { format!("{}/{name}", self.namespace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_used() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn what_cannot_work_is_refused_by_field() {
        let refused = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.validate().expect_err("it cannot work").field
        };
        assert_eq!(refused(|config| config.url = "http://localhost:8080".into()), "url");
        assert_eq!(refused(|config| config.topics.retry = config.topics.specs.clone()), "topics");
        assert_eq!(refused(|config| config.topics.namespace = "persistent://public".into()), "topics");
        assert_eq!(refused(|config| config.send_timeout_ms = 0), "send_timeout_ms");
        assert_eq!(refused(|config| config.rebuild_pause_min_ms = 20_000), "rebuild_pause_min_ms");
        assert_eq!(refused(|config| config.retry.delays_ms.clear()), "retry.delays_ms");
        assert_eq!(refused(|config| config.message_bytes_max = NonZeroUsize::MIN), "message_bytes_max");
        assert_eq!(refused(|config| config.memory_topic_bytes_max = NonZeroUsize::MIN), "memory_topic_bytes_max");
        assert_eq!(refused(|config| config.init.ttl_seconds = u64::MAX), "init.ttl_seconds");
    }

    #[test]
    fn a_full_name_is_left_as_it_is() {
        let topics = Topics { specs: "persistent://acme/changes/specs".into(), ..Topics::default() };
        assert_eq!(topics.full_name(Topic::Specs), "persistent://acme/changes/specs");
        assert_eq!(topics.full_name(Topic::Retry), "persistent://public/default/reweave-specs-retry");
    }
}
