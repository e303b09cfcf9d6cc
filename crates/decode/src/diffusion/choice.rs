//! Holes that may hold one of a known set of token strings: one forward for each length, then the exact optimum.

use std::collections::{BTreeMap, BTreeSet};

use super::length;
use crate::problem::{Error, Fill, STRINGS_MAX};
use crate::protocol::{Ask, CanvasId, Fault, FaultCode, Prediction, TokenId};

/// The strings of one length.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    strings: Vec<Vec<TokenId>>,
    fills_max: usize,
}

/// Groups `strings` by length, without `old` and without empty ones.
pub(super) fn by_length(strings: &[Vec<TokenId>], old: &[TokenId], fills_max: usize) -> Result<Vec<Choice>, Error> {
    if strings.len() > STRINGS_MAX {
        return Err(Error::TooManyAllowed(strings.len(), STRINGS_MAX));
    }
    let mut groups: BTreeMap<usize, BTreeSet<&Vec<TokenId>>> = BTreeMap::new();
    for string in strings.iter().filter(|string| !string.is_empty() && *string != old) {
        groups.entry(string.len()).or_default().insert(string);
    }
    if groups.is_empty() {
        return Err(Error::NothingAllowed);
    }
    let choice =
        |strings: BTreeSet<&Vec<TokenId>>| Choice { strings: strings.into_iter().cloned().collect(), fills_max };
    Ok(groups.into_values().map(choice).collect())
}

impl Choice {
    pub(super) fn length(&self) -> usize {
        self.strings[0].len()
    }

    /// All positions, each with the tokens that some string has there.
    pub(super) fn ask(&self, canvas: CanvasId, start: u32) -> Ask {
        let positions: Vec<u32> = (start..start + self.length() as u32).collect();
        let allow = positions.iter().copied().enumerate().map(|(index, position)| (position, self.tokens_at(index)));
        Ask { canvas, allow: allow.collect(), positions, seed: None }
    }

    /// The best strings, best first. Predictions of one forward are independent of one another, so a string's
    /// log-probability is the sum over its tokens and the maximum over the set is exact.
    pub(super) fn solve(&self, predictions: &[Prediction]) -> Result<Vec<Fill>, Fault> {
        let tables = self.tables(predictions)?;
        let fill = |string: &Vec<TokenId>| {
            let log_probs: Vec<f32> = string.iter().zip(&tables).map(|(token, table)| table[token]).collect();
            let score = length::score(&log_probs, None);
            score.is_finite().then(|| Fill {
                tokens: string.clone(),
                log_probs,
                suffix: None,
                score,
                sample: 0,
                cut: None,
            })
        };
        let mut fills: Vec<Fill> = self.strings.iter().filter_map(fill).collect();
        fills.sort_by(|left, right| right.score.total_cmp(&left.score));
        fills.truncate(self.fills_max.max(1));
        if fills.is_empty() {
            return Err(Fault::new(FaultCode::NothingAllowed, "no string of the set has a probability"));
        }
        Ok(fills)
    }

    fn tokens_at(&self, index: usize) -> Vec<TokenId> {
        let distinct: BTreeSet<TokenId> = self.strings.iter().map(|string| string[index]).collect();
        distinct.into_iter().collect()
    }

    /// For each position, the log-probability of every token allowed there.
    fn tables(&self, predictions: &[Prediction]) -> Result<Vec<BTreeMap<TokenId, f32>>, Fault> {
        let table = |(index, prediction): (usize, &Prediction)| {
            let tokens = self.tokens_at(index);
            let allowed = prediction.allowed.as_ref().filter(|allowed| allowed.log_probs.len() == tokens.len());
            let fault = || Fault::new(FaultCode::Device, "the reply has no log-probabilities of the allowed ids");
            let allowed = allowed.ok_or_else(fault)?;
            Ok(tokens.into_iter().zip(allowed.log_probs.iter().copied()).collect())
        };
        predictions.iter().enumerate().map(table).collect()
    }
}
