//! Section `server`, with ranges held by types.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Listen;

/// Section `server`; `default.toml` says what each field means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    pub listen: Listen,
    /// Services apply it to the stubs they hand over: `…Server::new(…).max_decoding_message_size(…)`.
    pub message_bytes_max: Bounded<{ 256 << 20 }>,
    pub requests_max: Bounded<65_536>,
    pub streams_max: Bounded<65_536>,
    pub drain_ms: DrainMs,
    /// For a child of another service of ours: it must not outlive who started it.
    pub exit_with_parent: bool,
}

/// A count from 1 to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Bounded<const MAX: u32>(u32);

/// Milliseconds from 0 to 600000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct DrainMs(u64);

/// A number outside its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{given} is not within {min} to {max}")]
pub struct OutOfRange {
    given: u64,
    min: u64,
    max: u64,
}

impl<const MAX: u32> Bounded<MAX> {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const MAX: u32> TryFrom<u64> for Bounded<MAX> {
    type Error = OutOfRange;

    fn try_from(given: u64) -> Result<Self, OutOfRange> {
        let out_of_range = OutOfRange { given, min: 1, max: MAX.into() };
        let number = u32::try_from(given).map_err(|_| out_of_range)?;
        (1..=MAX).contains(&number).then_some(Self(number)).ok_or(out_of_range)
    }
}

impl<const MAX: u32> From<Bounded<MAX>> for u64 {
    fn from(number: Bounded<MAX>) -> Self {
        number.0.into()
    }
}

impl DrainMs {
    const MAX: u64 = 600_000;

    /// The number of milliseconds.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl TryFrom<u64> for DrainMs {
    type Error = OutOfRange;

    fn try_from(given: u64) -> Result<Self, OutOfRange> {
        (given <= Self::MAX).then_some(Self(given)).ok_or(OutOfRange { given, min: 0, max: Self::MAX })
    }
}

impl From<DrainMs> for u64 {
    fn from(drain: DrainMs) -> Self {
        drain.0
    }
}
