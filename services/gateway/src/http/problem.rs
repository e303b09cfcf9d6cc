//! Errors as problem documents (RFC 9457), with the closed refusal code where there is one.

use std::time::Duration;

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use reweave_core::{EvidenceKind, Refusal, RefusalCode};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a client that was turned away may come again.
const RETRY_SECONDS: u64 = 1;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(super) struct Problem(Box<Document>);

/// The problem document.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// `about:blank`, or `urn:reweave:refusal:` and the code.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[schema(value_type = u16)]
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    detail: String,
    /// One of the closed set of refusal codes, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Evidence>,
    /// What gets further.
    #[serde(skip_serializing_if = "String::is_empty")]
    next_command: String,
    #[serde(skip)]
    retry: bool,
}

/// One thing that shows the reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Evidence {
    kind: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// 1-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl Problem {
    /// A problem that no refusal code stands for.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("error").into(),
            status,
            detail: detail.into(),
            code: None,
            evidence: Vec::new(),
            next_command: String::new(),
            retry: false,
        }))
    }

    /// The refusal of a request, or of a spec that was asked for.
    pub(super) fn refused(status: StatusCode, refusal: Refusal) -> Self {
        Self(Box::new(Document {
            kind: format!("urn:reweave:refusal:{}", refusal.code),
            code: Some(refusal.code.to_string()),
            next_command: refusal.next_command,
            evidence: refusal.evidence.into_iter().map(Evidence::from).collect(),
            retry: status == StatusCode::SERVICE_UNAVAILABLE,
            ..*Self::new(status, refusal.reason).0
        }))
    }

    pub(super) fn no_spec(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no spec has the id `{}`", id.escape_debug()))
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "send `Authorization: Bearer TOKEN` with a token of this gateway")
    }

    pub(super) fn too_many() -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "more requests per second than this gateway takes");
        problem.0.retry = true;
        problem
    }

    pub(super) fn overloaded() -> Self {
        let refusal = Refusal::new(RefusalCode::ResourceExhausted, "more requests at a time than this gateway takes");
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, refusal.next("send it again"))
    }

    pub(super) fn draining() -> Self {
        let refusal = Refusal::new(RefusalCode::ServiceUnavailable, "this gateway is about to stop");
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, refusal.next("send it again"))
    }

    /// The service behind the door does not answer; the cause is for the logs and the operator.
    pub(super) fn unavailable(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let cause = reweave_chassis::service::chain(error);
        tracing::warn!(error = cause, "{what}");
        let refusal = Refusal::new(RefusalCode::ServiceUnavailable, what).next("send the same request again");
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, refusal.with(EvidenceKind::Error, cause))
    }

    pub(super) fn timed_out(longest: Duration) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, format!("the request took longer than {} ms", longest.as_millis()))
    }
}

/// The status of a request whose spec cannot be read.
pub(super) fn unreadable_spec(refusal: Refusal) -> Problem {
    let status = match refusal.code {
        RefusalCode::SpecTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalCode::SpecForbidden => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    Problem::refused(status, refusal)
}

/// What has no route.
pub(super) async fn no_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "nothing is here; /openapi.json says what is")
}

/// A method that a route does not have.
pub(super) async fn no_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this route has other methods; /openapi.json says which")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.0.status, axum::Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.0.retry {
            headers.insert(RETRY_AFTER, RETRY_SECONDS.into());
        }
        response
    }
}

impl From<reweave_core::Evidence> for Evidence {
    fn from(evidence: reweave_core::Evidence) -> Self {
        Self {
            kind: evidence.kind.as_str(),
            detail: evidence.detail,
            file: evidence.file.map(String::from),
            line: evidence.line,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
