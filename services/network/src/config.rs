//! The section `network` of a configuration: which model, where, and how.

use std::path::PathBuf;

use reweave_chassis::server::{Bounded, ServerConfig};
use reweave_chassis::service;
use reweave_chassis::telemetry::Telemetry;
use reweave_decode::protocol::Objective;
use reweave_inference::folder::Reading;
use serde::{Deserialize, Serialize};

use crate::backend::Limits;
use crate::device::{Choice, Precision};

/// The compiled-in defaults, which are also the reference of every field.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// Most threads, and most MiB of weights, that a configuration may name.
const THREADS_MAX: u32 = 1024;
const WEIGHTS_MIB_MAX: u64 = 1 << 24;

/// The root of the binary's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    pub telemetry: Telemetry,
    pub server: ServerConfig,
    pub inference: reweave_inference::Config,
    pub network: Section,
}

/// The section. Fields are described in `default.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub model_folder: PathBuf,
    pub encoder_folder: PathBuf,
    pub device: DeviceName,
    pub precision: PrecisionName,
    pub objective: ObjectiveName,
    pub shifted: Shifted,
    pub threads: u32,
    pub weights_mib_max: u64,
    pub pass_positions_max: Bounded<16_777_216>,
    pub logit_rows_max: Bounded<65_536>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceName {
    Auto,
    Cuda,
    Mps,
    Cpu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionName {
    F32,
    Bf16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveName {
    Auto,
    MaskedDiffusion,
    Autoregressive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shifted {
    Auto,
    Yes,
    No,
}

impl service::Config for Root {
    const DEFAULTS: &'static [&'static str] =
        &[reweave_chassis::DEFAULTS, reweave_inference::config::DEFAULTS, DEFAULTS];

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn validate(&self) -> Result<(), reweave_chassis::config::Error> {
        let problem = self.network.problem();
        problem.map_or(Ok(()), |problem| Err(reweave_chassis::config::Error::invalid("network", problem)))
    }
}

impl Section {
    pub(crate) fn choice(&self) -> Choice {
        match self.device {
            DeviceName::Auto => Choice::Auto,
            DeviceName::Cuda => Choice::Cuda,
            DeviceName::Mps => Choice::Mps,
            DeviceName::Cpu => Choice::Cpu,
        }
    }

    pub(crate) fn precision(&self) -> Precision {
        match self.precision {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::Bf16 => Precision::Bf16,
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading {
            objective: match self.objective {
                ObjectiveName::Auto => None,
                ObjectiveName::MaskedDiffusion => Some(Objective::MaskedDiffusion),
                ObjectiveName::Autoregressive => Some(Objective::Autoregressive),
            },
            shifted: match self.shifted {
                Shifted::Auto => None,
                Shifted::Yes => Some(true),
                Shifted::No => Some(false),
            },
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            positions_max: self.pass_positions_max.get() as usize,
            logit_rows_max: self.logit_rows_max.get() as usize,
        }
    }

    fn problem(&self) -> Option<String> {
        if self.threads > THREADS_MAX {
            return Some(format!("`threads` is {}, not from 0 to {THREADS_MAX}", self.threads));
        }
        let above = self.weights_mib_max > WEIGHTS_MIB_MAX;
        above.then(|| format!("`weights_mib_max` is {}, not from 0 to {WEIGHTS_MIB_MAX}", self.weights_mib_max))
    }
}
