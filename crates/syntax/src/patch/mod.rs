//! What is done with a patch: its renderings, and its move onto a text that has changed since.
//!
//! The truth is [`reweave_core::Edits`]; [`diff`], [`dsl`], [`lsp`] and [`sarif`] are ways to write it down for others, and
//! each of them, applied, gives the very text that the edits give. [`re_anchor`] finds the places of the edits again.

mod anchor;
pub mod diff;
pub mod dsl;
mod lines;
pub mod lsp;
mod position;
pub mod re_anchor;
pub mod sarif;
mod uri;

use reweave_core::{Edits, FileChange, FileKind, Mode, Modes, RelativePath};

pub use uri::of_folder;

/// The edits of one file, with the text they are for.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Afterwards; of a file that is removed, its last.
    pub path: &'a RelativePath,
    pub kind: &'a FileKind,
    pub modes: Modes,
    pub before: &'a str,
    /// Checked against `before`.
    pub edits: &'a Edits,
}

/// Why a change cannot be written in a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the edit changes the byte order mark, which has no line and column")]
    ByteOrderMark,
    #[error("`{path}` {what}, which {form} cannot say")]
    Unsayable { path: RelativePath, what: &'static str, form: &'static str },
}

impl<'a> Change<'a> {
    /// Of a file that keeps its name and mode.
    #[must_use]
    pub fn edited(path: &'a RelativePath, before: &'a str, edits: &'a Edits) -> Self {
        Self { path, kind: &FileKind::Edited, modes: Modes::default(), before, edits }
    }

    /// Refuses what a form has no words for that knows texts alone.
    fn said_by_text_alone(&self, form: &'static str) -> Result<(), Error> {
        let what = match self.kind {
            FileKind::Edited => return self.said_without_mode(form),
            FileKind::Created => "is made",
            FileKind::Deleted => "is removed",
            FileKind::Renamed { .. } => "is renamed",
        };
        Err(Error::Unsayable { path: self.path.clone(), what, form })
    }

    /// Refuses another mode, and one that a new file does not have by itself.
    fn said_without_mode(&self, form: &'static str) -> Result<(), Error> {
        let Modes { before, after } = self.modes;
        if after.is_none_or(|after| after == before.unwrap_or(Mode::Plain)) {
            return Ok(());
        }
        Err(Error::Unsayable { path: self.path.clone(), what: "gets another mode", form })
    }

    /// The text afterwards.
    #[must_use]
    pub fn after(&self) -> String {
        self.edits.apply(self.before)
    }
}

/// Of a file whose original was not cut.
impl<'a> From<&'a FileChange> for Change<'a> {
    fn from(file: &'a FileChange) -> Self {
        let FileChange { path, kind, modes, original_code, edits, .. } = file;
        Self { path, kind, modes: *modes, before: original_code, edits }
    }
}
