//! Text to tokens and back, to the byte.
//!
//! The byte-level pair encoding of a model folder, the pieces of the n-gram model, and longest match for vocabularies
//! that say no more than what ids spell. Of all holds: the bytes of the tokens, put together, are the text, and no text
//! becomes a special token, whatever it spells.

mod assemble;
mod error;
mod letters;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use reweave_decode::{
    ngram,
    protocol::{Description, Encoded, Fault, FaultCode, TokenId},
    vocabulary::Vocabulary,
};

use crate::folder::ModelFolder;
pub use error::Error;

/// A model's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    vocabulary: Arc<Vocabulary>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Pairs(Box<tokenizers::Tokenizer>),
    Ngram,
    LongestMatch,
}

impl Tokenizer {
    /// The tokenizer of a model folder.
    ///
    /// # Errors
    /// Files that cannot be read, another kind than byte-level pair encoding, or ids that the model does not have.
    pub fn open(folder: &ModelFolder) -> Result<Self, Error> {
        Self::read(&folder.path, folder.spec.vocabulary, &folder.marks.specials)
    }

    /// The tokenizer of the folder `dir`, for a model with `rows` ids of which `specials` (ascending) are never text.
    ///
    /// # Errors
    /// As [`Tokenizer::open`].
    pub fn read(dir: &Path, rows: u32, specials: &[TokenId]) -> Result<Self, Error> {
        let (pairs, vocabulary) = assemble::read(dir, rows, specials)?;
        Ok(Self { vocabulary: Arc::new(vocabulary), kind: Kind::Pairs(Box::new(pairs)) })
    }

    /// The pieces of an n-gram model with this vocabulary.
    #[must_use]
    pub fn ngram(vocabulary: Arc<Vocabulary>) -> Self {
        Self { vocabulary, kind: Kind::Ngram }
    }

    /// Takes at each place the longest token that fits.
    ///
    /// # Errors
    /// A byte that no token spells, so that some text could not be written.
    pub fn longest_match(vocabulary: Vocabulary) -> Result<Self, Error> {
        match (0..=u8::MAX).find(|byte| vocabulary.spelling(&[*byte]).is_empty()) {
            Some(byte) => Err(Error::ByteMissing { byte }),
            None => Ok(Self { vocabulary: Arc::new(vocabulary), kind: Kind::LongestMatch }),
        }
    }

    /// The bytes of every id.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// `Device` where the tokenizer loses or adds bytes; it is never silent about that.
    pub fn encode(&self, text: &str) -> Result<Encoded, Fault> {
        let tokens = match &self.kind {
            Kind::Ngram => ngram::encode(&self.vocabulary, text.as_bytes()),
            Kind::LongestMatch => self.longest(text.as_bytes()),
            Kind::Pairs(pairs) => {
                let encoding = pairs.encode_fast(text, false).map_err(|error| lost(&error.to_string()))?;
                encoding.get_ids().to_vec()
            }
        };
        let ends = self.ends(&tokens, text.as_bytes()).ok_or_else(|| lost("its tokens spell another text"))?;
        Ok(Encoded { tokens, ends })
    }

    /// Whether ids mean the same to this tokenizer and to a model.
    ///
    /// # Errors
    /// Another number of ids, or other special ones.
    pub fn agrees_with(&self, model: &Description) -> Result<(), Error> {
        let (tokens, rows) = (self.vocabulary.len(), model.vocabulary);
        if tokens != rows as usize {
            return Err(Error::Rows { tokens, rows });
        }
        match model.specials.iter().copied().find(|id| !self.vocabulary.is_special(*id)) {
            Some(id) => Err(Error::NotSpecial { id }),
            None if self.vocabulary.specials().len() == model.specials.len() => Ok(()),
            None => Err(Error::Specials { tokens: self.vocabulary.specials().len(), model: model.specials.len() }),
        }
    }

    fn longest(&self, mut rest: &[u8]) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        while let Some(token) = self.vocabulary.heads(rest).last() {
            tokens.push(token);
            rest = &rest[self.vocabulary.bytes(token).len()..];
        }
        tokens
    }

    /// Where each token ends; `None` unless the tokens spell the text.
    fn ends(&self, tokens: &[TokenId], text: &[u8]) -> Option<Vec<u32>> {
        let mut end = 0;
        let mut ends = Vec::with_capacity(tokens.len());
        for token in tokens {
            let bytes = self.vocabulary.bytes(*token);
            if bytes.is_empty() || text.get(end..end + bytes.len())? != bytes {
                return None;
            }
            end += bytes.len();
            ends.push(u32::try_from(end).ok()?);
        }
        (end == text.len()).then_some(ends)
    }
}

fn lost(what: &str) -> Fault {
    Fault::new(FaultCode::Device, format!("the tokenizer failed: {what}"))
}
