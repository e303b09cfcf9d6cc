//! `reweave apply`: a patch into the workspace, all of its files or none.

use std::{io::Write, path::PathBuf};

use anyhow::Result;
use clap::Args;
use reweave_core::{ExitCode, FileKind, OutcomeEvent, RunFacts};
use reweave_proto::document;

use super::outcome_file;
use crate::{
    render,
    write::{self, Applied, Error, Stale},
};

/// What to apply, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An outcome event, as `reweave run --json` prints it; `-` reads standard input.
    #[arg(value_name = "PATCH")]
    patch: PathBuf,
    /// The folder the patch's paths are relative to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// Where a file has changed since, find the places again by name and text, and gate the result again.
    #[arg(long)]
    re_anchor: bool,
    /// Print the outcome event as JSON: of the patch as it was written, or of the refusal.
    #[arg(long)]
    json: bool,
}

/// Applies one patch.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let event = match outcome_file::read(&arguments.patch) {
        Ok(event) => event,
        Err(error) => return fail(&error),
    };
    let stale = if arguments.re_anchor { Stale::ReAnchor } else { Stale::Refuse };
    let applied = outcome_file::say_recovered(&arguments.workspace)
        .and_then(|()| write::apply(&arguments.workspace, &event, stale));
    match applied {
        Ok(applied) => {
            if arguments.json {
                writeln!(anstream::stdout(), "{}", document::outcome_json(&applied.event))?;
            } else {
                write!(anstream::stdout(), "{}", say(&applied))?;
            }
            Ok(ExitCode::Done)
        }
        Err(Error::Refused(refusal)) => {
            if arguments.json {
                let code = refusal.code.exit_code();
                let refused = OutcomeEvent { outcome: refusal.into(), run: RunFacts::default(), ..event };
                writeln!(anstream::stdout(), "{}", document::outcome_json(&refused))?;
                return Ok(code);
            }
            write!(anstream::stdout(), "{}", render::refusal(&refusal))?;
            Ok(refusal.code.exit_code())
        }
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> Result<ExitCode> {
    writeln!(anstream::stderr(), "reweave: {error}")?;
    Ok(error.exit_code())
}

fn say(applied: &Applied) -> String {
    if applied.files.is_empty() {
        return "nothing to do: every file is as the patch leaves it\n".to_owned();
    }
    let mut said = String::new();
    for file in &applied.files {
        let what = match &file.kind {
            FileKind::Edited => format!("wrote {}; `reweave undo` restores it", file.path),
            FileKind::Created => format!("made {}; `reweave undo` removes it", file.path),
            FileKind::Deleted => format!("removed {}; `reweave undo` restores it", file.path),
            FileKind::Renamed { from } => format!("renamed {from} to {}; `reweave undo` renames it back", file.path),
        };
        said.push_str(&format!("{what}\n"));
        for place in &file.moved {
            said.push_str(&format!("  re-anchored: {}\n", outcome_file::moved(place)));
        }
    }
    if applied.files.iter().any(|file| !file.moved.is_empty()) {
        said.push_str("the gates passed on the files as they are now; the checks were not run again\n");
    }
    said
}
