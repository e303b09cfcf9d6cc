//! The `reweave` command: a library, so that tests can call what the binary calls.

mod canvas;
mod commands;
mod input;
mod model;
mod pod;
mod render;
mod settings;
mod source;
mod write;

use std::{ffi::OsString, io::Write, process};

use clap::{CommandFactory, Parser, Subcommand};
use reweave_chassis::{config, service::ConfigArgs, telemetry};
use reweave_core::ExitCode;
use settings::Settings;

/// Validated patches from specs: it masks, refills, checks, and answers with a proven patch or a reason.
#[derive(Debug, Parser)]
#[command(name = "reweave", version, about, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 patch or nothing to do · 1 refused · 2 usage · 3 environment · 4 stale base · \
                          64 configuration\nColours follow NO_COLOR and CLICOLOR; results go to stdout, all else to stderr.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Work on a spec and show the patch, the checks and the risk.
    Run(commands::run::Arguments),
    /// Run the whole pod in one process.
    Up(commands::up::Arguments),
    /// Publish a spec to the pod's topic.
    Publish(commands::publish::Arguments),
    /// Look at dead letters, and send them again.
    Dlq(commands::dlq::Arguments),
    /// Write a patch into the workspace: all of its files, or none.
    Apply(commands::apply::Arguments),
    /// Restore the bytes from before a patch that was written here.
    Undo(commands::undo::Arguments),
    /// List the parts of a file that may be refilled, and with what.
    Mask(commands::mask::Arguments),
    /// Ask the gates about edits of a file.
    Gate(commands::gate::Arguments),
    /// Work on a spec as `run` does, and watch its holes being refilled.
    Watch(commands::watch::Arguments),
    /// Look at model folders.
    Models(commands::models::Arguments),
    /// Measure parts of Reweave on files of your own.
    Eval(commands::eval::Arguments),
    /// Print a patch as a diff, as lines, for an editor or for a report.
    Patch(commands::patch::Arguments),
    /// Say what is found on this machine, what is missing, and how to get it.
    Doctor(commands::doctor::Arguments),
    /// Print the completions of a shell: `source <(reweave completions bash)`.
    Completions { shell: clap_complete::Shell },
}

/// Runs the command line `arguments` (the program's name first) to its exit code.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> process::ExitCode {
    let code = match Cli::try_parse_from(arguments) {
        Ok(cli) => execute(cli),
        Err(error) => {
            // Help and version are not errors; clap prints them to stdout.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done };
            let _ = error.print();
            code
        }
    };
    process::ExitCode::from(code as u8)
}

fn execute(cli: Cli) -> ExitCode {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "reweave", &mut script);
        return print(&script);
    }
    let settings = match Settings::load(&cli.config) {
        Ok(settings) => settings,
        Err(error) => return complain(&error.into(), ExitCode::Configuration),
    };
    if cli.config.dump_config {
        return match config::dump(&settings) {
            Ok(text) => print(text.as_bytes()),
            Err(error) => complain(&error.into(), ExitCode::Configuration),
        };
    }
    telemetry::init(&settings.telemetry);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into(), ExitCode::Environment),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Run(arguments) => commands::run::run(arguments, settings).await,
            Command::Watch(arguments) => commands::watch::run(arguments, settings).await,
            Command::Models(arguments) => commands::models::run(&arguments),
            Command::Up(arguments) => commands::up::run(arguments, settings).await,
            Command::Publish(arguments) => commands::publish::run(arguments, settings).await,
            Command::Dlq(arguments) => commands::dlq::run(arguments, settings).await,
            Command::Apply(arguments) => commands::apply::run(&arguments),
            Command::Undo(arguments) => commands::undo::run(&arguments),
            Command::Mask(arguments) => commands::mask::run(&arguments),
            Command::Gate(arguments) => commands::gate::run(&arguments, &settings).await,
            Command::Eval(arguments) => commands::eval::run(&arguments, &settings).await,
            Command::Patch(arguments) => commands::patch::run(&arguments),
            Command::Doctor(arguments) => commands::doctor::run(&arguments, settings).await,
            Command::Completions { .. } => Ok(ExitCode::Done),
        }
    });
    // Work that is still under way belongs to a spec that was given up.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| complain(&error, ExitCode::Environment))
}

/// Writes data to stdout; a reader that went away is no error.
fn print(bytes: &[u8]) -> ExitCode {
    let mut stdout = anstream::stdout();
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
    ExitCode::Done
}

/// Says on stderr what went wrong, with the whole chain of causes.
fn complain(error: &anyhow::Error, code: ExitCode) -> ExitCode {
    let _ = writeln!(anstream::stderr(), "reweave: {error:#}");
    code
}
