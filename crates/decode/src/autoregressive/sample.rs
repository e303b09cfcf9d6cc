//! One draw, written token by token.

use super::Settings;
use super::guide::{Guide, Turn};
use crate::length;
use crate::problem::{Fill, Trace, is_text};
use crate::protocol::{Ask, CanvasId, Delta, Description, Fault, FaultCode, Prediction, TokenId};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    sample: u32,
    /// Position of the first token.
    start: u32,
    tokens: Vec<TokenId>,
    /// One for each token, and one for the end.
    log_probs: Vec<f32>,
    guide: Option<Guide>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Writing,
    /// By the end of text, or by a stop whose text begins at that byte.
    Ended(Option<usize>),
    /// Too long, or the device failed.
    GivenUp,
}

impl Sample {
    pub(super) fn new(sample: u32, start: u32, guide: Option<Guide>) -> Self {
        Self { sample, start, tokens: Vec::new(), log_probs: Vec::new(), guide, state: State::Writing }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state != State::Writing
    }

    pub(super) fn is_guided(&self) -> bool {
        self.guide.is_some()
    }

    pub(super) fn give_up(&mut self) {
        self.state = State::GivenUp;
    }

    pub(super) fn ask(&self, canvas: CanvasId, settings: &Settings, end: Option<TokenId>) -> Ask {
        let position = self.start + self.tokens.len() as u32;
        let allow = self.guide.as_ref().map(|guide| guide.allow(self.left(settings), end));
        // With no room left, an accepted text still asks whether the model would end here.
        let allow = allow.filter(|allow| !allow.is_empty()).map(|allow| (position, allow));
        Ask { canvas, positions: vec![position], allow: allow.into_iter().collect(), seed: Some(self.seed(settings)) }
    }

    fn left(&self, settings: &Settings) -> usize {
        settings.tokens_max as usize - self.tokens.len()
    }

    fn seed(&self, settings: &Settings) -> u64 {
        settings.draws.seed_of(self.sample, self.tokens.len() as u32)
    }

    /// Takes what was predicted for the position after the last token.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        description: &Description,
        prediction: &Prediction,
    ) -> Result<Option<Trace>, Fault> {
        let turn = match &self.guide {
            Some(guide) => {
                let rules = (self.left(settings), description.end);
                guide.choose(prediction, rules, (settings.draws.temperature, self.seed(settings)))?
            }
            None if Some(prediction.drawn.token) == description.end => Turn::End(prediction.drawn.log_prob),
            None => Turn::Token(prediction.drawn.token, prediction.drawn.log_prob),
        };
        let (Turn::Token(_, log_prob) | Turn::End(log_prob)) = turn;
        if !log_prob.is_finite() {
            return Err(Fault::new(FaultCode::NotFinite, format!("the log-probability of a draw is {log_prob}")));
        }
        let token = match turn {
            Turn::Token(token, _) if !is_text(description, token) => {
                return Err(Fault::new(FaultCode::Special, format!("the device drew token {token}, which is no text")));
            }
            Turn::Token(token, _) if self.left(settings) > 0 => token,
            Turn::Token(..) => {
                self.state = State::GivenUp;
                return Ok(None);
            }
            Turn::End(_) => {
                self.log_probs.push(log_prob);
                self.state = State::Ended(None);
                return Ok(None);
            }
        };
        self.log_probs.push(log_prob);
        self.write(token, settings);
        let hole = self.tokens.iter().copied().map(Some).collect();
        let committed = vec![self.tokens.len() as u32 - 1];
        Ok(Some(Trace { step: 0, canvas: self.sample, sample: self.sample, hole, committed }))
    }

    fn write(&mut self, token: TokenId, settings: &Settings) {
        self.tokens.push(token);
        if let Some(guide) = &mut self.guide {
            guide.advance(token);
        }
        if let Some(at) = self.stopped(settings) {
            self.state = State::Ended(Some(at));
        }
    }

    /// Puts the last token onto the canvas.
    pub(super) fn grow(&self, canvas: CanvasId) -> Vec<Delta> {
        let Some((token, before)) = self.tokens.split_last() else { return Vec::new() };
        let position = self.start + before.len() as u32;
        vec![Delta::Insert { canvas, position, count: 1 }, Delta::Set { canvas, position, token: *token }]
    }

    /// What came out, if it ended and is not empty.
    pub(super) fn fill(&self) -> Option<Fill> {
        let State::Ended(cut) = self.state else { return None };
        if self.tokens.is_empty() || cut == Some(0) {
            return None;
        }
        let score = length::score(&self.log_probs, None);
        let log_probs = self.log_probs[..self.tokens.len()].to_vec();
        Some(Fill { tokens: self.tokens.clone(), log_probs, suffix: None, score, sample: self.sample, cut })
    }

    /// Where the first stop begins, in bytes.
    fn stopped(&self, settings: &Settings) -> Option<usize> {
        let stops = settings.stops.as_ref()?;
        let text = stops.vocabulary.decode(&self.tokens);
        let at = |stop: &Vec<u8>| text.windows(stop.len().max(1)).position(|window| window == stop);
        stops.texts.iter().filter_map(at).min()
    }
}
