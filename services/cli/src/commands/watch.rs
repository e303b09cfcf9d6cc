//! `reweave watch`: as `run`, with every hole shown while it is refilled.

use anyhow::Result;
use reweave_core::ExitCode;

use super::run;
pub(crate) use super::run::Arguments;
use crate::{pod::Show, settings::Settings};

/// Works on the spec, in sight.
pub(crate) async fn run(arguments: Arguments, settings: Settings) -> Result<ExitCode> {
    run::work(arguments, settings, Show::Canvas).await
}
