//! JSON and strict binary through the descriptors, as generated types know neither.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, FieldDescriptor, MessageDescriptor, SerializeOptions, Value,
};

use crate::{DESCRIPTORS, convert::Malformed};

pub(crate) const SPEC: &str = "reweave.spec.v1.Spec";
pub(crate) const OUTCOME: &str = "reweave.outcome.v1.OutcomeEvent";
pub(crate) const PROGRESS: &str = "reweave.outcome.v1.ProgressEvent";

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).expect("the build wrote these descriptors"));

/// The descriptor of one of our messages.
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).expect("a message of our protos")
}

pub(super) fn strict() -> DeserializeOptions {
    DeserializeOptions::new().deny_unknown_fields(true)
}

pub(super) fn to_json<M: Message>(message: &M, name: &str) -> serde_json::Value {
    let mut dynamic = DynamicMessage::new(descriptor(name));
    dynamic.transcode_from(message).expect("the generated type has the same descriptor");
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    dynamic.serialize_with_options(serde_json::value::Serializer, &options).expect("a JSON value holds any message")
}

pub(super) fn from_json<M: Message + Default>(text: &[u8], name: &str) -> Result<M, Malformed> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let message = DynamicMessage::deserialize_with_options(descriptor(name), tracked, &strict());
    let message = message.map_err(|error| Malformed::new(track.path().to_string(), error))?;
    json.end().map_err(|error| Malformed::new("document", error))?;
    Ok(typed(&message))
}

pub(super) fn from_binary<M: Message + Default>(bytes: &[u8], name: &str) -> Result<M, Malformed> {
    let message = DynamicMessage::decode(descriptor(name), bytes).map_err(|error| Malformed::new("message", error))?;
    match unknown(&message, String::new()) {
        Some(field) => Err(Malformed::new(field, "no such field")),
        None => Ok(typed(&message)),
    }
}

pub(super) fn typed<M: Message + Default>(message: &DynamicMessage) -> M {
    message.transcode_to().expect("the generated type has the same descriptor")
}

/// The first field, at any depth, that the descriptors do not know; such fields are kept and not refused by the decoder.
fn unknown(message: &DynamicMessage, at: String) -> Option<String> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    if let Some(field) = message.unknown_fields().next() {
        return Some(below(&format!("#{}", field.number())));
    }
    message.fields().find_map(|(field, value)| unknown_in(value, &below(field.name())))
}

fn unknown_in(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Message(message) => unknown(message, at.to_owned()),
        Value::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| unknown_in(item, &format!("{at}[{index}]")))
        }
        Value::Map(entries) => entries.values().find_map(|value| unknown_in(value, at)),
        Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::EnumNumber(_) => None,
    }
}

/// The message type at the end of a dotted path such as `refactor.operator` or `batch.items[0]`.
pub(super) fn message_at(root: MessageDescriptor, path: &str) -> Option<MessageDescriptor> {
    match path {
        "" => Some(root),
        path => field_at(root, path)?.kind().as_message().cloned(),
    }
}

/// The field at the end of a dotted path.
pub(super) fn field_at(root: MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let message = message_at(root, parents)?;
    let name = last.split('[').next().unwrap_or(last);
    message.get_field_by_name(name).or_else(|| message.get_field_by_json_name(name))
}
