//! Scenarios over the memory bus: every rule of the settle order.

#[expect(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "shared by the test binaries, each of which uses a part; a panic is how a test fails"
)]
mod support;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use prost_types::Timestamp;
use reweave_core::SpecId;
use reweave_gateway::{
    bus::{Delivery, Outgoing, Topic},
    dlq::property,
    event::{Key, SPEC_TYPE},
    ledger::Ledger,
};
use support::{ConnectAndRead as _, World, cancel_event, event, open, read, spec, spec_event, spec_id, until};

fn rfc3339(time: SystemTime) -> String {
    Timestamp::from(time).to_string()
}

fn with(mut message: Outgoing, property: &str, value: &str) -> Outgoing {
    message.properties.insert(property.into(), value.into());
    message
}

/// Everything that makes an outcome event what it is.
fn bytes(delivery: &Delivery) -> (Option<String>, Vec<(String, String)>, Vec<u8>) {
    (delivery.key.clone(), delivery.properties.clone().into_iter().collect(), delivery.payload.clone())
}

fn key_of(delivery: &Delivery) -> SpecId {
    Key::of_message(&delivery.id.to_string()).spec_id()
}

#[tokio::test]
async fn a_spec_event_has_one_outcome_with_its_properties() {
    let mut pod = World::new().start(&[]).await;
    let spec_id = pod.publish("1", "answer").await;
    let outcome = pod.outcome().await;
    assert_eq!(read(&outcome), (spec_id, "unchanged".into()));
    let property = |name: &str| outcome.properties.get(name).cloned().unwrap_or_default();
    assert_eq!(outcome.key, Some(spec_id.to_string()));
    assert_eq!(property("ce_id"), format!("{spec_id}/outcome"));
    assert_eq!(property("ce_subject"), spec_id.to_string());
    assert_eq!(property("ce_type"), "dev.reweave.outcome.v1");
    assert_eq!(property("traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let progress = pod.eventually(Topic::Progress, 1).await;
    assert_eq!(progress[0].key, Some(spec_id.to_string()));
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn a_duplicate_gets_the_same_bytes_again_and_no_second_work() {
    let mut pod = World::new().start(&[]).await;
    pod.publish("1", "answer").await;
    let first = pod.outcome().await;
    pod.publish("1", "answer").await;
    let second = pod.outcome().await;
    assert_eq!(bytes(&first), bytes(&second));
    assert_eq!(pod.synthesis.started(), ["1.py"]);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_under_the_messages_own_key() {
    let mut pod = World::new().start(&[]).await;
    let first = pod.publish("1", "answer").await;
    assert_eq!(pod.answered().await, (first, "unchanged".into()));
    pod.send(spec_event("1", &spec("1", "answer", 7))).await;
    let sent = pod.all(Topic::Specs).await.pop().unwrap();
    assert_eq!(pod.answered().await, (key_of(&sent), "event.id_reused".into()));
    pod.publish("1", "answer").await;
    assert_eq!(pod.answered().await, (first, "unchanged".into()));
}

#[tokio::test]
async fn an_event_without_a_usable_id_is_keyed_by_its_message() {
    let mut pod = World::new().start(&[]).await;
    pod.send(event(&[], spec("1", "answer", 0).as_bytes())).await;
    let sent = pod.all(Topic::Specs).await.pop().unwrap();
    assert_eq!(pod.answered().await, (key_of(&sent), "unchanged".into()));
}

#[tokio::test]
async fn malformed_events_are_refused_and_kept_whole() {
    let mut pod = World::new().start(&[]).await;
    let bad_spec = spec_event("bad", r#"{"seed": "x""#);
    let no_type = Outgoing { payload: vec![0xff, 0x00], key: Some("k".into()), ..Outgoing::default() };
    let unknown_field = spec_event("unknown", r#"{"wish": 1}"#);
    let empty = spec_event("empty", "");
    for message in [&bad_spec, &no_type, &unknown_field, &empty] {
        pod.send(message.clone()).await;
    }
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(pod.answered().await.1);
    }
    codes.sort();
    assert_eq!(codes, ["event.invalid", "spec.invalid", "spec.invalid", "spec.invalid"]);
    let letters = pod.eventually(Topic::DeadLetters, 4).await;
    for message in [bad_spec, no_type, unknown_field, empty] {
        let letter = letters.iter().find(|letter| letter.payload == message.payload).expect("its bytes are kept");
        assert_eq!(letter.key, message.key);
        assert!(message.properties.iter().all(|entry| letter.properties.contains_key(entry.0)));
        assert!(!letter.properties[property::REASON].is_empty());
        assert_eq!(letter.properties[property::ATTEMPTS], "1");
    }
}

#[tokio::test]
async fn structured_and_yaml_events_are_answered() {
    let mut pod = World::new().start(&[]).await;
    let body = spec("1", "answer", 0);
    let envelope = format!(r#"{{"specversion":"1.0","type":"{SPEC_TYPE}","source":"test","id":"1","data":{body}}}"#);
    let mut structured = event(&[("content-type", "application/cloudevents+json")], envelope.as_bytes());
    structured.properties.remove("ce_type");
    pod.send(structured).await;
    assert_eq!(pod.answered().await, (spec_id("1"), "unchanged".into()));
    // Every JSON document is YAML.
    pod.send(with(spec_event("2", &body.replace("1.py", "2.py")), "content-type", "application/yaml")).await;
    assert_eq!(pod.answered().await, (spec_id("2"), "unchanged".into()));
}

#[tokio::test]
async fn a_batch_entry_comes_back_whole_until_every_member_is_settled() {
    let world = World::new();
    let mut pod = world.start(&["gateway.grace_ms=50"]).await;
    let members: Vec<_> = [("1", "answer"), ("2", "wait"), ("3", "answer")]
        .map(|(id, intent)| spec_event(id, &spec(id, intent, 0)))
        .into();
    world.broker.publish_batch(Topic::Specs, members).unwrap();
    let first = [bytes(&pod.outcome().await), bytes(&pod.outcome().await)];
    pod.stop().await.unwrap();
    world.synthesis.go(9);
    let mut pod = world.start(&[]).await;
    let mut second = Vec::new();
    for _ in 0..3 {
        second.push(bytes(&pod.outcome().await));
    }
    assert!(first.iter().all(|outcome| second.contains(outcome)), "the same bytes again");
    pod.stop().await.unwrap();
    let pod = world.start(&[]).await;
    let marker = pod.publish("marker", "answer").await;
    let outcomes = pod.eventually(Topic::Patches, 6).await;
    assert_eq!(read(outcomes.last().unwrap()).0, marker, "nothing of the batch came again");
}

#[tokio::test]
async fn a_broken_work_is_tried_again_later_and_then_answered() {
    let mut pod = World::new().start(&[]).await;
    let spec_id = pod.publish("1", "flaky 2").await;
    assert_eq!(pod.answered().await, (spec_id, "unchanged".into()));
    assert_eq!(pod.synthesis.started().len(), 3);
    let copies = pod.all(Topic::Retry).await;
    assert_eq!(copies.iter().map(|copy| copy.properties["reweave-retries"].as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let original = pod.all(Topic::Specs).await.pop().unwrap();
    assert!(copies.iter().all(|copy| copy.properties["reweave-origin"] == original.id.to_string()));
}

#[tokio::test]
async fn a_service_behind_synthesis_that_is_away_costs_a_retry_and_not_the_spec() {
    let mut pod = World::new().start(&[]).await;
    let spec_id = pod.publish("1", "lonely 2").await;
    assert_eq!(pod.answered().await, (spec_id, "unchanged".into()));
    assert_eq!(pod.synthesis.started().len(), 3);
    assert_eq!(pod.all(Topic::DeadLetters).await.len(), 0);
}

#[tokio::test]
async fn work_that_breaks_every_time_is_refused_and_kept() {
    let mut pod = World::new().start(&["gateway.attempts_max=3"]).await;
    let spec_id = pod.publish("1", "break").await;
    assert_eq!(pod.answered().await, (spec_id, "service.unavailable".into()));
    assert_eq!(pod.synthesis.started().len(), 3);
    let letter = pod.all(Topic::DeadLetters).await.pop().unwrap();
    assert_eq!(letter.properties[property::STAGE], "work");
    assert_eq!(letter.properties[property::CODE], "service.unavailable");
    assert_eq!(letter.properties[property::SPEC_ID], spec_id.to_string());
}

#[tokio::test]
async fn an_answer_to_another_spec_is_not_taken() {
    let mut pod = World::new().start(&["gateway.attempts_max=2"]).await;
    let spec_id = pod.publish("1", "lie").await;
    assert_eq!(pod.answered().await, (spec_id, "service.internal".into()));
}

#[tokio::test]
async fn a_synthesis_that_is_not_there_costs_retries_and_no_attempts() {
    let world = World::new();
    let nowhere = tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
    let ledger = Arc::new(open(world.folder.path()).await);
    let mut pod = world.start_at(nowhere, ledger, &["gateway.attempts_max=1", "gateway.retries_max=4"]).await;
    let spec_id = pod.publish("1", "answer").await;
    assert_eq!(pod.answered().await, (spec_id, "service.unavailable".into()));
    assert_eq!(pod.all(Topic::Retry).await.len(), 4);
}

#[tokio::test]
async fn a_cancel_event_stops_the_work_and_is_the_one_outcome() {
    let mut pod = World::new().start(&[]).await;
    let spec_id = pod.publish("1", "wait").await;
    until(async || (!pod.synthesis.started().is_empty()).then_some(())).await;
    pod.send(cancel_event(spec_id)).await;
    let cancelled = pod.outcome().await;
    assert_eq!(read(&cancelled), (spec_id, "spec.cancelled".into()));
    pod.publish("1", "wait").await;
    assert_eq!(bytes(&pod.outcome().await), bytes(&cancelled));
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn a_spec_cancelled_before_it_comes_is_never_worked_on() {
    let mut pod = World::new().start(&[]).await;
    pod.send(cancel_event(spec_id("1"))).await;
    assert_eq!(pod.answered().await, (spec_id("1"), "spec.cancelled".into()));
    pod.publish("1", "answer").await;
    assert_eq!(pod.answered().await, (spec_id("1"), "spec.cancelled".into()));
    assert!(pod.synthesis.started().is_empty());
}

#[tokio::test]
async fn cancelling_a_settled_spec_repeats_its_outcome() {
    let mut pod = World::new().start(&[]).await;
    let spec_id = pod.publish("1", "answer").await;
    let outcome = pod.outcome().await;
    pod.send(cancel_event(spec_id)).await;
    assert_eq!(bytes(&pod.outcome().await), bytes(&outcome));
}

#[tokio::test]
async fn an_expired_event_is_refused_without_work() {
    let mut pod = World::new().start(&[]).await;
    let past = rfc3339(SystemTime::now() - Duration::from_secs(1));
    pod.send(with(spec_event("1", &spec("1", "answer", 0)), "ce_expirytime", &past)).await;
    assert_eq!(pod.answered().await, (spec_id("1"), "event.expired".into()));
    let later = rfc3339(SystemTime::now() + Duration::from_secs(3600));
    pod.send(with(spec_event("2", &spec("2", "answer", 0)), "ce_expirytime", &later)).await;
    assert_eq!(pod.answered().await, (spec_id("2"), "unchanged".into()));
    assert_eq!(pod.synthesis.started(), ["2.py"]);
}

#[tokio::test]
async fn a_deadline_ends_the_work() {
    let mut pod = World::new().start(&[]).await;
    let soon = rfc3339(SystemTime::now() + Duration::from_millis(50));
    let mut body: serde_json::Value = serde_json::from_str(&spec("1", "wait", 0)).unwrap();
    body["deadline"] = soon.into();
    pod.send(spec_event("1", &body.to_string())).await;
    assert_eq!(pod.answered().await, (spec_id("1"), "deadline.exceeded".into()));
}

#[tokio::test]
async fn work_without_a_deadline_ends_at_the_gateways_bound() {
    let mut pod = World::new().start(&["gateway.work_ms_max=50"]).await;
    let spec_id = pod.publish("1", "wait").await;
    assert_eq!(pod.answered().await, (spec_id, "deadline.exceeded".into()));
}

#[tokio::test]
async fn higher_priority_goes_first_inside_the_window() {
    let mut pod = World::new().start(&["gateway.workers_max=1"]).await;
    pod.publish("first", "wait").await;
    until(async || (pod.synthesis.started().len() == 1).then_some(())).await;
    for (id, priority) in [("low", -1), ("middle", 0), ("high", 9)] {
        pod.send(spec_event(id, &spec(id, "wait", priority))).await;
    }
    until(async || (pod.pipeline.waiting() == 3).then_some(())).await;
    pod.synthesis.go(4);
    for _ in 0..4 {
        pod.outcome().await;
    }
    assert_eq!(pod.synthesis.started(), ["first.py", "high.py", "middle.py", "low.py"]);
}

#[tokio::test]
async fn no_more_work_is_begun_than_there_are_workers() {
    let mut pod = World::new().start(&["gateway.workers_max=2"]).await;
    for id in ["1", "2", "3", "4", "5"] {
        pod.publish(id, "wait").await;
    }
    until(async || (pod.pipeline.waiting() == 3).then_some(())).await;
    assert_eq!(pod.synthesis.started().len(), 2);
    pod.synthesis.go(5);
    for _ in 0..5 {
        pod.outcome().await;
    }
}

#[tokio::test]
async fn two_replicas_do_the_work_once() {
    let world = World::new();
    let ledger: Arc<dyn Ledger> = Arc::new(open(world.folder.path()).await);
    let overrides = ["gateway.lease_ms=600"];
    let one = world.start_on(ledger.clone(), &overrides, Default::default()).await;
    let two = world.start_on(ledger, &overrides, Default::default()).await;
    for _ in 0..4 {
        one.publish("1", "wait").await;
    }
    until(async || (!one.all(Topic::Retry).await.is_empty()).then_some(())).await;
    one.synthesis.go(1);
    let outcomes = one.eventually(Topic::Patches, 4).await;
    assert!(outcomes.iter().all(|outcome| bytes(outcome) == bytes(&outcomes[0])));
    assert_eq!(one.synthesis.started().len(), 1);
    one.stop().await.unwrap();
    two.stop().await.unwrap();
}

#[tokio::test]
async fn the_drain_lets_finish_what_is_in_flight() {
    let world = World::new();
    let pod = world.start(&[]).await;
    pod.publish("1", "wait").await;
    until(async || (world.synthesis.started().len() == 1).then_some(())).await;
    let bus = pod.bus.clone();
    let stopping = tokio::spawn(pod.stop());
    world.synthesis.go(1);
    stopping.await.unwrap().unwrap();
    assert_eq!(world.broker.connect_and_read(Topic::Patches).await.len(), 1);
    drop(bus);
    let mut pod = world.start(&[]).await;
    let marker = pod.publish("marker", "answer").await;
    let mut last = pod.answered().await;
    if last.0 != marker {
        assert_eq!(last.0, spec_id("1"), "the watcher of this life reads the outcome of the last");
        last = pod.answered().await;
    }
    assert_eq!(last.0, marker);
    assert_eq!(world.synthesis.started(), ["1.py", "marker.py"]);
}

#[tokio::test]
async fn what_the_drain_cuts_short_comes_again_and_is_not_held_against_it() {
    let world = World::new();
    for _ in 0..4 {
        let pod = world.start(&["gateway.grace_ms=0", "gateway.attempts_max=1"]).await;
        if world.synthesis.started().is_empty() {
            pod.publish("1", "wait").await;
        }
        let begun = world.synthesis.started().len();
        until(async || (world.synthesis.started().len() > begun || begun == 0).then_some(())).await;
        pod.stop().await.unwrap();
    }
    let mut pod = world.start(&["gateway.attempts_max=1"]).await;
    world.synthesis.go(9);
    assert_eq!(pod.answered().await, (spec_id("1"), "unchanged".into()));
}

#[tokio::test]
async fn every_event_of_a_mixed_stream_has_exactly_one_outcome() {
    let pod = World::new().start(&[]).await;
    let mut expected = BTreeSet::new();
    for n in 0..100 {
        let intent = if n % 10 == 0 { "flaky 1" } else { "answer" };
        expected.insert(pod.publish(&n.to_string(), intent).await.to_string());
    }
    let outcomes = pod.eventually(Topic::Patches, 100).await;
    let answered: BTreeSet<_> = outcomes.iter().map(|outcome| read(outcome).0.to_string()).collect();
    assert_eq!((answered, outcomes.len()), (expected, 100));
    pod.stop().await.unwrap();
}
