//! A sentence encoder: BERT, the mean of its token vectors, brought to unit length.
//!
//! Sources: Devlin et al., "BERT" (1810.04805) section 3; Reimers and Gurevych, "Sentence-BERT" (1908.10084) section 3.

use std::collections::HashMap;

use reweave_decode::protocol::{Embedder, Fault, FaultCode};
use reweave_inference::Encoder;
use reweave_inference::folder::{Affine, SentenceFolder, SentenceLayer, SentencePart, SentenceSpec};
use reweave_inference::wordpieces::Wordpieces;
use tch::{Device, Kind, TchError, Tensor};

use crate::loader;

/// An encoder on a device, in f32.
#[derive(Debug)]
pub struct SentenceEncoder {
    embedder: Embedder,
    wordpieces: Wordpieces,
    network: Network,
    /// Positions of one forward pass, padding counted; a longer text runs alone.
    positions_max: usize,
}

/// The weights by their part, and the numbers that go with them.
#[derive(Debug)]
struct Network {
    spec: SentenceSpec,
    parts: HashMap<SentencePart, Tensor>,
    device: Device,
}

impl SentenceEncoder {
    /// Loads the weights of `folder`.
    ///
    /// # Errors
    /// When its files cannot be read any more, or the device has no room.
    pub fn load(
        folder: &SentenceFolder,
        wordpieces: Wordpieces,
        device: Device,
        positions_max: usize,
    ) -> Result<Self, loader::Error> {
        let _no_gradients = tch::no_grad_guard();
        let parts = loader::tensors(&folder.weights, (device, Kind::Float), &mut |_| {})?;
        let embedder =
            Embedder { name: folder.name.clone(), dimensions: folder.spec.hidden, tokens_max: folder.spec.tokens_max };
        Ok(Self { embedder, wordpieces, network: Network { spec: folder.spec.clone(), parts, device }, positions_max })
    }

    /// Groups of texts of like length whose padded positions stay within the bound; indices into `texts`.
    fn groups(&self, texts: &[Vec<i64>]) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|index| texts[*index].len());
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in order {
            let room = |group: &&mut Vec<usize>| (group.len() + 1) * texts[index].len() <= self.positions_max;
            match groups.last_mut().filter(room) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }
}

impl Encoder for SentenceEncoder {
    fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, Fault> {
        let _no_gradients = tch::no_grad_guard();
        let fault = |error: &dyn std::fmt::Display| Fault::new(FaultCode::Device, error.to_string());
        let ids = texts.iter().map(|text| self.wordpieces.ids(text)).collect::<Result<Vec<_>, _>>();
        let ids = ids.map_err(|error| fault(&error))?;
        let mut vectors = vec![Vec::new(); texts.len()];
        for group in self.groups(&ids) {
            let members: Vec<&[i64]> = group.iter().map(|index| ids[*index].as_slice()).collect();
            let rows = self.network.embed(&members).map_err(|error| fault(&error))?;
            for (index, row) in group.into_iter().zip(rows) {
                vectors[index] = row;
            }
        }
        if vectors.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Fault::new(FaultCode::NotFinite, "the encoder gave no numbers: its weights are broken"));
        }
        Ok(vectors)
    }
}

impl Network {
    fn part(&self, part: SentencePart) -> &Tensor {
        self.parts.get(&part).expect("the folder holds every tensor of its specification")
    }

