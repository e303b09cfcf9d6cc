//! One file's change: its text, and what becomes of the file itself.

use crate::{Edits, RelativePath, Sha256};

/// One file's change. Where the file is made, its base is the empty text; where it is removed, its result is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Where the file is afterwards; of one that is removed, where it was.
    pub path: RelativePath,
    pub kind: FileKind,
    pub modes: Modes,
    pub base_sha256: Sha256,
    pub result_sha256: Sha256,
    pub edits: Edits,
    /// The whole file before; emptied first when an outcome would pass its size limit.
    pub original_code: String,
    /// The whole file after.
    pub generated_code: String,
}

/// What becomes of a file, whatever becomes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// It stays where it is.
    Edited,
    /// It must not be there before.
    Created,
    Deleted,
    /// It was elsewhere before, and nothing was where it is now.
    Renamed {
        from: RelativePath,
    },
}

/// The modes git knows of files that hold text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Plain,
    Executable,
}

/// A file's mode before and after. Where one is not said, it stays as it is, and a file that is made is plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    pub before: Option<Mode>,
    pub after: Option<Mode>,
}

/// Why a file cannot change in this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileChangeError {
    #[error("a file that is made was empty before and had no mode")]
    CreatedOfSomething,
    #[error("a file that is removed is empty afterwards and has no mode")]
    DeletedToSomething,
    #[error("a renamed file has another path than before")]
    RenamedToItself,
    #[error("a mode that changes is given before and after")]
    HalfAMode,
}

impl FileChange {
    /// A file that stays where it is. `edits` were checked against `original_code`.
    #[must_use]
    pub fn edited(path: RelativePath, original_code: String, edits: Edits) -> Self {
        let generated_code = edits.apply(&original_code);
        Self {
            path,
            kind: FileKind::Edited,
            modes: Modes::default(),
            base_sha256: Sha256::of(original_code.as_bytes()),
            result_sha256: Sha256::of(generated_code.as_bytes()),
            edits,
            original_code,
            generated_code,
        }
    }

    /// Where the file is before; nowhere, if it is made.
    #[must_use]
    pub fn path_before(&self) -> Option<&RelativePath> {
        match &self.kind {
            FileKind::Created => None,
            FileKind::Edited | FileKind::Deleted => Some(&self.path),
            FileKind::Renamed { from } => Some(from),
        }
    }

    /// Where the file is afterwards; nowhere, if it is removed.
    #[must_use]
    pub fn path_after(&self) -> Option<&RelativePath> {
        match &self.kind {
            FileKind::Deleted => None,
            FileKind::Edited | FileKind::Created | FileKind::Renamed { .. } => Some(&self.path),
        }
    }

    /// Whether texts, paths and modes are those of its kind.
    pub fn check(&self) -> Result<(), FileChangeError> {
        let empty = Sha256::of(b"");
        let Modes { before, after } = self.modes;
        match &self.kind {
            FileKind::Created if self.base_sha256 != empty || before.is_some() => {
                Err(FileChangeError::CreatedOfSomething)
            }
            FileKind::Deleted if self.result_sha256 != empty || after.is_some() => {
                Err(FileChangeError::DeletedToSomething)
            }
            FileKind::Renamed { from } if *from == self.path => Err(FileChangeError::RenamedToItself),
            FileKind::Edited | FileKind::Renamed { .. } if after.is_some() && before.is_none() => {
                Err(FileChangeError::HalfAMode)
            }
            FileKind::Edited | FileKind::Created | FileKind::Deleted | FileKind::Renamed { .. } => Ok(()),
        }
    }
}

impl FileKind {
    /// The kind's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Renamed { .. } => "renamed",
        }
    }
}

impl Mode {
    /// Every mode as git writes it.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Plain, "100644"), (Self::Executable, "100755")];

    /// The mode as git writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "100644",
            Self::Executable => "100755",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, Span};

    fn change(kind: FileKind, modes: Modes, before: &str, after: &str) -> FileChange {
        let edit = Edit::of(before, Span::new(0, before.len()), after, "lines", "");
        let edits = Edits::new(before, vec![edit]).expect("one edit of all of it");
        let edited = FileChange::edited("a.py".parse().expect("a path"), before.to_owned(), edits);
        FileChange { kind, modes, ..edited }
    }

    #[test]
    fn a_change_that_contradicts_its_kind_is_refused() {
        let renamed = |from: &str| FileKind::Renamed { from: from.parse().expect("a path") };
        let (none, plain) = (Modes::default(), Some(Mode::Plain));
        let (before, after) = (Modes { before: plain, after: None }, Modes { before: None, after: plain });
        for (kind, modes, old, new, expected) in [
            (FileKind::Edited, none, "a", "b", Ok(())),
            (FileKind::Created, after, "", "b", Ok(())),
            (FileKind::Created, after, "a", "b", Err(FileChangeError::CreatedOfSomething)),
            (FileKind::Created, before, "", "b", Err(FileChangeError::CreatedOfSomething)),
            (FileKind::Deleted, before, "a", "", Ok(())),
            (FileKind::Deleted, before, "a", "b", Err(FileChangeError::DeletedToSomething)),
            (FileKind::Deleted, after, "a", "", Err(FileChangeError::DeletedToSomething)),
            (renamed("b.py"), none, "a", "b", Ok(())),
            (renamed("a.py"), none, "a", "b", Err(FileChangeError::RenamedToItself)),
            (FileKind::Edited, after, "a", "b", Err(FileChangeError::HalfAMode)),
        ] {
            assert_eq!(change(kind.clone(), modes, old, new).check(), expected, "{kind:?} {modes:?}");
        }
    }

    #[test]
    fn each_kind_knows_where_the_file_is_before_and_after() {
        let from: RelativePath = "b.py".parse().expect("a path");
        for (kind, before, after) in [
            (FileKind::Edited, Some("a.py"), Some("a.py")),
            (FileKind::Created, None, Some("a.py")),
            (FileKind::Deleted, Some("a.py"), None),
            (FileKind::Renamed { from }, Some("b.py"), Some("a.py")),
        ] {
            let change = change(kind, Modes::default(), "", "");
            let found = (change.path_before(), change.path_after());
            assert_eq!((found.0.map(RelativePath::as_str), found.1.map(RelativePath::as_str)), (before, after));
        }
    }
}
