//! The server from outside, over each transport.

use std::{
    future::{Pending, pending},
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use reweave_proto::wire::checks::{DescribeRequest, checks_service_client::ChecksServiceClient};
use tokio::sync::Notify;

use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use super::*;
use crate::{
    client::{self, ClientConfig},
    config::{self, Layers},
    in_process,
};

#[derive(serde::Deserialize)]
struct Root {
    server: ServerConfig,
}

fn settings(overrides: &[&str]) -> ServerConfig {
    let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
    config::load::<Root>(Layers { defaults: vec![crate::DEFAULTS], overrides, ..Layers::default() }).unwrap().server
}

async fn healthy(channel: Channel, service: &str) -> Result<i32, tonic::Code> {
    let request = HealthCheckRequest { service: service.into() };
    let reply = HealthClient::new(channel).check(request).await.map_err(|status| status.code())?;
    Ok(reply.into_inner().status)
}

#[tokio::test]
async fn a_server_is_found_at_the_port_it_took_and_stops_when_told() {
    let bound = Server::new(settings(&[])).bind().await.unwrap();
    let uri = bound.address().to_string();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(stop.clone()));
    let channel = client::channel(&uri, &ClientConfig::default()).await.unwrap();
    assert_eq!(healthy(channel.clone(), "").await, Ok(ServingStatus::Serving as i32));
    assert_eq!(healthy(channel.clone(), "no.such.Service").await, Err(tonic::Code::NotFound));
    drop(channel);
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_unix_socket_is_private_replaced_when_stale_and_removed_at_the_end() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checks.sock");
    // A killed server leaves its file behind: a listener that is dropped does not remove it.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = format!("server.listen=unix:{}", path.display());
    let bound = Server::new(settings(&[&listen])).bind().await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Server::new(settings(&[&listen])).bind().await, Err(Error::Bind { .. })), "it is in use");
    serve_once(bound, &path).await;
    assert!(!path.exists());
}

async fn serve_once(bound: Bound, path: &Path) {
    let uri = bound.address().to_string();
    assert_eq!(uri, format!("unix:{}", path.display()));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(stop.clone()));
    let channel = client::channel(&uri, &ClientConfig::default()).await.unwrap();
    assert_eq!(healthy(channel, "").await, Ok(ServingStatus::Serving as i32));
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_drain_ends_at_its_bound_although_a_stream_is_open() {
    let bound = Server::new(settings(&["server.drain_ms=1"])).bind().await.unwrap();
    let uri = bound.address().to_string();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(stop.clone()));
    let channel = client::channel(&uri, &ClientConfig::default()).await.unwrap();
    let mut watch = HealthClient::new(channel).watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, ServingStatus::Serving as i32);
    stop.cancel();
    serving.await.unwrap().unwrap();
    assert_eq!(watch.message().await.unwrap().unwrap().status, ServingStatus::NotServing as i32);
}

#[tokio::test]
async fn the_same_stubs_work_in_process() {
    let (_health, service) = tonic_health::server::health_reporter();
    let channel = in_process::channel(tonic::service::Routes::new(service));
    assert_eq!(healthy(channel.clone(), "").await, Ok(ServingStatus::Serving as i32));
    assert_eq!(healthy(channel, "").await, Ok(ServingStatus::Serving as i32));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable_after_the_configured_attempts() {
    let config = ClientConfig { connect_attempts: 3, backoff_ms: 1, ..ClientConfig::default() };
    let error = client::channel("unix:nowhere.sock", &config).await.unwrap_err();
    assert_eq!(error.to_string(), "connecting to unix:nowhere.sock: 3 attempts failed");
    assert!(matches!(client::channel("not an address", &config).await, Err(client::Error::Address { .. })));
}

#[test]
fn the_wait_between_attempts_doubles_up_to_its_bound() {
    let config = ClientConfig { backoff_ms: 100, backoff_ms_max: 1_000, ..ClientConfig::default() };
    let waits: Vec<u128> = [1, 2, 3, 4, 5, 80].map(|attempt| client::backoff(&config, attempt).as_millis()).into();
    assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
}

/// Takes requests, says so, and never answers.
#[derive(Clone)]
struct Hanging(Arc<Notify>);

impl NamedService for Hanging {
    const NAME: &'static str = "reweave.checks.v1.ChecksService";
}

impl Service<http::Request<Body>> for Hanging {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        self.0.notify_one();
        pending()
    }
}

#[tokio::test]
async fn a_request_too_many_is_turned_away_at_once() {
    let arrived = Arc::new(Notify::new());
    let server = Server::new(settings(&["server.requests_max=1", "server.drain_ms=0"]));
    let bound = server.service(Hanging(Arc::clone(&arrived))).bind().await.unwrap();
    let uri = bound.address().to_string();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(stop.clone()));
    let channel = client::channel(&uri, &ClientConfig::default()).await.unwrap();
    let mut first = ChecksServiceClient::new(channel.clone());
    let waiting = tokio::spawn(async move { first.describe(DescribeRequest {}).await });
    arrived.notified().await;
    let second = ChecksServiceClient::new(channel).describe(DescribeRequest {}).await;
    assert_eq!(second.unwrap_err().code(), tonic::Code::ResourceExhausted);
    waiting.abort();
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn reflection_lists_the_services_that_are_served() {
    let server = Server::new(settings(&["server.drain_ms=0"]));
    let bound = server.service(Hanging(Arc::default())).bind().await.unwrap();
    let uri = bound.address().to_string();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(stop.clone()));
    let channel = client::channel(&uri, &ClientConfig::default()).await.unwrap();
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let replies = ServerReflectionClient::new(channel).server_reflection_info(tokio_stream::once(request)).await;
    let reply = replies.unwrap().into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = reply.message_response else { panic!("{reply:?}") };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(
        names,
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "reweave.checks.v1.ChecksService"]
    );
    stop.cancel();
    serving.await.unwrap().unwrap();
}
