//! Distributions that differ from a common one in few ids: their sums are taken over the differences alone.

use super::Norm;
use super::best::order;
use crate::protocol::TokenId;

/// Logits that many distributions share.
#[derive(Clone, Debug)]
pub struct Base {
    logits: Vec<f64>,
    /// Ids, best first.
    sorted: Vec<TokenId>,
    sum: f64,
    /// Of each logit times its exponential.
    weighted: f64,
}

/// A distribution over the ids of `base`.
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'a> {
    pub base: &'a Base,
    /// Ids whose logits are others, ascending, each once; no logit is below the one it stands for, or sums would lose digits.
    pub changed: &'a [(TokenId, f64)],
}

impl Base {
    /// From the logarithm of each id's probability; they must sum to about 1.
    #[must_use]
    pub fn new(logits: Vec<f64>) -> Self {
        let mut sorted: Vec<TokenId> = (0..logits.len() as TokenId).collect();
        sorted.sort_by(|left, right| order(&(*left, logits[*left as usize]), &(*right, logits[*right as usize])));
        let sum = logits.iter().map(|logit| logit.exp()).sum();
        let weighted = logits.iter().map(|logit| logit.exp() * logit).sum();
        Self { logits, sorted, sum, weighted }
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.logits.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.logits.is_empty()
    }

    /// The logit of an id below [`Self::len`].
    #[must_use]
    pub fn logit(&self, id: TokenId) -> f64 {
        self.logits[id as usize]
    }
}

impl<'a> Sparse<'a> {
    /// The logit of an id of the base.
    #[must_use]
    pub fn logit(&self, id: TokenId) -> f64 {
        match self.find(id) {
            Some(index) => self.changed[index].1,
            None => self.base.logit(id),
        }
    }

    fn find(&self, id: TokenId) -> Option<usize> {
        self.changed.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    /// Of the ids that are not banned; `banned_ids` has each banned one once.
    pub(super) fn norm(&self, banned: &[bool], banned_ids: &[TokenId]) -> Option<Norm> {
        if banned_ids.len() == banned.len() {
            return None;
        }
        let (mut sum, mut weighted) = (self.base.sum, self.base.weighted);
        let mut count = |logit: f64, sign: f64| {
            let weight = logit.exp();
            sum += sign * weight;
            weighted += sign * weight * logit;
        };
        for id in banned_ids {
            count(self.base.logit(*id), -1.0);
        }
        for (id, logit) in self.changed.iter().filter(|(id, _)| !banned[*id as usize]) {
            count(self.base.logit(*id), -1.0);
            count(*logit, 1.0);
        }
        // H = log Σ e^x - Σ p x.
        Some(Norm { log_sum: sum.ln(), entropy: (sum.ln() - weighted / sum).max(0.0) })
    }

    /// Every id that is not banned, ascending.
    pub(super) fn written_out(&self, banned: &[bool]) -> Vec<(TokenId, f64)> {
        let mut all: Vec<(TokenId, f64)> = (0..).zip(self.base.logits.iter().copied()).collect();
        self.changed.iter().for_each(|(id, logit)| all[*id as usize].1 = *logit);
        all.retain(|(id, _)| !banned[*id as usize]);
        all
    }

    /// Ids among which the `count` best are: all changed ones, and the best of the others.
    pub(super) fn contenders(self, banned: &'a [bool], count: usize) -> impl Iterator<Item = (TokenId, f64)> + 'a {
        let open = move |id: TokenId| !banned[id as usize];
        let others = self.base.sorted.iter().copied().filter(move |id| open(*id) && self.find(*id).is_none());
        let others = others.take(count).map(move |id| (id, self.base.logit(id)));
        self.changed.iter().copied().filter(move |(id, _)| open(*id)).chain(others)
    }
}
