//! A value that is never shown: not in logs, not in a dumped configuration.

use std::{fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
};

const REDACTED: &str = "[redacted]";

/// A token or password, written in place (`token = "…"`) or, better, in a file of its own (`token = { file = "PATH" }`).
///
/// The file is read while the configuration is loaded; a line break at its end is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { REDACTED }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret, or { file = \"PATH\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let mut path: Option<PathBuf> = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != "file" {
                return Err(de::Error::unknown_field(&name, &["file"]));
            }
            path = Some(map.next_value()?);
        }
        let path = path.ok_or_else(|| de::Error::missing_field("file"))?;
        let text = std::fs::read_to_string(&path).map_err(|error| {
            de::Error::custom(format!("the secret file {} cannot be read: {error}", path.display()))
        })?;
        Ok(Secret(text.trim_end_matches(['\n', '\r']).to_owned()))
    }
}
