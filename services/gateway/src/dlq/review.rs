//! Looking at dead letters and sending some again. Nothing here takes a letter away: the topic keeps it as long as its
//! retention says, and a letter that was replayed is still there.

use std::collections::BTreeMap;

use reweave_core::Sha256;
use serde::Serialize;
use serde_json::Value;

use super::property as letter;
use crate::bus::{self, Bus, Delivery, Outgoing, Receipt, Topic};
use crate::event::{self, Key, property};

/// The source of the replay of a message that had no usable `(source, id)`.
pub const REPLAY_SOURCE: &str = "urn:reweave:replay";

/// The prefix that the gateway gives to what it writes beside a message's own properties.
const OWN_PREFIX: &str = "reweave-";
/// Shortest part of a spec id that names a letter.
const SPEC_ID_PART_MIN: usize = 8;

/// A dead letter without its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The message id on the dead-letter topic.
    pub id: String,
    pub code: String,
    pub reason: String,
    pub stage: String,
    pub attempts: String,
    /// The message id that the spec had at first.
    pub origin: String,
    pub spec_id: String,
    /// The event's own key and type, where it had them in its properties.
    pub source: String,
    pub event_id: String,
    pub event_type: String,
    /// When it was published at first, and when it was given up (RFC 3339).
    pub published: String,
    pub time: String,
    /// The version of the gateway that gave it up.
    pub version: String,
    pub payload_bytes: usize,
    pub payload_sha256: String,
    /// False when the payload was left out because the letter would have been too large with it.
    pub payload_kept: bool,
}

/// A dead letter with everything it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub letter: Letter,
    /// The original message's key, properties and bytes.
    pub message: Outgoing,
}

/// Which letters to send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    All,
    /// By message id, spec id, or the first characters of a spec id.
    Named(Vec<String>),
}

/// What became of one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The letter's message id.
    pub letter: String,
    pub result: Replayed,
}

/// What became of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// A dry run: it can be sent.
    Possible,
    /// Sent under this key; the outcome comes under its spec id.
    Sent { key: Key, receipt: Receipt },
    /// It cannot be sent, for this reason.
    Impossible(&'static str),
}

/// Why dead letters could not be read or sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the dead letters")]
    Read(#[source] bus::Error),
    #[error("cannot send dead letter {letter} again; {sent} before it were sent")]
    Send { letter: String, sent: usize, source: bus::Error },
    #[error("no dead letter is named `{name}` among the {searched} oldest")]
    Missing { name: String, searched: usize },
    #[error("{count} dead letters are named `{name}`; use the message id")]
    Ambiguous { name: String, count: usize },
}

/// The oldest `limit` letters.
///
/// # Errors
/// [`Error::Read`].
pub async fn list(bus: &dyn Bus, limit: usize) -> Result<Vec<Letter>, Error> {
    let deliveries = bus.browse(Topic::DeadLetters, limit).await.map_err(Error::Read)?;
    Ok(deliveries.iter().map(Letter::of).collect())
}

/// The letter called `name` among the oldest `limit`: a message id, a spec id, or the beginning of one.
///
/// # Errors
/// [`Error::Read`], [`Error::Missing`], [`Error::Ambiguous`].
pub async fn show(bus: &dyn Bus, name: &str, limit: usize) -> Result<Opened, Error> {
    let deliveries = bus.browse(Topic::DeadLetters, limit).await.map_err(Error::Read)?;
    let delivery = find(&deliveries, name)?;
    Ok(Opened { letter: Letter::of(delivery), message: original(delivery) })
}

