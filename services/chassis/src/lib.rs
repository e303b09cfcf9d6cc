//! What every service is wired with once: configuration, telemetry, gRPC server and client, health, shutdown.
//!
//! A service crate is a library with a [`service::Config`] and a `run` function; its binary hands both to
//! [`service::main`]. In one process the same services meet through [`in_process::channel`] instead of [`server`] and
//! [`client`].

pub mod client;
pub mod config;
pub mod git;
pub mod in_process;
pub mod metrics;
pub mod model;
pub mod server;
pub mod service;
pub mod shutdown;
pub mod status;
pub mod telemetry;

/// Largest message between our services. A reply with evidence can be a multiple of the code that went in, which is
/// bounded by `reweave_core::limits`.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// The commented defaults of the sections `telemetry` and `server`.
pub const DEFAULTS: &str = include_str!("../default.toml");
