//! gRPC channels to other services.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tonic::transport::{Channel, Endpoint};

/// How a service is reached. Services embed it in their own section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// Longest wait for one connection attempt, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Attempts before a service counts as unavailable, at least 1.
    pub connect_attempts: u32,
    /// Wait after the first failed attempt, in milliseconds; it doubles after each further one.
    pub backoff_ms: u64,
    /// Longest wait between attempts, in milliseconds.
    pub backoff_ms_max: u64,
    /// Silence after which the connection is probed, and again how long an answer may take, in milliseconds.
    pub keep_alive_ms: u64,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 2_000,
            connect_attempts: 6,
            backoff_ms: 100,
            backoff_ms_max: 2_000,
            keep_alive_ms: 20_000,
        }
    }
}

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{uri}` is not a service address: http://HOST:PORT or unix:PATH")]
    Address { uri: String, source: tonic::transport::Error },
    #[error("connecting to {uri}: {attempts} attempts failed")]
    Unavailable { uri: String, attempts: u32, source: tonic::transport::Error },
}

/// Connects to `uri` (`http://HOST:PORT` or `unix:PATH`), with bounded retries. A connection lost later is rebuilt by the
/// channel itself at the next call.
pub async fn channel(uri: &str, config: &ClientConfig) -> Result<Channel, Error> {
    let endpoint = endpoint(uri, config)?;
    let attempts = config.connect_attempts.max(1);
    let mut attempt = 1;
    loop {
        match endpoint.connect().await {
            Ok(channel) => return Ok(channel),
            Err(source) if attempt >= attempts => {
                return Err(Error::Unavailable { uri: uri.to_owned(), attempts, source });
            }
            Err(error) => {
                tracing::debug!(uri, attempt, error = &error as &dyn std::error::Error, "not connected yet");
                tokio::time::sleep(backoff(config, attempt)).await;
                attempt += 1;
            }
        }
    }
}

/// A channel that connects at its first call; for services that may come up later.
pub fn lazy_channel(uri: &str, config: &ClientConfig) -> Result<Channel, Error> {
    Ok(endpoint(uri, config)?.connect_lazy())
}

/// The wait after attempt number `attempt` (from 1): doubling, and never above the configured bound.
#[must_use]
pub fn backoff(config: &ClientConfig, attempt: u32) -> Duration {
    let doubled = 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
    Duration::from_millis(config.backoff_ms.saturating_mul(doubled).min(config.backoff_ms_max))
}

fn endpoint(uri: &str, config: &ClientConfig) -> Result<Endpoint, Error> {
    let keep_alive = Duration::from_millis(config.keep_alive_ms.max(1));
    let endpoint = Endpoint::from_shared(uri.to_owned());
    let endpoint = endpoint.map_err(|source| Error::Address { uri: uri.to_owned(), source })?;
    Ok(endpoint
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        .http2_keep_alive_interval(keep_alive)
        .keep_alive_timeout(keep_alive)
        .keep_alive_while_idle(true))
}
