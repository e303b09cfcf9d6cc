//! The service on a server of its own.

use reweave_chassis::server::{self, Server, ServerConfig};
use tokio_util::sync::CancellationToken;

use super::Inference;
use crate::{Config, Loaded, Progress};

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("starting the device's thread")]
    Thread(#[source] std::io::Error),
    #[error("serving inference")]
    Server(#[from] server::Error),
}

/// Serves until `shutdown`. `load` is called on the thread that owns the device; until it returns, and after it gave no
/// model, the service is healthy and says what is missing.
pub async fn serve(
    config: Config,
    server: ServerConfig,
    load: impl FnOnce(&Progress) -> Loaded + Send + 'static,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let message_bytes_max = server.message_bytes_max.get() as usize;
    let inference = Inference::start(config, load).map_err(Error::Thread)?;
    let bound = Server::new(server).service(inference.server(message_bytes_max)).bind().await?;
    let (draining, stopped) = (inference.clone(), shutdown.clone());
    let drain = tokio::spawn(async move {
        stopped.cancelled().await;
        draining.drain();
    });
    let served = bound.serve(shutdown).await;
    drain.abort();
    inference.close().await;
    Ok(served?)
}
