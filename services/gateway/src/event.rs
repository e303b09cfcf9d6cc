//! Events on the bus: CloudEvents 1.0, binary mode in message properties (`ce_id`, `ce_type`, …) or structured JSON.
//!
//! There is no official binding of CloudEvents to Pulsar; this one is modelled on Kafka's. [`read`] never fails without
//! saying under which key the refusal is to be stored, so that every event gets an outcome.

mod structured;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::SystemTime};

use prost_types::Timestamp;
use reweave_core::{EvidenceKind, Refusal, RefusalCode, SpecId, limits};
use serde::Deserialize;

use crate::bus::{Delivery, Outgoing};
use property::{CONTENT_TYPE, TRACEPARENT};

/// A spec to work on.
pub const SPEC_TYPE: &str = "dev.reweave.spec.v1";
/// A spec to stop; its subject is the spec id, or its data names it.
pub const CANCEL_TYPE: &str = "dev.reweave.cancel.v1";
/// What came of a spec.
pub const OUTCOME_TYPE: &str = "dev.reweave.outcome.v1";
/// A step forward in the work on a spec.
pub const PROGRESS_TYPE: &str = "dev.reweave.progress.v1";
/// The source under which messages without a usable `(source, id)` are keyed; no event may use it.
pub const RESERVED_SOURCE: &str = "urn:reweave:message";

/// Content type of JSON bodies.
pub const JSON: &str = "application/json";
/// Content type of an event in structured mode.
pub const STRUCTURED: &str = "application/cloudevents+json";

/// Message properties of an event in binary mode.
pub mod property {
    pub const VERSION: &str = "ce_specversion";
    pub const ID: &str = "ce_id";
    pub const SOURCE: &str = "ce_source";
    pub const TYPE: &str = "ce_type";
    pub const SUBJECT: &str = "ce_subject";
    pub const TIME: &str = "ce_time";
    /// RFC 3339; past it the event is refused unread.
    pub const EXPIRY: &str = "ce_expirytime";
    /// The id of the event that this one repeats.
    pub const REPLAY_OF: &str = "ce_replayof";
    pub const CONTENT_TYPE: &str = "content-type";
    pub const TRACEPARENT: &str = "traceparent";
}

/// Longest `source` or `id`, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// An event that this version knows what to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub key: Option<Key>,
    pub kind: Kind,
    /// Past this time the sender does not care any more.
    pub expiry: Option<SystemTime>,
    pub traceparent: Option<String>,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Spec,
    Cancel(SpecId),
}

/// The CloudEvents `source` and `id`, which together name an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub source: String,
    pub id: String,
}

/// An event that cannot be used, with what is needed to say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub key: Option<Key>,
    pub traceparent: Option<String>,
    pub refusal: Box<Refusal>,
}

/// The attributes of an event that the gateway publishes.
#[derive(Clone, Debug)]
pub struct Attributes {
    pub id: String,
    pub source: String,
    pub kind: &'static str,
    pub subject: String,
    pub time: SystemTime,
    pub traceparent: Option<String>,
}

impl Key {
    /// The id of the spec with this key.
    #[must_use]
    pub fn spec_id(&self) -> SpecId {
        SpecId::of(&self.source, &self.id)
    }

    /// The key of a message that has no usable one of its own; `message` is its original id and batch index.
    #[must_use]
    pub fn of_message(message: &str) -> Self {
        Self { source: RESERVED_SOURCE.into(), id: message.into() }
    }
}

