//! Keeps a draw within what an automaton accepts, and able to end in time.

use std::sync::Arc;

use crate::dfa::State;
use crate::draw::{Purpose, bits, uniform};
use crate::pattern::{Candidates, Pattern};
use crate::problem::Error;
use crate::protocol::{Fault, FaultCode, Prediction, TokenId};

/// Best ids of each position that are looked at, beside the shortest that fit.
pub(super) const TOP_K: u32 = 64;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Guide {
    pattern: Arc<Pattern>,
    state: State,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    Token(TokenId, f32),
    /// The text is accepted and the model would go on with something else; the log-probability of that.
    End(f32),
}

impl Guide {
    /// For a pattern that does not accept the old text.
    pub(super) fn new(pattern: &Pattern, old: &[TokenId]) -> Result<Self, Error> {
        let pattern = pattern.other_than(old)?;
        let state = pattern.dfa.start();
        Ok(Self { pattern: Arc::new(pattern), state })
    }

    /// Ids to ask for where `left` tokens may still be written: the shortest that fit; where the text may end, `end` too.
    pub(super) fn allow(&self, left: usize, end: Option<TokenId>) -> Vec<TokenId> {
        let mut ids = self.pattern.shortest(&[self.state]);
        ids.retain(|id| self.fits(*id, left));
        ids.extend(end.filter(|_| self.accepts()));
        ids.sort_unstable();
        ids
    }

    pub(super) fn accepts(&self) -> bool {
        self.pattern.dfa.missing(self.state) == 0
    }

    /// Chooses from the best ids and the allow-list; at a temperature by the Gumbel-max trick, the noise of each id being a
    /// function of `seed` and the id.
    pub(super) fn choose(
        &self,
        prediction: &Prediction,
        (left, end): (usize, Option<TokenId>),
        (temperature, seed): (f32, u64),
    ) -> Result<Turn, Fault> {
        let allow = self.allow(left, end);
        let allowed = prediction.allowed.iter().flat_map(|allowed| allowed.log_probs.iter().copied());
        let all: Candidates = prediction
            .top
            .iter()
            .map(|scored| (scored.token, scored.log_prob))
            .chain(allow.into_iter().zip(allowed))
            .collect();
        // An accepted text ends where the model's own choice is nothing that could follow in it.
        if let Some(best) = prediction.top.first().filter(|best| self.accepts() && !self.fits(best.token, left)) {
            return Ok(Turn::End(best.log_prob));
        }
        let weigh = |(id, log_prob): (TokenId, f32)| {
            let noise = if temperature > 0.0 { f64::from(temperature) * gumbel(seed, id) } else { 0.0 };
            (f64::from(log_prob) + noise, id, log_prob)
        };
        let open = all.into_iter().filter(|(id, log_prob)| log_prob.is_finite() && self.fits(*id, left)).map(weigh);
        let chosen = open.max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
        let nothing = || Fault::new(FaultCode::NothingAllowed, "no token goes on with the text as its pattern wants");
        chosen.map(|(_, id, log_prob)| Turn::Token(id, log_prob)).ok_or_else(nothing)
    }

    /// Goes on by a token that [`Self::choose`] gave.
    pub(super) fn advance(&mut self, token: TokenId) {
        if let Some(state) = self.pattern.step(self.state, token) {
            self.state = state;
        }
    }

    /// Whether `token` goes on with the text and leaves room to end it, a byte being a token.
    fn fits(&self, token: TokenId, left: usize) -> bool {
        let next = self.pattern.step(self.state, token);
        next.is_some_and(|state| self.pattern.dfa.missing(state) < left)
    }
}

/// A draw of the standard Gumbel distribution.
fn gumbel(seed: u64, id: TokenId) -> f64 {
    // The lowest uniform number is 0, whose logarithm is not finite.
    let uniform = uniform(bits(seed, Purpose::Token, 0), Purpose::Token, u64::from(id)).max(f64::MIN_POSITIVE);
    -(-uniform.ln()).ln()
}
