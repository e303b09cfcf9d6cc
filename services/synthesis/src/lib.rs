//! Drives rewrite, models and search against the other services, one spec at a time.
//!
//! The pure crates decide what to try and when to stop; this crate reads the source, asks `checks` to run commands,
//! measures time, and streams progress and exactly one outcome back.

mod assemble;
mod batch;
mod checking;
pub mod compiler;
pub mod config;
mod engine;
mod facts;
mod generate;
mod item;
mod service;
mod technique;
mod workspace;

pub use config::SynthesisConfig;
pub use service::{Synthesis, run};
