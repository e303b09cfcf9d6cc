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

use crate::predict::{Base, Place, Predictor, Rows, Sparse};
use crate::protocol::{
    Attention, Backend, Bounds, Branch, Description, Fault, FaultCode, Objective, Prediction, Query, TokenId,
};
use crate::vocabulary::Vocabulary;

pub use fit::{Limits, TooLarge};
pub use store::Malformed;
pub use tokens::{BEGIN, END, MASK, encode};

use count::Counts;
use mix::{Mixer, Scratch};

/// See the module.
#[derive(Clone, Debug)]
pub struct Ngram {
    description: Description,
    vocabulary: Arc<Vocabulary>,
    counts: Counts,
    /// Each id's own probability, and what every distribution is told by its difference from.
    unigram: Vec<f64>,
    base: Base,
    scratch: [Scratch; 2],
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
        let unigram = counts.unigram();
        let base = Base::new(unigram.iter().map(|probability| probability.ln()).collect());
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
        Self { description, vocabulary: Arc::new(vocabulary), counts, unigram, base, scratch: Default::default() }
    }

    fn answer(&mut self, query: &Query) -> Result<Vec<Prediction>, Fault> {
        let predictor = Predictor::new(&self.description, &query.options)?;
        let conditional = self.changed(&query.conditional, query.attention(), 0)?;
        let unconditional = query.unconditional.as_ref();
        let unconditional = unconditional.map(|branch| self.changed(branch, query.attention(), 1)).transpose()?;
        let base = &self.base;
        let predict = |index: usize| {
            let allow = query.allow.get(index).and_then(Option::as_deref);
            let place = Place { position: query.positions[index], allow };
            let Some(unconditional) = &unconditional else {
                return predictor.predict_sparse(Sparse { base, changed: &conditional[index] }, place);
            };
            let (one, other) = (dense(base, &conditional[index]), dense(base, &unconditional[index]));
            predictor.predict(Rows { conditional: &one, unconditional: Some(&other) }, place)
        };
        (0..query.positions.len()).map(predict).collect()
    }

    /// For each wanted position of a branch, how its distribution differs from the base.
    fn changed(&mut self, branch: &Branch, attention: Attention, scratch: usize) -> Result<Vec<Changed>, Fault> {
        let length = branch.cells.len();
        let causal = attention == Attention::Causal;
        if let Some(wanted) = branch.wanted.iter().find(|wanted| **wanted >= length + usize::from(causal)) {
            let message = format!("position {wanted} lies outside the canvas of {length}");
            return Err(Fault::new(FaultCode::Position, message));
        }
        let memory = std::mem::take(&mut self.scratch[scratch]);
        let mut mixer = Mixer::new(&self.counts, &self.unigram, &branch.cells, memory);
        let changed = branch.wanted.iter().map(|wanted| mixer.changed(*wanted, causal)).collect();
        self.scratch[scratch] = mixer.into_scratch();
        Ok(changed)
    }
}

/// Ids with other logits than the base has, ascending.
type Changed = Vec<(TokenId, f64)>;

fn dense(base: &Base, changed: &Changed) -> Vec<f32> {
    let mut row: Vec<f32> = (0..base.len() as TokenId).map(|id| base.logit(id) as f32).collect();
    changed.iter().for_each(|(id, logit)| row[*id as usize] = *logit as f32);
    row
}

impl Backend for Ngram {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        batch.iter().map(|query| self.answer(query)).collect()
    }
}
