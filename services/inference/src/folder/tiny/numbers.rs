//! Numbers that look random and follow from a seed, a tensor and a place in it.

/// One tensor's numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    state: u64,
}

impl Numbers {
    pub(super) fn new(seed: u64, tensor: u64) -> Self {
        Self { state: mixed(mixed(seed).wrapping_add(tensor)) }
    }

    /// `count` numbers with mean 0 and standard deviation `deviation`, evenly spread.
    pub(super) fn symmetric(self, deviation: f32, count: usize) -> Vec<f32> {
        // An even spread over [-a, a] has deviation a / sqrt(3).
        let reach = deviation * 3.0_f32.sqrt();
        let unit = |index: u64| (mixed(self.state.wrapping_add(index)) >> 40) as f32 / (1 << 24) as f32;
        (0..count as u64).map(|index| (2.0 * unit(index) - 1.0) * reach).collect()
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_deviation_that_was_asked_for() {
        let numbers = Numbers::new(7, 3).symmetric(0.5, 10_000);
        let mean = numbers.iter().sum::<f32>() / 10_000.0;
        let square = numbers.iter().map(|number| number * number).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.02 && (square.sqrt() - 0.5).abs() < 0.02, "{mean} {}", square.sqrt());
    }

    #[test]
    fn two_tensors_share_no_numbers() {
        let (one, other) = (Numbers::new(7, 3).symmetric(1.0, 100), Numbers::new(7, 4).symmetric(1.0, 100));
        assert!(one.iter().all(|number| !other.contains(number)));
    }
}
