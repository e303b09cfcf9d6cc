//! Section `gateway`, with ranges held by types. `default.toml` says what each field means.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use reweave_chassis::{
    client::ClientConfig,
    config::Secret,
    server::{Bounded, DrainMs},
};
use serde::{Deserialize, Serialize};

use crate::{bus, pipeline::CrashPoint};

/// The commented defaults of the section.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// Longest times a field may ask for, in milliseconds.
const HOUR_MS: u32 = 3_600_000;
const DAY_MS: u32 = 86_400_000;

/// Section `gateway`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    pub source: String,
    pub in_flight_max: Bounded<4096>,
    pub workers_max: Bounded<1024>,
    pub attempts_max: Bounded<16>,
    pub retries_max: Bounded<64>,
    pub lease_ms: Bounded<HOUR_MS>,
    pub work_ms_max: Bounded<DAY_MS>,
    pub write_attempts_max: Bounded<1000>,
    pub grace_ms: DrainMs,
    pub crash_after: Option<CrashPoint>,
    pub crash_nth: Bounded<1_000_000>,
    pub ledger: LedgerConfig,
    pub synthesis: SynthesisConfig,
    pub http: HttpConfig,
    pub bus: bus::Config,
}

/// Section `gateway.ledger`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    pub path: PathBuf,
    pub url: Secret,
    pub connections_max: Bounded<1024>,
    pub retention_hours: Bounded<87_600>,
    pub prune_rows_max: Bounded<100_000>,
    pub prune_interval_ms: Bounded<DAY_MS>,
}

/// Section `gateway.synthesis`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthesisConfig {
    pub uri: String,
    #[serde(default)]
    pub client: ClientConfig,
}

/// Section `gateway.http`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// `HOST:PORT`.
    pub listen: String,
    pub tokens_file: Option<PathBuf>,
    pub body_bytes_max: Bounded<{ 64 << 20 }>,
    pub requests_max: Bounded<65_536>,
    pub request_timeout_ms: Bounded<HOUR_MS>,
    pub rate_per_second: Bounded<1_000_000>,
    pub rate_burst: Bounded<1_000_000>,
    pub streams_max: Bounded<65_536>,
    pub stream_poll_ms: Bounded<HOUR_MS>,
}

impl LedgerConfig {
    /// What was settled before this time may be forgotten.
    #[must_use]
    pub fn retained_since(&self, now: SystemTime) -> SystemTime {
        let age = Duration::from_secs(u64::from(self.retention_hours.get()) * 3600);
        now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A count of milliseconds as a duration.
#[must_use]
pub fn millis<const MAX: u32>(count: Bounded<MAX>) -> Duration {
    Duration::from_millis(count.get().into())
}

impl GatewayConfig {
    /// Rules that need more than one field.
    pub fn validate(&self) -> Result<(), reweave_chassis::config::Error> {
        let invalid = |field: &str, reason: &str| Err(reweave_chassis::config::Error::invalid(field, reason));
        if self.source.is_empty() || self.source.starts_with(crate::event::RESERVED_SOURCE) {
            return invalid("gateway.source", "must not be empty, nor the source reserved for message ids");
        }
        if self.workers_max.get() > self.in_flight_max.get() {
            return invalid("gateway.workers_max", "must not exceed gateway.in_flight_max");
        }
        let refused = |bus::config::Invalid { field, reason }| {
            reweave_chassis::config::Error::invalid(format!("gateway.bus.{field}"), reason)
        };
        self.bus.validate().map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use reweave_chassis::config::{Layers, load};

    use super::*;
    use crate::gateway::Config;

    fn with(overrides: &[&str]) -> Result<Config, String> {
        let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
        let defaults = vec![reweave_chassis::DEFAULTS, DEFAULTS];
        let config: Config =
            load(Layers { defaults, overrides, ..Layers::default() }).map_err(|error| error.to_string())?;
        config.gateway.validate().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_written_defaults_of_the_bus_are_those_of_the_code() {
        assert_eq!(with(&[]).unwrap().gateway.bus, bus::Config::default());
        let client = with(&[]).unwrap().gateway.synthesis.client;
        assert_eq!(client, ClientConfig::default());
    }

    #[test]
    fn every_field_stands_in_the_reference_below_a_comment() {
        let dumped = reweave_chassis::config::dump(&with(&[]).unwrap()).unwrap();
        let gateway = dumped.split_once("[gateway]").unwrap().1;
        for field in gateway.lines().filter_map(|line| Some(line.split_once(" = ")?.0)) {
            let written = |line: &&str| line.trim_start_matches("# ").starts_with(&format!("{field} = "));
            assert!(DEFAULTS.lines().any(|line| written(&line)), "{field}");
        }
        let fields = DEFAULTS.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
        for field in fields {
            let before = DEFAULTS.split_once(field).unwrap().0;
            let commented =
                before.trim_end().lines().last().is_some_and(|line| line.starts_with('#') || line.contains(" = "));
            assert!(commented, "{field}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_field() {
        for (setting, field) in [
            ("gateway.workers_max=65", "gateway.workers_max"),
            ("gateway.in_flight_max=0", "gateway.in_flight_max"),
            ("gateway.source=urn:reweave:message", "gateway.source"),
            ("gateway.bus.message_bytes_max=1000", "gateway.bus.message_bytes_max"),
            ("gateway.crash_after=lunch", "gateway.crash_after"),
            ("gateway.wish=1", "gateway"),
        ] {
            let refused = with(&[setting]).unwrap_err();
            assert!(refused.contains(field), "{setting}: {refused}");
        }
    }
}
