//! The distribution that a draw is made from, and the draw.

use super::best::{best, order};
use super::{Norm, norm};
use crate::protocol::{Options, Shaped, TokenId};

/// Ids that are looked at first when the nucleus is measured; most nuclei are smaller.
const NUCLEUS_FIRST: usize = 64;

/// Weight of a tail, beside that of the best id, that changes no digit of an f32.
const TAIL_MAX: f64 = 1e-12;

/// The best id of the unshaped distribution: temperature 0, no nucleus, no allow-list. `top` holds the two best logits.
pub(super) fn plain(top: &[(TokenId, f64)], norm: Norm) -> (TokenId, Shaped) {
    let probability = |index: usize| top.get(index).map_or(0.0, |(_, logit)| (logit - norm.log_sum).exp());
    let shaped = Shaped {
        probability: probability(0) as f32,
        margin: (probability(0) - probability(1)) as f32,
        entropy: norm.entropy as f32,
    };
    (top[0].0, shaped)
}

/// Which of the candidates is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pick {
    Best,
    /// By inverse transform of a uniform number.
    At(f64),
    /// It is known.
    Known(TokenId),
}

/// Draws one of `candidates` (ids ascending, with finite logits, at least one). `None` where the known one is not among
/// them or not in the nucleus.
///
/// Temperature 0 measures the distribution at temperature 1 and takes its best id, as Dream's sampler does. The nucleus
/// holds the best ids up to and including the one that takes their mass above `top_p`. The id drawn is the first, in the
/// order of ids, at which the cumulative probability exceeds the uniform number of the seed and the position.
pub(super) fn draw(mut candidates: Vec<(TokenId, f64)>, options: &Options, pick: Pick) -> Option<(TokenId, Shaped)> {
    if options.temperature > 0.0 {
        let temperature = f64::from(options.temperature);
        candidates.iter_mut().for_each(|(_, logit)| *logit /= temperature);
    }
    let whole = norm(candidates.iter().map(|(_, logit)| *logit)).expect("a candidate has a finite logit");
    among(candidates, whole, options, pick)
}

/// The same from candidates that are at their temperature, and what normalises them and all that is left out.
pub(super) fn among(
    mut candidates: Vec<(TokenId, f64)>,
    whole: Norm,
    options: &Options,
    pick: Pick,
) -> Option<(TokenId, Shaped)> {
    if options.top_p < 1.0 {
        candidates = nucleus(candidates, whole, f64::from(options.top_p));
    }
    let kept = norm(candidates.iter().map(|(_, logit)| *logit)).expect("the nucleus holds the best candidate");
    let probability = |logit: f64| (logit - kept.log_sum).exp();
    let two = best(candidates.iter().copied(), 2);
    let drawn = match pick {
        Pick::Best => two[0],
        Pick::At(uniform) => transform(&candidates, kept, uniform),
        Pick::Known(token) => *candidates.iter().find(|(id, _)| *id == token)?,
    };
    let second = two.get(1).map_or(0.0, |(_, logit)| probability(*logit));
    let shaped = Shaped {
        probability: probability(drawn.1) as f32,
        margin: (probability(two[0].1) - second) as f32,
        entropy: kept.entropy as f32,
    };
    Some((drawn.0, shaped))
}

/// Whether `head`, the best logits of a distribution in order, is all that a draw can come to. At temperature 0 that is so
/// where the nucleus lies within; at others where what is left out weighs less than [`TAIL_MAX`] of the best: with p ≤ the
/// last one's, Σ p^(1/T) is at most p_last^(1/T - 1).
pub(super) fn is_all(head: &[(TokenId, f64)], norm: Norm, options: &Options) -> bool {
    let log_prob = |index: usize| head[index].1 - norm.log_sum;
    if options.temperature == 0.0 {
        let mass: f64 = (0..head.len()).map(|index| log_prob(index).exp()).sum();
        return mass > f64::from(options.top_p);
    }
    let sharpness = 1.0 / f64::from(options.temperature);
    sharpness > 1.0 && (sharpness - 1.0) * log_prob(head.len() - 1) - sharpness * log_prob(0) < TAIL_MAX.ln()
}

/// The smallest set of best candidates whose mass exceeds `top_p`, ids ascending.
fn nucleus(candidates: Vec<(TokenId, f64)>, norm: Norm, top_p: f64) -> Vec<(TokenId, f64)> {
    let mut looked_at = NUCLEUS_FIRST;
    loop {
        let sorted = best(candidates.iter().copied(), looked_at);
        let mut mass = 0.0;
        let inside = sorted.iter().take_while(|(_, logit)| {
            let before = mass;
            mass += (logit - norm.log_sum).exp();
            before <= top_p
        });
        let count = inside.count();
        if count < sorted.len() || sorted.len() == candidates.len() {
            let last = sorted[count - 1];
            return candidates.into_iter().filter(|candidate| order(candidate, &last).is_le()).collect();
        }
        looked_at *= 8;
    }
}

/// Inverse transform sampling over ascending ids.
fn transform(candidates: &[(TokenId, f64)], norm: Norm, uniform: f64) -> (TokenId, f64) {
    let mut cumulative = 0.0;
    let mut last = candidates[0];
    for candidate in candidates {
        let probability = (candidate.1 - norm.log_sum).exp();
        cumulative += probability;
        if cumulative > uniform {
            return *candidate;
        }
        // Rounding may leave the sum just below the uniform number; what has no mass is not drawn even then.
        if probability > 0.0 {
            last = *candidate;
        }
    }
    last
}
