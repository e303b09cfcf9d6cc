//! `config.json` to a [`Spec`]: every number is read, and whatever would change the arithmetic is known or refused.

use std::path::Path;

use reweave_decode::protocol::Objective;
use serde_json::Value;

use super::fields::Fields;
use super::{Architecture, Error, Reading, Spec, file};

const FILE: &str = "config.json";
/// No model is larger, and a product of two numbers below never overflows 64 bits.
const SIDE_MAX: u32 = 1 << 24;
const LAYERS_MAX: u32 = 1024;

pub(super) fn read(dir: &Path) -> Result<Fields, Error> {
    object(dir, FILE)
}

/// A JSON object that must be there.
pub(super) fn object(dir: &Path, name: &'static str) -> Result<Fields, Error> {
    let path = dir.join(name);
    match file::json(&path)? {
        Some(Value::Object(map)) => Ok(Fields::new(name, map)),
        Some(_) => Err(Error::Field {
            file: name,
            field: "the whole".to_owned(),
            found: "no object".to_owned(),
            wanted: "an object",
        }),
        None => Err(Error::Read { path, source: std::io::ErrorKind::NotFound.into() }),
    }
}

/// The network that `config` describes, or everything about it that cannot be run.
pub(super) fn spec(config: &Fields, reading: Reading) -> Result<Spec, Vec<Error>> {
    let architecture = architecture(config).map_err(|error| vec![error])?;
    let mut problems = unsupported(config, architecture);
    let numbers = match architecture {
        Architecture::Llada => llada(config),
        Architecture::Qwen2 | Architecture::Llama | Architecture::Dream => llama_like(config, architecture),
    };
    match numbers.and_then(|spec| sound(config, spec)) {
        Ok(spec) if problems.is_empty() => Ok(read_as(spec, reading)),
        Ok(_) => Err(problems),
        Err(error) => {
            problems.push(error);
            Err(problems)
        }
    }
}

fn architecture(config: &Fields) -> Result<Architecture, Error> {
    const SUPPORTED: &str = "Qwen2ForCausalLM, LlamaForCausalLM, DreamModel and LLaDAModelLM are";
    let list = config.value("architectures").ok_or_else(|| config.missing("architectures"))?;
    let names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let known = Architecture::ALL.into_iter().find(|architecture| names == [architecture.name()]);
    known.ok_or_else(|| config.unsupported("architectures", SUPPORTED))
}

/// Switches that would change the arithmetic and that the network does not have.
fn unsupported(config: &Fields, architecture: Architecture) -> Vec<Error> {
    let mut problems = Vec::new();
    for field in ["quantization_config", "compression_config"] {
        if config.value(field).is_some() {
            problems.push(config.unsupported(field, "weights are read as F32, BF16 or F16"));
        }
    }
    for field in ["num_experts", "num_local_experts", "n_routed_experts", "moe_intermediate_size"] {
        if config.value(field).is_some_and(|value| value.as_u64() != Some(0)) {
            problems.push(config.unsupported(field, "mixtures of experts are not"));
        }
    }
    for field in [
        "final_logit_softcapping",
        "attn_logit_softcapping",
        "logit_scale",
        "logits_scaling",
        "embedding_multiplier",
        "residual_multiplier",
        "attention_multiplier",
        "partial_rotary_factor",
        "pretraining_tp",
    ] {
        if config.value(field).is_some_and(|value| value.as_f64() != Some(1.0)) {
            problems.push(config.unsupported(field, "only 1 or nothing is"));
        }
    }
    problems.extend(activation(config));
    problems.extend(window(config));
    problems.extend(rope_kind(config));
    match architecture {
        Architecture::Llada => problems.extend(llada_switches(config)),
        Architecture::Qwen2 | Architecture::Llama | Architecture::Dream => {
            problems.extend(off(config, &["mlp_bias", "use_qk_norm", "qk_layernorm", "tie_encoder_decoder"]));
        }
    }
    problems
}

fn activation(config: &Fields) -> Option<Error> {
    let field = if config.value("activation_type").is_some() { "activation_type" } else { "hidden_act" };
    let known = matches!(config.text(field), None | Some("silu" | "swish"));
    (!known).then(|| config.unsupported(field, "`silu` is"))
}

/// A window of attention is supported where it is not in use.
fn window(config: &Fields) -> Option<Error> {
    if config.value("use_sliding_window").and_then(Value::as_bool) == Some(true) {
        return Some(config.unsupported("use_sliding_window", "attention over all positions is"));
    }
    let says_unused = config.value("use_sliding_window").is_some();
    if !says_unused && config.value("sliding_window").is_some_and(|value| value.as_u64() != Some(0)) {
        return Some(config.unsupported("sliding_window", "attention over all positions is"));
    }
    let kinds = config.value("layer_types")?.as_array()?;
    let full = kinds.iter().all(|kind| kind.as_str() == Some("full_attention"));
    (!full).then(|| config.unsupported("layer_types", "`full_attention` is"))
}

fn rope_kind(config: &Fields) -> Option<Error> {
    for field in ["rope_scaling", "rope_parameters"] {
        let Some(value) = config.value(field) else { continue };
        let Some(rope) = config.object(field) else { return Some(config.wrong(field, "an object")) };
        let kind = rope.text("rope_type").or_else(|| rope.text("type"));
        let plain = matches!(kind, None | Some("default"));
        let partial = rope.value("partial_rotary_factor").is_some_and(|factor| factor.as_f64() != Some(1.0));
        // Without a kind, scaling with a factor in it would still be scaling.
        let silent_factor = kind.is_none() && value.get("factor").is_some();
        if !plain || partial || silent_factor {
            return Some(config.unsupported(field, "rotary positions of the kind `default` are"));
        }
    }
    None
}

