//! Which positions are committed first.

use crate::draw::{Purpose, uniform};
use crate::protocol::Prediction;

/// A rule from predictions to commits. The surest come first; of equally sure ones the leftmost.
///
/// `torch.topk`, which the reference samplers sort by, leaves the order of equal values open; on distributions without exact
/// ties the orders are the same, which `diffusion/tests/reference.rs` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Probability of the drawn id before temperature and nucleus. Source: LLaDA's `low_confidence`.
    LowConfidence,
    /// Probability of the drawn id in the distribution it was drawn from. Source: Dream's `maskgit_plus`.
    MaskgitPlus,
    /// Probability of the best id less that of the second. Source: Dream's `topk_margin`.
    TopkMargin,
    /// Less entropy is surer. Source: Dream's `entropy`; the sign is Dream's, not that of llama.cpp.
    Entropy,
    /// Each masked position is committed with the step's probability, whatever is predicted. Source: Dream's `origin`.
    Origin,
}

impl Order {
    /// Every order with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::LowConfidence, "low_confidence"),
        (Self::MaskgitPlus, "maskgit_plus"),
        (Self::TopkMargin, "topk_margin"),
        (Self::Entropy, "entropy"),
        (Self::Origin, "origin"),
    ];

    /// The order of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(order, _)| *order)
    }

    /// How sure a prediction is; larger is surer. For `Origin` all are equal.
    #[must_use]
    pub fn confidence(self, prediction: &Prediction) -> f32 {
        match self {
            // The logarithm orders as the probability does and keeps apart what would round to the same.
            Self::LowConfidence => prediction.drawn.log_prob,
            Self::MaskgitPlus => prediction.shaped.probability,
            Self::TopkMargin => prediction.shaped.margin,
            Self::Entropy => -prediction.shaped.entropy,
            Self::Origin => 0.0,
        }
    }

    /// Indices of the `quota` surest of `predictions`, surest first.
    #[must_use]
    pub fn surest(self, predictions: &[Prediction], quota: usize) -> Vec<usize> {
        let confidences: Vec<f32> = predictions.iter().map(|prediction| self.confidence(prediction)).collect();
        let mut indices: Vec<usize> = (0..predictions.len()).collect();
        indices.sort_by(|left, right| confidences[*right].total_cmp(&confidences[*left]));
        indices.truncate(quota);
        indices
    }
}

/// For [`Order::Origin`]: which of `positions` are committed in `step`, each with `probability`. Known before anything is
/// predicted, so that a step that commits nothing asks nothing.
#[must_use]
pub fn at_random(positions: &[u32], probability: f64, seed: u64, step: u32) -> Vec<u32> {
    let number = |position: u32| (u64::from(step) << 32) | u64::from(position);
    let chosen = positions.iter().filter(|position| uniform(seed, Purpose::Order, number(**position)) < probability);
    chosen.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Scored, Shaped};

    fn prediction(log_prob: f32, probability: f32, margin: f32, entropy: f32) -> Prediction {
        let drawn = Scored { token: 1, log_prob, conditional: log_prob, unconditional: log_prob };
        let shaped = Shaped { probability, margin, entropy };
        Prediction { position: 0, top: vec![drawn], drawn, shaped, entropy, allowed: None }
    }

    #[test]
    fn each_order_looks_at_its_own_number() {
        let predictions = [
            prediction(-0.1, 0.2, 0.1, 2.0),
            prediction(-0.2, 0.9, 0.2, 3.0),
            prediction(-0.3, 0.5, 0.8, 1.0),
            prediction(-0.4, 0.1, 0.7, 0.5),
        ];
        let first = |order: Order| order.surest(&predictions, 2);
        assert_eq!(first(Order::LowConfidence), [0, 1]);
        assert_eq!(first(Order::MaskgitPlus), [1, 2]);
        assert_eq!(first(Order::TopkMargin), [2, 3]);
        assert_eq!(first(Order::Entropy), [3, 2]);
    }

    #[test]
    fn of_equally_sure_ones_the_leftmost_comes_first() {
        let predictions =
            [prediction(-0.5, 0.5, 0.0, 1.0), prediction(-0.1, 0.5, 0.0, 1.0), prediction(-0.1, 0.5, 0.0, 1.0)];
        assert_eq!(Order::LowConfidence.surest(&predictions, 3), [1, 2, 0]);
        assert_eq!(Order::Entropy.surest(&predictions, 9), [0, 1, 2]);
    }

    #[test]
    fn random_commits_follow_their_probability_and_the_seed() {
        let positions: Vec<u32> = (0..2_000).collect();
        let chosen = at_random(&positions, 0.25, 3, 0);
        assert!(chosen.len().abs_diff(500) < 80, "{}", chosen.len());
        assert_eq!(chosen, at_random(&positions, 0.25, 3, 0));
        assert_ne!(chosen, at_random(&positions, 0.25, 3, 1));
        assert_eq!(at_random(&positions, 1.0, 3, 0), positions);
        assert!(at_random(&positions, 0.0, 3, 0).is_empty());
    }
}
