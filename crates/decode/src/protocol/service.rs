//! What a model service says of itself and does beside sessions: text to tokens, scores, vectors.

use super::{Canvas, Description, Guidance, TokenId};

/// What is served at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// The model, or why nothing can be predicted.
    pub model: Result<Description, String>,
    pub embedder: Option<Embedder>,
    pub load: Load,
}

/// What makes vectors of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedder {
    pub name: String,
    /// Length of a vector.
    pub dimensions: u32,
    /// Tokens of a text that are read; the rest is left out.
    pub tokens_max: u32,
}

/// How busy the device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub sessions: u32,
    /// Steps in the device's queue, and how many may wait there.
    pub waiting: u32,
    pub waiting_max: u32,
}

/// A text in tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    pub tokens: Vec<TokenId>,
    /// Where each token ends, in bytes of the text: ascending, the last is the text's length.
    pub ends: Vec<u32>,
}

/// How a log-probability is estimated. It is never read where its own token is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// All positions are masked at once; what the others say of each.
    Masked,
    /// Each position from what stands before it.
    Causal,
}

impl Estimator {
    /// Both with their names.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Masked, "masked"), (Self::Causal, "causal")];
}

/// Asks how likely the tokens are that stand in a canvas.
#[derive(Clone, Debug, PartialEq)]
pub struct Scoring {
    pub canvas: Canvas,
    /// Positions that hold tokens, ascending.
    pub positions: Vec<u32>,
    pub estimator: Estimator,
    pub guidance: Guidance,
}

/// The answer to a [`Scoring`].
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// One for each position, natural logarithm.
    pub log_probs: Vec<f32>,
    /// Forward passes of one canvas that it cost.
    pub forwards: u32,
}
