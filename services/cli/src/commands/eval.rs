//! `reweave eval`: Reweave measured on files of your own.

mod holes;
mod infill;
mod report;
mod syntax;

use anyhow::Result;
use clap::{Args, Subcommand};
use reweave_core::ExitCode;

use crate::settings::Settings;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Masking, the prediction of the typed holes, and the gates, on every file below some folders.
    Syntax(syntax::Arguments),
    /// Random holes refilled by a model through the whole engine: patches that parse, refusals by kind of hole.
    Holes(holes::Arguments),
    /// The HumanEval-Infilling tasks, filled by a model.
    Infill(infill::Arguments),
}

/// Measures; exits 1 when a promise is broken.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode> {
    match &arguments.what {
        What::Syntax(arguments) => syntax::run(arguments, settings).await,
        What::Holes(arguments) => holes::run(arguments, settings).await,
        What::Infill(arguments) => infill::run(arguments, settings).await,
    }
}
