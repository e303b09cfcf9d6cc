//! Random numbers by counter: each draw is a function of a seed, a purpose and a number, whatever was drawn before it.

/// What a draw is for. Draws of different purposes are unrelated, although they share a seed and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The token at a position.
    Token,
    /// Whether forward noise masks a position.
    Noise,
    /// Whether, or in which order, a position is committed.
    Order,
    /// Anything a scripted backend makes up.
    Script,
}

impl Purpose {
    fn salt(self) -> u64 {
        match self {
            Self::Token => 0x746f_6b65_6e00_0001,
            Self::Noise => 0x6e6f_6973_6500_0002,
            Self::Order => 0x6f72_6465_7200_0003,
            Self::Script => 0x7363_7269_7074_0004,
        }
    }
}

/// 2⁶⁴ divided by the golden ratio: the increment of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 bits that look random.
///
/// Source: the output function of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014,
/// with Stafford's variant 13), applied once for each of the three inputs.
#[must_use]
pub fn bits(seed: u64, purpose: Purpose, number: u64) -> u64 {
    mix(mix(mix(seed).wrapping_add(purpose.salt())).wrapping_add(number))
}

/// A number from 0 up to, and without, 1: the upper 53 of [`bits`], in steps of 2⁻⁵³.
#[must_use]
pub fn uniform(seed: u64, purpose: Purpose, number: u64) -> f64 {
    (bits(seed, purpose, number) >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// One round of SplitMix64.
#[must_use]
pub(crate) fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(GOLDEN);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixer_is_splitmix64() {
        // First outputs of the published generator from state 1234567.
        let outputs: Vec<u64> = (0..3).map(|step| mix(1_234_567_u64.wrapping_add(GOLDEN.wrapping_mul(step)))).collect();
        assert_eq!(outputs, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_are_repeatable_and_each_input_matters() {
        let draw = uniform(7, Purpose::Token, 3);
        assert_eq!(draw, uniform(7, Purpose::Token, 3));
        assert_ne!(draw, uniform(8, Purpose::Token, 3));
        assert_ne!(draw, uniform(7, Purpose::Noise, 3));
        assert_ne!(draw, uniform(7, Purpose::Token, 4));
    }

    #[test]
    fn draws_are_spread_evenly_over_the_unit_interval() {
        let mut counts = [0_u32; 10];
        for number in 0..10_000 {
            let draw = uniform(42, Purpose::Token, number);
            assert!((0.0..1.0).contains(&draw));
            counts[(draw * 10.0) as usize] += 1;
        }
        // Four standard deviations of a binomial of 10,000 draws at 1/10.
        assert!(counts.iter().all(|count| count.abs_diff(1_000) < 120), "{counts:?}");
    }
}
