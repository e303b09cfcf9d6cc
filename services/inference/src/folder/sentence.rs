//! The folder of a sentence encoder: BERT, whose token vectors are averaged and brought to unit length, as all-MiniLM-L6-v2 is one.
//!
//! Source of the layout: the sentence-transformers format (`sentence_bert_config.json`, `1_Pooling/config.json`).

use std::path::{Path, PathBuf};

use super::fields::Fields;
use super::weights::{Expected, Weights};
use super::{Error, config, first, name};

/// A folder that can be loaded.
#[derive(Clone, Debug)]
pub struct SentenceFolder {
    pub name: String,
    pub path: PathBuf,
    pub spec: SentenceSpec,
    pub weights: Weights<SentencePart>,
}

/// The numbers of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceSpec {
    pub vocabulary: u32,
    /// Also the length of a text's vector.
    pub hidden: u32,
    pub intermediate: u32,
    pub layers: u32,
    /// Divides `hidden`.
    pub heads: u32,
    /// Rows of the table of positions.
    pub positions: u32,
    /// Rows of the table of token types; the first is used.
    pub types: u32,
    pub norm_epsilon: f64,
    /// Tokens of a text that are read, marks included.
    pub tokens_max: u32,
}

/// One tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SentencePart {
    /// `[vocabulary, hidden]`
    Words,
    /// `[positions, hidden]`
    Positions,
    /// `[types, hidden]`
    Types,
    Norm(Affine),
    Layer(u32, SentenceLayer, Affine),
}

/// A part of a block that has a weight and a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SentenceLayer {
    Query,
    Key,
    Value,
    Output,
    OutputNorm,
    Up,
    Down,
    DownNorm,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Affine {
    Weight,
    Bias,
}

/// Reads the folder of a sentence encoder.
///
/// # Errors
/// The first thing that keeps it from running, by file and field or tensor.
pub fn open_sentence(dir: &Path) -> Result<SentenceFolder, Error> {
    let spec = spec(dir)?;
    let is_redundant = |name: &str| name.starts_with("pooler.") || name == "embeddings.position_ids";
    let weights = Weights::open(dir, expected(&spec), is_redundant).map_err(first)?;
    Ok(SentenceFolder { name: name(dir), path: dir.to_owned(), spec, weights })
}

fn spec(dir: &Path) -> Result<SentenceSpec, Error> {
    let config = config::read(dir)?;
    supported(&config)?;
    averages(&config::object(&dir.join("1_Pooling"), "config.json")?)?;
    let tokens_max = config::object(dir, "sentence_bert_config.json")?.count("max_seq_length")?;
    let (hidden, heads) = (config.count("hidden_size")?, config.count("num_attention_heads")?);
    if !hidden.is_multiple_of(heads) {
        return Err(config.wrong("num_attention_heads", "a divisor of `hidden_size`"));
    }
    let positions = config.count("max_position_embeddings")?;
    Ok(SentenceSpec {
        vocabulary: config.count("vocab_size")?,
        hidden,
        intermediate: config.count("intermediate_size")?,
        layers: config.count("num_hidden_layers")?,
        heads,
        positions,
        types: config.count("type_vocab_size")?,
        norm_epsilon: config.optional_positive("layer_norm_eps")?.ok_or_else(|| config.missing("layer_norm_eps"))?,
        tokens_max: tokens_max.min(positions),
    })
}

fn supported(config: &Fields) -> Result<(), Error> {
    let architecture = config.value("architectures").map(ToString::to_string);
    if architecture.as_deref() != Some(r#"["BertModel"]"#) {
        return Err(config.unsupported("architectures", "BertModel is"));
    }
    for (field, wanted, supported) in
        [("hidden_act", "gelu", "`gelu` is"), ("position_embedding_type", "absolute", "`absolute` is")]
    {
        if config.text(field).is_some_and(|found| found != wanted) {
            return Err(config.unsupported(field, supported));
        }
    }
    Ok(())
}

