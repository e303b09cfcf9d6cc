//! From `main` to a running service: arguments, configuration, telemetry, runtime, signals, exit code.

use std::{error::Error as StdError, ffi::OsString, io, path::PathBuf, process};

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use reweave_core::ExitCode;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{self, Layers},
    metrics, shutdown,
    telemetry::{self, Telemetry},
};

/// The root of a binary's configuration: one field per section it uses.
pub trait Config: DeserializeOwned + Serialize {
    /// The commented defaults of its sections.
    const DEFAULTS: &'static [&'static str];

    /// Its section `telemetry`.
    fn telemetry(&self) -> &Telemetry;

    /// Rules that no single field's type can hold.
    fn validate(&self) -> Result<(), config::Error> {
        Ok(())
    }
}

/// Arguments that say where the configuration comes from; commands flatten them into their own.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArgs {
    /// Configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set one field, over file and environment.
    #[arg(long = "set", global = true, value_name = "SECTION.FIELD=VALUE")]
    pub overrides: Vec<String>,
    /// Print the configuration that results, secrets redacted, and exit.
    #[arg(long, global = true)]
    pub dump_config: bool,
}

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    config: ConfigArgs,
}

impl ConfigArgs {
    /// Loads and validates the configuration from all layers of this process.
    pub fn load<C: Config>(&self) -> Result<C, config::Error> {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let config: C = config::load(Layers {
            defaults: C::DEFAULTS.to_vec(),
            file: self.config.clone(),
            environment: std::env::vars_os().filter_map(text).collect(),
            overrides: self.overrides.clone(),
        })?;
        config.validate()?;
        Ok(config)
    }
}

/// The whole of a service's `main`: arguments, configuration, and `run` until it returns.
pub fn main<C, F, E>(
    name: &'static str,
    about: &'static str,
    run: impl FnOnce(C, CancellationToken) -> F,
) -> process::ExitCode
where
    C: Config,
    F: Future<Output = Result<(), E>>,
    E: StdError + 'static,
{
    let command = Arguments::command().name(name).about(about).version(env!("CARGO_PKG_VERSION"));
    match Arguments::from_arg_matches(&command.get_matches()) {
        Ok(arguments) => start(name, &arguments.config, run),
        Err(error) => error.exit(),
    }
}

/// [`main`] after the arguments are parsed, for binaries that have commands of their own.
pub fn start<C, F, E>(
    name: &str,
    arguments: &ConfigArgs,
    run: impl FnOnce(C, CancellationToken) -> F,
) -> process::ExitCode
where
    C: Config,
    F: Future<Output = Result<(), E>>,
    E: StdError + 'static,
{
    let ended = match arguments.load::<C>() {
        Ok(config) if arguments.dump_config => config::dump(&config).map(|text| write(&mut io::stdout(), &text)),
        Ok(config) => Ok(supervise(config, run)),
        Err(error) => Err(error),
    };
    let code = ended.unwrap_or_else(|error| {
        // There are no logs yet: their format is part of the configuration that was refused.
        write(&mut io::stderr(), &format!("{name}: {}\n", chain(&error)));
        ExitCode::Configuration
    });
    process::ExitCode::from(code as u8)
}

/// An error with its causes, outermost first, on one line.
#[must_use]
pub fn chain(error: &dyn StdError) -> String {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn supervise<C, F, E>(config: C, run: impl FnOnce(C, CancellationToken) -> F) -> ExitCode
where
    C: Config,
    F: Future<Output = Result<(), E>>,
    E: StdError + 'static,
{
    telemetry::init(config.telemetry());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        let shutdown = match shutdown::on_signal() {
            Ok(shutdown) => shutdown,
            Err(error) => return failed(&error),
        };
        tokio::spawn(metrics::upkeep(shutdown.clone()));
        match run(config, shutdown).await {
            Ok(()) => ExitCode::Done,
            Err(error) => failed(&error),
        }
    })
}

fn failed(error: &dyn StdError) -> ExitCode {
    tracing::error!(error = chain(error), "stopped");
    ExitCode::Environment
}

/// Whoever closed the other end of the pipe does not want the rest.
fn write(to: &mut dyn io::Write, text: &str) -> ExitCode {
    _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    ExitCode::Done
}
