//! The `[synthesis]` section.

use std::{collections::BTreeMap, path::PathBuf};

use reweave_chassis::{
    client::ClientConfig, config, model::Timeouts, server::ServerConfig, service, telemetry::Telemetry,
};
use reweave_core::{Preset, Technique, limits};
use serde::{Deserialize, Serialize};

/// Compiled-in defaults, the reference of every field.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// Everything `reweave-synthesis` is configured by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Root {
    pub telemetry: Telemetry,
    pub server: ServerConfig,
    pub synthesis: SynthesisConfig,
}

impl service::Config for Root {
    const DEFAULTS: &'static [&'static str] = &[reweave_chassis::DEFAULTS, DEFAULTS];

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn validate(&self) -> Result<(), config::Error> {
        self.synthesis.validate()
    }
}

/// Bounds and places of the synthesis engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthesisConfig {
    pub in_flight_max: usize,
    pub progress_queue_max: usize,
    pub runs_max: u32,
    pub candidates_max: u32,
    pub milliseconds_max: u64,
    pub neighbours_files_max: usize,
    pub neighbours_bytes_max: usize,
    /// Where the checks service is: `http://HOST:PORT` or `unix:PATH`.
    pub checks_address: String,
    pub checks_client: ClientConfig,
    /// Where the inference service is; empty: no model.
    pub model_address: String,
    pub model_client: ClientConfig,
    pub model_timeouts: Timeouts,
    /// Positions of one canvas: the hole and what the model sees around it.
    pub model_window: u32,
    /// Techniques of specs that name none, in the order in which they are tried.
    pub techniques: Vec<String>,
    /// Preset of specs that name none.
    pub preset: String,
    /// Guidance scale of specs that give none.
    pub guidance: f32,
    /// A test aid: a spec whose intent or instruction is this text ends the process.
    pub crash_on: String,
    pub workspaces: BTreeMap<String, PathBuf>,
    /// The folder specs without a source mean: set by the command line for itself, never by a file.
    #[serde(skip)]
    pub local_workspace: Option<PathBuf>,
}

impl SynthesisConfig {
    /// Refuses values that cannot work, before any port opens.
    pub fn validate(&self) -> Result<(), config::Error> {
        let positive = [
            ("in_flight_max", self.in_flight_max as u64),
            ("progress_queue_max", self.progress_queue_max as u64),
            ("runs_max", self.runs_max.into()),
            ("candidates_max", self.candidates_max.into()),
            ("milliseconds_max", self.milliseconds_max),
            ("model_window", self.model_window.into()),
        ];
        if let Some((field, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(config::Error::invalid(format!("synthesis.{field}"), "it must be at least 1"));
        }
        if let Some(name) = self.techniques.iter().find(|name| Technique::by_name(name).is_none()) {
            return Err(config::Error::invalid("synthesis.techniques", format!("`{name}` is no technique")));
        }
        if Preset::by_name(&self.preset).is_none() {
            return Err(config::Error::invalid("synthesis.preset", format!("`{}` is no preset", self.preset)));
        }
        if !(0.0..=limits::GUIDANCE_MAX).contains(&self.guidance) {
            let bounds = format!("it goes from 0 to {}", limits::GUIDANCE_MAX);
            return Err(config::Error::invalid("synthesis.guidance", bounds));
        }
        match self.workspaces.iter().find(|(_, path)| !path.is_absolute()) {
            Some((name, _)) => {
                Err(config::Error::invalid(format!("synthesis.workspaces.{name}"), "it must be an absolute path"))
            }
            None => Ok(()),
        }
    }

    /// The techniques of specs that name none.
    pub(crate) fn techniques(&self) -> Vec<Technique> {
        self.techniques.iter().filter_map(|name| Technique::by_name(name)).collect()
    }

    /// The preset of specs that name none.
    pub(crate) fn preset(&self) -> Preset {
        Preset::by_name(&self.preset).unwrap_or(Preset::Balanced)
    }
}

#[cfg(test)]
mod tests {
    use reweave_chassis::config::{Layers, load};

    use super::*;

    fn with(overrides: &[&str]) -> Result<Root, config::Error> {
        let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
        let defaults = <Root as service::Config>::DEFAULTS.to_vec();
        let root: Root = load(Layers { defaults, overrides, ..Layers::default() })?;
        service::Config::validate(&root).map(|()| root)
    }

    #[test]
    fn the_defaults_are_valid_and_values_that_cannot_work_are_refused() {
        with(&[]).expect("the defaults are the reference");
        for bad in [
            "synthesis.in_flight_max=0",
            "synthesis.workspaces.shop=relative",
            "synthesis.typo=1",
            "synthesis.techniques=['magic']",
            "synthesis.preset=best",
            "synthesis.guidance=-1.0",
        ] {
            assert!(with(&[bad]).is_err(), "{bad}");
        }
    }
}
