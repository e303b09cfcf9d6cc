//! Structured mode: one JSON object holds the attributes and the data.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use reweave_core::{EvidenceKind, limits};
use serde::Deserialize;
use serde_json::Value;

use super::{JSON, Raw, Unreadable, essence, invalid, too_large};

/// The envelope may be larger than the body it holds: base64 and escapes.
const ENVELOPE_BYTES_MAX: usize = 2 * limits::SPEC_BYTES_MAX;

#[derive(Debug, Deserialize)]
struct Envelope {
    specversion: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    id: Option<String>,
    subject: Option<String>,
    datacontenttype: Option<String>,
    expirytime: Option<String>,
    traceparent: Option<String>,
    data: Option<Value>,
    data_base64: Option<String>,
    /// Extension attributes that mean nothing here, which CloudEvents allows.
    #[serde(flatten)]
    _extensions: BTreeMap<String, Value>,
}

pub(super) fn read(payload: &[u8]) -> Result<Raw, Unreadable> {
    let unreadable = |refusal| Unreadable { key: None, traceparent: None, refusal: Box::new(refusal) };
    if payload.len() > ENVELOPE_BYTES_MAX {
        return Err(unreadable(too_large(payload.len() as u64)));
    }
    let envelope: Envelope = serde_json::from_slice(payload).map_err(|error| {
        let refusal = invalid("the structured event is not the JSON of a CloudEvent", "body");
        unreadable(refusal.with(EvidenceKind::Error, error.to_string()))
    })?;
    let content_type = envelope.datacontenttype.unwrap_or_else(|| JSON.into());
    let body = match (envelope.data, envelope.data_base64) {
        (Some(data), None) => Ok(bytes(data, &content_type)),
        (None, Some(text)) => BASE64.decode(text).map_err(|_| "`data_base64` is not base64"),
        (None, None) => Ok(Vec::new()),
        (Some(_), Some(_)) => Err("`data` and `data_base64` exclude each other"),
    };
    let raw = Raw {
        version: envelope.specversion,
        kind: envelope.kind,
        source: envelope.source,
        id: envelope.id,
        subject: envelope.subject,
        expiry: envelope.expirytime,
        traceparent: envelope.traceparent,
        content_type: Some(content_type),
        body: Vec::new(),
    };
    match body {
        Ok(body) => Ok(Raw { body, ..raw }),
        Err(reason) => Err(Unreadable {
            key: super::key(raw.source, raw.id),
            traceparent: raw.traceparent,
            refusal: Box::new(invalid(reason, "data_base64")),
        }),
    }
}

/// The data as it would stand in a binary-mode body: text of another type is carried as a JSON string.
fn bytes(data: Value, content_type: &str) -> Vec<u8> {
    match data {
        Value::String(text) if !essence(content_type).ends_with("json") => text.into_bytes(),
        other => other.to_string().into_bytes(),
    }
}
