//! How far a spec is: once as JSON, or followed as server-sent events.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::ACCEPT},
    response::{IntoResponse, Response},
};
use prost_types::Timestamp;
use reweave_core::{OutcomeEvent, SpecId};
use reweave_proto::document;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Door, events,
    problem::{self, Problem},
};
use crate::ledger::Record;

/// How far a spec is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// Digest of the spec's source and id.
    pub(super) spec_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    pub(super) state: SpecState,
    /// When it was first seen (RFC 3339).
    created: String,
    /// The last step forward, where the work runs in the replica that answers.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Value>,
    /// The outcome event's body, once settled.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Value>,
}

/// The states of a spec, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SpecState {
    /// Known, and waiting.
    Queued,
    /// A replica has it in hand.
    Working,
    /// It has its outcome.
    Settled,
}

/// Shows a spec's status; with `Accept: text/event-stream`, follows its progress until the outcome.
#[utoipa::path(
    get,
    path = "/v1/specs/{id}",
    params(("id" = String, Path, description = "Spec id: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The status, or a stream of `progress` events that ends with one `outcome`",
         content((Status = "application/json"), (String = "text/event-stream"))),
        (status = 401, description = "No token", body = problem::Document, content_type = "application/problem+json"),
        (status = 404, description = "No such spec", body = problem::Document, content_type = "application/problem+json"),
        (status = 503, description = "Too many streams, or the ledger does not answer", body = problem::Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
    State(door): State<Door>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let spec_id: SpecId = id.parse().map_err(|_| Problem::no_spec(&id))?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/event-stream") {
        record(&door, spec_id).await?;
        return events::follow(door, spec_id);
    }
    of(&door, spec_id).await.map(|status| Json(status).into_response())
}

/// The status of a spec that must be there.
pub(super) async fn of(door: &Door, spec_id: SpecId) -> Result<Status, Problem> {
    let record = record(door, spec_id).await?;
    let latest = door.pipeline().board().latest(spec_id);
    let state = match (&record.outcome, &record.lease) {
        (Some(_), _) => SpecState::Settled,
        (None, Some(_)) => SpecState::Working,
        (None, None) => SpecState::Queued,
    };
    Ok(Status {
        spec_id: spec_id.to_string(),
        source: record.source,
        id: record.event_id,
        state,
        created: Timestamp::from(record.created).to_string(),
        progress: latest.map(|progress| document::progress_json(spec_id, &progress)),
        outcome: record.outcome.and_then(|stored| serde_json::from_slice(&stored.body).ok()),
    })
}

/// The ledger's record of a spec that must be there.
pub(super) async fn record(door: &Door, spec_id: SpecId) -> Result<Record, Problem> {
    let found = door.ledger().find(spec_id).await;
    found
        .map_err(|error| Problem::unavailable("the ledger does not answer", &error))?
        .ok_or_else(|| Problem::no_spec(&spec_id.to_string()))
}

/// A stored outcome, read back.
pub(super) fn outcome(body: &[u8]) -> Result<OutcomeEvent, Problem> {
    document::read_outcome(body).map_err(|error| {
        tracing::error!(%error, "an outcome in the ledger cannot be read");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the stored outcome cannot be read")
    })
}
