//! One hole to fill, in tokens, and what comes out.

use std::collections::BTreeSet;

use crate::pattern::Pattern;
use crate::predict;
use crate::protocol::{
    Attention, Canvas, Cell, Description, Fault, FaultCode, Guidance, Options, Prediction, Reply, Role, Segment, Step,
    TokenId,
};
use crate::vocabulary::Vocabulary;

/// Strings of a bounded set, at most.
pub const STRINGS_MAX: usize = 4_096;

/// A hole and what the model may see of its surroundings.
#[derive(Clone, Debug)]
pub struct Problem {
    pub control: Control,
    pub instruction: Vec<TokenId>,
    pub retrieved: Vec<TokenId>,
    /// The code before the hole; trimmed from its beginning where the window is too small.
    pub before: Vec<TokenId>,
    /// The code after the hole; trimmed from its end.
    pub after: Vec<TokenId>,
    pub hole: Hole,
}

/// Tokens of the model's own format around everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    pub first: Vec<TokenId>,
    pub last: Vec<TokenId>,
}

impl Control {
    /// The begin token, where the model has one.
    #[must_use]
    pub fn of(description: &Description) -> Self {
        Self { first: description.begin.into_iter().collect(), last: Vec::new() }
    }
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Hole {
    /// What stood there; empty where something is inserted. A bounded set never gives it back.
    pub old: Vec<TokenId>,
    /// Candidate lengths in tokens, best first; see [`crate::length`].
    pub lengths: Vec<usize>,
    pub constraint: Constraint,
}

/// What may be written.
#[derive(Clone, Debug)]
pub enum Constraint {
    /// Anything.
    Free,
    /// One of these token strings; solved exactly, whatever the hole's lengths say.
    OneOf(Vec<Vec<TokenId>>),
    /// A text that an automaton accepts, of one of the hole's lengths; never the old text.
    Pattern(Pattern),
}

/// One way to fill the hole.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    pub tokens: Vec<TokenId>,
    /// Natural logarithm of each token's probability (temperature 1, after guidance) when it was committed. Their sum is that
    /// of the whole fill, were tokens of one step independent.
    pub log_probs: Vec<f32>,
    /// The first tokens after the hole, seen from the filled hole: the mean of their log-probabilities, where it was asked for.
    pub suffix: Option<f32>,
    /// What fills of one hole are ranked by, higher is better; see [`crate::length::score`].
    pub score: f32,
    /// Which draw of this length, from 0.
    pub sample: u32,
    /// How many bytes of the text count, where a stop string stands in it; all, where `None`.
    pub cut: Option<usize>,
}

impl Fill {
    /// What is to be written into the hole.
    #[must_use]
    pub fn text(&self, vocabulary: &Vocabulary) -> Vec<u8> {
        let mut text = vocabulary.decode(&self.tokens);
        text.truncate(self.cut.unwrap_or(usize::MAX));
        text
    }
}

/// What a decoder needs next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// To be answered before anything else; the first of a session that is the decoder's own.
    Step(Step),
    /// Every distinct fill, best first; none where every canvas failed.
    Done(Vec<Fill>),
}

/// What one step committed on one canvas.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub step: u64,
    pub canvas: u32,
    pub sample: u32,
    /// The hole after the step.
    pub hole: Vec<Cell>,
    /// Indices within the hole, in the order of their commitment.
    pub committed: Vec<u32>,
}

/// Why a problem cannot be decoded, or a reply cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the model has no mask token, so it cannot denoise")]
    NoMask,
    #[error("the model has no end token, so a known string cannot be ended")]
    NoEnd,
    #[error("the hole has no candidate length from 1 to {0}")]
    NoLength(usize),
    #[error("the allowed set of the hole is empty or holds only the old text")]
    NothingAllowed,
    #[error("the allowed set of the hole has {0} members, more than {1}")]
    TooManyAllowed(usize, usize),
    #[error("the pattern's vocabulary of {tokens} tokens is not that of the model, which has {model}")]
    Vocabulary { tokens: usize, model: usize },
    #[error("the hole's pattern without the old text has too many states")]
    PatternTooLarge,
    #[error("a hole of {hole} tokens and {control} control tokens do not fit into {window} positions")]
    TooLong { hole: usize, control: usize, window: usize },
    #[error("{0} is 0")]
    Zero(&'static str),
    #[error("token {0} is special or outside the vocabulary")]
    Token(TokenId),
    #[error("the sampling options are refused: {}", .0.message)]
    Options(Fault),
    #[error("a reply to step {reply} came for step {step:?}")]
    Unexpected { reply: u64, step: Option<u64> },
}

/// How draws are made, for both decoders.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// Fills of one length; 1 where the temperature is 0, since they would be the same.
    pub samples: u32,
    /// From 0 to [`predict::TEMPERATURE_MAX`].
    pub temperature: f32,
    /// Above 0 up to 1.
    pub top_p: f32,
    pub seed: u64,
    pub guidance: Guidance,
}

