//! Owns Pulsar and the ledger: intake, synthesis, outcome; and the HTTP door.
//!
//! `Options → build → run(shutdown)`: [`Options::build`] opens the ledger, the bus and the port, and [`Gateway::run`]
//! works until the token is cancelled, then drains.

pub mod bus;
pub mod command;
pub mod config;
pub mod dlq;
pub mod event;
mod gateway;
pub mod http;
pub mod ledger;
pub mod metrics;
pub mod pipeline;

pub use gateway::{BuildError, Config, Error, Gateway, Options, run};
