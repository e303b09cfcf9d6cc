//! Owns Pulsar and the ledger: intake, synthesis, outcome; and the HTTP door.

pub mod bus;
pub mod dlq;
pub mod event;
pub mod ledger;
