//! How much effort a hole is worth, by name.

use crate::problem::Draws;
use crate::protocol::Guidance;

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    pub name: &'static str,
    /// Steps of one canvas, at most; more tokens are committed in a step where it does not suffice.
    pub steps: u32,
    /// Tokens that a step commits where the number of steps does not force more.
    pub tokens_per_step: u32,
    /// Candidate lengths of a hole.
    pub lengths: usize,
    /// Draws of each length.
    pub samples: u32,
    pub temperature: f32,
    pub top_p: f32,
    /// Tokens after the hole that are probed when lengths are compared; 0 for none. Each probe is one forward of a canvas.
    pub suffix_probe: u32,
    /// Rounds of repair that the search may ask for.
    pub repair_rounds: u32,
}

/// Every preset. Committing 1, 2 or 4 tokens a step costs quality on real weights (92.1, 87.2, 78.8 % of single-line holes with
/// DreamOn-7B); the temperature and nucleus of the slower two are those recommended for Dream.
pub const PRESETS: [Preset; 4] = [
    Preset {
        name: "fast",
        steps: 20,
        tokens_per_step: 4,
        lengths: 3,
        samples: 1,
        temperature: 0.0,
        top_p: 1.0,
        suffix_probe: 0,
        repair_rounds: 0,
    },
    Preset {
        name: "balanced",
        steps: 50,
        tokens_per_step: 2,
        lengths: 5,
        samples: 2,
        temperature: 0.2,
        top_p: 0.95,
        suffix_probe: 4,
        repair_rounds: 1,
    },
    Preset {
        name: "quality",
        steps: 100,
        tokens_per_step: 1,
        lengths: 7,
        samples: 4,
        temperature: 0.2,
        top_p: 0.95,
        suffix_probe: 4,
        repair_rounds: 2,
    },
    Preset {
        name: "mock",
        steps: 1,
        tokens_per_step: u32::MAX,
        lengths: 5,
        samples: 1,
        temperature: 0.0,
        top_p: 1.0,
        suffix_probe: 0,
        repair_rounds: 0,
    },
];

impl Preset {
    /// The preset of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        PRESETS.into_iter().find(|preset| preset.name == name)
    }

    /// Its draws, from `seed`, unguided.
    #[must_use]
    pub fn draws(&self, seed: u64) -> Draws {
        let Self { samples, temperature, top_p, .. } = *self;
        Draws { samples, temperature, top_p, seed, guidance: Guidance::off() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_name_and_dearer_ones_take_more_steps() {
        let steps = |name: &str| Preset::by_name(name).unwrap().steps;
        assert_eq!([steps("mock"), steps("fast"), steps("balanced"), steps("quality")], [1, 20, 50, 100]);
        assert_eq!(Preset::by_name("best"), None);
    }
}
