//! Why a tokenizer is not used.

use std::path::PathBuf;

use reweave_decode::{protocol::TokenId, vocabulary};

/// What is wrong with a tokenizer, by file and name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} holds neither tokenizer.json nor vocab.json with merges.txt", path.display())]
    Missing { path: PathBuf },
    #[error("reading {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is {bytes} bytes long, and may be {max}", path.display())]
    TooLarge { path: PathBuf, bytes: u64, max: u64 },
    #[error("{} is not JSON", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{}: {problem}", path.display())]
    Shape { path: PathBuf, problem: String },
    #[error("{} is a `{kind}` tokenizer; byte-level pair encoding is what is read", path.display())]
    Kind { path: PathBuf, kind: String },
    #[error("tokenizer_config.json names `{class}`, whose way to split text is not known without a tokenizer.json")]
    Class { class: String },
    #[error("putting the tokenizer together: {0}")]
    Build(String),
    #[error("no token spells the byte {byte:#04x}")]
    ByteMissing { byte: u8 },
    #[error("token `{token}` has id {id}, and the model has {rows}")]
    IdTooHigh { token: String, id: TokenId, rows: u32 },
    #[error("tokens `{token}` and `{other}` have the same id {id}")]
    IdTwice { token: String, other: String, id: TokenId },
    #[error("the tokenizer has {tokens} ids, the model {rows}")]
    Rows { tokens: usize, rows: u32 },
    #[error("id {id} is special to the model, and text to the tokenizer")]
    NotSpecial { id: TokenId },
    #[error("{tokens} ids are special to the tokenizer, {model} to the model")]
    Specials { tokens: usize, model: usize },
    #[error(transparent)]
    Vocabulary(#[from] vocabulary::Error),
}
