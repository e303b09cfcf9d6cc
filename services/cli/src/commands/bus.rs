//! How the commands that only talk to the broker reach it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use reweave_gateway::bus::{Bus, pulsar::PulsarBus};

use crate::settings::Settings;

/// How long a command waits for a broker that does not answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How long sends in flight may take at the end.
const CLOSE: Duration = Duration::from_secs(5);

/// Which broker.
#[derive(Debug, Args)]
pub(crate) struct Broker {
    /// The broker, as pulsar://HOST:PORT; `gateway.bus.url` of the configuration when absent.
    #[arg(long, value_name = "URL", global = true)]
    pulsar: Option<String>,
}

impl Broker {
    /// A connection to the broker.
    pub(crate) async fn connect(&self, settings: &Settings) -> Result<PulsarBus> {
        let mut config = settings.gateway.bus.clone();
        if let Some(url) = &self.pulsar {
            config.url.clone_from(url);
        }
        if config.url.is_empty() {
            bail!("no broker is named; add --pulsar pulsar://HOST:PORT, or set gateway.bus.url");
        }
        let url = config.url.clone();
        let connecting = tokio::time::timeout(ANSWER, PulsarBus::connect(config)).await;
        let connected = connecting.with_context(|| format!("no broker answered at {url} within {ANSWER:?}"))?;
        connected.with_context(|| format!("connect to {url}"))
    }
}

/// Ends the connection once what was sent is stored.
pub(crate) async fn close(bus: &PulsarBus) -> Result<()> {
    bus.close(CLOSE).await.context("close the connection")
}
