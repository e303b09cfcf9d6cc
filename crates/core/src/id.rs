//! Identifiers. A spec's id is the digest of its key `(source, id)`, the same on every door.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Sha256, limits};

/// The digest of a spec's key `(source, id)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpecId(Sha256);

impl SpecId {
    /// The id of the spec whose event has this CloudEvents `source` and `id`.
    #[must_use]
    pub fn of(source: &str, id: &str) -> Self {
        Self(Sha256::of_fields([source.as_bytes(), id.as_bytes()]))
    }

    /// The digest behind the id.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        self.0
    }
}

impl fmt::Display for SpecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SpecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for SpecId {
    type Err = <Sha256 as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A name that is empty, too long, or holds a character other than letters, digits, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} is 1 to {max} letters, digits, `.`, `_` or `-`, not `{given}`", max = limits::NAME_BYTES_MAX)]
pub struct InvalidName {
    what: &'static str,
    given: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                if text.is_empty() || text.len() > limits::NAME_BYTES_MAX || !text.chars().all(allowed) {
                    return Err(InvalidName { what: $what, given: text.chars().take(80).collect() });
                }
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name by which a spec chooses a check from the operator's configuration.
    CheckName, "check name"
}
name! {
    /// The name by which an event chooses a workspace from the operator's configuration.
    WorkspaceName, "workspace name"
}
