//! Forward noise: what a text looks like at a time of the diffusion process.

use crate::draw::{Purpose, uniform};
use crate::protocol::{Cell, TokenId};
use crate::schedule::Schedule;

/// `tokens` at `time` (0: untouched, 1: all masked): each position on its own is masked with probability 1 − ᾱ(t).
///
/// The draw at a position depends on `seed` and the position alone, so a text at a later time has every mask of an earlier
/// one. Source: the absorbing-state process of Austin et al., "Structured Denoising Diffusion Models in Discrete
/// State-Spaces", section 3.1.
#[must_use]
pub fn mask(tokens: &[TokenId], schedule: Schedule, time: f64, seed: u64) -> Vec<Cell> {
    let kept = schedule.alpha_bar(time);
    let cell = |(position, token): (usize, &TokenId)| {
        (uniform(seed, Purpose::Noise, position as u64) < kept).then_some(*token)
    };
    tokens.iter().enumerate().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masks(cells: &[Cell]) -> usize {
        cells.iter().filter(|cell| cell.is_none()).count()
    }

    proptest! {
        #[test]
        fn noise_only_grows_and_never_changes_a_token(seed: u64, early in 0.0_f64..=1.0, more in 0.0_f64..=1.0) {
            let tokens: Vec<TokenId> = (0..64).collect();
            let late = early + (1.0 - early) * more;
            for (schedule, _) in Schedule::ALL {
                let (first, second) = (mask(&tokens, schedule, early, seed), mask(&tokens, schedule, late, seed));
                prop_assert!(first.iter().zip(&second).all(|(first, second)| second.is_none() || first == second));
                prop_assert!(first.iter().zip(&tokens).all(|(cell, token)| cell.is_none_or(|cell| cell == *token)));
            }
        }
    }

    #[test]
    fn the_share_of_masks_is_what_the_schedule_says() {
        let tokens = vec![7; 20_000];
        for (schedule, name) in Schedule::ALL {
            assert_eq!(masks(&mask(&tokens, schedule, 0.0, 5)), 0);
            assert_eq!(masks(&mask(&tokens, schedule, 1.0, 5)), tokens.len());
            let wanted = 20_000.0 * (1.0 - schedule.alpha_bar(0.3));
            let seen = masks(&mask(&tokens, schedule, 0.3, 5)) as f64;
            // Four standard deviations of the binomial are at most 283.
            assert!((seen - wanted).abs() < 283.0, "{name}: {seen} of {wanted}");
        }
        assert_ne!(mask(&tokens, Schedule::Linear, 0.5, 5), mask(&tokens, Schedule::Linear, 0.5, 6));
    }
}
