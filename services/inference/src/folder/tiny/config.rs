//! `config.json` of a network with random weights, as its architecture writes it.

use reweave_decode::protocol::TokenId;
use serde_json::{Value, json};

use super::tokenizer::{self, Mark};
use super::{Architecture, Plan};
use crate::folder::{Spec, StoredType};

/// A row for each id of the tokenizer, rounded up as real models do: some rows then have no token.
const ROWS_MULTIPLE: u32 = 64;

/// The network that [`json`] describes.
pub(super) fn spec(plan: &Plan) -> Spec {
    let shape = plan.shape;
    let rows = shape.vocabulary.max(tokenizer::size().next_multiple_of(ROWS_MULTIPLE));
    Spec {
        architecture: plan.architecture,
        objective: plan.architecture.objective(),
        shifted: plan.architecture.shifted(),
        vocabulary: rows,
        hidden: shape.hidden,
        intermediate: shape.intermediate,
        layers: shape.layers,
        heads: shape.heads,
        kv_heads: shape.kv_heads,
        head_dim: shape.hidden / shape.heads,
        positions_max: shape.positions_max,
        norm_epsilon: 1e-6,
        rope_theta: 1e6,
        qkv_bias: matches!(plan.architecture, Architecture::Qwen2 | Architecture::Dream),
        output_bias: false,
        tied: shape.tied,
    }
}

pub(super) fn json(plan: &Plan, spec: &Spec) -> String {
    let mut config = match plan.architecture {
        Architecture::Llada => llada(spec),
        Architecture::Qwen2 | Architecture::Llama | Architecture::Dream => llama_like(spec),
    };
    let id = |mark: Mark| Value::from(mark.id());
    config["architectures"] = json!([plan.architecture.name()]);
    config["bos_token_id"] = id(Mark::Begin);
    config["eos_token_id"] = id(Mark::End);
    config["pad_token_id"] = id(Mark::End);
    config["dtype"] = Value::from(match plan.dtype {
        StoredType::F32 => "float32",
        StoredType::Bf16 => "bfloat16",
        StoredType::F16 => "float16",
    });
    if let Some(mask) = mask(plan.architecture) {
        config["mask_token_id"] = Value::from(mask);
    }
    format!("{config:#}\n")
}

fn mask(architecture: Architecture) -> Option<TokenId> {
    matches!(architecture, Architecture::Dream | Architecture::Llada).then(|| Mark::Mask.id())
}

fn llama_like(spec: &Spec) -> Value {
    let kind = match spec.architecture {
        Architecture::Dream => "Dream",
        Architecture::Qwen2 => "qwen2",
        Architecture::Llama | Architecture::Llada => "llama",
    };
    json!({
        "model_type": kind,
        "vocab_size": spec.vocabulary,
        "hidden_size": spec.hidden,
        "intermediate_size": spec.intermediate,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "num_key_value_heads": spec.kv_heads,
        "max_position_embeddings": spec.positions_max,
        "rms_norm_eps": spec.norm_epsilon,
        "rope_theta": spec.rope_theta,
        "hidden_act": "silu",
        "tie_word_embeddings": spec.tied,
        "use_sliding_window": false,
    })
}

fn llada(spec: &Spec) -> Value {
    json!({
        "model_type": "llada",
        "vocab_size": spec.vocabulary,
        "embedding_size": spec.vocabulary,
        "d_model": spec.hidden,
        "mlp_hidden_size": spec.intermediate,
        "n_layers": spec.layers,
        "n_heads": spec.heads,
        "n_kv_heads": spec.kv_heads,
        "max_sequence_length": spec.positions_max,
        "rms_norm_eps": spec.norm_epsilon,
        "rope_theta": spec.rope_theta,
        "rope": true,
        "rope_full_precision": true,
        "activation_type": "silu",
        "block_type": "llama",
        "layer_norm_type": "rms",
        "weight_tying": spec.tied,
        "include_bias": false,
        "include_qkv_bias": false,
        "input_emb_norm": false,
        "scale_logits": false,
        "alibi": false,
    })
}
