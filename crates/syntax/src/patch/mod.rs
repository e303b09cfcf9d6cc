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

use reweave_core::{Edits, FileChange, RelativePath};

pub use position::Error as PositionError;
pub use uri::of_folder;

/// The edits of one file, with the text they are for.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub path: &'a RelativePath,
    pub before: &'a str,
    /// Checked against `before`.
    pub edits: &'a Edits,
}

impl Change<'_> {
    /// The text afterwards.
    #[must_use]
    pub fn after(&self) -> String {
        self.edits.apply(self.before)
    }
}

/// Of a file whose original was not cut.
impl<'a> From<&'a FileChange> for Change<'a> {
    fn from(file: &'a FileChange) -> Self {
        Self { path: &file.path, before: &file.original_code, edits: &file.edits }
    }
}
