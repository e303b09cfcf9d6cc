//! Owns Pulsar and the ledger: intake, synthesis, outcome; and the HTTP door.

pub mod bus;
pub mod ledger;
