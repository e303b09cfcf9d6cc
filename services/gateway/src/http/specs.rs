//! Taking specs in, and cancelling them.

use std::time::SystemTime;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use reweave_core::{EvidenceKind, Refusal, RefusalCode, Sha256, SpecId, limits};
use reweave_proto::document;

use super::{
    Door,
    problem::{self, Problem, unreadable_spec},
    status::{self, Status},
};
use crate::{
    event::{Key, RESERVED_SOURCE, essence},
    ledger::{Acceptance, Accepted},
};

/// The source of specs whose sender names none.
const SOURCE: &str = "urn:reweave:http";
/// Longest `ce-source` or `ce-id`, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// Takes a spec: kept in the ledger and stored on the bus when the answer comes.
///
/// The same `ce-source`, `ce-id` and body again are answered alike and change nothing.
#[utoipa::path(
    post,
    path = "/v1/specs",
    params(
        ("ce-id" = Option<String>, Header, description = "CloudEvents id; a random one when absent"),
        ("ce-source" = Option<String>, Header, description = "CloudEvents source; `urn:reweave:http` when absent"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context, passed on to the outcome"),
    ),
    request_body(
        description = "A spec: docs/schema of `reweave.spec.v1.Spec`",
        content((Object = "application/json"), (String = "application/yaml"), (String = "application/protobuf")),
    ),
    responses(
        (status = 202, description = "Accepted; `Location` is where its status is", body = Status),
        (status = 400, description = "The spec cannot be read", body = problem::Document, content_type = "application/problem+json"),
        (status = 401, description = "No token", body = problem::Document, content_type = "application/problem+json"),
        (status = 403, description = "The spec asks for what only a local command may", body = problem::Document, content_type = "application/problem+json"),
        (status = 408, description = "The request took too long", body = problem::Document, content_type = "application/problem+json"),
        (status = 409, description = "The same key came with another body", body = problem::Document, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = problem::Document, content_type = "application/problem+json"),
        (status = 415, description = "Not a type that a spec has", body = problem::Document, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests per second", body = problem::Document, content_type = "application/problem+json"),
        (status = 503, description = "The bus or the ledger does not answer; send it again", body = problem::Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn submit(State(door): State<Door>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    if door.draining().is_cancelled() {
        return Err(Problem::draining());
    }
    let content_type = content_type(&headers)?;
    let key = key(&headers)?;
    let body = read(&door, &headers, body).await?;
    document::decode_spec(Some(&content_type), &body).map_err(unreadable_spec)?;
    let traceparent = header_text(&headers, "traceparent")?;
    let spec_id = key.spec_id();
    let accepted = Accepted { source: key.source, event_id: key.id, content_type, body, traceparent };
    accept(&door, accepted).await?;
    let status = status::of(&door, spec_id).await?;
    let location = [(header::LOCATION, format!("/v1/specs/{spec_id}"))];
    Ok((StatusCode::ACCEPTED, location, Json(status)).into_response())
}

/// Settles a spec as cancelled, unless it is settled.
#[utoipa::path(
    delete,
    path = "/v1/specs/{id}",
    params(("id" = String, Path, description = "Spec id: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "Cancelled, now or before", body = Status),
        (status = 401, description = "No token", body = problem::Document, content_type = "application/problem+json"),
        (status = 404, description = "No such spec", body = problem::Document, content_type = "application/problem+json"),
        (status = 409, description = "It has another outcome", body = problem::Document, content_type = "application/problem+json"),
        (status = 503, description = "The bus or the ledger does not answer", body = problem::Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn cancel(State(door): State<Door>, Path(id): Path<String>) -> Result<Json<Status>, Problem> {
    let spec_id: SpecId = id.parse().map_err(|_| Problem::no_spec(&id))?;
    status::record(&door, spec_id).await?;
    let cancelled = door.pipeline().cancel(spec_id).await;
    let stored = cancelled.map_err(|error| Problem::unavailable("the spec was not cancelled", &error))?;
    let outcome = status::outcome(&stored.body)?;
    match outcome.outcome {
        reweave_core::Outcome::Refusal(refusal) if refusal.code == RefusalCode::Cancelled => {
            status::of(&door, spec_id).await.map(Json)
        }
        _ => Err(Problem::new(StatusCode::CONFLICT, "the spec was settled before")),
    }
}

/// The spec is in the ledger and on the bus when this returns.
async fn accept(door: &Door, accepted: Accepted) -> Result<(), Problem> {
    let now = SystemTime::now();
    let acceptance = door.ledger().accept(accepted.clone(), now).await;
    match acceptance.map_err(|error| Problem::unavailable("the ledger does not answer", &error))? {
        Acceptance::Known => Ok(()),
        Acceptance::OtherBody { first } => Err(reused(first, Sha256::of(&accepted.body))),
        Acceptance::Enqueue => {
            let enqueued = door.pipeline().enqueue(accepted).await;
            enqueued.map_err(|error| Problem::unavailable("the bus does not answer; the spec is kept", &error))
        }
    }
}

fn reused(first: Sha256, now: Sha256) -> Problem {
    let refusal = Refusal::new(RefusalCode::EventIdReused, "the same source and id came before with another body")
        .with(EvidenceKind::Symbol, format!("first body has SHA-256 {first}"))
        .with(EvidenceKind::Symbol, format!("this body has SHA-256 {now}"))
        .next("send it again with another ce-id");
    Problem::refused(StatusCode::CONFLICT, refusal)
}

fn content_type(headers: &HeaderMap) -> Result<String, Problem> {
    let given = header_text(headers, "content-type")?.unwrap_or_else(|| "application/json".into());
    match essence(&given).to_ascii_lowercase().as_str() {
        "application/json"
        | "application/yaml"
        | "application/x-yaml"
        | "text/yaml"
        | "application/protobuf"
        | "application/x-protobuf" => Ok(given),
        other => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "a spec is application/json, application/yaml or application/protobuf, not `{}`",
                other.escape_debug()
            ),
        )),
    }
}

fn key(headers: &HeaderMap) -> Result<Key, Problem> {
    let source = header_text(headers, "ce-source")?.unwrap_or_else(|| SOURCE.into());
    let id = header_text(headers, "ce-id")?.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
    for (name, value) in [("ce-source", &source), ("ce-id", &id)] {
        if value.is_empty() || value.len() > KEY_BYTES_MAX {
            let detail = format!("`{name}` is 1 to {KEY_BYTES_MAX} bytes, not {}", value.len());
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
    }
    if source == RESERVED_SOURCE {
        return Err(Problem::new(StatusCode::BAD_REQUEST, format!("`{RESERVED_SOURCE}` is reserved")));
    }
    Ok(Key { source, id })
}

fn header_text(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value
        .to_str()
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, format!("the header `{name}` is not printable ASCII")))?;
    Ok(Some(text.to_owned()))
}

/// The whole body, never more than the limit; what says at once that it is larger is not read.
async fn read(door: &Door, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let limit = (door.config().body_bytes_max.get() as usize).min(limits::SPEC_BYTES_MAX);
    let too_large = || {
        let refusal = Refusal::new(RefusalCode::SpecTooLarge, "the request body is too large");
        unreadable_spec(refusal.with(EvidenceKind::Limit, format!("{limit} bytes")))
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    match to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error)
            if std::error::Error::source(&error)
                .is_some_and(|source| source.is::<http_body_util::LengthLimitError>()) =>
        {
            Err(too_large())
        }
        Err(error) => Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body ended early: {error}"))),
    }
}
