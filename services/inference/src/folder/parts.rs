//! The tensors that a network is made of, their names in the file, and their shapes.

use std::path::Path;

use super::weights::{Expected, Weights};
use super::{Architecture, Error, Spec};

/// One tensor of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `[vocabulary, hidden]`
    Embedding,
    Layer(u32, LayerPart),
    /// `[hidden]`
    FinalNorm,
    /// `[vocabulary, hidden]`; absent where the embedding serves.
    Head,
}

/// One tensor of a block. Matrices are stored `[out, in]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerPart {
    AttentionNorm,
    Query,
    QueryBias,
    Key,
    KeyBias,
    Value,
    ValueBias,
    Output,
    OutputBias,
    FeedForwardNorm,
    Gate,
    Up,
    Down,
}

impl LayerPart {
    pub const ALL: [Self; 13] = [
        Self::AttentionNorm,
        Self::Query,
        Self::QueryBias,
        Self::Key,
        Self::KeyBias,
        Self::Value,
        Self::ValueBias,
        Self::Output,
        Self::OutputBias,
        Self::FeedForwardNorm,
        Self::Gate,
        Self::Up,
        Self::Down,
    ];

    pub(super) fn is_norm(self) -> bool {
        matches!(self, Self::AttentionNorm | Self::FeedForwardNorm)
    }

    fn present(self, spec: &Spec) -> bool {
        match self {
            Self::QueryBias | Self::KeyBias | Self::ValueBias => spec.qkv_bias,
            Self::OutputBias => spec.output_bias,
            Self::AttentionNorm | Self::Query | Self::Key | Self::Value | Self::Output => true,
            Self::FeedForwardNorm | Self::Gate | Self::Up | Self::Down => true,
        }
    }

    fn shape(self, spec: &Spec) -> Vec<usize> {
        let (hidden, wide) = (spec.hidden as usize, spec.intermediate as usize);
        let (queries, keys) = ((spec.heads * spec.head_dim) as usize, (spec.kv_heads * spec.head_dim) as usize);
        match self {
            Self::AttentionNorm | Self::FeedForwardNorm | Self::OutputBias => vec![hidden],
            Self::Query => vec![queries, hidden],
            Self::QueryBias => vec![queries],
            Self::Key | Self::Value => vec![keys, hidden],
            Self::KeyBias | Self::ValueBias => vec![keys],
            Self::Output => vec![hidden, queries],
            Self::Gate | Self::Up => vec![wide, hidden],
            Self::Down => vec![hidden, wide],
        }
    }

    /// As in Qwen2, Llama and Dream, below `model.layers.N.`.
    fn llama_name(self) -> &'static str {
        match self {
            Self::AttentionNorm => "input_layernorm.weight",
            Self::Query => "self_attn.q_proj.weight",
            Self::QueryBias => "self_attn.q_proj.bias",
            Self::Key => "self_attn.k_proj.weight",
            Self::KeyBias => "self_attn.k_proj.bias",
            Self::Value => "self_attn.v_proj.weight",
            Self::ValueBias => "self_attn.v_proj.bias",
            Self::Output => "self_attn.o_proj.weight",
            Self::OutputBias => "self_attn.o_proj.bias",
            Self::FeedForwardNorm => "post_attention_layernorm.weight",
            Self::Gate => "mlp.gate_proj.weight",
            Self::Up => "mlp.up_proj.weight",
            Self::Down => "mlp.down_proj.weight",
        }
    }

    /// As in LLaDA, below `model.transformer.blocks.N.`. Its `ff_proj` is the gate.
    fn llada_name(self) -> &'static str {
        match self {
            Self::AttentionNorm => "attn_norm.weight",
            Self::Query => "q_proj.weight",
            Self::QueryBias => "q_proj.bias",
            Self::Key => "k_proj.weight",
            Self::KeyBias => "k_proj.bias",
            Self::Value => "v_proj.weight",
            Self::ValueBias => "v_proj.bias",
            Self::Output => "attn_out.weight",
            Self::OutputBias => "attn_out.bias",
            Self::FeedForwardNorm => "ff_norm.weight",
            Self::Gate => "ff_proj.weight",
            Self::Up => "up_proj.weight",
            Self::Down => "ff_out.weight",
        }
    }
}

/// The tensors of the network in the folder's files.
pub(super) fn weights(dir: &Path, spec: &Spec) -> Result<Weights, Vec<Error>> {
    Weights::open(dir, expected(spec), |name| is_redundant(spec, name))
}

/// Every tensor of the network, with its name in the file and its shape.
pub(super) fn expected(spec: &Spec) -> Vec<Expected<Part>> {
    let table = vec![spec.vocabulary as usize, spec.hidden as usize];
    let mut parts = vec![(Part::Embedding, table.clone())];
    for layer in 0..spec.layers {
        let present = LayerPart::ALL.into_iter().filter(|part| part.present(spec));
        parts.extend(present.map(|part| (Part::Layer(layer, part), part.shape(spec))));
    }
    parts.push((Part::FinalNorm, vec![spec.hidden as usize]));
    if !spec.tied {
        parts.push((Part::Head, table));
    }
    parts.into_iter().map(|(part, shape)| (part, name(spec.architecture, part), shape)).collect()
}

/// Tensors that some writers leave in a file and that mean nothing: frequencies that follow from the configuration, and a
/// head that repeats the embedding.
fn is_redundant(spec: &Spec, name: &str) -> bool {
    name.ends_with("rotary_emb.inv_freq") || (spec.tied && name == self::name(spec.architecture, Part::Head))
}

fn name(architecture: Architecture, part: Part) -> String {
    match architecture {
        Architecture::Llada => match part {
            Part::Embedding => "model.transformer.wte.weight".to_owned(),
            Part::Layer(layer, part) => format!("model.transformer.blocks.{layer}.{}", part.llada_name()),
            Part::FinalNorm => "model.transformer.ln_f.weight".to_owned(),
            Part::Head => "model.transformer.ff_out.weight".to_owned(),
        },
        Architecture::Qwen2 | Architecture::Llama | Architecture::Dream => match part {
            Part::Embedding => "model.embed_tokens.weight".to_owned(),
            Part::Layer(layer, part) => format!("model.layers.{layer}.{}", part.llama_name()),
            Part::FinalNorm => "model.norm.weight".to_owned(),
            Part::Head => "lm_head.weight".to_owned(),
        },
    }
}
