//! What the commands share that take a patch as an argument: reading it, and saying what was found half done.

use std::{
    io::{self, Write},
    path::Path,
};

use reweave_core::{OutcomeEvent, limits};
use reweave_syntax::patch::re_anchor::Place;

use crate::{
    input,
    write::{self, Error},
};

/// The outcome event in a file, as `reweave run --json` prints it; `-` reads standard input.
pub(super) fn read(path: &Path) -> Result<OutcomeEvent, Error> {
    let unreadable = |error: io::Error| Error::Record(format!("{}: {error}", path.display()));
    let bytes = input::file_or_stdin(path, limits::PATCH_BYTES_MAX).map_err(unreadable)?;
    if bytes.len() > limits::PATCH_BYTES_MAX {
        return Err(Error::Record(format!("it is larger than {} bytes", limits::PATCH_BYTES_MAX)));
    }
    reweave_proto::document::read_outcome(&bytes).map_err(|error| Error::Record(error.to_string()))
}

/// Puts back what an earlier command left half done in the workspace, and says so.
pub(super) fn say_recovered(workspace: &Path) -> Result<(), Error> {
    let said = write::recover(workspace)?;
    if !said.is_empty() {
        let _ = writeln!(anstream::stderr(), "reweave: an earlier command was cut short here");
    }
    for what in said {
        let _ = writeln!(anstream::stderr(), "reweave: {what}");
    }
    Ok(())
}

/// Where edits stand that had to be looked for.
pub(super) fn moved(place: &Place) -> String {
    let scope = if place.node_path.is_empty() { "the file".to_owned() } else { format!("`{}`", place.node_path) };
    format!("line {} is line {} now, in {scope}", place.from_line, place.to_line)
}
