//! How long a hole may be, and which length was right.
//!
//! At the wrong length the best model is of no use, so several are tried at once and the model's own probabilities choose.

/// What a hole stands for; small things vary little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// An identifier, a literal, an operator.
    Token,
    Expression,
    Statement,
    /// Several statements, or a body.
    Block,
}

/// Lengths that are looked at in one go, at most.
pub const LENGTHS_MAX: usize = 16;
/// Weight of the suffix's mean log-probability beside the hole's. Source: alpha of PILL's length selection.
pub const SUFFIX_WEIGHT: f32 = 0.5;

/// Up to `count` lengths in tokens, from 1 to `longest`, that of the old text first, then those nearest to it.
///
/// The distance between neighbours grows with the old length: 1 for a token, an eighth of it for an expression, a quarter
/// for a statement, a third for a block. Where nothing stood, the smallest usual length of the extent is the centre.
#[must_use]
pub fn candidates(old: usize, extent: Extent, count: usize, longest: usize) -> Vec<usize> {
    let (usual, part) = match extent {
        Extent::Token => (1, usize::MAX),
        Extent::Expression => (4, 8),
        Extent::Statement => (8, 4),
        Extent::Block => (24, 3),
    };
    let centre = if old == 0 { usual } else { old };
    let distance = (centre / part).max(1);
    let mut lengths: Vec<usize> = Vec::new();
    // Longer before shorter: a fill that is too long can still be cut or rejected, one that is too short never ends.
    for step in 0..=count.min(LENGTHS_MAX) {
        let away = step * distance;
        lengths.extend([centre.checked_add(away), centre.checked_sub(away)].into_iter().flatten());
    }
    let mut seen = std::collections::BTreeSet::new();
    lengths.retain(|length| (1..=longest).contains(length) && seen.insert(*length));
    lengths.truncate(count.min(LENGTHS_MAX));
    if lengths.is_empty() && longest > 0 && count > 0 {
        lengths.push(longest);
    }
    lengths
}

/// What fills of different lengths are compared by: the mean log-probability of the hole's tokens in nats, and where the
/// suffix was probed, [`SUFFIX_WEIGHT`] times that of its first tokens. Higher is better; an empty fill has minus infinity.
/// Source: PILL (2026), selection by hole and suffix.
#[must_use]
pub fn score(log_probs: &[f32], suffix: Option<f32>) -> f32 {
    if log_probs.is_empty() {
        return f32::NEG_INFINITY;
    }
    mean(log_probs) + suffix.map_or(0.0, |suffix| SUFFIX_WEIGHT * suffix)
}

/// In f64; 0 of nothing.
#[must_use]
pub(crate) fn mean(values: &[f32]) -> f32 {
    let sum: f64 = values.iter().copied().map(f64::from).sum();
    (sum / values.len().max(1) as f64) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_surround_that_of_the_old_text() {
        assert_eq!(candidates(3, Extent::Token, 5, 64), [3, 4, 2, 5, 1]);
        assert_eq!(candidates(1, Extent::Token, 4, 64), [1, 2, 3, 4]);
        assert_eq!(candidates(24, Extent::Statement, 5, 64), [24, 30, 18, 36, 12]);
        assert_eq!(candidates(0, Extent::Block, 3, 64), [24, 32, 16]);
        assert_eq!(candidates(100, Extent::Block, 3, 64), [34, 1]);
        assert_eq!(candidates(500, Extent::Expression, 1, 64), [64]);
    }

    #[test]
    fn the_suffix_counts_half() {
        assert_eq!(score(&[-1.0, -3.0], None), -2.0);
        assert_eq!(score(&[-1.0, -3.0], Some(-4.0)), -4.0);
        assert_eq!(score(&[], Some(-0.1)), f32::NEG_INFINITY);
    }

    proptest! {
        #[test]
        fn lengths_are_distinct_in_range_and_few(old in 0_usize..300, count in 0_usize..40, longest in 0_usize..100) {
            for extent in [Extent::Token, Extent::Expression, Extent::Statement, Extent::Block] {
                let lengths = candidates(old, extent, count, longest);
                prop_assert!(lengths.len() <= count.min(LENGTHS_MAX));
                prop_assert_eq!(lengths.is_empty(), count == 0 || longest == 0);
                prop_assert!(lengths.iter().all(|length| (1..=longest).contains(length)));
                let mut distinct = lengths.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), lengths.len());
            }
        }
    }
}
