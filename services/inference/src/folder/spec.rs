//! The numbers of one decoder network.

use reweave_decode::protocol::Objective;

/// The architectures that run, by the name in `config.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// `Qwen2ForCausalLM`
    Qwen2,
    /// `LlamaForCausalLM`
    Llama,
    /// `DreamModel`: Qwen2 with all positions visible and its rows shifted.
    Dream,
    /// `LLaDAModelLM`: Llama under other names with all positions visible.
    Llada,
}

impl Architecture {
    pub const ALL: [Self; 4] = [Self::Qwen2, Self::Llama, Self::Dream, Self::Llada];

    /// As `architectures` in `config.json` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Llama => "LlamaForCausalLM",
            Self::Dream => "DreamModel",
            Self::Llada => "LLaDAModelLM",
        }
    }

    /// What it was made to predict.
    #[must_use]
    pub fn objective(self) -> Objective {
        match self {
            Self::Qwen2 | Self::Llama => Objective::Autoregressive,
            Self::Dream | Self::Llada => Objective::MaskedDiffusion,
        }
    }

    /// Whether output row `i` predicts position `i + 1`. A model that began as a causal one keeps that when it is trained
    /// on by diffusion; LLaDA was trained by diffusion from the start.
    #[must_use]
    pub fn shifted(self) -> bool {
        match self {
            Self::Qwen2 | Self::Llama | Self::Dream => true,
            Self::Llada => false,
        }
    }
}

/// A decoder: pre-norm blocks of grouped-query attention with rotary positions, and SwiGLU. Every number comes from
/// `config.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub architecture: Architecture,
    pub objective: Objective,
    pub shifted: bool,
    /// Rows of the embedding and of the output head.
    pub vocabulary: u32,
    pub hidden: u32,
    /// Width of the feed-forward part.
    pub intermediate: u32,
    pub layers: u32,
    pub heads: u32,
    /// Heads of keys and values; divides `heads`.
    pub kv_heads: u32,
    /// Even; `heads * head_dim` need not be `hidden`.
    pub head_dim: u32,
    /// Positions that the model was made for.
    pub positions_max: u32,
    /// Added to the mean square before its root is taken.
    pub norm_epsilon: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    pub qkv_bias: bool,
    pub output_bias: bool,
    /// Whether the output head is the embedding.
    pub tied: bool,
}

impl Spec {
    /// Numbers in all tensors; a tied head is counted once.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        super::parts::expected(self)
            .iter()
            .map(|(_, _, shape)| shape.iter().map(|side| *side as u64).product::<u64>())
            .sum()
    }
}
