//! `reweave undo`: restores the exact bytes from before a patch, takes it out of a file that has changed since, or
//! explains the conflict.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Result;
use clap::Args;
use reweave_core::{ExitCode, FileKind};

use super::outcome_file;
use crate::{
    render,
    write::{self, Error, Written},
};

/// What to undo, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace the patch was written to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// An outcome event, as `reweave run --json` prints it, `-` for standard input; the newest written patch when absent.
    #[arg(value_name = "PATCH")]
    patch: Option<PathBuf>,
}

/// Undoes one patch.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match undo(&arguments.workspace, arguments.patch.as_deref()) {
        Ok(files) => {
            write!(anstream::stdout(), "{}", say(&files))?;
            Ok(ExitCode::Done)
        }
        Err(Error::Refused(refusal)) => {
            write!(anstream::stdout(), "{}", render::refusal(&refusal))?;
            Ok(refusal.code.exit_code())
        }
        Err(error) => {
            writeln!(anstream::stderr(), "reweave: {error}")?;
            Ok(error.exit_code())
        }
    }
}

fn undo(workspace: &Path, patch: Option<&Path>) -> Result<Vec<Written>, Error> {
    let event = patch.map(outcome_file::read).transpose()?;
    outcome_file::say_recovered(workspace)?;
    write::undo(workspace, event)
}

fn say(files: &[Written]) -> String {
    if files.is_empty() {
        return "nothing to do: every file is as it was before the patch\n".to_owned();
    }
    let mut said = String::new();
    for file in files {
        if file.moved.is_empty() {
            let what = match &file.kind {
                FileKind::Edited | FileKind::Deleted => format!("restored {}", file.path),
                FileKind::Created => format!("removed {}", file.path),
                FileKind::Renamed { from } => format!("renamed {} back to {from}", file.path),
            };
            said.push_str(&format!("{what}\n"));
            continue;
        }
        said.push_str(&format!("took the patch out of {}, which has changed since; the gates passed\n", file.path));
        for place in &file.moved {
            said.push_str(&format!("  re-anchored: {}\n", outcome_file::moved(place)));
        }
    }
    said
}
