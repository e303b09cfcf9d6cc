//! One draw, written token by token.

use super::Settings;
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
    pub(super) fn new(sample: u32, start: u32) -> Self {
        Self { sample, start, tokens: Vec::new(), log_probs: Vec::new(), state: State::Writing }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state != State::Writing
    }

    pub(super) fn give_up(&mut self) {
        self.state = State::GivenUp;
    }

    pub(super) fn ask(&self, canvas: CanvasId, settings: &Settings) -> Ask {
        let written = self.tokens.len() as u32;
        let seed = settings.draws.seed_of(self.sample, written);
        Ask { canvas, positions: vec![self.start + written], allow: Vec::new(), seed: Some(seed) }
    }

    /// Takes what was predicted for the position after the last token.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        description: &Description,
        prediction: &Prediction,
    ) -> Result<Option<Trace>, Fault> {
        let drawn = prediction.drawn;
        if !drawn.log_prob.is_finite() {
            return Err(Fault::new(
                FaultCode::NotFinite,
                format!("the log-probability of a draw is {}", drawn.log_prob),
            ));
        }
        if Some(drawn.token) == description.end {
            self.log_probs.push(drawn.log_prob);
            self.state = State::Ended(None);
            return Ok(None);
        }
        if !is_text(description, drawn.token) {
            return Err(Fault::new(
                FaultCode::Special,
                format!("the device drew token {}, which is no text", drawn.token),
            ));
        }
        if self.tokens.len() == settings.tokens_max as usize {
            self.state = State::GivenUp;
            return Ok(None);
        }
        self.log_probs.push(drawn.log_prob);
        self.tokens.push(drawn.token);
        if let Some(at) = self.stopped(settings) {
            self.state = State::Ended(Some(at));
        }
        let hole = self.tokens.iter().copied().map(Some).collect();
        let committed = vec![self.tokens.len() as u32 - 1];
        Ok(Some(Trace { step: 0, canvas: self.sample, sample: self.sample, hole, committed }))
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
