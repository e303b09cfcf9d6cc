//! All an engine must know of a model.

use reweave_core::Sha256;

use super::TokenId;

/// What a model was trained to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Any masked position from all others: all-visible attention.
    MaskedDiffusion,
    /// The next token from those before it: causal attention.
    Autoregressive,
}

impl Objective {
    /// Both with their names.
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::MaskedDiffusion, "masked_diffusion"), (Self::Autoregressive, "autoregressive")];
}

/// The marks of a model that was trained to fill in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillInMiddle {
    pub prefix: TokenId,
    pub suffix: TokenId,
    pub middle: TokenId,
}

/// What one step, and one session, may ask for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Positions of one canvas; at most the model's context.
    pub positions_max: u32,
    /// Canvases alive in one session.
    pub canvases_max: u32,
    /// Positions wanted by one step, over all canvases.
    pub wanted_max: u32,
    pub top_k_max: u32,
}

/// A model, as its engine sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The folder's name, or what stands in for one.
    pub name: String,
    /// Such as `Qwen2ForCausalLM`.
    pub architecture: String,
    pub objective: Objective,
    /// Tells these weights from others; it goes into a patch's provenance.
    pub digest: Sha256,
    /// Rows of the output head: every id that may be predicted lies below.
    pub vocabulary: u32,
    /// The token a masked position is fed as; a model without one predicts nothing but the next token.
    pub mask: Option<TokenId>,
    /// Whether output row `i` predicts position `i + 1`. The device deals with it: positions always mean predicted tokens.
    pub shifted: bool,
    /// Ids that are never text: mask, padding, chat and fill-in-the-middle marks. Sorted. The device never predicts them.
    pub specials: Vec<TokenId>,
    pub begin: Option<TokenId>,
    /// The end of text; the one special that an autoregressive caller may allow, to see where the model stops.
    pub end: Option<TokenId>,
    pub fill_in_middle: Option<FillInMiddle>,
    /// `cpu`, `cuda:0`, `mps`, or `none` where no tensor is involved.
    pub device: String,
    /// `f32` or `bf16`.
    pub dtype: String,
    pub bounds: Bounds,
    /// Length of an embedding, where the service makes any.
    pub embedding: Option<u32>,
}
