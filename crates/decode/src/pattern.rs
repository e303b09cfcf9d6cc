//! Token strings that spell what an automaton accepts: the best of exactly so many tokens, found exactly.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dfa::{Dfa, State};
use crate::problem::Error;
use crate::protocol::TokenId;
use crate::vocabulary::Vocabulary;

/// Ids of an allow-list, at most: enough for every single byte, and the shortest pieces.
pub const ALLOW_MAX: usize = 512;

/// What the text of a hole must look like.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub dfa: Dfa,
    pub vocabulary: Arc<Vocabulary>,
}

/// A token string with the log-probability of each token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solution {
    pub(crate) tokens: Vec<TokenId>,
    pub(crate) log_probs: Vec<f32>,
}

/// What may stand at one position, each with its log-probability.
pub(crate) type Candidates = BTreeMap<TokenId, f32>;

/// The way to a state: what it is worth, and where it comes from.
#[derive(Clone, Copy)]
struct Path {
    total: f64,
    token: TokenId,
    log_prob: f32,
    /// State of the position before, and which of its paths.
    from: (State, usize),
}

impl Pattern {
    /// The same without the text that `old` spells.
    pub(crate) fn other_than(&self, old: &[TokenId]) -> Result<Self, Error> {
        let old = self.vocabulary.decode(old);
        let dfa = self.dfa.without(&[old]).map_err(|_| Error::PatternTooLarge)?;
        if dfa.is_empty() {
            return Err(Error::NothingAllowed);
        }
        Ok(Self { dfa, vocabulary: Arc::clone(&self.vocabulary) })
    }

    /// Where `token` leads from `state`.
    pub(crate) fn step(&self, state: State, token: TokenId) -> Option<State> {
        let bytes = self.vocabulary.bytes(token);
        if bytes.is_empty() { None } else { self.dfa.run(state, bytes) }
    }

    /// Up to [`ALLOW_MAX`] ids that lead from one of `states` to one that can still accept, the shortest, ascending by id.
    /// Where every byte is a token, they spell everything the automaton accepts.
    pub(crate) fn shortest(&self, states: &[State]) -> Vec<TokenId> {
        let alive = |id: &TokenId| states.iter().any(|state| self.step(*state, *id).is_some());
        let mut ids: Vec<TokenId> = self.vocabulary.sorted().iter().copied().filter(alive).collect();
        ids.sort_by_key(|id| (self.vocabulary.bytes(*id).len(), *id));
        ids.truncate(ALLOW_MAX);
        ids.sort_unstable();
        ids
    }

    /// The up to `count` most probable strings with one token of each position's candidates whose text is accepted, best
    /// first, no text twice. Exact: the paths kept are the best into each state of the automaton after each position.
    pub(crate) fn solve(&self, positions: &[Candidates], count: usize) -> Vec<Solution> {
        // Two token strings may spell the same text, so some paths more are kept than are wanted.
        let kept = count.saturating_mul(4).max(1);
        let begin = Path { total: 0.0, token: 0, log_prob: 0.0, from: (self.dfa.start(), 0) };
        let mut layers = vec![BTreeMap::from([(self.dfa.start(), vec![begin])])];
        if self.dfa.is_empty() {
            return Vec::new();
        }
        for candidates in positions {
            let last = layers.last().expect("there is the first layer");
            layers.push(self.advance(last, candidates, kept));
        }
        let ends = layers.last().expect("there is the first layer").iter();
        let accepting = ends.filter(|(state, _)| self.dfa.missing(**state) == 0);
        let mut ends: Vec<(State, usize, f64)> = accepting
            .flat_map(|(state, paths)| paths.iter().enumerate().map(|(rank, path)| (*state, rank, path.total)))
            .collect();
        ends.sort_by(|left, right| right.2.total_cmp(&left.2));
        let mut solutions: Vec<Solution> = ends.iter().map(|(state, rank, _)| trace(&layers, *state, *rank)).collect();
        let mut seen = std::collections::BTreeSet::new();
        solutions.retain(|solution| seen.insert(self.vocabulary.decode(&solution.tokens)));
        solutions.truncate(count);
        solutions
    }

