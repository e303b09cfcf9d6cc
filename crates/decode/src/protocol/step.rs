//! One exchange between engine and device.

use super::{Canvas, Fault, Role, TokenId};

/// A canvas within its session; the engine gives the numbers.
pub type CanvasId = u32;

/// A change of the session's canvases. Deltas are applied in order, before anything is predicted; a step with a delta that
/// cannot be applied changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    Open {
        canvas: CanvasId,
        content: Canvas,
    },
    Set {
        canvas: CanvasId,
        position: u32,
        token: TokenId,
    },
    /// Makes the position masked again.
    Unset {
        canvas: CanvasId,
        position: u32,
    },
    /// See [`Canvas::insert`].
    Insert {
        canvas: CanvasId,
        position: u32,
        count: u32,
    },
    Delete {
        canvas: CanvasId,
        position: u32,
        count: u32,
    },
    Fork {
        canvas: CanvasId,
        copy: CanvasId,
    },
    Truncate {
        canvas: CanvasId,
        length: u32,
    },
    Drop {
        canvas: CanvasId,
    },
}

/// Which positions attend to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attention {
    /// Each to all: masked diffusion.
    AllVisible,
    /// Each to itself and those before it.
    Causal,
}

impl Attention {
    /// Both with their names.
    pub const ALL: [(Self, &'static str); 2] = [(Self::AllVisible, "all_visible"), (Self::Causal, "causal")];
}

/// Classifier-free guidance: `unconditional + scale * (conditional - unconditional)`, on logits.
///
/// At scale 1 the result is the conditional logits and one forward is run; at 0 the unconditional ones. Any finite scale is
/// taken. Source: Ho and Salimans, "Classifier-Free Diffusion Guidance", equation 6 with `scale = 1 + w`.
#[derive(Clone, Debug, PartialEq)]
pub struct Guidance {
    pub scale: f32,
    /// Segments that the unconditional branch does not see; what stays is renumbered.
    pub dropped: Vec<Role>,
}

impl Guidance {
    /// Plain conditional decoding.
    #[must_use]
    pub fn off() -> Self {
        Self { scale: 1.0, dropped: vec![Role::Instruction, Role::Retrieved] }
    }
}

/// How predictions are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Ids reported for each position, best first: 1 up to the bound.
    pub top_k: u32,
    /// Of the drawn id; 0 takes the best. From 0 to 100.
    pub temperature: f32,
    /// Nucleus of the drawn id, above 0 up to 1.
    pub top_p: f32,
    /// Of the draws. The draw at a position depends on this and on the position's number within the canvas alone.
    pub seed: u64,
    /// Ids that are not to be predicted, beside the model's specials.
    pub suppressed: Vec<TokenId>,
    /// Whether the end of text may be predicted, although it is special.
    pub end_allowed: bool,
    pub guidance: Guidance,
    pub attention: Attention,
}

impl Options {
    /// The best id, unguided, and its `top_k` rivals.
    #[must_use]
    pub fn greedy(attention: Attention, top_k: u32) -> Self {
        Self {
            top_k,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
            suppressed: Vec::new(),
            end_allowed: false,
            guidance: Guidance::off(),
            attention,
        }
    }
}

/// What is wanted of one canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub canvas: CanvasId,
    /// Positions of the tokens to predict, ascending, masked or not. Under causal attention a model that predicts the next
    /// token is fed nothing from the last wanted position on; that may be one past the end.
    pub positions: Vec<u32>,
    /// For some of `positions`, the only ids that may be drawn there.
    pub allow: Vec<(u32, Vec<TokenId>)>,
    /// Stands in for the options' seed, so that samples of one canvas can share a step.
    pub seed: Option<u64>,
}

/// Deltas, then predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Ascending within a session; the reply carries it.
    pub id: u64,
    pub deltas: Vec<Delta>,
    pub asks: Vec<Ask>,
    pub options: Options,
}

/// A token with its log-probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    pub token: TokenId,
    /// Natural logarithm, after guidance and suppression, at temperature 1.
    pub log_prob: f32,
    /// The same in the conditional branch alone; equal to `log_prob` at scale 1.
    pub conditional: f32,
    /// The same in the unconditional branch alone; equal to `log_prob` where that branch was not run.
    pub unconditional: f32,
}

/// What a commit order looks at: measured on the distribution that the draw was made from, after temperature, `top_p` and
/// allow-list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shaped {
    /// Of the drawn id.
    pub probability: f32,
    /// Probability of the best id less that of the second.
    pub margin: f32,
    /// In nats, 0 and up.
    pub entropy: f32,
}

/// What an allow-list left.
#[derive(Clone, Debug, PartialEq)]
pub struct Allowed {
    /// Raw log-probability of each listed id, in the order of the list.
    pub log_probs: Vec<f32>,
    /// Sum of their probabilities.
    pub mass: f32,
}

/// One position.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub position: u32,
    /// At most `top_k`, best first, equal ones by id.
    pub top: Vec<Scored>,
    /// The draw; at temperature 0 the best id allowed.
    pub drawn: Scored,
    pub shaped: Shaped,
    /// In nats, of the distribution `log_prob` is of.
    pub entropy: f32,
    pub allowed: Option<Allowed>,
}

/// One canvas of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub canvas: CanvasId,
    /// In the order of the positions asked for.
    pub predictions: Result<Vec<Prediction>, Fault>,
}

/// The answer to a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub step: u64,
    /// In the order of the asks; a canvas that fails leaves the others undisturbed.
    pub answers: Vec<Answer>,
    /// Forward passes of one canvas that this step cost, both branches counted.
    pub forwards: u32,
}