fn averages(pooling: &Fields) -> Result<(), Error> {
    if !pooling.flag("pooling_mode_mean_tokens", false)? {
        return Err(pooling.unsupported("pooling_mode_mean_tokens", "the mean over tokens is"));
    }
    let others = ["pooling_mode_cls_token", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens"];
    for field in others {
        if pooling.flag(field, false)? {
            return Err(pooling.unsupported(field, "the mean over tokens alone is"));
        }
    }
    Ok(())
}

impl SentenceLayer {
    const ALL: [Self; 8] =
        [Self::Query, Self::Key, Self::Value, Self::Output, Self::OutputNorm, Self::Up, Self::Down, Self::DownNorm];

    /// Below `encoder.layer.N.`.
    fn name(self) -> &'static str {
        match self {
            Self::Query => "attention.self.query",
            Self::Key => "attention.self.key",
            Self::Value => "attention.self.value",
            Self::Output => "attention.output.dense",
            Self::OutputNorm => "attention.output.LayerNorm",
            Self::Up => "intermediate.dense",
            Self::Down => "output.dense",
            Self::DownNorm => "output.LayerNorm",
        }
    }

    /// Of the weight, `[out, in]` or `[hidden]`; the bias has the first of these.
    fn shape(self, spec: &SentenceSpec) -> Vec<usize> {
        let (hidden, wide) = (spec.hidden as usize, spec.intermediate as usize);
        match self {
            Self::Query | Self::Key | Self::Value | Self::Output => vec![hidden, hidden],
            Self::OutputNorm | Self::DownNorm => vec![hidden],
            Self::Up => vec![wide, hidden],
            Self::Down => vec![hidden, wide],
        }
    }
}

fn expected(spec: &SentenceSpec) -> Vec<Expected<SentencePart>> {
    let hidden = spec.hidden as usize;
    let table = |part, name: &str, rows: u32| {
        (part, format!("embeddings.{name}_embeddings.weight"), vec![rows as usize, hidden])
    };
    let mut parts = vec![
        table(SentencePart::Words, "word", spec.vocabulary),
        table(SentencePart::Positions, "position", spec.positions),
        table(SentencePart::Types, "token_type", spec.types),
    ];
    for (affine, name) in [(Affine::Weight, "weight"), (Affine::Bias, "bias")] {
        parts.push((SentencePart::Norm(affine), format!("embeddings.LayerNorm.{name}"), vec![hidden]));
        for (layer, part) in (0..spec.layers).flat_map(|layer| SentenceLayer::ALL.map(|part| (layer, part))) {
            let mut shape = part.shape(spec);
            if affine == Affine::Bias {
                shape.truncate(1);
            }
            let name = format!("encoder.layer.{layer}.{}.{name}", part.name());
            parts.push((SentencePart::Layer(layer, part, affine), name, shape));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    fn folder(change: impl FnOnce(&mut Value, &mut Value)) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut config = json!({
            "architectures": ["BertModel"], "vocab_size": 30, "hidden_size": 8, "intermediate_size": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 12, "type_vocab_size": 2,
            "layer_norm_eps": 1e-12, "hidden_act": "gelu",
        });
        let mut pooling = json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false});
        change(&mut config, &mut pooling);
        let put = |name: &str, value: &Value| fs::write(folder.path().join(name), value.to_string()).unwrap();
        fs::create_dir(folder.path().join("1_Pooling")).unwrap();
        put("config.json", &config);
        put("1_Pooling/config.json", &pooling);
        put("sentence_bert_config.json", &json!({"max_seq_length": 256}));
        folder
    }

    #[test]
    fn a_text_is_read_as_far_as_there_are_positions() {
        assert_eq!(spec(folder(|_, _| {}).path()).unwrap().tokens_max, 12);
    }

    #[test]
    fn what_the_encoder_does_not_do_is_refused_by_name() {
        type Change = fn(&mut Value, &mut Value);
        let changes: [(&str, Change); 4] = [
            ("architectures", |config, _| config["architectures"] = json!(["RobertaModel"])),
            ("hidden_act", |config, _| config["hidden_act"] = json!("relu")),
            ("pooling_mode_cls_token", |_, pooling| pooling["pooling_mode_cls_token"] = json!(true)),
            ("num_attention_heads", |config, _| config["num_attention_heads"] = json!(3)),
        ];
        for (field, change) in changes {
            let error = spec(folder(change).path()).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn a_folder_without_weights_is_refused() {
        let error = open_sentence(folder(|_, _| {}).path()).unwrap_err();
        assert!(matches!(error, Error::NoWeights { .. }), "{error}");
    }
}
