//! What people and events write and read: specs as YAML, JSON or binary, outcomes as JSON or binary.
//!
//! All text follows the proto3 JSON mapping, so that any protobuf library reads it: 64-bit numbers are written as strings,
//! and both `file_path` and `filePath` are read; we write the former, and write fields that hold their default, too.
//! Unknown fields are refused in every form.

mod fit;
mod nearest;
mod place;
mod problem;
pub(crate) mod reflect;
mod spec;
#[cfg(test)]
mod tests;
mod text;
mod unique;

use prost::Message as _;
use reweave_core::{OutcomeEvent, Progress, Refusal, SpecId};
use serde_json::Value;

use crate::{
    convert::{self, Malformed},
    wire::outcome as wire,
};

pub use crate::convert::Door;
pub use fit::fit;

/// Reads a spec from a document a person wrote: YAML or JSON.
pub fn read_spec(document: impl AsRef<[u8]>, door: Door) -> Result<reweave_core::Spec, Refusal> {
    spec::read(document.as_ref(), door)
}

/// Reads a spec from the body of an event or request, by its content type: `application/json` (also when there is none),
/// `application/protobuf` or `application/yaml`.
pub fn decode_spec(content_type: Option<&str>, body: &[u8]) -> Result<reweave_core::Spec, Refusal> {
    spec::decode(content_type, body)
}

/// An outcome as JSON.
#[must_use]
pub fn outcome_json(event: &OutcomeEvent) -> Value {
    reflect::to_json(&convert::outcome(event.clone()), reflect::OUTCOME)
}

/// Reads an outcome back from JSON. Unknown fields are malformed, and so is a digest that does not hold.
pub fn read_outcome(text: impl AsRef<[u8]>) -> Result<OutcomeEvent, Malformed> {
    reflect::from_json::<wire::OutcomeEvent>(text.as_ref(), reflect::OUTCOME)?.try_into()
}

/// An outcome as binary protobuf.
#[must_use]
pub fn outcome_bytes(event: &OutcomeEvent) -> Vec<u8> {
    convert::outcome(event.clone()).encode_to_vec()
}

/// Reads an outcome back from binary protobuf, as strictly as [`read_outcome`].
pub fn decode_outcome(bytes: &[u8]) -> Result<OutcomeEvent, Malformed> {
    reflect::from_binary::<wire::OutcomeEvent>(bytes, reflect::OUTCOME)?.try_into()
}

/// A step of the work as JSON.
#[must_use]
pub fn progress_json(spec_id: SpecId, progress: &Progress) -> Value {
    reflect::to_json(&convert::progress(spec_id, progress.clone()), reflect::PROGRESS)
}

/// Reads a step back from JSON.
pub fn read_progress(text: impl AsRef<[u8]>) -> Result<(SpecId, Progress), Malformed> {
    convert::read_progress(reflect::from_json(text.as_ref(), reflect::PROGRESS)?)
}
