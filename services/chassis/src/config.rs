//! Configuration in layers: compiled-in defaults < file < environment < overrides; read once, validated, passed by value.
//!
//! Every layer is TOML of the shape `[section] field = value`. A field that no section has, and a section that no service
//! has, is refused with its name and the layer it came from. Known sections of other services are skipped, so that one
//! file can configure a whole pod.

mod layer;
mod secret;

use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use layer::Layer;
pub use secret::Secret;

/// Every section a configuration file may hold.
pub const SECTIONS: [&str; 7] = ["telemetry", "server", "gateway", "synthesis", "checks", "inference", "network"];
/// What configuration variables start with; the rest is `SECTION__FIELD`, with `__` before each nested field.
pub const ENVIRONMENT_PREFIX: &str = "REWEAVE_";

/// Where a configuration comes from, lowest first.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// TOML texts, section headers included. A later one wins over an earlier one.
    pub defaults: Vec<&'static str>,
    pub file: Option<PathBuf>,
    /// All variables; those that are not `REWEAVE_SECTION__FIELD` are skipped.
    pub environment: Vec<(String, String)>,
    /// `section.field=value`.
    pub overrides: Vec<String>,
}

/// Why there is no valid configuration. Commands that end with it exit with [`reweave_core::ExitCode::Configuration`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("reading the configuration file {}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{origin} is not TOML: {reason}")]
    Syntax { origin: String, reason: String },
    #[error("{origin}: there is no section `{name}`; sections are {}", SECTIONS.join(", "))]
    UnknownSection { name: String, origin: String },
    #[error("{origin}: `{path}`: {reason}")]
    Field { path: String, origin: String, reason: String },
    #[error("writing the configuration as TOML")]
    Dump(#[source] toml::ser::Error),
}

impl Error {
    /// A value that has the right type and still cannot be used; for rules that need more than one field.
    #[must_use]
    pub fn invalid(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { path: path.into(), origin: "configuration".into(), reason: reason.into() }
    }
}

/// Merges `layers` and reads `Root`, a struct with one field per section it uses.
///
/// `Root` itself must not deny unknown fields (they are sections of other services); its sections must.
pub fn load<Root: DeserializeOwned>(layers: Layers) -> Result<Root, Error> {
    let layers = collect(layers)?;
    for layer in &layers {
        layer.refuse_unknown_sections()?;
    }
    let mut builder = config::Config::builder();
    for layer in &layers {
        builder = builder.add_source(layer.clone());
    }
    let merged = builder.build().map_err(|error| refused(&layers, String::new(), error))?;
    serde_path_to_error::deserialize(merged).map_err(|error| {
        let path = error.path().to_string();
        refused(&layers, path, error.into_inner())
    })
}

/// `root` as TOML that [`load`] reads back, secrets redacted.
pub fn dump<Root: Serialize>(root: &Root) -> Result<String, Error> {
    toml::to_string_pretty(root).map_err(Error::Dump)
}

fn collect(layers: Layers) -> Result<Vec<Layer>, Error> {
    let mut collected = Vec::new();
    for text in layers.defaults {
        collected.push(Layer::toml("the defaults", text)?);
    }
    if let Some(path) = layers.file {
        collected.push(Layer::toml(&path.display().to_string(), &read(&path)?)?);
    }
    for (name, value) in layers.environment {
        if let Some(layer) = Layer::variable(&name, &value)? {
            collected.push(layer);
        }
    }
    for assignment in layers.overrides {
        collected.push(Layer::assignment(&assignment)?);
    }
    Ok(collected)
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Names the field and the topmost layer that set it.
fn refused(layers: &[Layer], path: String, error: config::ConfigError) -> Error {
    let origin = layers.iter().rev().find(|layer| layer.holds(&path)).map_or("configuration", |layer| &layer.origin);
    Error::Field { origin: origin.to_owned(), path, reason: reason(error) }
}

/// The error without the key and origin that the crate adds, which are told more exactly by ours.
fn reason(error: config::ConfigError) -> String {
    match error {
        config::ConfigError::Type { unexpected, expected, .. } => format!("expected {expected}, found {unexpected}"),
        config::ConfigError::At { error, .. } => reason(*error),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
