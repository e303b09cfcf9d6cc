//! Texts to the ids of a sentence encoder: WordPiece with its marks, cut to what the network reads.

use std::path::Path;

use serde_json::Value;
use tokenizers::utils::truncation::TruncationParams;

use crate::folder::SentenceFolder;

/// The tokenizer of a sentence encoder.
#[derive(Debug)]
pub struct Wordpieces(Box<tokenizers::Tokenizer>);

/// The tokenizer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the encoder's tokenizer.json")]
    Read(#[source] std::io::Error),
    #[error("the encoder's tokenizer.json is not JSON")]
    Json(#[from] serde_json::Error),
    #[error("the encoder's tokenizer cannot be made: {0}")]
    Build(String),
    #[error("the encoder's tokenizer has {tokens} ids, the network {rows}")]
    Ids { tokens: usize, rows: u32 },
}

/// A text is not encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encoder's tokenizer failed: {0}")]
pub struct Failed(String);

impl Wordpieces {
    /// Of an encoder's folder.
    ///
    /// # Errors
    /// A file that is not there or is no tokenizer, or ids that the network has no row for.
    pub fn open(folder: &SentenceFolder) -> Result<Self, Error> {
        let tokenizer = read(&folder.path, folder.spec.tokens_max as usize)?;
        let (tokens, rows) = (tokenizer.get_vocab_size(true), folder.spec.vocabulary);
        if tokens > rows as usize {
            return Err(Error::Ids { tokens, rows });
        }
        Ok(Self(Box::new(tokenizer)))
    }

    /// Ids of a text with its marks; at least those.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn ids(&self, text: &str) -> Result<Vec<i64>, Failed> {
        let encoding = self.0.encode_fast(text, true).map_err(|error| Failed(error.to_string()))?;
        Ok(encoding.get_ids().iter().map(|id| i64::from(*id)).collect())
    }
}

/// Added tokens are taken out, so that a text that spells `[SEP]` stays a text; the marks are put around it by number.
fn read(dir: &Path, tokens_max: usize) -> Result<tokenizers::Tokenizer, Error> {
    let text = std::fs::read(dir.join("tokenizer.json")).map_err(Error::Read)?;
    let mut json: Value = serde_json::from_slice(&text)?;
    json["added_tokens"] = Value::Array(Vec::new());
    json["padding"] = Value::Null;
    let build = |error: &dyn std::fmt::Display| Error::Build(error.to_string());
    let mut tokenizer: tokenizers::Tokenizer = serde_json::from_value(json).map_err(|error| build(&error))?;
    let truncation = TruncationParams { max_length: tokens_max, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(|error| build(&error))?;
    Ok(tokenizer)
}
