//! Scenarios over a whole pod, and tidy.rs, the layer table as a test.

pub mod load;
pub mod process;
pub mod pulsar;
