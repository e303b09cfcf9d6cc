//! The gRPC server every service runs on: its own services plus health and reflection, on TCP or a Unix socket.

mod listen;
mod settings;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    codegen::{Service, http},
    server::NamedService,
    service::RoutesBuilder,
    transport::{self, server::TcpIncoming},
};
use tonic_health::{ServingStatus, pb::FILE_DESCRIPTOR_SET as HEALTH_DESCRIPTORS, server::HealthReporter};
use tonic_reflection::server::Builder as Reflection;

use listen::Listener;
pub use listen::{Address, Listen};
pub use settings::{Bounded, DrainMs, OutOfRange, ServerConfig};

/// A server in the making: add services, then [`Server::bind`].
#[derive(Debug)]
pub struct Server {
    config: ServerConfig,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
}

/// A server that holds its address and serves nobody yet.
#[derive(Debug)]
pub struct Bound {
    server: Server,
    health: HealthReporter,
    listener: Listener,
    address: Address,
}

/// Why a server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("listening on {listen}")]
    Bind { listen: Listen, source: std::io::Error },
    #[error("reading the descriptors for reflection")]
    Reflection(#[source] tonic_reflection::server::Error),
    #[error("serving gRPC")]
    Serve(#[source] transport::Error),
}

impl Server {
    /// A server without services.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self { config, routes: RoutesBuilder::default(), names: Vec::new() }
    }

    /// Adds a service. Its health is reported as serving from the start until the drain.
    #[must_use]
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Takes the address; connections made from now on wait until [`Bound::serve`].
    pub async fn bind(mut self) -> Result<Bound, Error> {
        let (health, service) = tonic_health::server::health_reporter();
        for name in &self.names {
            health.set_service_status(name, ServingStatus::Serving).await;
        }
        self.routes.add_service(service);
        self.routes.add_service(self.reflection().build_v1().map_err(Error::Reflection)?);
        let listen = self.config.listen.clone();
        match Listener::bind(&listen).await {
            Ok((listener, address)) => Ok(Bound { server: self, health, listener, address }),
            Err(source) => Err(Error::Bind { listen, source }),
        }
    }

    fn reflection(&self) -> Reflection<'static> {
        let all = Reflection::configure()
            .register_encoded_file_descriptor_set(reweave_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(HEALTH_DESCRIPTORS)
            .with_service_name("grpc.health.v1.Health")
            .with_service_name("grpc.reflection.v1.ServerReflection");
        self.names.iter().fold(all, |reflection, name| reflection.with_service_name(*name))
    }
}

impl Bound {
    /// Where it can be reached; the port is the real one.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Serves until `shutdown`; then reports not serving, takes no new request, and gives running ones the drain time.
    pub async fn serve(self, shutdown: CancellationToken) -> Result<(), Error> {
        let config = self.server.config;
        if config.exit_with_parent {
            tokio::spawn(crate::shutdown::with_parent(shutdown.clone()));
        }
        let router = transport::Server::builder()
            .load_shed(true)
            .concurrency_limit_per_connection(config.requests_max.get() as usize)
            .max_concurrent_streams(config.streams_max.get())
            .add_routes(self.server.routes.routes());
        let draining = shutdown.clone();
        let drain = async move {
            draining.cancelled().await;
            for name in self.server.names.iter().chain(&[""]) {
                self.health.set_service_status(name, ServingStatus::NotServing).await;
            }
        };
        tracing::info!(address = %self.address, "serving gRPC");
        let serving = async {
            match self.listener {
                Listener::Tcp(listener) => {
                    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
                    router.serve_with_incoming_shutdown(incoming, drain).await
                }
                Listener::Unix(socket) => {
                    let (listener, _file) = socket.into_parts();
                    router.serve_with_incoming_shutdown(UnixListenerStream::new(listener), drain).await
                }
            }
        };
        tokio::select! {
            served = serving => served.map_err(Error::Serve),
            () = overdue(&shutdown, config.drain_ms) => {
                tracing::warn!(drain_ms = config.drain_ms.get(), "requests still ran at the end of the drain");
                Ok(())
            }
        }
    }
}

async fn overdue(shutdown: &CancellationToken, drain: DrainMs) {
    shutdown.cancelled().await;
    tokio::time::sleep(drain.duration()).await;
}
