//! One block: attention and SwiGLU, each after a norm and beside a residual.

use reweave_inference::folder::{LayerPart, Part, Spec};
use tch::{Kind, TchError, Tensor};

use super::attention::{self, Visible};
use super::rotary::Turns;
use crate::loader::Parts;

/// Weights of one block. Matrices that are multiplied with the same input are one matrix.
#[derive(Debug)]
pub(super) struct Layer {
    attention_norm: Tensor,
    /// `[(heads + 2 * kv_heads) * head_dim, hidden]`: queries, keys, values.
    qkv: Linear,
    output: Linear,
    feed_forward_norm: Tensor,
    /// `[2 * intermediate, hidden]`: gate, up.
    gate_up: Linear,
    down: Linear,
}

#[derive(Debug)]
struct Linear {
    /// `[out, in]`
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TchError> {
        input.f_linear(&self.weight, self.bias.as_ref())
    }

    /// Several with the same input as one.
    fn joined(weights: &[Tensor], biases: &[Tensor]) -> Result<Self, TchError> {
        let bias = if biases.is_empty() { None } else { Some(Tensor::f_cat(biases, 0)?) };
        Ok(Self { weight: Tensor::f_cat(weights, 0)?, bias })
    }
}

impl Layer {
    pub(super) fn take(parts: &mut Parts, index: u32, spec: &Spec) -> Result<Self, TchError> {
        let mut take = |part| parts.take(Part::Layer(index, part));
        let weights = [LayerPart::Query, LayerPart::Key, LayerPart::Value].map(&mut take);
        let biases: Vec<Tensor> = match spec.qkv_bias {
            true => [LayerPart::QueryBias, LayerPart::KeyBias, LayerPart::ValueBias].map(&mut take).into(),
            false => Vec::new(),
        };
        let output =
            Linear { weight: take(LayerPart::Output), bias: spec.output_bias.then(|| take(LayerPart::OutputBias)) };
        Ok(Self {
            attention_norm: take(LayerPart::AttentionNorm),
            qkv: Linear::joined(&weights, &biases)?,
            output,
            feed_forward_norm: take(LayerPart::FeedForwardNorm),
            gate_up: Linear::joined(&[LayerPart::Gate, LayerPart::Up].map(&mut take), &[])?,
            down: Linear { weight: take(LayerPart::Down), bias: None },
        })
    }

    /// What the positions of `[canvases, length, hidden]` take from one another: `[canvases, length, heads * head_dim]`.
    pub(super) fn attend(
        &self,
        hidden: &Tensor,
        turns: &Turns,
        visible: &Visible,
        spec: &Spec,
    ) -> Result<Tensor, TchError> {
        let normed = rms_norm(hidden, &self.attention_norm, spec.norm_epsilon)?;
        attention::mix(&self.qkv.forward(&normed)?, turns, visible, spec)
    }

    /// The rest of the block, which each row goes through on its own: any rows of `hidden` with theirs of what
    /// [`Layer::attend`] gave.
    pub(super) fn finish(&self, hidden: &Tensor, mixed: &Tensor, spec: &Spec) -> Result<Tensor, TchError> {
        let hidden = hidden.f_add(&self.output.forward(mixed)?)?;
        let normed = rms_norm(&hidden, &self.feed_forward_norm, spec.norm_epsilon)?;
        hidden.f_add(&self.feed_forward(&normed)?)
    }

    /// `down(silu(gate x) * up x)`; Shazeer, "GLU Variants Improve Transformer" (2002.05202).
    fn feed_forward(&self, input: &Tensor) -> Result<Tensor, TchError> {
        let both = self.gate_up.forward(input)?;
        let halves = both.f_chunk(2, -1)?;
        self.down.forward(&halves[0].f_silu()?.f_mul(&halves[1])?)
    }
}

/// `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension, the root in f32; Zhang and Sennrich (1910.07467).
pub(super) fn rms_norm(input: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor, TchError> {
    let kind = input.kind();
    let wide = input.f_to_kind(Kind::Float)?;
    let square = wide.f_square()?.f_mean_dim(-1, true, Kind::Float)?;
    let scaled = wide.f_mul(&square.f_add_scalar(epsilon)?.f_rsqrt()?)?;
    scaled.f_to_kind(kind)?.f_mul(weight)
}
