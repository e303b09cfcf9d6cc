//! The commands of `reweave-gateway`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use reweave_chassis::service::{self, ConfigArgs, chain};
use reweave_core::ExitCode as Code;

use crate::{
    bus::pulsar::admin::{self, State, Step},
    gateway::{self, Config},
};

/// Takes specs off the bus and over HTTP, and puts outcomes back.
#[derive(Debug, Parser)]
#[command(name = "reweave-gateway", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Work until SIGTERM (the default).
    Run,
    /// Create the topics, subscriptions and policies that are not there yet.
    Init {
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
}

/// The whole of the binary's `main`.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command.unwrap_or(Command::Run) {
        Command::Run => service::start::<Config, _, _>("reweave-gateway", &arguments.config, gateway::run),
        Command::Init { dry_run: _ } if arguments.config.dump_config => {
            service::start::<Config, _, _>("reweave-gateway", &arguments.config, gateway::run)
        }
        Command::Init { dry_run } => ExitCode::from(init(&arguments.config, dry_run) as u8),
    }
}

fn init(arguments: &ConfigArgs, dry_run: bool) -> Code {
    let config = match arguments.load::<Config>() {
        Ok(config) => config,
        Err(error) => return failed(&error, Code::Configuration),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, Code::Environment),
    };
    match runtime.block_on(admin::init(&config.gateway.bus, dry_run)) {
        Ok(steps) => report(&steps),
        Err(error) => failed(&error, Code::Environment),
    }
}

/// One line per step; what cannot be made as it should be is a failure.
fn report(steps: &[Step]) -> Code {
    let lines: String = steps.iter().map(|step| format!("{step}\n")).collect();
    // Whoever closed the pipe does not want the rest.
    _ = io::stdout().write_all(lines.as_bytes());
    match steps.iter().any(|step| matches!(step.state, State::Differs(_))) {
        true => Code::Environment,
        false => Code::Done,
    }
}

fn failed(error: &(dyn std::error::Error + 'static), code: Code) -> Code {
    _ = writeln!(io::stderr(), "reweave-gateway: {}", chain(error));
    code
}
