//! One position's distribution from both sides.
//!
//! Each direction interpolates, from the longest context down to single tokens: p(t | h) = (c(h, t) + T(h) p(t | h')) /
//! (c(h) + T(h)), T(h) being the number of distinct tokens seen with h (Witten and Bell, "The Zero-Frequency Problem", 1991,
//! method C). First come one and two tokens of context counted on the canvas itself (Tu, Su and Devanbu, "On the Localness of
//! Software", 2014), then what the model was fitted on, at last single tokens, of the canvas and of the model. Given the token,
//! the two sides are taken to be independent: p(t | left, right) is proportional to p(t | left) p(t | right) / p(t).

use super::count::{CONTEXT_MAX, Counts, Direction, REST, SKIP_MAX, pack};
use super::tokens::{END, MASK};
use crate::protocol::{Cell, TokenId};

/// A canvas, ready to be predicted on.
#[derive(Debug)]
pub(super) struct Mixer<'a> {
    counts: &'a Counts,
    /// Each id's own probability.
    unigram: &'a [f64],
    cells: &'a [Cell],
    /// Tokens of the canvas with their positions, sorted.
    local: Vec<(u16, u32)>,
    scratch: Scratch,
}

/// Memory that one canvas after the other makes use of: most of it is never touched.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    left: Side,
    right: Side,
    single: Side,
}

/// Sums over contexts for the ids that were seen with one, all other ids being zero.
#[derive(Clone, Debug)]
struct Side {
    mass: Vec<f64>,
    touched: Vec<u16>,
    /// What is left for shorter contexts.
    weight: f64,
}

/// What may be looked at: positions below `end`, but not the predicted one.
#[derive(Clone, Copy)]
struct View {
    wanted: usize,
    end: usize,
}

impl<'a> Mixer<'a> {
    pub(super) fn new(counts: &'a Counts, unigram: &'a [f64], cells: &'a [Cell], mut scratch: Scratch) -> Self {
        let text = |token: TokenId| {
            ((token as usize) < unigram.len() && !(MASK..=END).contains(&token)).then_some(token as u16)
        };
        let known = cells.iter().enumerate().filter_map(|(at, cell)| Some((text((*cell)?)?, at as u32)));
        let mut local: Vec<(u16, u32)> = known.collect();
        local.sort_unstable();
        for side in [&mut scratch.left, &mut scratch.right, &mut scratch.single] {
            side.mass.resize(unigram.len(), 0.0);
        }
        Self { counts, unigram, cells, local, scratch }
    }

    /// The memory, for the next canvas.
    pub(super) fn into_scratch(self) -> Scratch {
        self.scratch
    }

    /// Unnormalised log-probabilities at `wanted` of the ids, ascending, that any context was seen with; those of all others
    /// are the logarithms of their own probabilities. Of a causal prediction, the cells from `wanted` on are not looked at.
    pub(super) fn changed(&mut self, wanted: usize, causal: bool) -> Vec<(TokenId, f64)> {
        let view = View { wanted, end: if causal { wanted } else { self.cells.len() } };
        self.scratch.single.reset();
        self.count_single(view);
        let forward: Vec<Option<TokenId>> =
            (1..=SKIP_MAX.max(CONTEXT_MAX)).map(|away| self.seen(view, wanted.checked_sub(away))).collect();
        let backward: Vec<Option<TokenId>> =
            (1..=SKIP_MAX.max(CONTEXT_MAX)).map(|away| self.seen(view, wanted.checked_add(away))).collect();
        let mut left = std::mem::take(&mut self.scratch.left);
        self.look(&mut left, &self.counts.left, &forward, (view, 1));
        self.scratch.left = left;
        let mut right = std::mem::take(&mut self.scratch.right);
        self.look(&mut right, &self.counts.right, &backward, (view, -1));
        self.scratch.right = right;
        self.combine()
    }

    fn seen(&self, view: View, position: Option<usize>) -> Cell {
        position.filter(|position| *position < view.end).and_then(|position| self.cells[position])
    }

    /// How often each token stands on the canvas.
    fn count_single(&mut self, view: View) {
        let visible = |at: &u32| (*at as usize) < view.end && *at as usize != view.wanted;
        let side = &mut self.scratch.single;
        let (mut all, mut distinct) = (0_u32, 0_u32);
        for same in self.local.chunk_by(|left, right| left.0 == right.0) {
            let count = same.iter().filter(|(_, at)| visible(at)).count() as u32;
            if count > 0 {
                side.add(same[0].0, f64::from(count));
                all += count;
                distinct += 1;
            }
        }
        side.scale(f64::from(all + distinct));
        side.weight = share(all, distinct);
    }

