//! One layer of a configuration: a table of sections, and what to call the place it came from.

use config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::{ENVIRONMENT_PREFIX, Error, SECTIONS};

#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) origin: String,
    table: Map<String, Value>,
}

impl Layer {
    pub(super) fn toml(origin: &str, text: &str) -> Result<Self, Error> {
        let table = File::from_str(text, FileFormat::Toml).collect().map_err(|error| {
            let reason = match error {
                ConfigError::FileParse { cause, .. } => cause.to_string(),
                other => other.to_string(),
            };
            Error::Syntax { origin: origin.to_owned(), reason: reason.trim_end().to_owned() }
        })?;
        Ok(Self { origin: origin.to_owned(), table })
    }

    /// The layer of one environment variable; `None` when it is no configuration variable.
    pub(super) fn variable(name: &str, value: &str) -> Result<Option<Self>, Error> {
        let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX).filter(|path| path.contains("__")) else {
            return Ok(None);
        };
        let path = path.to_ascii_lowercase();
        let parts: Vec<&str> = path.split("__").collect();
        Self::single(format!("environment variable {name}"), &parts, value).map(Some)
    }

    /// The layer of one `section.field=value`.
    pub(super) fn assignment(assignment: &str) -> Result<Self, Error> {
        let origin = format!("override `{assignment}`");
        let Some((path, value)) = assignment.split_once('=') else {
            return Err(Error::Syntax { origin, reason: "it is not of the form `section.field=value`".into() });
        };
        let parts: Vec<&str> = path.trim().split('.').collect();
        Self::single(origin, &parts, value.trim())
    }

    fn single(origin: String, parts: &[&str], text: &str) -> Result<Self, Error> {
        if parts.len() < 2 || parts.iter().any(|part| part.is_empty()) {
            return Err(Error::Syntax { origin, reason: "it does not name a section and a field".into() });
        }
        let mut value = read_value(&origin, text)?;
        for part in parts[1..].iter().rev() {
            value = Value::new(None, ValueKind::Table(Map::from_iter([((*part).to_owned(), value)])));
        }
        Ok(Self { origin, table: Map::from_iter([(parts[0].to_owned(), value)]) })
    }

    pub(super) fn refuse_unknown_sections(&self) -> Result<(), Error> {
        match self.table.keys().find(|name| !SECTIONS.contains(&name.as_str())) {
            Some(name) => Err(Error::UnknownSection { name: name.clone(), origin: self.origin.clone() }),
            None => Ok(()),
        }
    }

    /// Whether this layer sets the field at `path` (`section.field`), or one below it.
    pub(super) fn holds(&self, path: &str) -> bool {
        let mut parts = path.split('.');
        let Some(mut value) = parts.next().and_then(|section| self.table.get(section)) else {
            return false;
        };
        for part in parts {
            let ValueKind::Table(table) = &value.kind else {
                return matches!(value.kind, ValueKind::Array(_));
            };
            // A list index is written `field[3]`.
            let name = part.split('[').next().unwrap_or(part);
            let Some(next) = table.get(name) else {
                return false;
            };
            value = next;
        }
        true
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.table.clone())
    }
}

/// Lists, tables and quoted strings are read as TOML; anything else is text, which numbers and flags are read from later.
fn read_value(origin: &str, text: &str) -> Result<Value, Error> {
    if !text.starts_with(['[', '{', '"', '\'']) {
        return Ok(Value::new(None, text));
    }
    let mut layer = Layer::toml(origin, &format!("value = {text}"))?;
    layer
        .table
        .remove("value")
        .ok_or_else(|| Error::Syntax { origin: origin.to_owned(), reason: "it is not one value".into() })
}
