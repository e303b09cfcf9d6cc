//! What came of a spec, as JSON or as the diff alone.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reweave_core::{ItemResult, Outcome, Refusal, SpecId};

use super::{
    Door,
    problem::{self, Problem},
    status::{self, Status},
};

/// What the caller wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Diff,
}

/// Shows the patch of a settled spec.
#[utoipa::path(
    get,
    path = "/v1/patches/{id}",
    params(("id" = String, Path, description = "Spec id: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The outcome event's body, or what `git apply` takes (empty when nothing is to do)",
         content((Object = "application/json"), (String = "text/x-diff"))),
        (status = 202, description = "Not settled yet", body = Status),
        (status = 401, description = "No token", body = problem::Document, content_type = "application/problem+json"),
        (status = 404, description = "No such spec", body = problem::Document, content_type = "application/problem+json"),
        (status = 406, description = "No such form", body = problem::Document, content_type = "application/problem+json"),
        (status = 409, description = "The spec was refused; the code says why", body = problem::Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
    State(door): State<Door>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let spec_id: SpecId = id.parse().map_err(|_| Problem::no_spec(&id))?;
    let form = form(&headers)?;
    let Some(stored) = status::record(&door, spec_id).await?.outcome else {
        let status = status::of(&door, spec_id).await?;
        return Ok((StatusCode::ACCEPTED, Json(status)).into_response());
    };
    let outcome = status::outcome(&stored.body)?.outcome;
    if let Some(refusal) = refusal(&outcome) {
        return Err(Problem::refused(StatusCode::CONFLICT, refusal.clone()));
    }
    Ok(match form {
        Form::Json => ([(header::CONTENT_TYPE, "application/json")], stored.body).into_response(),
        Form::Diff => {
            let diff = outcome.patch().map(|patch| patch.unified_diff.clone()).unwrap_or_default();
            ([(header::CONTENT_TYPE, "text/x-diff; charset=utf-8")], diff).into_response()
        }
    })
}

/// The refusal of an outcome that holds no patch: its own, or of a batch in which every item was refused.
fn refusal(outcome: &Outcome) -> Option<&Refusal> {
    match outcome {
        Outcome::Refusal(refusal) => Some(refusal),
        Outcome::Patch(_) | Outcome::Unchanged(_) => None,
        Outcome::Batch(batch) if batch.combined.is_some() => None,
        Outcome::Batch(batch) => batch.items.iter().find_map(|item| match item {
            ItemResult::Refusal(refusal) => Some(refusal),
            ItemResult::Patch(_) | ItemResult::Unchanged(_) => None,
        }),
    }
}

/// The first form in `Accept` that there is. Weights are not looked at: whoever wants a diff names no JSON before it.
fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let accept = headers.get(header::ACCEPT).map_or(Ok("*/*"), HeaderValue::to_str).unwrap_or_default();
    let form = |range: &str| match crate::event::essence(range) {
        "text/x-diff" | "text/x-patch" | "text/*" | "text/plain" => Some(Form::Diff),
        "application/json" | "application/*" | "*/*" => Some(Form::Json),
        _ => None,
    };
    accept.split(',').find_map(form).ok_or_else(|| {
        Problem::new(StatusCode::NOT_ACCEPTABLE, "a patch is application/json, text/x-diff or text/x-patch")
    })
}
