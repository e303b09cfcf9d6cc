//! The same gRPC stubs between services that share a process: HTTP/2 over memory instead of a socket.

use hyper_util::rt::TokioIo;
use tokio::{io::DuplexStream, sync::mpsc};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{
    service::Routes,
    transport::{Channel, Endpoint, Server, Uri},
};

/// Bytes in flight in each direction of a connection before its writer waits.
const PIPE_BYTES: usize = 256 << 10;
/// Connections that may wait to be accepted.
const BACKLOG: usize = 16;

/// A channel to `routes`. They are served until every clone of the channel is gone. Must be called inside a runtime.
#[must_use]
pub fn channel(routes: Routes) -> Channel {
    let (connect, accept) = mpsc::channel::<DuplexStream>(BACKLOG);
    let incoming = ReceiverStream::new(accept).map(Ok::<_, std::io::Error>);
    let serving = Server::builder().add_routes(routes).serve_with_incoming(incoming);
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the in-process server ended");
        }
    });
    // The address is never resolved: the connector below ignores it.
    Endpoint::from_static("http://in-process").connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
        let connect = connect.clone();
        async move {
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
            connect.send(theirs).await.map_err(|_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?;
            Ok::<_, std::io::Error>(TokioIo::new(ours))
        }
    }))
}