/// Publishes the chosen letters among the oldest `limit` as new events, each with a new id that names the old one. With
/// `dry_run` nothing is published.
///
/// # Errors
/// [`Error::Read`], [`Error::Missing`], [`Error::Ambiguous`] before anything is sent; [`Error::Send`].
pub async fn replay(bus: &dyn Bus, choice: &Choice, limit: usize, dry_run: bool) -> Result<Vec<Replay>, Error> {
    let deliveries = bus.browse(Topic::DeadLetters, limit).await.map_err(Error::Read)?;
    let chosen: Vec<&Delivery> = match choice {
        Choice::All => deliveries.iter().collect(),
        Choice::Named(names) => names.iter().map(|name| find(&deliveries, name)).collect::<Result<_, _>>()?,
    };
    let mut replays = Vec::with_capacity(chosen.len());
    for delivery in chosen {
        let letter = delivery.id.to_string();
        let result = match renewed(delivery, &new_id()) {
            Err(reason) => Replayed::Impossible(reason),
            Ok(_) if dry_run => Replayed::Possible,
            Ok((key, message)) => {
                let receipt = bus.publish(Topic::Specs, message).await;
                let sent = replays.len();
                let receipt = receipt.map_err(|source| Error::Send { letter: letter.clone(), sent, source })?;
                Replayed::Sent { key, receipt }
            }
        };
        replays.push(Replay { letter, result });
    }
    Ok(replays)
}

impl Letter {
    fn of(delivery: &Delivery) -> Self {
        let text = |name: &str| delivery.properties.get(name).cloned().unwrap_or_default();
        Self {
            id: delivery.id.to_string(),
            code: text(letter::CODE),
            reason: text(letter::REASON),
            stage: text(letter::STAGE),
            attempts: text(letter::ATTEMPTS),
            origin: text(letter::ORIGIN),
            spec_id: text(letter::SPEC_ID),
            source: text(property::SOURCE),
            event_id: text(property::ID),
            event_type: text(property::TYPE),
            published: text(letter::PUBLISHED),
            time: text(letter::TIME),
            version: text(letter::VERSION),
            payload_bytes: delivery.payload.len(),
            payload_sha256: text(letter::SHA256),
            payload_kept: payload_kept(delivery),
        }
    }
}

fn find<'a>(deliveries: &'a [Delivery], name: &str) -> Result<&'a Delivery, Error> {
    let is_named = |delivery: &&Delivery| {
        let spec_id = delivery.properties.get(letter::SPEC_ID).map_or("", String::as_str);
        delivery.id.to_string() == name || (name.len() >= SPEC_ID_PART_MIN && spec_id.starts_with(name))
    };
    let named: Vec<_> = deliveries.iter().filter(is_named).collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => Err(Error::Missing { name: name.to_owned(), searched: deliveries.len() }),
        many => Err(Error::Ambiguous { name: name.to_owned(), count: many.len() }),
    }
}

fn payload_kept(delivery: &Delivery) -> bool {
    let digest = delivery.properties.get(letter::SHA256);
    digest.is_none_or(|digest| *digest == Sha256::of(&delivery.payload).to_string())
}

/// The message as it was before it was given up.
fn original(delivery: &Delivery) -> Outgoing {
    let own = |name: &String| name.starts_with(OWN_PREFIX);
    let properties = delivery.properties.iter().filter(|(name, _)| !own(name));
    let properties = properties.map(|(name, value)| (name.clone(), value.clone())).collect();
    Outgoing { key: delivery.key.clone(), properties, payload: delivery.payload.clone(), deliver_after: None }
}

/// The same event under a new id that names the old one. Its expiry is dropped: somebody asks for it now.
fn renewed(delivery: &Delivery, new_id: &str) -> Result<(Key, Outgoing), &'static str> {
    if !payload_kept(delivery) {
        return Err("the payload was too large to be kept; publish the spec again from its source");
    }
    let mut message = original(delivery);
    let origin = delivery.properties.get(letter::ORIGIN).cloned().unwrap_or_else(|| delivery.id.to_string());
    let content_type = message.properties.get(property::CONTENT_TYPE).map(|text| event::essence(text));
    let source = if content_type == Some(event::STRUCTURED) {
        renew_envelope(&mut message.payload, new_id, origin)?
    } else {
        renew_properties(&mut message.properties, new_id, origin)
    };
    Ok((Key { source, id: new_id.to_owned() }, message))
}

/// Gives the event the new id and returns its source.
fn renew_properties(properties: &mut BTreeMap<String, String>, new_id: &str, origin: String) -> String {
    properties.remove(property::EXPIRY);
    let old = properties.remove(property::SOURCE).zip(properties.remove(property::ID));
    let (source, old_id) = usable(old).unwrap_or_else(|| (REPLAY_SOURCE.to_owned(), origin));
    properties.insert(property::SOURCE.to_owned(), source.clone());
    properties.insert(property::ID.to_owned(), new_id.to_owned());
    properties.insert(property::REPLAY_OF.to_owned(), old_id);
    source
}