impl Draws {
    /// The best token everywhere, unguided.
    #[must_use]
    pub fn greedy() -> Self {
        let guidance = Guidance::off();
        Self { samples: 1, temperature: 0.0, top_p: 1.0, seed: 0, guidance }
    }

    /// How many fills of one length differ.
    #[must_use]
    pub(crate) fn distinct(&self) -> u32 {
        if self.temperature == 0.0 { 1 } else { self.samples }
    }

    /// The seed of one step of one sample.
    pub(crate) fn seed_of(&self, sample: u32, step: u32) -> u64 {
        let number = (u64::from(sample) << 32) | u64::from(step);
        crate::draw::bits(self.seed, crate::draw::Purpose::Token, number)
    }
}

/// Tokens around the hole that fit into the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) first: Vec<TokenId>,
    pub(crate) instruction: Vec<TokenId>,
    pub(crate) retrieved: Vec<TokenId>,
    pub(crate) before: Vec<TokenId>,
    pub(crate) after: Vec<TokenId>,
    pub(crate) last: Vec<TokenId>,
}

impl Surroundings {
    /// Position of the hole's first cell.
    pub(crate) fn hole_start(&self) -> u32 {
        (self.first.len() + self.instruction.len() + self.retrieved.len() + self.before.len()) as u32
    }

    /// The canvas with a hole of `length` masks.
    pub(crate) fn canvas(&self, length: usize) -> Canvas {
        let known = |role, tokens: &[TokenId]| Segment::known(role, tokens);
        let mut segments = vec![
            known(Role::Control, &self.first),
            known(Role::Instruction, &self.instruction),
            known(Role::Retrieved, &self.retrieved),
            known(Role::Before, &self.before),
            Segment::hole(length),
            known(Role::After, &self.after),
            known(Role::Control, &self.last),
        ];
        segments.retain(|segment| !segment.cells.is_empty());
        Canvas { segments }
    }
}

/// Best first; of equal scores the shorter and the earlier sample. Of equal fills the best stays.
pub(crate) fn ranked(mut fills: Vec<Fill>) -> Vec<Fill> {
    fills.sort_by(|left, right| {
        let by_score = right.score.total_cmp(&left.score);
        by_score.then_with(|| left.tokens.len().cmp(&right.tokens.len())).then_with(|| left.sample.cmp(&right.sample))
    });
    let mut seen = BTreeSet::new();
    fills.retain(|fill| seen.insert(fill.tokens.clone()));
    fills
}

/// Refuses what the model would refuse in every step, before the first.
pub(crate) fn check(description: &Description, problem: &Problem, draws: &Draws) -> Result<(), Error> {
    if draws.samples == 0 {
        return Err(Error::Zero("the number of samples"));
    }
    let options = Options {
        temperature: draws.temperature,
        top_p: draws.top_p,
        guidance: draws.guidance.clone(),
        ..Options::greedy(Attention::AllVisible, 1)
    };
    predict::check(description, &options).map_err(Error::Options)?;
    let Problem { control, instruction, retrieved, before, after, hole } = problem;
    let marks = control.first.iter().chain(&control.last);
    if let Some(id) = marks.copied().find(|id| *id >= description.vocabulary) {
        return Err(Error::Token(id));
    }
    let text = [instruction, retrieved, before, after, &hole.old].into_iter().flatten();
    let allowed: &[Vec<TokenId>] = match &hole.constraint {
        Constraint::Free | Constraint::Pattern(_) => &[],
        Constraint::OneOf(strings) => strings,
    };
    if let Constraint::Pattern(Pattern { vocabulary, .. }) = &hole.constraint {
        let (tokens, model) = (vocabulary.len(), description.vocabulary as usize);
        if tokens > model {
            return Err(Error::Vocabulary { tokens, model });
        }
    }
    let mut text = text.chain(allowed.iter().flatten()).copied();
    text.find(|id| !is_text(description, *id)).map_or(Ok(()), |id| Err(Error::Token(id)))
}

/// Whether `id` may stand in a text: within the vocabulary and not special.
pub(crate) fn is_text(description: &Description, id: TokenId) -> bool {
    id < description.vocabulary && description.specials.binary_search(&id).is_err()
}

/// What `reply` says of `canvas`, checked against what was asked: as many predictions, of these positions.
pub(crate) fn predictions<'a>(reply: &'a Reply, canvas: u32, positions: &[u32]) -> Result<&'a [Prediction], Fault> {
    let device = |message: String| Fault::new(FaultCode::Device, message);
    let answer = reply.answers.iter().find(|answer| answer.canvas == canvas);
    let answer = answer.ok_or_else(|| device(format!("the reply leaves canvas {canvas} out")))?;
    let predictions = answer.predictions.as_ref().map_err(Clone::clone)?;
    if !predictions.iter().map(|prediction| &prediction.position).eq(positions) {
        return Err(device(format!("the reply answers other positions of canvas {canvas} than those asked for")));
    }
    Ok(predictions)
}
