//! Which positions see which, and the mixing of their values.

use reweave_inference::folder::Spec;
use tch::{TchError, Tensor};

use super::rotary::Turns;

/// What each position attends to. Canvases are padded on the right.
#[derive(Debug)]
pub enum Visible {
    /// All positions; no canvas is padded.
    All,
    /// All positions of its own canvas: `[canvases, 1, 1, length]`, true where a canvas has a token.
    Tokens(Tensor),
    /// Itself and those before it. Padding comes after every token, so it is never seen.
    Before,
}

/// Scaled dot-product attention (Vaswani et al., 1706.03762, equation 1) over grouped queries.
///
/// `qkv` is `[canvases, length, (heads + 2 * kv_heads) * head_dim]`; the result `[canvases, length, heads * head_dim]`.
pub(super) fn mix(qkv: &Tensor, turns: &Turns, visible: &Visible, spec: &Spec) -> Result<Tensor, TchError> {
    let (canvases, length, _) = qkv.size3()?;
    let (heads, kv_heads, dim) = (i64::from(spec.heads), i64::from(spec.kv_heads), i64::from(spec.head_dim));
    let take = |from: i64, count: i64| {
        let columns = qkv.f_narrow(-1, from * dim, count * dim)?;
        columns.f_reshape([canvases, length, count, dim])?.f_transpose(1, 2)
    };
    let queries = turns.apply(&take(0, heads)?)?;
    let keys = shared(turns.apply(&take(heads, kv_heads)?)?, heads / kv_heads)?;
    let values = shared(take(heads + kv_heads, kv_heads)?, heads / kv_heads)?;
    let (mask, causal) = match visible {
        Visible::All => (None, false),
        Visible::Tokens(mask) => (Some(mask), false),
        Visible::Before => (None, true),
    };
    let mixed = Tensor::f_scaled_dot_product_attention(&queries, &keys, &values, mask, 0.0, causal, None, false)?;
    mixed.f_transpose(1, 2)?.f_reshape([canvases, length, heads * dim])
}

/// Each head of keys or values, once for each query head of its group.
fn shared(input: Tensor, queries: i64) -> Result<Tensor, TchError> {
    if queries == 1 { Ok(input) } else { input.f_repeat_interleave_self_int(queries, 1, None) }
}
