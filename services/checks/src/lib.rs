//! Runs the project's own commands (lint, types, tests) on copies of workspaces, in a sandbox.
//!
//! [`service::Checks`] is the gRPC door, [`Runner`] the seam behind it. Code under test is never trusted: it runs only
//! inside the sandbox, whose floor is Landlock, seccomp without network sockets, and bounds on processes, memory and
//! time. Below that floor, commands are refused.

pub mod config;
pub mod runner;
pub mod sandbox;
pub mod service;

mod adapter;
mod log;
pub mod metrics;
mod report;
mod tools;
mod wire;
mod workspace;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use adapter::Adapter;
pub use config::Config;
pub use report::{FileCoverage, Finding, LineCoverage, Report};
pub use runner::{Runner, SandboxRunner};
pub use sandbox::launcher_main;
pub use service::Checks;
pub use workspace::Overlay;

/// The service over the sandbox, ready to be added to a server or called in process. `shutdown` ends its sessions.
#[must_use]
pub fn build(config: Config, shutdown: CancellationToken) -> Checks {
    let (sessions_max, message_bytes_max) = (config.sessions_max, config.message_bytes_max);
    Checks::new(Arc::new(SandboxRunner::new(config)), sessions_max, message_bytes_max, shutdown)
}
