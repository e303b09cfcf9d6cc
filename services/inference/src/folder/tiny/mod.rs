//! Writes model folders with random weights: small ones for tests and the demo, large ones for benchmarks.
//!
//! They are whole: configuration, a byte-level tokenizer with every mark, and safetensors. What they predict is noise, but
//! the same noise for the same seed, everywhere.

mod config;
mod numbers;
mod tokenizer;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensorError, View};

use super::{Architecture, Part, StoredType, parts};
use numbers::Numbers;

/// A network to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub architecture: Architecture,
    pub shape: Shape,
    pub dtype: StoredType,
    pub seed: u64,
}

/// Its size. Heads have `hidden / heads` columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub hidden: u32,
    pub intermediate: u32,
    pub layers: u32,
    pub heads: u32,
    pub kv_heads: u32,
    pub positions_max: u32,
    /// Rows of the embedding; at least the ids of the tokenizer, which are rounded up to 64 when this is less.
    pub vocabulary: u32,
    pub tied: bool,
}

impl Shape {
    /// About 100,000 numbers: a forward pass of 100 positions takes a millisecond.
    pub const TINY: Self = Self {
        hidden: 64,
        intermediate: 128,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        positions_max: 2048,
        vocabulary: 0,
        tied: true,
    };
    /// That of Qwen2.5-Coder-0.5B, as its `config.json` has it.
    pub const CODER_HALF_B: Self = Self {
        hidden: 896,
        intermediate: 4864,
        layers: 24,
        heads: 14,
        kv_heads: 2,
        positions_max: 32_768,
        vocabulary: 151_936,
        tied: true,
    };
}

impl Plan {
    /// A tiny masked diffusion model, as Dream is one.
    #[must_use]
    pub fn diffusion(seed: u64) -> Self {
        Self { architecture: Architecture::Dream, shape: Shape::TINY, dtype: StoredType::F32, seed }
    }

    /// A tiny autoregressive model that fills in the middle, as Qwen2.5-Coder does.
    #[must_use]
    pub fn autoregressive(seed: u64) -> Self {
        Self { architecture: Architecture::Qwen2, shape: Shape::TINY, dtype: StoredType::F32, seed }
    }
}

/// Why a folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot write {file} of a model with random weights")]
    Write { file: &'static str, source: std::io::Error },
    #[error("cannot write the weights of a model with random weights")]
    Weights(#[source] SafeTensorError),
}

/// Writes a folder that [`super::open`] reads; files of those names that are there are replaced.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn write(dir: &Path, plan: &Plan) -> Result<(), Error> {
    let put = |file: &'static str, text: String| {
        fs::write(dir.join(file), text).map_err(|source| Error::Write { file, source })
    };
    fs::create_dir_all(dir).map_err(|source| Error::Write { file: "the folder", source })?;
    let spec = config::spec(plan);
    put("tokenizer.json", tokenizer::json())?;
    put("tokenizer_config.json", tokenizer::config())?;
    put("config.json", config::json(plan, &spec))?;
    let tensors = parts::expected(&spec).into_iter().enumerate().map(|(index, (part, name, shape))| {
        let numbers = Numbers::new(plan.seed, index as u64);
        (name, Random { part, shape, dtype: plan.dtype, numbers })
    });
    let path = dir.join("model.safetensors");
    safetensors::serialize_to_file(tensors, None, &path).map_err(Error::Weights)
}

/// A tensor whose numbers are made when they are written, so that a large model never lies in memory.
struct Random {
    part: Part,
    shape: Vec<usize>,
    dtype: StoredType,
    numbers: Numbers,
}

impl Random {
    fn number_of_values(&self) -> usize {
        self.shape.iter().product()
    }

    /// Norms are 1. All else is drawn so that a unit input gives an output of about unit size.
    fn values(&self) -> Vec<f32> {
        let count = self.number_of_values();
        match self.part {
            Part::FinalNorm => vec![1.0; count],
            Part::Layer(_, part) if part.is_norm() => vec![1.0; count],
            Part::Embedding | Part::Head | Part::Layer(..) => {
                let columns = self.shape.last().copied().unwrap_or(1) as f32;
                self.numbers.symmetric(columns.sqrt().recip(), count)
            }
        }
    }
}

impl View for Random {
    fn dtype(&self) -> Dtype {
        match self.dtype {
            StoredType::F32 => Dtype::F32,
            StoredType::Bf16 => Dtype::BF16,
            StoredType::F16 => Dtype::F16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.values().into_iter();
        Cow::Owned(match self.dtype {
            StoredType::F32 => values.flat_map(f32::to_le_bytes).collect(),
            // The upper half of an f32; what is cut off is less than the noise.
            StoredType::Bf16 => values.flat_map(|value| ((value.to_bits() >> 16) as u16).to_le_bytes()).collect(),
            StoredType::F16 => values.flat_map(|value| half_bits(value).to_le_bytes()).collect(),
        })
    }

    fn data_len(&self) -> usize {
        self.number_of_values() * if self.dtype == StoredType::F32 { 4 } else { 2 }
    }
}

/// IEEE 754 binary16, cut off instead of rounded; for magnitudes from 2^-14 to 65504, below that zero.
fn half_bits(value: f32) -> u16 {
    const BIAS_DIFFERENCE: u32 = 127 - 15;
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = (bits >> 23) & 0xff;
    if exponent <= BIAS_DIFFERENCE {
        return sign;
    }
    sign | (((exponent - BIAS_DIFFERENCE) << 10) | ((bits >> 13) & 0x3ff)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_writes_the_same_folder_and_another_seed_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let digest = |name: &str, plan: &Plan| {
            let dir = folder.path().join(name);
            write(&dir, plan).unwrap();
            super::super::open(&dir).unwrap().digest
        };
        let first = digest("a", &Plan::diffusion(1));
        assert_eq!(digest("b", &Plan::diffusion(1)), first);
        assert_ne!(digest("c", &Plan::diffusion(2)), first);
    }

    #[test]
    fn half_precision_keeps_ten_bits() {
        assert_eq!(half_bits(1.0), 0x3c00);
        assert_eq!(half_bits(-0.5), 0xb800);
        assert_eq!(half_bits(0.0), 0);
        assert_eq!(half_bits(1.5), 0x3e00);
    }
}