    /// Adds up one direction. `near` holds the neighbours, nearest first; `step` is 1 where the predicted token follows them.
    fn look(&self, side: &mut Side, counts: &Direction, near: &[Cell], (view, step): (View, isize)) {
        side.reset();
        let context: Vec<TokenId> = near.iter().map_while(|cell| *cell).take(CONTEXT_MAX).collect();
        if context.is_empty() {
            let away = near.iter().take(SKIP_MAX).position(Option::is_some);
            let Some((away, token)) = away.and_then(|away| Some((away, near[away]?))) else { return };
            side.learnt(counts.skip[away - 1].seen(pack([token])));
            return;
        }
        for length in (1..=2.min(context.len())).rev() {
            self.look_around(side, &context[..length], (view, step));
        }
        for length in (1..=context.len()).rev() {
            side.learnt(counts.near[length - 1].seen(pack(context[..length].iter().copied())));
        }
    }

    /// What stands next to the other occurrences of a context on the canvas.
    fn look_around(&self, side: &mut Side, context: &[TokenId], (view, step): (View, isize)) {
        let Ok(nearest) = u16::try_from(context[0]) else { return };
        let start = self.local.partition_point(|(token, _)| *token < nearest);
        let same = self.local[start..].iter().take_while(|(token, _)| *token == nearest);
        let further = |at: usize| {
            context.get(1).is_none_or(|token| self.seen(view, at.checked_add_signed(-step)) == Some(*token))
        };
        let next = |at: usize| {
            let position = at.checked_add_signed(step).filter(|position| *position != view.wanted);
            (at < view.end && further(at)).then(|| self.seen(view, position)).flatten()
        };
        let mut found: Vec<u16> = same.filter_map(|(_, at)| u16::try_from(next(*at as usize)?).ok()).collect();
        found.retain(|token| usize::from(*token) < self.unigram.len());
        found.sort_unstable();
        let distinct = found.chunk_by(|left, right| left == right).count() as u32;
        let all = found.len() as u32;
        let each = side.weight / f64::from((all + distinct).max(1));
        found.iter().for_each(|token| side.add(*token, each));
        side.weight *= share(all, distinct);
    }

    /// The product of both sides over the single tokens, as logarithms.
    fn combine(&self) -> Vec<(TokenId, f64)> {
        let Scratch { left, right, single } = &self.scratch;
        // Of an id that no context was seen with: weight of the single tokens, times both sides' weights.
        let base = single.weight * left.weight * right.weight;
        let mut touched: Vec<u16> =
            [&single.touched, &left.touched, &right.touched].into_iter().flatten().copied().collect();
        touched.sort_unstable();
        touched.dedup();
        let changed = |token: u16| {
            let id = usize::from(token);
            let alone = single.mass[id] + single.weight * self.unigram[id];
            let side = |side: &Side| side.mass[id] + side.weight * alone;
            (TokenId::from(token), (side(left) * side(right) / (alone * base)).ln())
        };
        touched.into_iter().map(changed).collect()
    }
}

impl Default for Side {
    fn default() -> Self {
        Self { mass: Vec::new(), touched: Vec::new(), weight: 1.0 }
    }
}

impl Side {
    fn reset(&mut self) {
        for token in self.touched.drain(..) {
            self.mass[usize::from(token)] = 0.0;
        }
        self.weight = 1.0;
    }

    fn add(&mut self, token: u16, mass: f64) {
        let entry = &mut self.mass[usize::from(token)];
        if *entry == 0.0 {
            self.touched.push(token);
        }
        *entry += mass;
    }

    fn scale(&mut self, divisor: f64) {
        self.touched.iter().for_each(|token| self.mass[usize::from(*token)] /= divisor);
    }

    /// Adds what the model knows of a context.
    fn learnt(&mut self, seen: Option<super::count::Seen<'_>>) {
        let Some(seen) = seen else { return };
        let (mut all, mut distinct, mut rest) = (0.0, 0.0, 0.0);
        for (token, count) in seen.tokens.iter().zip(seen.counts) {
            if *token == REST {
                rest = f64::from(*count);
            } else {
                all += f64::from(*count);
                distinct += 1.0;
            }
        }
        let each = self.weight / (all + distinct + rest);
        for (token, count) in seen.tokens.iter().zip(seen.counts).filter(|(token, _)| **token != REST) {
            self.add(*token, each * f64::from(*count));
        }
        self.weight *= (distinct + rest) / (all + distinct + rest);
    }
}

/// What a context of `all` occurrences with `distinct` tokens leaves for shorter ones.
fn share(all: u32, distinct: u32) -> f64 {
    if distinct == 0 { 1.0 } else { f64::from(distinct) / (f64::from(all) + f64::from(distinct)) }
}
