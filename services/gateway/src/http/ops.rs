//! What an operator and the cluster ask: alive, ready, metrics, description.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use reweave_chassis::service::chain;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use utoipa::OpenApi as _;

use super::{Door, openapi::Document};
use crate::bus::Health;

/// Longest wait for one part's answer.
const PART_MAX: Duration = Duration::from_secs(2);

/// Says that the process runs.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "Alive", body = String)))]
pub(super) async fn healthz() -> &'static str {
    "alive\n"
}

/// Says whether every part answers: bus, ledger, synthesis.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "Ready; `ok` for each part", body = BTreeMap<String, String>),
        (status = 503, description = "Not ready; what is wrong for each part", body = BTreeMap<String, String>),
    ),
)]
pub(super) async fn readyz(State(door): State<Door>) -> Response {
    let (ledger, synthesis) = tokio::join!(ledger(&door), synthesis(&door));
    let mut parts = BTreeMap::from([("bus", bus(&door)), ("ledger", ledger), ("synthesis", synthesis)]);
    if door.draining().is_cancelled() {
        parts.insert("gateway", Err("draining".into()));
    }
    let ready = parts.values().all(Result::is_ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said: BTreeMap<_, _> =
        parts.into_iter().map(|(part, answer)| (part, answer.err().unwrap_or_else(|| "ok".into()))).collect();
    (status, Json(said)).into_response()
}

/// All metrics of this process in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "Prometheus text", body = String)))]
pub(super) async fn metrics() -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], reweave_chassis::metrics::render()).into_response()
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI", body = Object)))]
pub(super) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

fn bus(door: &Door) -> Result<(), String> {
    match door.0.parts.bus.health() {
        Health::Up => Ok(()),
        Health::Down(reason) => Err(reason),
        Health::Closed => Err("closed".into()),
    }
}

async fn ledger(door: &Door) -> Result<(), String> {
    let answer = tokio::time::timeout(PART_MAX, door.ledger().ping()).await.map_err(|_| "no answer".to_owned())?;
    answer.map_err(|error| chain(&error))
}

async fn synthesis(door: &Door) -> Result<(), String> {
    let mut client = HealthClient::new(door.0.parts.synthesis.clone());
    let asked = client.check(HealthCheckRequest::default());
    match tokio::time::timeout(PART_MAX, asked).await.map_err(|_| "no answer".to_owned())? {
        Ok(answer) if answer.get_ref().status() == ServingStatus::Serving => Ok(()),
        Ok(_) => Err("not serving".into()),
        // It answers, but has no health service: it runs in this process.
        Err(status) if status.code() == tonic::Code::Unimplemented => Ok(()),
        Err(status) => Err(status.message().to_owned()),
    }
}
