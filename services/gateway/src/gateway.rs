//! A gateway from its options to its end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use reweave_chassis::{client, config as layers, service, telemetry::Telemetry};
use reweave_proto::wire::synthesis::synthesis_service_client::SynthesisServiceClient;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{
    bus::{self, Bus, memory::Broker, pulsar::PulsarBus},
    config::{self, GatewayConfig, millis},
    http,
    ledger::{Ledger, OpenError, PostgresOptions, SqliteOptions},
    metrics,
    pipeline::{self, Faults, Parts, Pipeline},
};

/// Largest outcome or progress message that synthesis may send.
const REPLY_BYTES_MAX: usize = 256 << 20;
/// How long sends in flight may take at the end.
const BUS_CLOSE_MAX: Duration = Duration::from_secs(5);

/// The configuration of the binary `reweave-gateway`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    pub telemetry: Telemetry,
    pub gateway: GatewayConfig,
}

/// What a gateway is built from. What is not given is made from the configuration.
#[derive(Clone, Debug)]
pub struct Options {
    pub config: GatewayConfig,
    pub bus: Option<Arc<dyn Bus>>,
    /// A channel to synthesis in the same process.
    pub synthesis: Option<Channel>,
    pub ledger: Option<Arc<dyn Ledger>>,
}

/// A gateway that holds its ledger and its port and does nothing yet.
#[derive(Debug)]
pub struct Gateway {
    pipeline: Pipeline,
    bus: Arc<dyn Bus>,
    router: Router,
    listener: TcpListener,
    bounds: http::Bounds,
    draining: CancellationToken,
}

/// Why a gateway could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("opening the ledger")]
    Ledger { source: OpenError },
    #[error("reaching the bus")]
    Bus { source: bus::Error },
    #[error("reading the address of synthesis")]
    Synthesis { source: client::Error },
    #[error("reading the tokens")]
    Tokens { source: http::TokensError },
    #[error("listening on {address}")]
    Listen { address: String, source: io::Error },
}

/// Why a gateway ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("building the gateway")]
    Build { source: BuildError },
    #[error("seeing messages through")]
    Pipeline { source: pipeline::Error },
}

/// Builds a gateway from the binary's configuration and runs it until `shutdown`.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    let built = shutdown.run_until_cancelled(Options::new(config.gateway).build()).await;
    let Some(gateway) = built else { return Ok(()) };
    gateway.map_err(|source| Error::Build { source })?.run(shutdown).await
}

impl service::Config for Config {
    const DEFAULTS: &'static [&'static str] = &[reweave_chassis::DEFAULTS, config::DEFAULTS];

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn validate(&self) -> Result<(), layers::Error> {
        self.gateway.validate()
    }
}

impl Options {
    /// Everything from the configuration.
    #[must_use]
    pub fn new(config: GatewayConfig) -> Self {
        Self { config, bus: None, synthesis: None, ledger: None }
    }

    /// Opens everything the gateway needs.
    pub async fn build(self) -> Result<Gateway, BuildError> {
        metrics::describe();
        bus::metrics::describe();
        let config = Arc::new(self.config);
        let listener = listen(&config).await?;
        let ledger = match self.ledger {
            Some(ledger) => ledger,
            None => open_ledger(&config).await.map_err(|source| BuildError::Ledger { source })?,
        };
        let synthesis = match self.synthesis {
            Some(channel) => channel,
            None => client::lazy_channel(&config.synthesis.uri, &config.synthesis.client)
                .map_err(|source| BuildError::Synthesis { source })?,
        };
        let bus = match self.bus {
            Some(bus) => bus,
            None => connect(&config.bus).await.map_err(|source| BuildError::Bus { source })?,
        };
        assemble(config, bus, ledger, synthesis, listener)
    }
}

impl Gateway {
    /// Where HTTP is served; the port is the real one.
    pub fn http_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The bus, for whoever shares the process.
    #[must_use]
    pub fn bus(&self) -> Arc<dyn Bus> {
        self.bus.clone()
    }

    /// Works until `shutdown`, or until a message cannot be settled; then drains. HTTP answers until the drain is over.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let stop_http = CancellationToken::new();
        let served = tokio::spawn(http::serve(self.listener, self.router, self.bounds, stop_http.clone()));
        let draining = self.draining.clone();
        let watched = shutdown.clone();
        let announce = tokio::spawn(async move {
            watched.cancelled().await;
            draining.cancel();
        });
        let ended = self.pipeline.run(shutdown).await;
        announce.abort();
        self.draining.cancel();
        stop_http.cancel();
        if let Err(error) = served.await {
            tracing::error!(%error, "the HTTP server ended in a panic");
        }
        if let Err(error) = self.bus.close(BUS_CLOSE_MAX).await {
            tracing::warn!(error = service::chain(&error), "the bus did not close in order");
        }
        ended.map_err(|source| Error::Pipeline { source })
    }
}

fn assemble(
    config: Arc<GatewayConfig>,
    bus: Arc<dyn Bus>,
    ledger: Arc<dyn Ledger>,
    synthesis: Channel,
    listener: TcpListener,
) -> Result<Gateway, BuildError> {
    let pipeline = Pipeline::new(Parts {
        bus: bus.clone(),
        ledger: ledger.clone(),
        synthesis: SynthesisServiceClient::new(synthesis.clone()).max_decoding_message_size(REPLY_BYTES_MAX),
        faults: config.crash_after.map_or_else(Faults::default, |point| Faults::abort(point, config.crash_nth.get())),
        config: config.clone(),
    });
    let draining = CancellationToken::new();
    let router = http::router(http::Parts {
        pipeline: pipeline.clone(),
        bus: bus.clone(),
        ledger,
        synthesis,
        config: config.http.clone(),
        draining: draining.clone(),
    })
    .map_err(|source| BuildError::Tokens { source })?;
    let bounds = http::Bounds {
        connections_max: config.http.requests_max.get() as usize + config.http.streams_max.get() as usize,
        head_max: millis(config.http.request_timeout_ms),
    };
    Ok(Gateway { pipeline, bus, router, listener, bounds, draining })
}

async fn listen(config: &GatewayConfig) -> Result<TcpListener, BuildError> {
    let address = config.http.listen.clone();
    TcpListener::bind(&address).await.map_err(|source| BuildError::Listen { address, source })
}

async fn open_ledger(config: &GatewayConfig) -> Result<Arc<dyn Ledger>, OpenError> {
    if config.ledger.url.is_empty() {
        let ledger = SqliteOptions { path: config.ledger.path.clone() }.open().await?;
        return Ok(Arc::new(ledger));
    }
    let url = config.ledger.url.reveal().to_owned();
    let connections_max = config.ledger.connections_max.get();
    Ok(Arc::new(PostgresOptions { url, connections_max }.open().await?))
}

async fn connect(config: &bus::Config) -> Result<Arc<dyn Bus>, bus::Error> {
    if config.url.is_empty() {
        return Ok(Arc::new(
            Broker::new(config.message_bytes_max.get(), config.memory_topic_bytes_max.get()).connect(),
        ));
    }
    Ok(Arc::new(PulsarBus::connect(config.clone()).await?))
}