fn llada_switches(config: &Fields) -> Vec<Error> {
    let mut problems = off(
        config,
        &[
            "input_emb_norm",
            "scale_logits",
            "alibi",
            "include_bias",
            "attention_layer_norm",
            "bias_for_layer_norm",
            "clip_qkv",
        ],
    );
    for (field, wanted, supported) in [("block_type", "llama", "`llama` is"), ("layer_norm_type", "rms", "`rms` is")] {
        if config.text(field).is_some_and(|found| found != wanted) {
            problems.push(config.unsupported(field, supported));
        }
    }
    for (field, supported) in [("rope", "rotary positions are"), ("rope_full_precision", "rotary positions in f32 are")]
    {
        if config.value(field).is_some_and(|value| value.as_bool() != Some(true)) {
            problems.push(config.unsupported(field, supported));
        }
    }
    problems
}

/// Those of `fields` that are switched on.
fn off(config: &Fields, fields: &[&str]) -> Vec<Error> {
    let on = |field: &&&str| config.value(field).is_some_and(|value| value.as_bool() != Some(false));
    fields.iter().filter(on).map(|field| config.unsupported(field, "only false is")).collect()
}

fn llama_like(config: &Fields, architecture: Architecture) -> Result<Spec, Error> {
    let (hidden, heads) = (config.count("hidden_size")?, config.count("num_attention_heads")?);
    // Qwen2 has no switch for it: its queries, keys and values have a bias, its output has none.
    let llama_bias = architecture == Architecture::Llama && config.flag("attention_bias", false)?;
    Ok(Spec {
        architecture,
        objective: architecture.objective(),
        shifted: architecture.shifted(),
        vocabulary: config.count("vocab_size")?,
        hidden,
        intermediate: config.count("intermediate_size")?,
        layers: config.count("num_hidden_layers")?,
        heads,
        kv_heads: config.optional_count("num_key_value_heads")?.unwrap_or(heads),
        head_dim: config.optional_count("head_dim")?.unwrap_or(hidden / heads),
        positions_max: config.count("max_position_embeddings")?,
        norm_epsilon: config.optional_positive("rms_norm_eps")?.ok_or_else(|| config.missing("rms_norm_eps"))?,
        rope_theta: rope_theta(config)?,
        qkv_bias: architecture != Architecture::Llama || llama_bias,
        output_bias: llama_bias,
        tied: config.flag("tie_word_embeddings", false)?,
    })
}

fn llada(config: &Fields) -> Result<Spec, Error> {
    let (hidden, heads) = (config.count("d_model")?, config.count("n_heads")?);
    let vocabulary = match config.optional_count("embedding_size")? {
        Some(rows) => rows,
        None => config.count("vocab_size")?,
    };
    Ok(Spec {
        architecture: Architecture::Llada,
        objective: Objective::MaskedDiffusion,
        shifted: false,
        vocabulary,
        hidden,
        intermediate: config.count("mlp_hidden_size")?,
        layers: config.count("n_layers")?,
        heads,
        kv_heads: config.optional_count("n_kv_heads")?.unwrap_or(heads),
        head_dim: hidden / heads,
        positions_max: config.count("max_sequence_length")?,
        norm_epsilon: config.optional_positive("rms_norm_eps")?.ok_or_else(|| config.missing("rms_norm_eps"))?,
        rope_theta: rope_theta(config)?,
        qkv_bias: config.flag("include_qkv_bias", false)?,
        output_bias: false,
        tied: config.flag("weight_tying", false)?,
    })
}

/// transformers 4 wrote `rope_theta` at the top, 5 writes it into `rope_parameters`.
fn rope_theta(config: &Fields) -> Result<f64, Error> {
    let nested = config.object("rope_parameters").map(|rope| rope.optional_positive("rope_theta"));
    match nested.transpose()?.flatten() {
        Some(theta) => Ok(theta),
        None => config.optional_positive("rope_theta")?.ok_or_else(|| config.missing("rope_theta")),
    }
}

/// Numbers that cannot belong to one network.
fn sound(config: &Fields, spec: Spec) -> Result<Spec, Error> {
    let [hidden, heads, intermediate, kv_heads, layers] = match spec.architecture {
        Architecture::Llada => ["d_model", "n_heads", "mlp_hidden_size", "n_kv_heads", "n_layers"],
        Architecture::Qwen2 | Architecture::Llama | Architecture::Dream => {
            ["hidden_size", "num_attention_heads", "intermediate_size", "num_key_value_heads", "num_hidden_layers"]
        }
    };
    if !spec.heads.is_multiple_of(spec.kv_heads) {
        return Err(config.wrong(kv_heads, "a divisor of the number of attention heads"));
    }
    if spec.head_dim == 0 || !spec.head_dim.is_multiple_of(2) {
        return Err(config.wrong(hidden, "an even number of columns for each attention head"));
    }
    let bounded = [
        (spec.hidden, SIDE_MAX, hidden),
        (spec.heads.saturating_mul(spec.head_dim), SIDE_MAX, heads),
        (spec.intermediate, SIDE_MAX, intermediate),
        (spec.vocabulary, SIDE_MAX, "vocab_size"),
        (spec.layers, LAYERS_MAX, layers),
    ];
    match bounded.into_iter().find(|(number, most, _)| number > most) {
        Some((_, _, field)) => Err(config.wrong(field, "a size that any model has")),
        None => Ok(spec),
    }
}

fn read_as(mut spec: Spec, reading: Reading) -> Spec {
    spec.objective = reading.objective.unwrap_or(spec.objective);
    spec.shifted = reading.shifted.unwrap_or(spec.shifted);
    spec
}
