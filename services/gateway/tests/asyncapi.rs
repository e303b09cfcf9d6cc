//! `docs/asyncapi.yaml` says what the code does: the same topics, policies, event types, properties and content types.

use std::collections::BTreeSet;
use std::time::SystemTime;

use reweave_core::{Refusal, RefusalCode, SpecId};
use reweave_gateway::bus::pulsar::admin::{Action, wanted};
use reweave_gateway::bus::{Config, Delivery, DeliveryId, Outgoing, Topic};
use reweave_gateway::dlq::{DeadLetter, Stage};
use reweave_gateway::event::{self, Attributes, Key};
use serde_json::{Value, json};

fn document() -> Value {
    serde_saphyr::from_str(include_str!("../../../docs/asyncapi.yaml")).expect("the page is YAML")
}

fn message(name: &str) -> Value {
    document()["components"]["messages"][name].clone()
}

/// Every property is documented, every required one is there, and every constant is kept.
fn assert_documented(sent: &Outgoing, headers: &Value) {
    let documented = headers["properties"].as_object().expect("headers have properties");
    for (name, value) in &sent.properties {
        let schema = documented.get(name).unwrap_or_else(|| panic!("{name} is not documented"));
        let constant = schema.get("const").and_then(Value::as_str);
        assert!(constant.is_none_or(|constant| constant == value), "{name} is {value}, not {constant:?}");
    }
    for name in headers["required"].as_array().expect("headers say what is required") {
        let name = name.as_str().expect("names are text");
        assert!(sent.properties.contains_key(name), "{name} is required and not sent");
    }
}

fn published(kind: &'static str) -> Outgoing {
    let attributes = Attributes {
        id: "outcome-1".into(),
        source: "reweave".into(),
        kind,
        subject: SpecId::of("ci", "1").to_string(),
        time: SystemTime::UNIX_EPOCH,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    };
    attributes.outgoing(b"{}".to_vec())
}

#[test]
fn there_is_one_channel_per_topic_under_its_default_name() {
    let topics = Config::default().topics;
    let expected: Value =
        Topic::ALL.iter().map(|(topic, role)| ((*role).to_owned(), json!(topics.full_name(*topic)))).collect();
    let channels = document()["channels"].as_object().expect("there are channels").clone();
    let found: Value = channels.into_iter().map(|(role, channel)| (role, channel["address"].clone())).collect();
    assert_eq!(found, expected);
}

#[test]
fn each_channel_has_the_policies_that_init_sets() {
    let config = Config::default();
    for (topic, role) in Topic::ALL {
        let channel = document()["channels"][role].clone();
        let pulsar = &channel["bindings"]["pulsar"];
        let (mut subscriptions, mut retention, mut ttl) = (Vec::new(), Value::Null, Value::Null);
        for action in wanted(&config, topic) {
            match action {
                Action::Topic { partitions } => assert_eq!(channel["x-partitions"], json!(partitions), "{role}"),
                Action::Subscription { name } => subscriptions.push(name),
                // The binding has no word for "without bound"; it leaves the size out.
                Action::Retention { minutes, mib: -1 } => retention = json!({"time": minutes}),
                Action::Retention { minutes, mib } => retention = json!({"time": minutes, "size": mib}),
                Action::TimeToLive { seconds } => ttl = json!(seconds),
            }
        }
        assert_eq!(channel["x-subscriptions"], json!(subscriptions), "{role}");
        assert_eq!((&pulsar["retention"], &pulsar["ttl"]), (&retention, &ttl), "{role}");
        assert_eq!(pulsar["bindingVersion"], "0.1.0", "{role}");
    }
}

#[test]
fn the_event_types_are_those_of_the_code() {
    let messages = document()["components"]["messages"].as_object().expect("there are messages").clone();
    let kinds = messages.values().filter_map(|message| message["headers"]["properties"]["ce_type"]["const"].as_str());
    let expected = [event::SPEC_TYPE, event::CANCEL_TYPE, event::OUTCOME_TYPE, event::PROGRESS_TYPE];
    assert_eq!(kinds.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    let structured = &message("structured")["payload"]["properties"]["type"]["enum"];
    assert_eq!(*structured, json!([event::SPEC_TYPE, event::CANCEL_TYPE]));
}

#[test]
fn what_is_published_has_the_documented_properties() {
    for (kind, name) in [(event::OUTCOME_TYPE, "outcome"), (event::PROGRESS_TYPE, "progress")] {
        assert_documented(&published(kind), &message(name)["headers"]);
    }
    let key = Key { source: "ci".into(), id: "1".into() };
    let spec = event::spec(&key, event::JSON, Some("00-t"), b"{}".to_vec());
    assert_documented(&spec, &message("spec")["headers"]);
}

#[test]
fn every_documented_property_of_a_spec_is_one_that_the_code_knows() {
    use event::property::{CONTENT_TYPE, EXPIRY, ID, REPLAY_OF, SOURCE, SUBJECT, TIME, TRACEPARENT, TYPE, VERSION};
    let known = [VERSION, TYPE, SOURCE, ID, SUBJECT, TIME, EXPIRY, REPLAY_OF, CONTENT_TYPE, TRACEPARENT];
    let spec = message("spec");
    let documented = spec["headers"]["properties"].as_object().expect("headers have properties");
    assert_eq!(documented.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(known));
}

#[test]
fn a_dead_letter_adds_the_documented_properties_and_no_others() {
    let id = DeliveryId { topic: Topic::Specs, ledger: 1, entry: 2, partition: 0, batch_index: -1, batch_size: 1 };
    let delivery = Delivery {
        id,
        key: None,
        properties: [].into(),
        payload: b"{}".to_vec(),
        published_unix_ms: 0,
        redelivered: None,
        chunk: None,
    };
    let refusal = Refusal::new(RefusalCode::EventInvalid, "no good");
    let (origin, spec_id, at) = (id.to_string(), SpecId::of("ci", "1"), SystemTime::UNIX_EPOCH);
    let letter = DeadLetter { refusal: &refusal, stage: Stage::Event, attempts: 1, origin: &origin, spec_id, at };
    let letter = letter.outgoing(&delivery);
    let headers = message("deadLetter")["headers"].clone();
    assert_documented(&letter, &headers);
    assert_eq!(letter.properties.len(), headers["properties"].as_object().expect("there are some").len());
    let stages = [Stage::Attempts, Stage::Event, Stage::Spec, Stage::Work].map(|stage| stage.as_str());
    assert_eq!(headers["properties"]["reweave-dlq-stage"]["enum"], json!(stages));
}

#[test]
fn the_documented_content_types_of_a_spec_are_accepted_and_others_are_not() {
    for media_type in message("spec")["x-content-types"].as_array().expect("there are some") {
        let refusal = reweave_proto::document::decode_spec(media_type.as_str(), b"").expect_err("an empty spec");
        assert!(!refusal.next_command.starts_with("send application/"), "{media_type} is unknown: {refusal:?}");
    }
    let refusal = reweave_proto::document::decode_spec(Some("text/csv"), b"").expect_err("not a spec");
    assert!(refusal.next_command.starts_with("send application/"), "{refusal:?}");
    assert_eq!(message("structured")["contentType"], event::STRUCTURED);
    assert_eq!(document()["defaultContentType"], event::JSON);
}
