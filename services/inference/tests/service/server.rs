//! The service on a server of its own, over a socket.

use reweave_chassis::{
    client::{ClientConfig, lazy_channel},
    config::{self, Layers},
    model::{Error, Model as Client, Timeouts},
    server::{Address, ServerConfig},
};
use reweave_decode::{protocol::FaultCode, scripted::Scripted};
use reweave_inference::{Config, LOADING, Loaded, serve};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::pod::{ask, canvas, code, open, step};

#[derive(serde::Deserialize)]
struct Root {
    server: ServerConfig,
}

struct Running {
    _folder: tempfile::TempDir,
    channel: Channel,
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), reweave_inference::Error>>,
}

/// Serves on a Unix socket with messages of at most 4 KiB.
fn start(loaded: Loaded) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let overrides = vec![format!("server.listen=unix:{}", path.display()), "server.message_bytes_max=4096".into()];
    let layers = Layers { defaults: vec![reweave_chassis::DEFAULTS], overrides, ..Layers::default() };
    let config = config::load::<Root>(layers).unwrap().server;
    let shutdown = CancellationToken::new();
    let ended = tokio::spawn(serve(Config::default(), config, move |_| loaded, shutdown.clone()));
    let channel = lazy_channel(&Address::Unix(path).to_string(), &ClientConfig::default()).unwrap();
    Running { _folder: folder, channel, shutdown, ended }
}

/// Asks until somebody answers: the socket comes up, and the model is loaded, while this runs.
async fn healthy(running: &Running) -> Client {
    let client = Client::new(running.channel.clone(), Timeouts::default());
    for _ in 0..100_000 {
        match client.describe().await {
            Ok(served) if served.model.as_ref().is_err_and(|reason| reason.starts_with(LOADING)) => {}
            Ok(_) => {
                let service = "reweave.inference.v1.InferenceService".to_owned();
                let asked = HealthClient::new(running.channel.clone()).check(HealthCheckRequest { service }).await;
                assert_eq!(asked.unwrap().into_inner().status, ServingStatus::Serving as i32);
                return client;
            }
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
    panic!("the service never came up");
}

#[tokio::test]
async fn a_service_without_weights_is_healthy_and_stops_when_it_is_told() {
    let running = start(Loaded::nothing("no weights are mounted"));
    let client = healthy(&running).await;
    assert_eq!(client.describe().await.unwrap().model.unwrap_err(), "no weights are mounted");
    assert_eq!(code(client.session().await), FaultCode::NoModel);
    running.shutdown.cancel();
    running.ended.await.unwrap().unwrap();
    assert!(client.describe().await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_message_above_the_servers_bound_is_rejected_and_the_connection_serves_on() {
    let running = start(Loaded::scripted(Scripted::new(1)));
    let client = healthy(&running).await;
    let mut session = client.session().await.unwrap();
    let large = session.step(step(1, vec![open(0, canvas(&"x".repeat(5_000), 1, ""))], vec![])).await.unwrap_err();
    assert!(matches!(large, Error::Rejected { .. }), "{large:?}");
    let mut next = client.session().await.unwrap();
    let opened = vec![open(0, canvas("ab", 2, ";"))];
    assert!(next.step(step(1, opened, vec![ask(0, &[2])])).await.unwrap().answers[0].predictions.is_ok());
}

#[tokio::test]
async fn a_session_of_a_service_that_stops_is_lost_and_says_so() {
    let running = start(Loaded::scripted(Scripted::new(1)));
    let client = healthy(&running).await;
    let mut session = client.session().await.unwrap();
    session.step(step(1, vec![], vec![])).await.unwrap();
    running.shutdown.cancel();
    // Long before the drain time is over: nobody waits for a caller who has nothing under way.
    tokio::time::timeout(std::time::Duration::from_secs(8), running.ended).await.unwrap().unwrap().unwrap();
    let lost = session.step(step(2, vec![], vec![])).await.unwrap_err();
    assert!(lost.is_unavailable(), "{lost:?}");
}
