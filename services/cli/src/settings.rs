//! The configuration of the `reweave` command: the sections of every service it can run in its own process.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use reweave_chassis::{
    config, server,
    service::{Config, ConfigArgs, chain},
    telemetry::Telemetry,
};
use reweave_checks::config::Command;
use reweave_core::CheckName;
use reweave_gateway::config::GatewayConfig;
use reweave_synthesis::SynthesisConfig;
use serde::{Deserialize, Serialize};

/// Found in the working folder when `--config` names no other.
const PROJECT_FILE: &str = "reweave.toml";

/// All sections, defaults filled in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) telemetry: Telemetry,
    pub(crate) server: server::ServerConfig,
    pub(crate) gateway: GatewayConfig,
    pub(crate) synthesis: SynthesisConfig,
    pub(crate) inference: reweave_inference::Config,
    pub(crate) checks: reweave_checks::config::Section,
}

impl Config for Settings {
    const DEFAULTS: &'static [&'static str] = &[
        reweave_chassis::DEFAULTS,
        reweave_gateway::config::DEFAULTS,
        reweave_synthesis::config::DEFAULTS,
        reweave_checks::config::DEFAULTS,
        reweave_inference::config::DEFAULTS,
    ];

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn validate(&self) -> Result<(), config::Error> {
        self.gateway.validate()?;
        self.synthesis.validate()?;
        let usable = self.checks.clone().validate(&environment());
        usable.map(drop).map_err(|error| config::Error::invalid("checks", chain(&error)))
    }
}

impl Settings {
    /// From all layers; the project's `reweave.toml` counts as the file when none is named.
    pub(crate) fn load(arguments: &ConfigArgs) -> Result<Self, config::Error> {
        let mut arguments = arguments.clone();
        if arguments.config.is_none() && Path::new(PROJECT_FILE).is_file() {
            arguments.config = Some(PathBuf::from(PROJECT_FILE));
        }
        arguments.load()
    }

    /// The checks section as the service takes it, with what only a local command line may add.
    pub(crate) fn checks(&self, local: &Local) -> Result<reweave_checks::Config> {
        let mut config = self.checks.clone().validate(&environment())?;
        config.local_workspace.clone_from(&local.workspace);
        for (name, command) in &local.checks {
            let command = Command::by_exit_status(command.clone()).context("a check's command is empty")?;
            config.commands.insert(name.clone(), command);
        }
        Ok(config)
    }

    /// The synthesis section, likewise.
    pub(crate) fn synthesis(&self, local: &Local) -> SynthesisConfig {
        SynthesisConfig { local_workspace: local.workspace.clone(), ..self.synthesis.clone() }
    }
}

/// What the local command line adds to the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Local {
    /// What specs without a source mean.
    pub(crate) workspace: Option<PathBuf>,
    /// Free commands, judged by their exit status.
    pub(crate) checks: Vec<(CheckName, Vec<String>)>,
}

impl Local {
    /// The folder `workspace`, which must exist.
    pub(crate) fn new(workspace: &Path, checks: Vec<(CheckName, Vec<String>)>) -> Result<Self> {
        let workspace =
            workspace.canonicalize().with_context(|| format!("open the workspace {}", workspace.display()))?;
        Ok(Self { workspace: Some(workspace), checks })
    }
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_all_sections_are_complete_and_valid() {
        let layers = config::Layers { defaults: Settings::DEFAULTS.to_vec(), ..config::Layers::default() };
        let settings: Settings = config::load(layers).unwrap();
        settings.validate().unwrap();
    }
}
