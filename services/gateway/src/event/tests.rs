//! Both modes, and what is wrong with events that cannot be used.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::bus::{Chunk, DeliveryId, Topic};

fn delivery(properties: &[(&str, &str)], payload: &[u8]) -> Delivery {
    Delivery {
        id: DeliveryId { topic: Topic::Specs, ledger: 1, entry: 2, partition: 0, batch_index: -1, batch_size: 1 },
        key: None,
        properties: properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        payload: payload.to_owned(),
        published_unix_ms: 0,
        redelivered: None,
        chunk: None,
    }
}

fn reason(properties: &[(&str, &str)], payload: &[u8]) -> String {
    let unreadable = read(&delivery(properties, payload)).unwrap_err();
    format!("{}: {}", unreadable.refusal.code, unreadable.refusal.reason)
}

#[test]
fn binary_mode_takes_attributes_from_properties() {
    let properties = [
        ("ce_specversion", "1.0"),
        ("ce_type", SPEC_TYPE),
        ("ce_source", "s"),
        ("ce_id", "1"),
        ("ce_expirytime", "1970-01-01T00:00:05Z"),
        ("traceparent", "00-t"),
        ("content-type", "application/protobuf"),
    ];
    let event = read(&delivery(&properties, b"body")).unwrap();
    assert_eq!(event.key, Some(Key { source: "s".into(), id: "1".into() }));
    assert_eq!(event.expiry, Some(UNIX_EPOCH + Duration::from_secs(5)));
    assert_eq!((event.content_type.as_str(), event.body.as_slice()), ("application/protobuf", b"body".as_slice()));
    assert_eq!((event.kind, event.traceparent.as_deref()), (Kind::Spec, Some("00-t")));
}

#[test]
fn structured_mode_gives_the_same_event() {
    let header = [("content-type", "application/cloudevents+json; charset=utf-8")];
    let json =
        br#"{"specversion":"1.0","type":"dev.reweave.spec.v1","source":"s","id":"1","data":{"seed":1},"mine":7}"#;
    let event = read(&delivery(&header, json)).unwrap();
    assert_eq!(event.key, Some(Key { source: "s".into(), id: "1".into() }));
    assert_eq!((event.content_type.as_str(), event.body.as_slice()), (JSON, br#"{"seed":1}"#.as_slice()));
    let yaml = br#"{"type":"dev.reweave.spec.v1","datacontenttype":"application/yaml","data":"seed: 1"}"#;
    assert_eq!(read(&delivery(&header, yaml)).unwrap().body, b"seed: 1");
    let binary = br#"{"type":"dev.reweave.spec.v1","datacontenttype":"application/protobuf","data_base64":"Zm9v"}"#;
    assert_eq!(read(&delivery(&header, binary)).unwrap().body, b"foo");
}

#[test]
fn an_event_without_a_usable_key_is_still_read() {
    for properties in [
        &[("ce_type", SPEC_TYPE)][..],
        &[("ce_type", SPEC_TYPE), ("ce_id", "1")],
        &[("ce_type", SPEC_TYPE), ("ce_source", ""), ("ce_id", "1")],
    ] {
        assert_eq!(read(&delivery(properties, b"")).unwrap().key, None);
    }
}

#[test]
fn a_cancel_event_names_its_spec_by_subject_or_data() {
    let spec = SpecId::of("s", "1");
    let by_subject = [("ce_type", CANCEL_TYPE), ("ce_subject", &spec.to_string())];
    assert_eq!(read(&delivery(&by_subject, b"")).unwrap().kind, Kind::Cancel(spec));
    let typed = [("ce_type", CANCEL_TYPE)];
    assert_eq!(read(&delivery(&typed, br#"{"source":"s","id":"1"}"#)).unwrap().kind, Kind::Cancel(spec));
    let by_id = format!(r#"{{"spec_id":"{spec}"}}"#);
    assert_eq!(read(&delivery(&typed, by_id.as_bytes())).unwrap().kind, Kind::Cancel(spec));
    assert_eq!(reason(&typed, b"{}"), "event.invalid: the event does not say which spec to cancel");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason() {
    assert_eq!(reason(&[], b""), "event.invalid: the event has no type");
    assert_eq!(reason(&[("ce_type", "x")], b""), "event.invalid: the type `x` is not known");
    let reserved = [("ce_type", SPEC_TYPE), ("ce_source", RESERVED_SOURCE), ("ce_id", "1")];
    assert_eq!(reason(&reserved, b""), "event.invalid: the source is reserved");
    let version = [("ce_type", SPEC_TYPE), ("ce_specversion", "0.3")];
    assert_eq!(reason(&version, b""), "event.invalid: only CloudEvents 1.0 is known");
    let expiry = [("ce_type", SPEC_TYPE), ("ce_expirytime", "soon")];
    assert_eq!(reason(&expiry, b""), "event.invalid: `soon` is not an RFC 3339 time");
    let large = vec![b' '; limits::SPEC_BYTES_MAX + 1];
    assert_eq!(reason(&[("ce_type", SPEC_TYPE)], &large), "spec.too_large: the body has 5242881 bytes");
    let structured = [("content-type", "application/cloudevents+json")];
    assert_eq!(reason(&structured, b"\xff"), "event.invalid: the structured event is not the JSON of a CloudEvent");
}

#[test]
fn a_piece_of_a_larger_message_is_refused_by_the_size_of_the_whole() {
    let properties = [("ce_source", "s"), ("ce_id", "1"), ("ce_type", SPEC_TYPE)];
    let chunk = Some(Chunk { index: 0, bytes_total: 6_000_000 });
    let unreadable = read(&Delivery { chunk, ..delivery(&properties, b"{") }).unwrap_err();
    assert_eq!(unreadable.refusal.reason, "the body has 6000000 bytes");
    assert_eq!(unreadable.key, Some(Key { source: "s".into(), id: "1".into() }));
}

#[test]
fn a_refusal_keeps_the_key_where_there_is_one() {
    let properties = [("ce_source", "s"), ("ce_id", "1")];
    assert_eq!(read(&delivery(&properties, b"")).unwrap_err().key, Some(Key { source: "s".into(), id: "1".into() }));
}

#[test]
fn what_the_gateway_publishes_reads_back() {
    let key = Key { source: "s".into(), id: "1".into() };
    let message = spec(&key, "application/yaml", Some("00-t"), b"seed: 1".to_vec());
    let properties: Vec<_> = message.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let event = read(&delivery(&properties, &message.payload)).unwrap();
    assert_eq!((event.key, event.content_type.as_str()), (Some(key), "application/yaml"));
    assert_eq!(event.traceparent.as_deref(), Some("00-t"));
}
