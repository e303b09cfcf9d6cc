//! Between wire and core, once on receipt and once before sending.
//!
//! What comes from a caller (a spec) is refused with a code, the field and the limit; what comes from another service of
//! ours (outcomes, progress) and cannot be read is a [`Malformed`] message.

pub mod inference;
mod outcome;
mod progress;
mod refusal;
mod spec;
#[cfg(test)]
mod tests;

pub use outcome::{digest, outcome};
pub use progress::{progress, read_progress};
pub use refusal::{read_session_error, session_error};
pub use spec::{Door, read_source, source, spec};

/// A message of another service that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Malformed {
    /// Dotted path from the message's root.
    pub field: String,
    pub reason: String,
}

impl Malformed {
    pub(crate) fn new(field: impl Into<String>, reason: impl ToString) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }
}

/// The value written as `text`, out of the closed list `all`.
fn named<T: Copy>(all: &[(T, &'static str)], text: &str, field: &str) -> Result<T, Malformed> {
    all.iter()
        .find(|(_, name)| *name == text)
        .map(|(value, _)| *value)
        .ok_or_else(|| Malformed::new(field, format!("`{text}` is not one of the known values")))
}

/// A text read as `T`.
fn parsed<T: std::str::FromStr>(text: &str, field: &str) -> Result<T, Malformed>
where
    T::Err: ToString,
{
    text.parse().map_err(|error: T::Err| Malformed::new(field, error))
}
