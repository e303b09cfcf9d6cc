//! The model session: `reweave.inference.v1` to and from `decode::protocol`, on both ends of the wire.
//!
//! Shape and names are checked here. What depends on the model or on the session (bounds, vocabulary, which canvases are
//! open) is checked by whoever serves it, as a fault and not as a malformed message.

mod canvas;
mod reply;
mod served;
mod step;
#[cfg(test)]
mod tests;

use reweave_decode::{
    protocol::{Encoded, Estimator, Fault, FaultCode, Scores, Scoring, TokenId},
    vocabulary::Vocabulary,
};

use super::{Malformed, named};
use crate::wire::inference as wire;

/// The reply, or the fault that stands for all of it: a step of which nothing was done.
pub type Stepped = Result<reweave_decode::protocol::Reply, Fault>;

pub use reply::{failed_step, read_step_response};

impl From<Fault> for wire::Fault {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code.as_str().into(), message: fault.message }
    }
}

fn read_fault(fault: wire::Fault, at: &str) -> Result<Fault, Malformed> {
    let code = FaultCode::by_name(&fault.code);
    let unknown = || Malformed::new(format!("{at}.code"), format!("`{}` is not a fault code", fault.code));
    Ok(Fault::new(code.ok_or_else(unknown)?, fault.message))
}

impl From<Scoring> for wire::ScoreRequest {
    fn from(scoring: Scoring) -> Self {
        Self {
            canvas: Some(scoring.canvas.into()),
            positions: scoring.positions,
            estimator: name_of(&Estimator::ALL, scoring.estimator),
            guidance: Some(scoring.guidance.into()),
        }
    }
}

impl TryFrom<wire::ScoreRequest> for Scoring {
    type Error = Malformed;

    fn try_from(request: wire::ScoreRequest) -> Result<Self, Malformed> {
        Ok(Self {
            canvas: canvas::receive(request.canvas.unwrap_or_default(), "canvas")?,
            positions: request.positions,
            estimator: named(&Estimator::ALL, &request.estimator, "estimator")?,
            guidance: step::guidance(request.guidance, "guidance")?,
        })
    }
}

impl From<Scores> for wire::ScoreResponse {
    fn from(scores: Scores) -> Self {
        Self { log_probs: scores.log_probs, forwards: scores.forwards }
    }
}

impl From<wire::ScoreResponse> for Scores {
    fn from(response: wire::ScoreResponse) -> Self {
        Self { log_probs: response.log_probs, forwards: response.forwards }
    }
}

impl From<Encoded> for wire::Encoded {
    fn from(text: Encoded) -> Self {
        Self { tokens: text.tokens, ends: text.ends }
    }
}

impl TryFrom<wire::Encoded> for Encoded {
    type Error = Malformed;

    fn try_from(text: wire::Encoded) -> Result<Self, Malformed> {
        same_length("ends", text.ends.len(), text.tokens.len())?;
        Ok(Self { tokens: text.tokens, ends: text.ends })
    }
}

/// `vocabulary` in pieces of about `bytes_max` bytes of message; a token is never cut.
pub fn vocabulary_pieces(vocabulary: &Vocabulary, bytes_max: usize) -> Vec<wire::VocabularyResponse> {
    /// A length on the wire takes at most so many bytes.
    const LENGTH_BYTES: usize = 5;
    let mut pieces = Vec::new();
    let (mut piece, mut size) = (wire::VocabularyResponse::default(), 0);
    for token in (0..vocabulary.len()).map(|id| vocabulary.bytes(id as TokenId)) {
        if size > 0 && size + token.len() + LENGTH_BYTES > bytes_max {
            pieces.push(std::mem::take(&mut piece));
            size = 0;
        }
        piece.text.extend_from_slice(token);
        piece.lengths.push(u32::try_from(token.len()).unwrap_or(u32::MAX));
        size += token.len() + LENGTH_BYTES;
    }
    if size > 0 {
        pieces.push(piece);
    }
    pieces
}

/// The vocabulary that all pieces, put together, stand for.
pub fn read_vocabulary(whole: &wire::VocabularyResponse, specials: &[TokenId]) -> Result<Vocabulary, Malformed> {
    let (mut tokens, mut rest) = (Vec::with_capacity(whole.lengths.len()), whole.text.as_slice());
    for length in &whole.lengths {
        let cut = rest.split_at_checked(*length as usize);
        let (token, after) = cut.ok_or_else(|| Malformed::new("lengths", "they exceed the text"))?;
        tokens.push(token);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(Malformed::new("lengths", "they do not cover the text"));
    }
    Vocabulary::new(tokens, specials).map_err(|error| Malformed::new("lengths", error))
}

/// The vectors of an [`wire::EmbedResponse`].
pub fn read_vectors(response: wire::EmbedResponse, texts: usize) -> Result<Vec<Vec<f32>>, Malformed> {
    let dimensions = response.dimensions as usize;
    if dimensions == 0 {
        return Err(Malformed::new("dimensions", "there are none"));
    }
    same_length("values", response.values.len(), texts.saturating_mul(dimensions))?;
    Ok(response.values.chunks_exact(dimensions).map(<[f32]>::to_vec).collect())
}

/// The message with the vectors of all texts, each of `dimensions` values.
#[must_use]
pub fn vectors(dimensions: u32, vectors: &[Vec<f32>]) -> wire::EmbedResponse {
    wire::EmbedResponse { dimensions, values: vectors.concat() }
}

fn name_of<T: PartialEq>(all: &[(T, &'static str)], value: T) -> String {
    all.iter().find(|(other, _)| *other == value).map_or("", |(_, name)| *name).to_owned()
}

fn same_length(field: impl Into<String>, given: usize, wanted: usize) -> Result<(), Malformed> {
    if given == wanted {
        return Ok(());
    }
    Err(Malformed::new(field, format!("holds {given} entries where {wanted} belong")))
}
