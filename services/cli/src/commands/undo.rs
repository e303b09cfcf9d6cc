//! `reweave undo`: restores the exact bytes from before a patch, or explains the conflict.

use std::{io::Write, path::PathBuf};

use anyhow::Result;
use clap::Args;
use reweave_core::{ExitCode, OutcomeEvent};

use crate::write;

/// What to undo, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace the patch was written to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// An outcome event (as `reweave run --json` printed it); the newest written patch when absent.
    #[arg(value_name = "OUTCOME.json")]
    outcome: Option<PathBuf>,
}

/// Undoes one patch.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match undo(arguments) {
        Ok(paths) => {
            for path in paths {
                writeln!(anstream::stdout(), "restored {path}")?;
            }
            Ok(ExitCode::Done)
        }
        Err(error) => {
            writeln!(anstream::stderr(), "reweave: {error}")?;
            Ok(error.exit_code())
        }
    }
}

fn undo(arguments: &Arguments) -> Result<Vec<reweave_core::RelativePath>, write::Error> {
    let (record, text) = match &arguments.outcome {
        Some(path) => (None, read(path)?),
        None => {
            let (name, text) = write::newest_record(&arguments.workspace)?;
            (Some(name), text)
        }
    };
    let event = parse(&text)?;
    let patch = event.outcome.patch().ok_or_else(|| write::Error::Record("the outcome holds no patch".into()))?;
    let restored = write::undo(&arguments.workspace, patch)?;
    if let Some(name) = record {
        write::retire_record(&arguments.workspace, &name)?;
    }
    Ok(restored)
}

fn read(path: &PathBuf) -> Result<String, write::Error> {
    std::fs::read_to_string(path).map_err(|error| write::Error::Record(format!("{}: {error}", path.display())))
}

fn parse(text: &str) -> Result<OutcomeEvent, write::Error> {
    reweave_proto::document::read_outcome(text).map_err(|error| write::Error::Record(error.to_string()))
}
