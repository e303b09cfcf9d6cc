//! The best few of many.

use std::cmp::Ordering;

use crate::protocol::TokenId;

/// The better first: the larger value, and of equal ones the smaller id.
pub(super) fn order(left: &(TokenId, f64), right: &(TokenId, f64)) -> Ordering {
    right.1.total_cmp(&left.1).then(left.0.cmp(&right.0))
}

/// The `count` best, best first. Takes time linear in the number of candidates, as long as `count` is small beside it.
pub(super) fn best(candidates: impl Iterator<Item = (TokenId, f64)>, count: usize) -> Vec<(TokenId, f64)> {
    let mut kept: Vec<(TokenId, f64)> = Vec::with_capacity(count.min(1 << 12) * 2);
    let mut worst: Option<(TokenId, f64)> = None;
    for candidate in candidates {
        if worst.is_some_and(|worst| order(&candidate, &worst).is_gt()) {
            continue;
        }
        kept.push(candidate);
        if kept.len() >= count * 2 {
            kept.select_nth_unstable_by(count - 1, order);
            kept.truncate(count);
            worst = kept.last().copied();
        }
    }
    kept.sort_unstable_by(order);
    kept.truncate(count);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_few_are_the_head_of_the_sorted_list(values in prop::collection::vec(0_u8..20, 1..200), count in 1_usize..40) {
            let all: Vec<(TokenId, f64)> = values.iter().enumerate().map(|(id, v)| (id as u32, f64::from(*v))).collect();
            let mut sorted = all.clone();
            sorted.sort_by(order);
            sorted.truncate(count);
            prop_assert_eq!(best(all.into_iter(), count), sorted);
        }
    }
}
