//! Rotary positions: pairs of columns `(i, i + head_dim / 2)` are turned by an angle that grows with the position.
//!
//! Source: Su et al., "RoFormer" (2104.09864) section 3.2.2, with the columns paired as GPT-NeoX pairs them.

use reweave_inference::folder::Spec;
use tch::{Device, Kind, TchError, Tensor};

/// The frequencies of a network.
#[derive(Debug)]
pub(super) struct Rotary {
    /// `[head_dim / 2]` in f32: `theta^(-2i / head_dim)`.
    frequencies: Tensor,
    /// Of what is turned.
    kind: Kind,
}

/// Cosines and sines of the positions of one forward pass, `[length, head_dim]` in f32.
#[derive(Debug)]
pub(super) struct Turns {
    cosines: Tensor,
    sines: Tensor,
    kind: Kind,
}

impl Rotary {
    pub(super) fn new(spec: &Spec, device: Device, kind: Kind) -> Result<Self, TchError> {
        let dim = i64::from(spec.head_dim);
        let exponents = Tensor::f_arange_start_step(0, dim, 2, (Kind::Float, device))?.f_div_scalar(dim)?;
        let frequencies = Tensor::f_pow_scalar(spec.rope_theta, &exponents)?.f_reciprocal()?;
        Ok(Self { frequencies, kind })
    }

    /// For positions 0 up to `length`.
    pub(super) fn turns(&self, length: i64) -> Result<Turns, TchError> {
        let positions = Tensor::f_arange(length, (Kind::Float, self.frequencies.device()))?;
        let half = positions.f_outer(&self.frequencies)?;
        let angles = Tensor::f_cat(&[&half, &half], -1)?;
        Ok(Turns { cosines: angles.f_cos()?, sines: angles.f_sin()?, kind: self.kind })
    }
}

impl Turns {
    /// Turns `[canvases, heads, length, head_dim]`. The angles are applied in f32, whatever the weights are.
    pub(super) fn apply(&self, input: &Tensor) -> Result<Tensor, TchError> {
        let input = input.f_to_kind(Kind::Float)?;
        let halves = input.f_chunk(2, -1)?;
        let quarter_turned = Tensor::f_cat(&[&halves[1].f_neg()?, &halves[0]], -1)?;
        let turned = input.f_mul(&self.cosines)?.f_add(&quarter_turned.f_mul(&self.sines)?)?;
        turned.f_to_kind(self.kind)
    }
}
