//! Logs on standard error, one event per line.

use std::{io::IsTerminal as _, sync::Once};

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, fmt::time::SystemTime};

/// Section `telemetry`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    pub format: Format,
    pub filter: Filter,
}

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Human,
    Json,
}

/// Which events are written: a level, or levels per module, as in `info,reweave_gateway=debug`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Filter(String);

impl Default for Filter {
    fn default() -> Self {
        Self("info,pulsar=error".into())
    }
}

impl TryFrom<String> for Filter {
    type Error = tracing_subscriber::filter::ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        EnvFilter::builder().parse(&text).map(|_| Self(text))
    }
}

impl From<Filter> for String {
    fn from(filter: Filter) -> Self {
        filter.0
    }
}

/// Starts logs and metrics for this process. Later calls change nothing: services that share a process share both.
pub fn init(telemetry: &Telemetry) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        start_logs(telemetry);
        crate::metrics::install();
    });
}

fn start_logs(telemetry: &Telemetry) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse_lossy(&telemetry.filter.0))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_timer(SystemTime);
    let started = match telemetry.format {
        Format::Human => subscriber.try_init(),
        Format::Json => subscriber.json().flatten_event(true).try_init(),
    };
    // A test harness may have its own subscriber; it keeps it.
    if let Err(error) = started {
        tracing::debug!(%error, "logs were started before");
    }
}
