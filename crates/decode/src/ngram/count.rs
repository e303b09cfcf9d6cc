//! How often a token stood next to others.

use super::tokens::MASK;
use crate::protocol::TokenId;

/// Tokens of a context at most; with the predicted one, the model's order is one more.
pub(super) const CONTEXT_MAX: usize = 4;
/// How far away a lone visible token is still looked at.
pub(super) const SKIP_MAX: usize = 4;
/// Tokens that are kept with one context, the most frequent: a space is followed by thousands, of which the rare ones say
/// little more than their own probabilities.
const FANOUT_MAX: usize = 256;
/// Stands for the tokens of a context that were not kept; its count is theirs, and one more for each of them: what they
/// leave to shorter contexts. No text has the mask.
pub(super) const REST: u16 = MASK as u16;
/// Bits of one token in a packed context.
const TOKEN_BITS: u32 = 16;

/// From contexts to the tokens seen with them. Contexts are packed and sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) contexts: Vec<u64>,
    /// Where the tokens of each context end.
    pub(super) ends: Vec<u32>,
    /// Ascending within a context.
    pub(super) tokens: Vec<u16>,
    pub(super) counts: Vec<u32>,
}

/// Tokens that were seen with one context.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) tokens: &'a [u16],
    pub(super) counts: &'a [u32],
}

/// One direction: what follows (or precedes) 1 to [`CONTEXT_MAX`] tokens, and what stands 2 to [`SKIP_MAX`] positions from one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Direction {
    pub(super) near: [Table; CONTEXT_MAX],
    pub(super) skip: [Table; SKIP_MAX - 1],
}

/// Everything counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Of each id.
    pub(super) single: Vec<u32>,
    /// From what stands before.
    pub(super) left: Direction,
    /// From what stands after; contexts are nearest token first, too.
    pub(super) right: Direction,
}

/// A context as one number, its tokens nearest first.
pub(super) fn pack(nearest_first: impl IntoIterator<Item = TokenId>) -> u64 {
    nearest_first.into_iter().fold(0, |packed, token| (packed << TOKEN_BITS) | u64::from(token))
}

impl Table {
    /// Counts pairs of a context and a token; those seen less than `seen_min` times are left out, and of a context with
    /// more than [`FANOUT_MAX`] tokens the rarest.
    pub(super) fn of(mut pairs: Vec<(u64, u16)>, seen_min: usize) -> Self {
        pairs.sort_unstable();
        let mut table = Self::default();
        for context in pairs.chunk_by(|left, right| left.0 == right.0) {
            let groups = context.chunk_by(|left, right| left == right).filter(|same| same.len() >= seen_min);
            let mut seen: Vec<(u16, u32)> =
                groups.map(|same| (same[0].1, u32::try_from(same.len()).unwrap_or(u32::MAX))).collect();
            if seen.is_empty() {
                continue;
            }
            if seen.len() > FANOUT_MAX {
                seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                let dropped = seen.split_off(FANOUT_MAX);
                let all = dropped.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
                seen.push((REST, all.saturating_add(dropped.len() as u32)));
                seen.sort_unstable();
            }
            table.contexts.push(context[0].0);
            table.tokens.extend(seen.iter().map(|(token, _)| *token));
            table.counts.extend(seen.iter().map(|(_, count)| *count));
            table.ends.push(table.tokens.len() as u32);
        }
        table
    }

    pub(super) fn seen(&self, context: u64) -> Option<Seen<'_>> {
        let index = self.contexts.binary_search(&context).ok()?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let range = start..self.ends[index] as usize;
        Some(Seen { tokens: &self.tokens[range.clone()], counts: &self.counts[range] })
    }
}

impl Counts {
    /// The probability of each id on its own: (count + 1) / (all + ids), which no id is without. Source: Laplace's rule of
    /// succession.
    pub(super) fn unigram(&self) -> Vec<f64> {
        let all: f64 = self.single.iter().copied().map(f64::from).sum::<f64>() + self.single.len() as f64;
        self.single.iter().map(|count| (f64::from(*count) + 1.0) / all).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_and_found_by_their_context() {
        let table = Table::of(vec![(7, 1), (5, 2), (7, 3), (7, 1), (9, 1)], 1);
        let seen = table.seen(7).unwrap();
        assert_eq!((seen.tokens, seen.counts), ([1, 3].as_slice(), [2, 1].as_slice()));
        assert_eq!(table.seen(5).unwrap().tokens, [2]);
        assert!(table.seen(6).is_none());
        assert_eq!(Table::of(vec![(7, 1), (5, 2), (7, 1)], 2).contexts, [7]);
        let many = (0..FANOUT_MAX as u16 + 9).chain([FANOUT_MAX as u16 + 8]).map(|token| (1, token)).collect();
        let table = Table::of(many, 1);
        let kept = table.seen(1).unwrap();
        assert_eq!((kept.tokens.len(), kept.tokens.last()), (FANOUT_MAX + 1, Some(&(FANOUT_MAX as u16 + 8))));
        let rest = kept.tokens.iter().position(|token| *token == REST).map(|at| kept.counts[at]);
        // Nine were left out, each seen once.
        assert_eq!(rest, Some(9 + 9));
    }
}
