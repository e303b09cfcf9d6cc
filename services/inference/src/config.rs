//! The section `inference` of a configuration: every bound of the service.

use std::time::Duration;

use reweave_chassis::server::Bounded;
use reweave_decode::protocol::{Bounds, Description};
use serde::{Deserialize, Serialize};

/// The compiled-in defaults, which are also the reference of every field.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// The section. Fields are described in `default.toml`; their ranges are held by their types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub sessions_max: Bounded<65_536>,
    pub session_idle_ms: Bounded<86_400_000>,
    pub session_positions_max: Bounded<16_777_216>,
    pub canvases_max: Bounded<4_096>,
    pub segments_max: Bounded<65_536>,
    pub positions_max: Bounded<1_048_576>,
    pub deltas_max: Bounded<1_048_576>,
    pub asks_max: Bounded<4_096>,
    pub step_positions_max: Bounded<16_777_216>,
    pub wanted_max: Bounded<1_048_576>,
    pub top_k_max: Bounded<1_048_576>,
    pub allowed_max: Bounded<16_777_216>,
    pub waiting_max: Bounded<65_536>,
    pub batch_positions_max: Bounded<16_777_216>,
    pub batch_rows_max: Bounded<4_096>,
    pub texts_max: Bounded<65_536>,
    pub texts_bytes_max: Bounded<67_108_864>,
    pub tokenizing_max: Bounded<256>,
}

impl Config {
    /// What a caller of `model` may ask for: the model's bounds or ours, whichever are lower.
    #[must_use]
    pub fn bounds(&self, model: &Description) -> Bounds {
        let given = model.bounds;
        Bounds {
            positions_max: given.positions_max.min(self.positions_max.get()),
            canvases_max: given.canvases_max.min(self.canvases_max.get()),
            wanted_max: given.wanted_max.min(self.wanted_max.get()),
            top_k_max: given.top_k_max.min(self.top_k_max.get()).min(model.vocabulary),
        }
    }

    /// The bounds alone, for whoever describes a model before it is served.
    #[must_use]
    pub fn widest(&self) -> Bounds {
        Bounds {
            positions_max: self.positions_max.get(),
            canvases_max: self.canvases_max.get(),
            wanted_max: self.wanted_max.get(),
            top_k_max: self.top_k_max.get(),
        }
    }

    pub(crate) fn session_idle(&self) -> Duration {
        Duration::from_millis(self.session_idle_ms.get().into())
    }
}

/// What is written in `default.toml`, for a service inside another process.
impl Default for Config {
    fn default() -> Self {
        #[derive(Deserialize)]
        struct Root {
            inference: Config,
        }
        let root: Root = toml::from_str(DEFAULTS).expect("a test reads the compiled-in defaults");
        root.inference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_defaults_are_valid_and_no_unknown_field_is_taken() {
        let config = Config::default();
        assert_eq!(config.widest().canvases_max, 64);
        let with = |change: &str| toml::from_str::<toml::Table>(&format!("{DEFAULTS}\n{change}"));
        let read = |change: &str| with(change).unwrap().remove("inference").unwrap().try_into::<Config>();
        read("").unwrap();
        read("speed_max = 9").unwrap_err();
        let zero = DEFAULTS.replace("waiting_max = 128", "waiting_max = 0");
        let error = toml::from_str::<toml::Table>(&zero).unwrap().remove("inference").unwrap().try_into::<Config>();
        assert!(error.unwrap_err().to_string().contains("0 is not within 1 to 65536"));
    }

    #[test]
    fn the_lower_of_two_bounds_holds() {
        let scripted = reweave_decode::scripted::Scripted::new(1);
        let model = reweave_decode::protocol::Backend::description(&scripted).clone();
        let bounds = Config::default().bounds(&model);
        assert_eq!((bounds.positions_max, bounds.top_k_max), (4_096, 64));
        let tiny = Description { vocabulary: 3, ..model };
        assert_eq!(Config::default().bounds(&tiny).top_k_max, 3);
    }
}
