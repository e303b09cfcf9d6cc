//! JSON Schema (2020-12) out of the protos: what editors complete against and callers validate with.
//!
//! It describes documents as we write them: fields named as in the protos, 64-bit numbers as strings or numbers, unknown
//! fields refused, exactly one member of each oneof. Comments of the protos become descriptions.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::document::reflect::{OUTCOME, PROGRESS, SPEC, descriptor};

/// The documents that have a schema: file name and message.
pub const DOCUMENTS: [(&str, &str); 3] = [("spec", SPEC), ("outcome", OUTCOME), ("progress", PROGRESS)];

/// The schema of one of [`DOCUMENTS`]' messages, with every message it holds under `$defs`.
#[must_use]
pub fn of(message: &str) -> Value {
    let root = descriptor(message);
    let mut definitions = Map::new();
    define(&root, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".into(), root.name().into());
    schema.insert("$ref".into(), reference(&root).into());
    schema.insert("$defs".into(), definitions.into());
    schema.into()
}

/// Adds `message` and all it holds to `definitions`. Our messages do not hold themselves, so this ends.
fn define(message: &MessageDescriptor, definitions: &mut Map<String, Value>) {
    if definitions.contains_key(message.name()) {
        return;
    }
    definitions.insert(message.name().into(), object(message));
    for field in message.fields().filter(|field| !field.is_map()) {
        if let Kind::Message(inner) = field.kind()
            && !is_timestamp(&inner)
        {
            define(&inner, definitions);
        }
    }
}

fn object(message: &MessageDescriptor) -> Value {
    let properties: Map<String, Value> =
        message.fields().map(|field| (field.name().to_owned(), property(&field))).collect();
    let mut object = Map::new();
    describe(&mut object, comment(message.parent_file().file_descriptor_proto(), message.path()));
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), properties.into());
    object.insert("additionalProperties".into(), false.into());
    // No message of ours has more than one choice.
    if let Some(choice) = message.oneofs().find(|oneof| !oneof.is_synthetic()) {
        let members: Vec<Value> = choice.fields().map(|field| json!({ "required": [field.name()] })).collect();
        object.insert("oneOf".into(), members.into());
    }
    object.into()
}

fn property(field: &FieldDescriptor) -> Value {
    let inner = if field.is_map() {
        // The protos' only maps are from text to text.
        json!({ "type": "object", "additionalProperties": { "type": "string" } })
    } else if field.is_list() {
        json!({ "type": "array", "items": value(field) })
    } else {
        value(field)
    };
    let Value::Object(mut property) = inner else { unreachable!("each of the above is an object") };
    describe(&mut property, comment(field.parent_message().parent_file().file_descriptor_proto(), field.path()));
    property.into()
}

fn value(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(message) if is_timestamp(&message) => json!({ "type": "string", "format": "date-time" }),
        Kind::Message(message) => json!({ "$ref": reference(&message) }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Double | Kind::Float => json!({ "type": "number" }),
        Kind::Uint32 | Kind::Fixed32 => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX })
        }
        Kind::Uint64 | Kind::Fixed64 => {
            json!({ "type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0 })
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            json!({ "type": ["string", "integer"], "pattern": "^-?[0-9]+$" })
        }
        Kind::Enum(closed) => {
            let names: Vec<Value> = closed.values().map(|value| value.name().into()).collect();
            json!({ "enum": names })
        }
    }
}

fn reference(message: &MessageDescriptor) -> String {
    format!("#/$defs/{}", message.name())
}

fn is_timestamp(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.protobuf.Timestamp"
}

fn describe(schema: &mut Map<String, Value>, comment: Option<String>) {
    if let Some(comment) = comment {
        schema.insert("description".into(), comment.into());
    }
}

/// The comment above the thing at `path` of a proto file, on one line.
fn comment(file: &prost_types::FileDescriptorProto, path: &[i32]) -> Option<String> {
    let location = file.source_code_info.as_ref()?.location.iter().find(|location| location.path == path)?;
    let words: Vec<&str> = location.leading_comments.as_deref()?.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}