    /// One vector of unit length for each text.
    fn embed(&self, texts: &[&[i64]]) -> Result<Vec<Vec<f32>>, TchError> {
        let length = texts.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let (mut ids, mut present) = (Vec::new(), Vec::new());
        for text in texts {
            ids.extend(text.iter().copied().chain(std::iter::repeat(0)).take(length));
            present.extend((0..length).map(|position| position < text.len()));
        }
        let shape = [texts.len() as i64, length as i64];
        let ids = Tensor::f_from_slice(&ids)?.f_reshape(shape)?.f_to_device(self.device)?;
        let present = Tensor::f_from_slice(&present)?.f_reshape(shape)?.f_to_device(self.device)?;
        let hidden = self.forward(&ids, &present.f_reshape([shape[0], 1, 1, shape[1]])?)?;
        let weights = present.f_unsqueeze(-1)?.f_to_kind(Kind::Float)?;
        let sum = hidden.f_mul(&weights)?.f_sum_dim_intlist([1].as_slice(), false, Kind::Float)?;
        let mean = sum.f_div(&weights.f_sum_dim_intlist([1].as_slice(), false, Kind::Float)?)?;
        let norm = mean.f_norm_scalaropt_dim(2.0, [-1].as_slice(), true)?.f_clamp_min(f64::from(f32::MIN_POSITIVE))?;
        let flat = crate::backend::floats(&mean.f_div(&norm)?)?;
        Ok(flat.chunks(self.spec.hidden as usize).map(<[f32]>::to_vec).collect())
    }

    /// `[texts, length]` to `[texts, length, hidden]`.
    fn forward(&self, ids: &Tensor, present: &Tensor) -> Result<Tensor, TchError> {
        let (_, length) = ids.size2()?;
        let words = Tensor::f_embedding(self.part(SentencePart::Words), ids, -1, false, false)?;
        let positions = self.part(SentencePart::Positions).f_narrow(0, 0, length)?;
        let kind = self.part(SentencePart::Types).f_narrow(0, 0, 1)?;
        let sum = words.f_add(&positions)?.f_add(&kind)?;
        let mut hidden = self.norm(&sum, SentencePart::Norm)?;
        for layer in 0..self.spec.layers {
            let part = |part| move |affine| SentencePart::Layer(layer, part, affine);
            let mixed = self.attend(&hidden, present, layer)?;
            let mixed = self.linear(&mixed, part(SentenceLayer::Output))?.f_add(&hidden)?;
            hidden = self.norm(&mixed, part(SentenceLayer::OutputNorm))?;
            let wide = self.linear(&hidden, part(SentenceLayer::Up))?.f_gelu("none")?;
            let narrow = self.linear(&wide, part(SentenceLayer::Down))?.f_add(&hidden)?;
            hidden = self.norm(&narrow, part(SentenceLayer::DownNorm))?;
        }
        Ok(hidden)
    }

    fn attend(&self, hidden: &Tensor, present: &Tensor, layer: u32) -> Result<Tensor, TchError> {
        let (texts, length, width) = hidden.size3()?;
        let heads = i64::from(self.spec.heads);
        let take = |part| {
            let all = self.linear(hidden, |affine| SentencePart::Layer(layer, part, affine))?;
            all.f_reshape([texts, length, heads, width / heads])?.f_transpose(1, 2)
        };
        let [queries, keys, values] = [SentenceLayer::Query, SentenceLayer::Key, SentenceLayer::Value].map(take);
        let mixed = Tensor::f_scaled_dot_product_attention(
            &queries?,
            &keys?,
            &values?,
            Some(present),
            0.0,
            false,
            None,
            false,
        )?;
        mixed.f_transpose(1, 2)?.f_reshape([texts, length, width])
    }

    fn linear(&self, input: &Tensor, part: impl Fn(Affine) -> SentencePart) -> Result<Tensor, TchError> {
        input.f_linear(self.part(part(Affine::Weight)), Some(self.part(part(Affine::Bias))))
    }

    fn norm(&self, input: &Tensor, part: impl Fn(Affine) -> SentencePart) -> Result<Tensor, TchError> {
        let (weight, bias) = (self.part(part(Affine::Weight)), self.part(part(Affine::Bias)));
        let width = i64::from(self.spec.hidden);
        input.f_layer_norm([width].as_slice(), Some(weight), Some(bias), self.spec.norm_epsilon, true)
    }
}
