//! A bidirectional n-gram model of code: the honest weak model by which gates and length selection can be measured without
//! weights. It is fitted on texts that the caller gives.
//!
//! A masked position is predicted from what stands next to it on both sides; so is the next token from the left alone. Where
//! the neighbour is masked too, the nearest visible token within a few positions is looked at. What stands on the canvas
//! itself counts more than what the model was fitted on: code repeats itself.

mod count;
mod fit;
mod mix;
mod store;
mod tokens;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::predict::{Place, Predictor, Rows};
use crate::protocol::{
    Attention, Backend, Bounds, Branch, Description, Fault, FaultCode, Objective, Prediction, Query, TokenId,
};
use crate::vocabulary::Vocabulary;

pub use fit::{Limits, TooLarge};
pub use store::Malformed;
pub use tokens::{BEGIN, END, MASK, encode};

use count::Counts;
use mix::Mixer;

/// See the module.
#[derive(Clone, Debug)]
pub struct Ngram {
    description: Description,
    vocabulary: Arc<Vocabulary>,
    counts: Counts,
    /// Natural logarithm of each id's own probability; that of special ids is never read.
    unigram: Vec<f32>,
}

impl Ngram {
    /// Fits a model. Each text is one file; nothing is learnt across two.
    ///
    /// # Errors
    /// [`TooLarge`] where the texts have more tokens than `limits` say.
    pub fn fit(texts: &[&[u8]], limits: Limits) -> Result<Self, TooLarge> {
        let vocabulary = tokens::learn(texts, limits.vocabulary_max.min(fit::VOCABULARY_MAX));
        let counts = fit::count(texts, &vocabulary, limits)?;
        Ok(Self::assemble(vocabulary, counts))
    }

    /// A model from what [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let (vocabulary, counts) = store::read(bytes)?;
        Ok(Self::assemble(vocabulary, counts))
    }

    /// The model as bytes, the same for the same texts and limits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        store::write(&self.vocabulary, &self.counts)
    }

    /// What its ids stand for.
    #[must_use]
    pub fn vocabulary(&self) -> Arc<Vocabulary> {
        Arc::clone(&self.vocabulary)
    }

    /// The tokens of a text; their bytes together are the text.
    #[must_use]
    pub fn encode(&self, text: &[u8]) -> Vec<TokenId> {
        tokens::encode(&self.vocabulary, text)
    }

    fn assemble(vocabulary: Vocabulary, counts: Counts) -> Self {
        let unigram = counts.unigram().into_iter().map(|probability| probability.ln() as f32).collect();
        let digest = reweave_core::Sha256::of(&store::write(&vocabulary, &counts));
        let description = Description {
            name: "ngram".into(),
            architecture: "Ngram".into(),
            objective: Objective::MaskedDiffusion,
            digest,
            vocabulary: vocabulary.len() as u32,
            mask: Some(MASK),
            shifted: false,
            specials: vocabulary.specials().to_vec(),
            begin: Some(BEGIN),
            end: Some(END),
            fill_in_middle: None,
            device: "none".into(),
            dtype: "f32".into(),
            bounds: Bounds {
                positions_max: 65_536,
                canvases_max: 256,
                wanted_max: 65_536,
                top_k_max: vocabulary.len() as u32,
            },
            embedding: None,
        };
        Self { description, vocabulary: Arc::new(vocabulary), counts, unigram }
    }

    fn answer(&self, query: &Query) -> Result<Vec<Prediction>, Fault> {
        let predictor = Predictor::new(&self.description, &query.options)?;
        let mut conditional = Mixer::new(&self.counts, &self.unigram, &query.conditional.cells);
        let mut unconditional =
            query.unconditional.as_ref().map(|branch| Mixer::new(&self.counts, &self.unigram, &branch.cells));
        let predict = |index: usize| {
            let logits = row(&mut conditional, &query.conditional, index, query.attention())?;
            let other = unconditional.as_mut().zip(query.unconditional.as_ref());
            let other = other.map(|(mixer, branch)| row(mixer, branch, index, query.attention())).transpose()?;
            let allow = query.allow.get(index).and_then(Option::as_deref);
            let rows = Rows { conditional: &logits, unconditional: other.as_deref() };
            predictor.predict(rows, Place { position: query.positions[index], allow })
        };
        (0..query.positions.len()).map(predict).collect()
    }
}

impl Backend for Ngram {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        batch.iter().map(|query| self.answer(query)).collect()
    }
}

/// The logits of one wanted position of a branch.
fn row(mixer: &mut Mixer<'_>, branch: &Branch, index: usize, attention: Attention) -> Result<Vec<f32>, Fault> {
    let (wanted, length) = (branch.wanted[index], branch.cells.len());
    let causal = attention == Attention::Causal;
    if wanted >= length + usize::from(causal) {
        let message = format!("position {wanted} lies outside the canvas of {length}");
        return Err(Fault::new(FaultCode::Position, message));
    }
    Ok(mixer.row(wanted, causal))
}
