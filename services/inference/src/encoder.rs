//! What makes vectors of texts. Implemented by the sentence encoder of `services/network`; lives on the device's thread.

use reweave_decode::protocol::{Embedder, Fault};

/// An encoder of whole texts.
pub trait Encoder: Send {
    fn embedder(&self) -> &Embedder;

    /// One vector for each text, of unit length and `dimensions` values; a text longer than the bound is cut, an empty one
    /// is a text. Fails for all texts or for none.
    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, Fault>;
}
