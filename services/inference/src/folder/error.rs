//! Why a model folder cannot be loaded. Each error names the file, and the field or tensor in it.

use std::path::PathBuf;

use reweave_decode::protocol::TokenId;
use safetensors::SafeTensorError;

/// One problem of a model folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} takes {bytes} bytes, more than {bytes_max}", path.display())]
    TooLarge { path: PathBuf, bytes: u64, bytes_max: u64 },
    #[error("{} is not the JSON it should be", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{file}: `{field}` is missing")]
    FieldMissing { file: &'static str, field: String },
    #[error("{file}: `{field}` is {found}, which is not {wanted}")]
    Field { file: &'static str, field: String, found: String, wanted: &'static str },
    #[error("{file}: `{field}` = {found} is not supported; {supported}")]
    Unsupported { file: &'static str, field: String, found: String, supported: &'static str },
    #[error("no tokenizer: neither tokenizer.json nor vocab.json with merges.txt lies in {}", path.display())]
    NoTokenizer { path: PathBuf },
    #[error("the tokenizer knows id {id} (`{token}`), but the model has {rows} rows")]
    TokenizerIds { id: TokenId, token: String, rows: u32 },
    #[error("the token `{token}` has id {tokenizer} in the tokenizer and {config} in config.json")]
    MarkIds { token: String, tokenizer: TokenId, config: TokenId },
    #[error("a masked diffusion model needs a mask token; neither config.json nor the tokenizer names one")]
    NoMask,
    #[error("no weights: no .safetensors file lies in {}", path.display())]
    NoWeights { path: PathBuf },
    #[error("{}: the header is broken", path.display())]
    Header { path: PathBuf, source: SafeTensorError },
    #[error("{}: the header cannot be read as safetensors", path.display())]
    HeaderJson { path: PathBuf, source: serde_json::Error },
    #[error("{} has {found} bytes, but its header describes {expected}: it was cut short or is damaged", path.display())]
    Length { path: PathBuf, expected: u64, found: u64 },
    #[error("tensor `{tensor}` is in {} and in {}", first.display(), second.display())]
    Twice { tensor: String, first: PathBuf, second: PathBuf },
    #[error("{file}: tensor `{tensor}` should be in {shard}, which {problem}")]
    Index { file: &'static str, tensor: String, shard: String, problem: &'static str },
    #[error("tensor `{tensor}` is missing")]
    TensorMissing { tensor: String },
    #[error("{}: tensor `{tensor}` is not part of this architecture", path.display())]
    TensorUnknown { path: PathBuf, tensor: String },
    #[error("{}: tensor `{tensor}` has shape {found:?}, but config.json asks for {expected:?}", path.display())]
    Shape { path: PathBuf, tensor: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("{}: tensor `{tensor}` is stored as {found}; F32, BF16 and F16 are read", path.display())]
    StoredType { path: PathBuf, tensor: String, found: String },
}

impl Error {
    /// The message with those of its sources, for one line of a report.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}
