//! Holes whose text an automaton describes: every step finds the best accepted string of the hole's length and commits the
//! surest of its tokens, so that what is committed can always be completed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::length;
use crate::dfa::State;
use crate::pattern::{Candidates, Pattern, Solution};
use crate::problem::{Error, Fill};
use crate::protocol::{Ask, CanvasId, Fault, FaultCode, Prediction, TokenId};

/// Best ids of each position that are looked at, beside the shortest that fit.
pub(super) const TOP_K: u32 = 256;

/// A committed token with its log-probability, or a masked cell.
type Hole = [Option<(TokenId, f32)>];

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    pattern: Arc<Pattern>,
    /// Ids that are always asked for; together they spell anything.
    allow: Arc<Vec<TokenId>>,
    /// The best string so far: its tokens stay candidates, whatever is predicted next.
    best: Vec<TokenId>,
    fills_max: usize,
}

impl Matching {
    /// For a pattern that does not accept the old text.
    pub(super) fn new(pattern: &Pattern, old: &[TokenId], fills_max: usize) -> Result<Self, Error> {
        let pattern = pattern.other_than(old)?;
        let states: Vec<State> = pattern.dfa.states().collect();
        let allow = Arc::new(pattern.shortest(&states));
        Ok(Self { pattern: Arc::new(pattern), allow, best: Vec::new(), fills_max: fills_max.max(1) })
    }

    /// The masked `positions` of a hole that begins at `start`.
    pub(super) fn ask(&self, canvas: CanvasId, positions: Vec<u32>, start: u32) -> Ask {
        let allow = positions.iter().map(|position| (*position, self.allow_at((position - start) as usize)));
        Ask { canvas, allow: allow.collect(), positions, seed: None }
    }

    /// The best strings that hold what is committed, best first, at least one.
    pub(super) fn solve(
        &mut self,
        hole: &Hole,
        predictions: &[Prediction],
        start: u32,
    ) -> Result<Vec<Solution>, Fault> {
        let mut positions: Vec<Candidates> =
            hole.iter().map(|cell| cell.iter().copied().collect::<Candidates>()).collect();
        for prediction in predictions {
            let index = (prediction.position - start) as usize;
            positions[index] = candidates(prediction, &self.allow_at(index))?;
        }
        let solutions = self.pattern.solve(&positions, self.fills_max);
        let nothing = || Fault::new(FaultCode::NothingAllowed, format!("no text of {} tokens is accepted", hole.len()));
        self.best = solutions.first().ok_or_else(nothing)?.tokens.clone();
        Ok(solutions)
    }

    fn allow_at(&self, index: usize) -> Vec<TokenId> {
        let best = self.best.get(index).copied();
        let distinct: BTreeSet<TokenId> = self.allow.iter().copied().chain(best).collect();
        distinct.into_iter().collect()
    }
}

/// As a fill of the whole hole.
pub(super) fn fill(solution: Solution) -> Fill {
    let score = length::score(&solution.log_probs, None);
    Fill { tokens: solution.tokens, log_probs: solution.log_probs, suffix: None, score, sample: 0, cut: None }
}

/// The best ids of a prediction and those of its allow-list.
fn candidates(prediction: &Prediction, allow: &[TokenId]) -> Result<Candidates, Fault> {
    let allowed = prediction.allowed.as_ref().filter(|allowed| allowed.log_probs.len() == allow.len());
    let missing = || Fault::new(FaultCode::Device, "the reply has no log-probabilities of the allowed ids");
    let listed = allow.iter().copied().zip(allowed.ok_or_else(missing)?.log_probs.iter().copied());
    Ok(prediction.top.iter().map(|scored| (scored.token, scored.log_prob)).chain(listed).collect())
}
