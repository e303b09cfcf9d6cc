//! Runs the project's own commands (lint, types, tests) on copies of workspaces, in a sandbox.
//!
//! [`service::Checks`] is the gRPC door, [`Runner`] the seam behind it; [`native::Parsers`] asks the compilers' own
//! parsers about texts. Code under test is never trusted: it runs only
//! inside the sandbox, whose floor is Landlock, seccomp without network sockets, and bounds on processes, memory and
//! time. Below that floor, commands are refused.

pub mod config;
pub mod native;
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

use reweave_chassis::server::Server;
use tokio_util::sync::CancellationToken;

pub use adapter::Adapter;
pub use config::Config;
pub use report::{FileCoverage, Finding, LineCoverage, Report};
pub use runner::{Runner, SandboxRunner};
pub use sandbox::launcher_main;
pub use service::Checks;
pub use workspace::Overlay;

/// The service over the sandbox, to be added to a server or called in process.
#[must_use]
pub fn build(config: Config) -> Checks {
    let sessions_max = config.sessions_max;
    let machine = sandbox::Machine::new(&config);
    let parsers = native::Parsers::new(&config, &machine);
    Checks::new(Arc::new(SandboxRunner::on(machine, config)), parsers, sessions_max)
}

/// Serves until `shutdown`, then ends what still runs and removes its copies.
pub async fn run(root: config::Root, shutdown: CancellationToken) -> Result<(), Error> {
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = root.checks.validate(&environment.collect())?;
    metrics::describe();
    let checks = build(config);
    let message_bytes_max = root.server.message_bytes_max.get() as usize;
    let bound = Server::new(root.server).service(checks.clone().server(message_bytes_max)).bind().await?;
    let served = bound.serve(shutdown).await;
    checks.close().await;
    Ok(served?)
}

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("reading the configuration")]
    Config(#[from] config::Error),
    #[error("serving checks")]
    Server(#[from] reweave_chassis::server::Error),
}
