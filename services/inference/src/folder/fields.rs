//! Typed look-ups in a JSON object, whose errors name the file and the field.

use serde_json::{Map, Value};

use super::Error;

/// A JSON object and the file it stands in.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    file: &'static str,
    map: Map<String, Value>,
}

impl Fields {
    pub(super) fn new(file: &'static str, map: Map<String, Value>) -> Self {
        Self { file, map }
    }

    /// The value, unless it is absent or null.
    pub(super) fn value(&self, field: &str) -> Option<&Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    /// An object below this one.
    pub(super) fn object(&self, field: &str) -> Option<Self> {
        let map = self.value(field)?.as_object()?;
        Some(Self { file: self.file, map: map.clone() })
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.value(field)?.as_str()
    }

    /// A whole number from 1 up.
    pub(super) fn count(&self, field: &str) -> Result<u32, Error> {
        self.optional_count(field)?.ok_or_else(|| self.missing(field))
    }

    pub(super) fn optional_count(&self, field: &str) -> Result<Option<u32>, Error> {
        match self.optional_id(field)? {
            Some(0) => Err(self.wrong(field, "a whole number from 1 to 4294967295")),
            other => Ok(other),
        }
    }

    /// A whole number from 0 up, or the first of a list of them.
    pub(super) fn optional_id(&self, field: &str) -> Result<Option<u32>, Error> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.wrong(field, "a whole number from 0 to 4294967295"))
    }

    /// A finite number above 0.
    pub(super) fn optional_positive(&self, field: &str) -> Result<Option<f64>, Error> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
        number.map(Some).ok_or_else(|| self.wrong(field, "a number above 0"))
    }

    pub(super) fn flag(&self, field: &str, default: bool) -> Result<bool, Error> {
        match self.value(field) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(field, "true or false")),
        }
    }

    pub(super) fn missing(&self, field: &str) -> Error {
        Error::FieldMissing { file: self.file, field: field.to_owned() }
    }

    pub(super) fn wrong(&self, field: &str, wanted: &'static str) -> Error {
        Error::Field { file: self.file, field: field.to_owned(), found: self.shown(field), wanted }
    }

    pub(super) fn unsupported(&self, field: &str, supported: &'static str) -> Error {
        Error::Unsupported { file: self.file, field: field.to_owned(), found: self.shown(field), supported }
    }

    /// A value as an error shows it: never more than a line.
    fn shown(&self, field: &str) -> String {
        const CHARS_MAX: usize = 80;
        let text = self.map.get(field).map_or_else(|| "absent".to_owned(), Value::to_string);
        if text.chars().count() <= CHARS_MAX {
            return text;
        }
        text.chars().take(CHARS_MAX).chain(['…']).collect()
    }
}
