//! Where the code comes from, and paths that cannot leave it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EvidenceKind, Refusal, RefusalCode, Sha256, WorkspaceName};

/// The one place the code of a spec is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The folder the command line was given; never valid in an event.
    Local,
    /// Files carried by the spec itself.
    Inline(Vec<InlineFile>),
    /// A workspace the operator's configuration knows by name, optionally pinned to a revision.
    Workspace { name: WorkspaceName, revision: Option<String> },
}

/// A file carried by a spec; `sha256` was verified against `content` on receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineFile {
    pub path: RelativePath,
    pub content: Vec<u8>,
    pub sha256: Sha256,
}

/// A source file's path with its text: the unit that pure crates work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileText {
    pub path: RelativePath,
    pub text: String,
}

impl FileText {
    /// The file with these bytes, or a refusal that says what they seem to be instead of text.
    pub fn decode(path: RelativePath, bytes: Vec<u8>) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            let reason = format!("`{path}` is empty, so there is nothing to change");
            return Err(Refusal::new(RefusalCode::FileEmpty, reason));
        }
        let not_text = |what: String| {
            Refusal::new(RefusalCode::NotText, format!("`{path}` is not UTF-8 text"))
                .with(EvidenceKind::Error, what)
                .next("convert the file to UTF-8")
        };
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(not_text("it begins with a UTF-16 byte order mark".into()));
        }
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            return Err(not_text(format!("it has a NUL at byte {at}")));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|error| not_text(format!("invalid at byte {}", error.utf8_error().valid_up_to())))?;
        Ok(Self { path, text })
    }

    /// The digest of the file's bytes.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(self.text.as_bytes())
    }
}

/// A UTF-8 path below the workspace, with `/` between its parts: no root, no `..`, no `.git`, nothing hostile.
///
/// This is the textual half of "no path leaves the workspace"; symbolic links are checked where files are opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelativePath(String);

/// Why a path was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelativePathError {
    #[error("the path is empty")]
    Empty,
    #[error("the path is longer than {max} bytes", max = RelativePath::BYTES_MAX)]
    TooLong,
    #[error("`{0}` is absolute; paths are relative to the workspace")]
    Absolute(String),
    #[error("`{0}` leaves the workspace")]
    Escapes(String),
    #[error("`{0}` holds a part that is empty, `.` or ends in a dot or a space")]
    Part(String),
    #[error("`{0}` holds a control character, a backslash or a colon")]
    Character(String),
    #[error("`{0}` is inside `.git`")]
    Git(String),
}

impl RelativePath {
    /// Longest path, in bytes.
    pub const BYTES_MAX: usize = 1024;

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What follows the last dot of the last part, if anything does.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.file_name().rsplit_once('.').map(|(_, extension)| extension)
    }
}

impl TryFrom<String> for RelativePath {
    type Error = RelativePathError;

    fn try_from(path: String) -> Result<Self, Self::Error> {
        use RelativePathError as Error;
        if path.is_empty() {
            return Err(Error::Empty);
        }
        if path.len() > Self::BYTES_MAX {
            return Err(Error::TooLong);
        }
        if path.starts_with('/') || path.starts_with('~') {
            return Err(Error::Absolute(path));
        }
        if path.chars().any(|c| c.is_control() || c == '\\' || c == ':') {
            return Err(Error::Character(path.escape_debug().to_string()));
        }
        let path = path.strip_prefix("./").map_or(path.clone(), str::to_owned);
        for part in path.split('/') {
            if part == ".." {
                return Err(Error::Escapes(path));
            }
            if part.eq_ignore_ascii_case(".git") {
                return Err(Error::Git(path));
            }
            if part.is_empty() || part.ends_with(['.', ' ']) {
                return Err(Error::Part(path));
            }
        }
        Ok(Self(path))
    }
}

impl std::str::FromStr for RelativePath {
    type Err = RelativePathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        path.to_owned().try_into()
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> Self {
        path.0
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_paths_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "~/x",
            "..",
            "a/../b",
            "a//b",
            "a/./b",
            "a/",
            ".git/config",
            "a/.GIT/hooks",
            "C:/x",
            "a\\b",
            "a\0b",
            "a\nb",
            "a./b",
            &"a".repeat(1025),
        ] {
            assert!(path.parse::<RelativePath>().is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_leading_dot_slash_is_dropped_and_hidden_files_are_fine() {
        assert_eq!(
            "./src/.hidden/ä b.py".parse::<RelativePath>().map(|p| p.to_string()),
            Ok("src/.hidden/ä b.py".into())
        );
    }
}