impl Attributes {
    /// The event in binary mode with a JSON body, keyed by its subject.
    #[must_use]
    pub fn outgoing(self, body: Vec<u8>) -> Outgoing {
        let mut properties = BTreeMap::from(
            [
                (property::VERSION, "1.0".to_owned()),
                (property::ID, self.id),
                (property::SOURCE, self.source),
                (property::TYPE, self.kind.to_owned()),
                (property::SUBJECT, self.subject.clone()),
                (property::TIME, Timestamp::from(self.time).to_string()),
                (CONTENT_TYPE, JSON.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        properties.extend(self.traceparent.map(|value| (TRACEPARENT.to_owned(), value)));
        Outgoing { key: Some(self.subject), properties, payload: body, deliver_after: None }
    }
}

/// A spec event in binary mode, as the HTTP door puts it on the bus.
#[must_use]
pub fn spec(key: &Key, content_type: &str, traceparent: Option<&str>, body: Vec<u8>) -> Outgoing {
    let id = key.spec_id().to_string();
    let attributes = Attributes {
        id: key.id.clone(),
        source: key.source.clone(),
        kind: SPEC_TYPE,
        subject: id.clone(),
        time: SystemTime::now(),
        traceparent: traceparent.map(str::to_owned),
    };
    let mut message = attributes.outgoing(body);
    message.properties.insert(CONTENT_TYPE.into(), content_type.to_owned());
    message
}

/// Reads the event in `delivery`, in either mode.
pub fn read(delivery: &Delivery) -> Result<Event, Unreadable> {
    if let Some(chunk) = &delivery.chunk {
        return Err(Unreadable {
            key: key_in_properties(delivery),
            traceparent: delivery.properties.get(TRACEPARENT).cloned(),
            refusal: Box::new(
                too_large(chunk.bytes_total)
                    .next("name a workspace that the operator knows, or send fewer files in the spec"),
            ),
        });
    }
    let raw = match delivery.properties.get(CONTENT_TYPE).map(|value| essence(value)) {
        Some(STRUCTURED) => structured::read(&delivery.payload)?,
        _ => Raw::binary(delivery),
    };
    raw.checked()
}

/// The key in the message's properties, which can be had without a look at the body.
#[must_use]
pub fn key_in_properties(delivery: &Delivery) -> Option<Key> {
    let text = |name| delivery.properties.get(name).cloned();
    key(text(property::SOURCE), text(property::ID))
}

/// Attributes and body of either mode, not yet checked.
#[derive(Clone, Debug, Default)]
struct Raw {
    version: Option<String>,
    kind: Option<String>,
    source: Option<String>,
    id: Option<String>,
    subject: Option<String>,
    expiry: Option<String>,
    traceparent: Option<String>,
    content_type: Option<String>,
    body: Vec<u8>,
}

impl Raw {
    fn binary(delivery: &Delivery) -> Self {
        let text = |name| delivery.properties.get(name).cloned();
        Self {
            version: text(property::VERSION),
            kind: text(property::TYPE),
            source: text(property::SOURCE),
            id: text(property::ID),
            subject: text(property::SUBJECT),
            expiry: text(property::EXPIRY),
            traceparent: text(TRACEPARENT).or_else(|| text("ce_traceparent")),
            content_type: text(CONTENT_TYPE),
            body: delivery.payload.clone(),
        }
    }

    fn checked(self) -> Result<Event, Unreadable> {
        let reserved = self.source.as_deref() == Some(RESERVED_SOURCE);
        let key = key(self.source.clone(), self.id.clone());
        let traceparent = self.traceparent.clone();
        let unreadable =
            |refusal| Unreadable { key: key.clone(), traceparent: traceparent.clone(), refusal: Box::new(refusal) };
        if reserved {
            return Err(unreadable(invalid("the source is reserved", "ce_source")));
        }
        if self.body.len() > limits::SPEC_BYTES_MAX {
            return Err(unreadable(too_large(self.body.len() as u64)));
        }
        if self.version.as_deref().is_some_and(|version| version != "1.0") {
            return Err(unreadable(invalid("only CloudEvents 1.0 is known", "ce_specversion")));
        }
        let expiry = self.expiry.as_deref().map(time).transpose().map_err(unreadable)?;
        let kind = self.kind().map_err(unreadable)?;
        Ok(Event {
            key: key.clone(),
            kind,
            expiry,
            traceparent: traceparent.clone(),
            content_type: self.content_type.unwrap_or_else(|| JSON.into()),
            body: self.body,
        })
    }

    fn kind(&self) -> Result<Kind, Refusal> {
        match self.kind.as_deref() {
            Some(SPEC_TYPE) => Ok(Kind::Spec),
            Some(CANCEL_TYPE) => self.cancelled().map(Kind::Cancel),
            Some(other) => Err(invalid(format!("the type `{other}` is not known"), "ce_type")
                .with(EvidenceKind::Suggestion, SPEC_TYPE)),
            None => Err(invalid("the event has no type", "ce_type").with(EvidenceKind::Suggestion, SPEC_TYPE)),
        }
    }

    /// The spec that a cancel event names: by its subject, or in its data.
    fn cancelled(&self) -> Result<SpecId, Refusal> {
        if let Some(Ok(spec)) = self.subject.as_deref().map(str::parse) {
            return Ok(spec);
        }
        let unknown = || invalid("the event does not say which spec to cancel", "ce_subject");
        match serde_json::from_slice(&self.body)
            .map_err(|error| unknown().with(EvidenceKind::Error, error.to_string()))?
        {
            Cancel::Spec { spec_id } => Ok(spec_id),
            Cancel::Key { source, id } => Ok(SpecId::of(&source, &id)),
        }
    }
}

/// The data of a cancel event.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Cancel {
    Spec { spec_id: SpecId },
    Key { source: String, id: String },
}

fn key(source: Option<String>, id: Option<String>) -> Option<Key> {
    let usable = |text: &String| (1..=KEY_BYTES_MAX).contains(&text.len()) && text != RESERVED_SOURCE;
    let (source, id) = source.filter(usable).zip(id.filter(usable))?;
    Some(Key { source, id })
}

fn time(text: &str) -> Result<SystemTime, Refusal> {
    let wrong = || invalid(format!("`{text}` is not an RFC 3339 time"), "ce_expirytime");
    text.parse::<Timestamp>().ok().and_then(|time| SystemTime::try_from(time).ok()).ok_or_else(wrong)
}

/// A content type without its parameters.
#[must_use]
pub fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn invalid(reason: impl Into<String>, attribute: &str) -> Refusal {
    Refusal::new(RefusalCode::EventInvalid, reason).with(EvidenceKind::Field, attribute)
}

fn too_large(size: u64) -> Refusal {
    let limit = limits::SPEC_BYTES_MAX;
    Refusal::new(RefusalCode::SpecTooLarge, format!("the body has {size} bytes"))
        .with(EvidenceKind::Limit, format!("{size} of {limit} bytes"))
}
