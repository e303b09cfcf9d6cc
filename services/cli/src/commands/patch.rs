//! `reweave patch`: the same patch for other readers.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use reweave_core::{BatchResult, Edits, ExitCode, FileChange, Outcome, Patch, Sha256};
use reweave_syntax::patch::{self, Change, diff, dsl, lsp, sarif};

use super::outcome_file;
use crate::write::{self, Error};

/// What to print, and how.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An outcome event, as `reweave run --json` prints it; `-` reads standard input.
    #[arg(value_name = "PATCH")]
    patch: PathBuf,
    /// The form to print it in.
    #[arg(long, value_name = "FORM")]
    to: Form,
    /// The folder the patch's paths are relative to: for the addresses of files, and for texts that the event had to cut.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
}

/// Who is to read it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// git: `git apply` takes it.
    Diff,
    /// Lines by their numbers in the base: `@@ 41-43`, `- old`, `+ new`.
    Dsl,
    /// An editor: a `WorkspaceEdit` of the Language Server Protocol.
    Lsp,
    /// A code scanner: SARIF 2.1.0 with a fix.
    Sarif,
}

/// Prints one patch.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match read(arguments) {
        Ok(patch) => {
            write!(anstream::stdout(), "{}", rendered(arguments, &patch)?)?;
            Ok(ExitCode::Done)
        }
        Err(error) => {
            writeln!(anstream::stderr(), "reweave: {error}")?;
            Ok(error.exit_code())
        }
    }
}

/// The patch, each of its files with the text that its edits are for.
fn read(arguments: &Arguments) -> Result<Patch, Error> {
    let event = outcome_file::read(&arguments.patch)?;
    let mut patch = match event.outcome {
        Outcome::Patch(patch) | Outcome::Batch(BatchResult { combined: Some(patch), .. }) => patch,
        Outcome::Refusal(refusal) => return Err(refusal.into()),
        Outcome::Unchanged(_) | Outcome::Batch(_) => return Err(Error::Record("the outcome holds no patch".into())),
    };
    patch.files.iter_mut().try_for_each(|file| complete(&arguments.workspace, file))?;
    Ok(patch)
}

/// Takes the text from the workspace where the event had to cut its copy.
fn complete(workspace: &Path, file: &mut FileChange) -> Result<(), Error> {
    if Sha256::of(file.original_code.as_bytes()) == file.base_sha256 {
        return Ok(());
    }
    let text = write::present(workspace, file.path_before().unwrap_or(&file.path))?;
    let fits = Sha256::of(text.as_bytes()) == file.base_sha256;
    if !fits || Edits::new(&text, file.edits.as_slice().to_vec()).is_err() {
        let reason = "the event carries no copy of it, and the workspace's is another";
        return Err(Error::Record(format!("{}: {reason}", file.path)));
    }
    file.original_code = text;
    Ok(())
}

fn rendered(arguments: &Arguments, patch: &Patch) -> Result<String> {
    let changes: Vec<Change<'_>> = patch.files.iter().map(Change::from).collect();
    match arguments.to {
        Form::Diff => {
            let texts: Vec<String> = changes.iter().map(Change::after).collect();
            let files = patch.files.iter().zip(&texts);
            let files: Vec<_> =
                files.map(|(file, after)| diff::FileDiff::of(file, &file.original_code, after)).collect();
            Ok(diff::unified(&files))
        }
        Form::Dsl => Ok(dsl::render(&changes)?),
        Form::Lsp => {
            // A command knows what is on disk, not what an editor has open.
            let documents: Vec<lsp::Document<'_>> =
                changes.into_iter().map(|change| lsp::Document { change, version: None }).collect();
            json(&lsp::workspace_edit(&root(&arguments.workspace)?, &documents, patch)?)
        }
        Form::Sarif => json(&sarif::log(&root(&arguments.workspace)?, &changes, patch)?),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn root(workspace: &Path) -> Result<String> {
    let path = workspace.canonicalize().with_context(|| format!("open the workspace {}", workspace.display()))?;
    let path = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(patch::of_folder(path))
}
