//! One decoder for Qwen2, Llama, Dream and LLaDA: pre-norm blocks of grouped-query attention with rotary positions, and
//! SwiGLU. What differs between them is in the [`Spec`].
//!
//! Sources: Touvron et al., "LLaMA" (2302.13971) section 2.2; Yang et al., "Qwen2" (2407.10671) section 2.2.1; Ye et al.,
//! "Dream 7B" (2508.15487); Nie et al., "LLaDA" (2502.09992) section 2.

mod attention;
mod layer;
mod rotary;

use reweave_inference::folder::{Part, Spec};
use tch::{Device, Kind, TchError, Tensor};

use crate::loader::Parts;
pub use attention::Visible;
use layer::{Layer, rms_norm};
use rotary::Rotary;

/// A network on a device.
#[derive(Debug)]
pub struct Decoder {
    spec: Spec,
    /// `[vocabulary, hidden]`
    embedding: Tensor,
    layers: Vec<Layer>,
    /// `[hidden]`
    norm: Tensor,
    /// `[vocabulary, hidden]`; the embedding itself where the two are tied.
    head: Tensor,
    rotary: Rotary,
    device: Device,
}

impl Decoder {
    pub(crate) fn new(spec: Spec, mut parts: Parts, device: Device, kind: Kind) -> Result<Self, TchError> {
        let embedding = parts.take(Part::Embedding);
        let head = parts.take_optional(Part::Head).unwrap_or_else(|| embedding.shallow_clone());
        let norm = parts.take(Part::FinalNorm);
        let layers = (0..spec.layers).map(|index| Layer::take(&mut parts, index, &spec)).collect::<Result<_, _>>()?;
        let rotary = Rotary::new(&spec, device, kind)?;
        Ok(Self { spec, embedding, layers, norm, head, rotary, device })
    }

    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    /// Logits of some rows.
    ///
    /// `ids` is `[canvases, length]`, whole numbers below the vocabulary, padded on the right; `rows` names positions in the
    /// flattened `[canvases * length]`. Gives `[rows, vocabulary]` in f32: the head is applied to these rows alone, and
    /// nothing after the last attention is computed for others.
    ///
    /// # Errors
    /// What libtorch reports, such as a device without memory.
    pub fn logits(&self, ids: &Tensor, visible: &Visible, rows: &Tensor) -> Result<Tensor, TchError> {
        self.head(&self.hidden(ids, visible, rows)?)
    }

    /// `[rows, hidden]`, ready for [`Decoder::head`]; see [`Decoder::logits`].
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn hidden(&self, ids: &Tensor, visible: &Visible, rows: &Tensor) -> Result<Tensor, TchError> {
        let (_, length) = ids.size2()?;
        let mut hidden = Tensor::f_embedding(&self.embedding, ids, -1, false, false)?;
        let turns = self.rotary.turns(length)?;
        let wanted = |all: &Tensor| all.f_flatten(0, 1)?.f_index_select(0, rows);
        for (index, layer) in self.layers.iter().enumerate() {
            let mixed = layer.attend(&hidden, &turns, visible, &self.spec)?;
            hidden = match index + 1 == self.layers.len() {
                false => layer.finish(&hidden, &mixed, &self.spec)?,
                // Nothing attends to what comes after the last attention.
                true => layer.finish(&wanted(&hidden)?, &wanted(&mixed)?, &self.spec)?,
            };
        }
        rms_norm(&hidden, &self.norm, self.spec.norm_epsilon)
    }

    /// From `[rows, hidden]` to `[rows, vocabulary]` in f32.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn head(&self, hidden: &Tensor) -> Result<Tensor, TchError> {
        hidden.f_linear::<&Tensor>(&self.head, None)?.f_to_kind(Kind::Float)
    }
}
