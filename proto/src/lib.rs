//! The wire: `reweave/<area>/v1/*.proto`, generated stubs, and the conversions between wire and core.
//!
//! [`convert`] is for messages between services, [`document`] for what people and events write: YAML, JSON and binary
//! specs in, outcomes out. [`schema`] turns the protos and their comments into JSON Schema.

pub mod convert;
pub mod document;
pub mod schema;

#[expect(unreachable_pub, clippy::large_enum_variant, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/wire.rs"));
}

/// Generated messages and stubs. No type of this module goes past a conversion.
pub mod wire {
    pub use crate::generated::reweave::{
        checks::v1 as checks, inference::v1 as inference, outcome::v1 as outcome, spec::v1 as spec,
        synthesis::v1 as synthesis,
    };
}

/// The encoded descriptors of every message, with comments: for reflection, JSON and schema generation.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