    fn advance(
        &self,
        last: &BTreeMap<State, Vec<Path>>,
        candidates: &Candidates,
        kept: usize,
    ) -> BTreeMap<State, Vec<Path>> {
        let mut next: BTreeMap<State, Vec<Path>> = BTreeMap::new();
        for (state, paths) in last {
            for (token, log_prob) in candidates.iter().filter(|(_, log_prob)| log_prob.is_finite()) {
                let Some(target) = self.step(*state, *token) else { continue };
                let extended = paths.iter().enumerate().map(|(rank, path)| Path {
                    total: path.total + f64::from(*log_prob),
                    token: *token,
                    log_prob: *log_prob,
                    from: (*state, rank),
                });
                next.entry(target).or_default().extend(extended);
            }
        }
        for paths in next.values_mut() {
            paths.sort_by(|left, right| right.total.total_cmp(&left.total));
            paths.truncate(kept);
        }
        next
    }
}

fn trace(layers: &[BTreeMap<State, Vec<Path>>], state: State, rank: usize) -> Solution {
    let (mut state, mut rank) = (state, rank);
    let mut solution = Solution { tokens: Vec::new(), log_probs: Vec::new() };
    for layer in layers[1..].iter().rev() {
        let path = layer[&state][rank];
        solution.tokens.push(path.token);
        solution.log_probs.push(path.log_prob);
        (state, rank) = path.from;
    }
    solution.tokens.reverse();
    solution.log_probs.reverse();
    solution
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ids: 0 a, 1 b, 2 ab, 3 ba, 4 9, 5 special, 6 a space.
    fn pattern(dfa: Dfa) -> Pattern {
        let tokens: [&[u8]; 7] = [b"a", b"b", b"ab", b"ba", b"9", b"", b" "];
        Pattern { dfa, vocabulary: Arc::new(Vocabulary::new(tokens, &[5]).unwrap()) }
    }

    fn candidates(log_probs: &[f32]) -> Candidates {
        log_probs.iter().enumerate().map(|(id, log_prob)| (id as TokenId, *log_prob)).collect()
    }

    #[test]
    fn only_tokens_that_keep_the_automaton_alive_are_listed() {
        let names = pattern(Dfa::identifier(b""));
        assert_eq!(names.shortest(&[names.dfa.start()]), [0, 1, 2, 3]);
        assert_eq!(names.shortest(&names.dfa.states().collect::<Vec<_>>()), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_best_accepted_string_wins_over_better_ones_that_are_not() {
        let names = pattern(Dfa::identifier(b""));
        let position = candidates(&[-3.0, -2.0, -4.0, -5.0, -0.1, -0.1, -0.1]);
        let solutions = names.solve(&[position.clone(), position], 2);
        assert_eq!(solutions[0].tokens, [1, 4]);
        assert_eq!(solutions[0].log_probs, [-2.0, -0.1]);
        assert_eq!(solutions[1].tokens, [0, 4]);
    }

    #[test]
    fn a_text_is_given_once_however_it_is_spelt() {
        let word = pattern(Dfa::words(&["aba"]).unwrap());
        let position = candidates(&[-1.0; 7]);
        assert_eq!(word.solve(&[position.clone(), position.clone()], 5).len(), 1);
        assert!(word.solve(&[position], 5).is_empty(), "no single token spells it");
    }

    proptest! {
        #[test]
        fn the_search_agrees_with_trying_everything(
            rows in prop::collection::vec(prop::collection::vec(-9.0_f32..0.0, 7), 1..4), words in prop::collection::vec("[ab9]{1,5}", 0..4),
        ) {
            let pattern = pattern(Dfa::identifier(b"").without(&words).unwrap());
            let positions: Vec<Candidates> = rows.iter().map(|row| candidates(row)).collect();
            let mut all: Vec<(Vec<TokenId>, f64)> = vec![(Vec::new(), 0.0)];
            for row in &rows {
                let longer = |(tokens, total): &(Vec<TokenId>, f64)| -> Vec<(Vec<TokenId>, f64)> {
                    let add = |(id, log_prob): (usize, &f32)| ([tokens.clone(), vec![id as u32]].concat(), total + f64::from(*log_prob));
                    row.iter().enumerate().filter(|(id, _)| *id != 5).map(add).collect()
                };
                all = all.iter().flat_map(longer).collect();
            }
            all.retain(|(tokens, _)| pattern.dfa.accepts(&pattern.vocabulary.decode(tokens)));
            let best = all.iter().map(|(_, total)| *total).reduce(f64::max);
            let found = pattern.solve(&positions, 3);
            prop_assert_eq!(found.first().map(|solution| solution.log_probs.iter().copied().map(f64::from).sum::<f64>()), best);
            prop_assert!(found.iter().all(|solution| pattern.dfa.accepts(&pattern.vocabulary.decode(&solution.tokens))));
        }
    }
}