/// As [`renew_properties`], where the attributes are in the body.
fn renew_envelope(payload: &mut Vec<u8>, new_id: &str, origin: String) -> Result<String, &'static str> {
    let envelope = serde_json::from_slice(payload);
    let Ok(Value::Object(mut envelope)) = envelope else {
        return Err("the structured event is not a JSON object, so it can carry no new id");
    };
    envelope.remove("expirytime");
    let mut take = |name: &str| envelope.remove(name).and_then(|value| value.as_str().map(str::to_owned));
    let old = take("source").zip(take("id"));
    let (source, old_id) = usable(old).unwrap_or_else(|| (REPLAY_SOURCE.to_owned(), origin));
    envelope.insert("source".to_owned(), source.clone().into());
    envelope.insert("id".to_owned(), new_id.into());
    envelope.insert("replayof".to_owned(), old_id.into());
    *payload = Value::Object(envelope).to_string().into_bytes();
    Ok(source)
}

fn usable(key: Option<(String, String)>) -> Option<(String, String)> {
    key.filter(|(source, id)| !source.is_empty() && !id.is_empty() && source != event::RESERVED_SOURCE)
}

fn new_id() -> String {
    format!("replay-{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use reweave_core::{Refusal, RefusalCode, SpecId};

    use super::*;
    use crate::bus::memory::Broker;
    use crate::bus::{DeliveryId, Start, Subscription};
    use crate::dlq::{DeadLetter, Stage};

    fn delivery(properties: &[(&str, &str)], payload: &[u8]) -> Delivery {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Delivery {
            id: DeliveryId { topic: Topic::Specs, ledger: 1, entry: 2, partition: 0, batch_index: -1, batch_size: 1 },
            key: Some("k".to_owned()),
            properties: properties.iter().map(text).collect(),
            payload: payload.to_owned(),
            published_unix_ms: 0,
            redelivered: None,
            chunk: None,
        }
    }

    fn binary() -> Delivery {
        let properties = [
            ("ce_specversion", "1.0"),
            ("ce_type", event::SPEC_TYPE),
            ("ce_source", "ci"),
            ("ce_id", "41"),
            ("ce_expirytime", "1970-01-01T00:00:05Z"),
            ("reweave-retries", "3"),
        ];
        delivery(&properties, b"{}")
    }

    fn structured(payload: &[u8]) -> Delivery {
        delivery(&[("content-type", "application/cloudevents+json; charset=utf-8")], payload)
    }

    fn buried(delivery: &Delivery) -> Outgoing {
        let refusal = Refusal::new(RefusalCode::EventInvalid, "no good");
        let spec_id = SpecId::of("ci", "41");
        let at = SystemTime::UNIX_EPOCH;
        let letter =
            DeadLetter { refusal: &refusal, stage: Stage::Event, attempts: 2, origin: "specs:1:2:0:-1", spec_id, at };
        letter.outgoing(delivery)
    }

    async fn bus_with(letters: Vec<Outgoing>) -> impl Bus {
        let bus = Broker::new(1 << 20, 16 << 20).connect();
        for letter in letters {
            bus.publish(Topic::DeadLetters, letter).await.expect("there is room");
        }
        bus
    }

    async fn replayed(bus: &dyn Bus) -> Delivery {
        let unsettled_max = std::num::NonZeroUsize::MIN;
        let topics = vec![Topic::Specs];
        let subscription =
            Subscription { topics, name: "s".into(), durable: true, start: Start::Earliest, unsettled_max };
        let (mut deliveries, _settler) = bus.subscribe(subscription).await.expect("open");
        deliveries.next().await.expect("open")
    }

    #[tokio::test]
    async fn a_letter_says_why_it_was_written() {
        let bus = bus_with(vec![buried(&binary())]).await;
        let letters = list(&bus, 10).await.expect("open");
        let [letter] = letters.as_slice() else { panic!("{letters:#?}") };
        assert_eq!(
            (letter.code.as_str(), letter.stage.as_str(), letter.attempts.as_str()),
            ("event.invalid", "event", "2")
        );
        assert_eq!((letter.source.as_str(), letter.event_id.as_str()), ("ci", "41"));
        assert!(letter.payload_kept);
    }

    #[tokio::test]
    async fn an_opened_letter_is_the_message_without_what_the_gateway_added() {
        let bus = bus_with(vec![buried(&binary())]).await;
        let spec_id = SpecId::of("ci", "41").to_string();
        let opened = show(&bus, &spec_id[..8], 10).await.expect("there");
        let mut expected = binary().properties;
        expected.remove("reweave-retries");
        assert_eq!(opened.message.properties, expected);
        assert_eq!((opened.message.payload, opened.message.key), (b"{}".to_vec(), Some("k".to_owned())));
    }

    #[tokio::test]
    async fn a_name_that_fits_none_or_several_is_refused() {
        let bus = bus_with(vec![buried(&binary()), buried(&binary())]).await;
        let spec_id = SpecId::of("ci", "41").to_string();
        assert!(matches!(show(&bus, &spec_id, 10).await, Err(Error::Ambiguous { count: 2, .. })));
        assert!(matches!(show(&bus, &spec_id[..7], 10).await, Err(Error::Missing { searched: 2, .. })));
        assert!(show(&bus, "dead_letters:0:1:-1:-1", 10).await.is_ok());
    }

    #[tokio::test]
    async fn a_replay_is_a_new_event_that_names_the_old_one_and_does_not_expire() {
        let bus = bus_with(vec![buried(&binary())]).await;
        let replays = replay(&bus, &Choice::All, 10, false).await.expect("there is room");
        let Replayed::Sent { key, .. } = &replays[0].result else { panic!("{replays:?}") };
        let got = replayed(&bus).await;
        let event = event::read(&got).expect("usable");
        assert_eq!(event.key.as_ref(), Some(key));
        assert_eq!((key.source.as_str(), event.expiry), ("ci", None));
        assert_ne!(key.id, "41");
        assert_eq!(got.properties["ce_replayof"], "41");
        assert!(!got.properties.keys().any(|name| name.starts_with("reweave-")), "{:?}", got.properties);
        assert_eq!(list(&bus, 10).await.expect("open").len(), 1, "the letter stays");
    }

    #[tokio::test]
    async fn a_structured_event_is_renewed_inside_its_envelope() {
        let envelope = br#"{"specversion":"1.0","type":"dev.reweave.spec.v1","source":"ci","id":"41","data":{"a":1}}"#;
        let bus = bus_with(vec![buried(&structured(envelope))]).await;
        replay(&bus, &Choice::All, 10, false).await.expect("there is room");
        let got = replayed(&bus).await;
        let envelope: Value = serde_json::from_slice(&got.payload).expect("JSON");
        assert_eq!((&envelope["replayof"], &envelope["data"]["a"]), (&Value::from("41"), &Value::from(1)));
        assert_ne!(event::read(&got).expect("usable").key.expect("a key").id, "41");
    }

    #[tokio::test]
    async fn a_message_without_a_key_is_replayed_under_a_source_of_its_own() {
        let bus = bus_with(vec![buried(&delivery(&[("ce_type", event::SPEC_TYPE)], b"{}"))]).await;
        replay(&bus, &Choice::All, 10, false).await.expect("there is room");
        let got = replayed(&bus).await;
        let key = event::read(&got).expect("usable").key.expect("a key");
        assert_eq!(key.source, REPLAY_SOURCE);
        assert_eq!(got.properties["ce_replayof"], "specs:1:2:0:-1");
    }

    #[tokio::test]
    async fn what_cannot_be_replayed_says_so_and_a_dry_run_sends_nothing() {
        let gone = Outgoing { payload: Vec::new(), ..buried(&binary()) };
        let bus = bus_with(vec![gone, buried(&structured(b"not JSON")), buried(&binary())]).await;
        let replays = replay(&bus, &Choice::All, 10, true).await.expect("open");
        let results: Vec<_> = replays.into_iter().map(|replay| replay.result).collect();
        assert!(
            matches!(results.as_slice(), [Replayed::Impossible(_), Replayed::Impossible(_), Replayed::Possible]),
            "{results:?}"
        );
        assert_eq!(bus.browse(Topic::Specs, 10).await.expect("open"), []);
    }
}
