//! A backend without weights, for tests and for the `mock` preset: it predicts from a hash of what it sees, or what it was
//! told.
//!
//! Its tokens are bytes: ids 0 to 255 spell themselves, the few above are special.

mod script;

#[cfg(test)]
mod tests;

use reweave_core::Sha256;

use crate::draw::{self, Purpose};
use crate::predict::{Place, Predictor, Rows};
use crate::protocol::{
    Attention, Backend, Bounds, Branch, Cell, Description, Fault, FaultCode, FillInMiddle, Objective, Prediction,
    Query, TokenId,
};
use crate::vocabulary::Vocabulary;

/// What a masked position is fed as.
pub const MASK: TokenId = 256;
/// Opens a text.
pub const BEGIN: TokenId = 257;
/// Ends a text.
pub const END: TokenId = 258;
/// The marks of fill-in-the-middle.
pub const FILL_IN_MIDDLE: FillInMiddle = FillInMiddle { prefix: 259, suffix: 260, middle: 261 };

/// Ids below are bytes or special.
const VOCABULARY: u32 = 262;
/// Logits made up from a hash lie between the two, so that no draw is certain and the best is often clear.
const LOGIT_SPREAD: f64 = 8.0;
/// Added to the logit of what the script says: above every other by more than the spread.
const SCRIPT_BONUS: f32 = 24.0;

/// See the module.
#[derive(Clone, Debug)]
pub struct Scripted {
    description: Description,
    seed: u64,
    texts: Vec<Vec<TokenId>>,
    broken_by: Option<TokenId>,
    forwards: u64,
}

impl Scripted {
    /// A masked-diffusion model whose logits depend on `seed` and on every cell a position may attend to.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { description: description(seed), seed, texts: Vec::new(), broken_by: None, forwards: 0 }
    }

    /// The same as a model of the next token: no mask, causal attention only.
    #[must_use]
    pub fn autoregressive(mut self) -> Self {
        self.description.objective = Objective::Autoregressive;
        self.description.mask = None;
        self
    }

    /// Predicts these texts, in bytes, where they fit: a text whose length is that of the masked run, the first such; under
    /// causal attention the continuation of the longest head that stands before the position, then the end of text.
    #[must_use]
    pub fn saying(mut self, texts: &[&str]) -> Self {
        self.texts = texts.iter().map(|text| text.bytes().map(TokenId::from).collect()).collect();
        self
    }

    /// Gives logits that are not numbers for every branch that shows `token`.
    #[must_use]
    pub fn broken_by(mut self, token: TokenId) -> Self {
        self.broken_by = Some(token);
        self
    }

    /// Other bounds than the default ones.
    #[must_use]
    pub fn bounded(mut self, bounds: Bounds) -> Self {
        self.description.bounds = bounds;
        self
    }

    /// Branches run so far: a guided query counts two.
    #[must_use]
    pub fn forwards(&self) -> u64 {
        self.forwards
    }

    /// Its byte vocabulary.
    #[must_use]
    pub fn vocabulary() -> Vocabulary {
        let bytes: Vec<[u8; 1]> = (0..=u8::MAX).map(|byte| [byte]).collect();
        let tokens = bytes.iter().map(<[u8; 1]>::as_slice).chain((MASK..VOCABULARY).map(|_| &[] as &[u8]));
        Vocabulary::new(tokens, &(MASK..VOCABULARY).collect::<Vec<_>>()).expect("every special id has an entry")
    }

    fn answer(&mut self, query: &Query) -> Result<Vec<Prediction>, Fault> {
        let predictor = Predictor::new(&self.description, &query.options)?;
        let conditional = self.rows(&query.conditional, query.attention())?;
        let unconditional = query.unconditional.as_ref().map(|branch| self.rows(branch, query.attention()));
        let unconditional = unconditional.transpose()?;
        self.forwards += 1 + u64::from(unconditional.is_some());
        let predict = |index: usize| {
            let rows = Rows {
                conditional: &conditional[index],
                unconditional: unconditional.as_ref().map(|rows| rows[index].as_slice()),
            };
            let allow = query.allow.get(index).and_then(Option::as_deref);
            predictor.predict(rows, Place { position: query.positions[index], allow })
        };
        (0..query.positions.len()).map(predict).collect()
    }

    /// One row of logits for each wanted position.
    fn rows(&self, branch: &Branch, attention: Attention) -> Result<Vec<Vec<f32>>, Fault> {
        let seen = |wanted: usize| match attention {
            Attention::AllVisible => Ok(&branch.cells[..]),
            Attention::Causal => branch.cells.get(..wanted).ok_or_else(|| position(wanted, branch.cells.len())),
        };
        branch.wanted.iter().map(|wanted| self.row(seen(*wanted)?, *wanted, attention)).collect()
    }

    fn row(&self, seen: &[Cell], wanted: usize, attention: Attention) -> Result<Vec<f32>, Fault> {
        if attention == Attention::AllVisible && wanted >= seen.len() {
            return Err(position(wanted, seen.len()));
        }
        if self.description.mask.is_none() && (attention == Attention::AllVisible || seen.contains(&None)) {
            return Err(Fault::new(FaultCode::Unsupported, "a model of the next token reads no masked positions"));
        }
        if self.broken_by.is_some_and(|token| seen.contains(&Some(token))) {
            return Ok(vec![f32::NAN; VOCABULARY as usize]);
        }
        let mut row = self.made_up(seen, wanted);
        let said = match attention {
            Attention::AllVisible => script::at(&self.texts, seen, wanted),
            Attention::Causal => script::next(&self.texts, seen).map(|token| token.unwrap_or(END)),
        };
        if let Some(token) = said {
            row[token as usize] += SCRIPT_BONUS;
        }
        Ok(row)
    }

    /// Logits from a hash of the cells, the position and the id.
    fn made_up(&self, seen: &[Cell], wanted: usize) -> Vec<f32> {
        let number = |cell: &Cell| cell.map_or(u64::MAX, u64::from);
        let context = seen.iter().fold(self.seed, |state, cell| draw::bits(state, Purpose::Script, number(cell)));
        let context = draw::bits(context, Purpose::Script, wanted as u64);
        (0..u64::from(VOCABULARY))
            .map(|id| (draw::uniform(context, Purpose::Script, id) * LOGIT_SPREAD) as f32)
            .collect()
    }
}

impl Backend for Scripted {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        batch.iter().map(|query| self.answer(query)).collect()
    }
}

fn position(wanted: usize, length: usize) -> Fault {
    Fault::new(FaultCode::Position, format!("position {wanted} lies outside the canvas of {length}"))
}

fn description(seed: u64) -> Description {
    Description {
        name: "scripted".into(),
        architecture: "Scripted".into(),
        objective: Objective::MaskedDiffusion,
        digest: Sha256::of_fields([b"scripted".as_slice(), &seed.to_be_bytes()]),
        vocabulary: VOCABULARY,
        mask: Some(MASK),
        shifted: false,
        specials: (MASK..VOCABULARY).collect(),
        begin: Some(BEGIN),
        end: Some(END),
        fill_in_middle: Some(FILL_IN_MIDDLE),
        device: "none".into(),
        dtype: "f32".into(),
        bounds: Bounds { positions_max: 4_096, canvases_max: 64, wanted_max: 4_096, top_k_max: VOCABULARY },
        embedding: None,
    }
}
