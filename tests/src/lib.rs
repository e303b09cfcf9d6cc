//! Scenarios over a whole pod, and tidy.rs, the layer table as a test.

pub mod cases;
pub mod command;
pub mod events;
pub mod load;
pub mod outcomes;
pub mod pod;
pub mod process;
pub mod pulsar;
pub mod python;
pub mod sources;
