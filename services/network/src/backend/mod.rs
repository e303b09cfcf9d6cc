//! A decoder as the service's [`Backend`]: canvases in, predictions out.

mod plan;

use std::collections::HashMap;

use reweave_decode::predict::{Place, Predictor, Rows};
use reweave_decode::protocol::{Backend, Bounds, Description, Fault, FaultCode, Prediction, Query};
use reweave_inference::folder::ModelFolder;
use tch::{Device, Kind, TchError, Tensor};

use crate::decoder::{Decoder, Visible};
use crate::device::{self, Precision};
use plan::{Branches, Chunk, Piece};

/// How much is put on the device at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Positions of one forward pass, padding and both branches counted. A canvas that is longer runs alone.
    pub positions_max: usize,
    /// Rows of logits that are there at a time; each takes 4 bytes for each id of the vocabulary, some of them thrice.
    pub logit_rows_max: usize,
}

/// A network that predicts.
#[derive(Debug)]
pub struct TorchBackend {
    decoder: Decoder,
    description: Description,
    limits: Limits,
}

impl TorchBackend {
    /// Of a loaded decoder and the folder it came from.
    #[must_use]
    pub fn new(decoder: Decoder, folder: &ModelFolder, precision: Precision, bounds: Bounds, limits: Limits) -> Self {
        let description = folder.description(&device::name(decoder.device()), precision.name(), bounds);
        Self { decoder, description, limits }
    }

    /// Logits of one canvas at every row, `[length, vocabulary]` in f32, as the network gives them: unshifted and with
    /// nothing suppressed.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn raw_logits(&self, ids: &[i64], causal: bool) -> Result<Tensor, TchError> {
        let _no_gradients = tch::no_grad_guard();
        let device = self.decoder.device();
        let rows = Tensor::f_arange(ids.len() as i64, (Kind::Int64, device))?;
        let ids = Tensor::f_from_slice(ids)?.f_unsqueeze(0)?.f_to_device(device)?;
        self.decoder.logits(&ids, if causal { &Visible::Before } else { &Visible::All }, &rows)
    }

    /// Runs the canvases of one chunk and puts what comes of each into `results`.
    fn run(&self, chunk: &Chunk, batch: &[Query], results: &mut Results) {
        let _no_gradients = tch::no_grad_guard();
        if let Err(error) = self.forward(chunk, batch, results) {
            let fault = Fault::new(FaultCode::Device, error.to_string());
            chunk.members.iter().for_each(|member| results.fail(member.query, fault.clone()));
        }
    }

    fn forward(&self, chunk: &Chunk, batch: &[Query], results: &mut Results) -> Result<(), TchError> {
        let device = self.decoder.device();
        let input = chunk.input(device)?;
        let hidden = self.decoder.hidden(&input.ids, &input.visible, &input.rows)?;
        for pieces in chunk.pieces(self.limits.logit_rows_max) {
            let rows: Vec<i64> = pieces.iter().flat_map(Piece::rows).collect();
            let rows = Tensor::f_from_slice(&rows)?.f_to_device(device)?;
            let logits = self.decoder.head(&hidden.f_index_select(0, &rows)?)?.f_to_device(Device::Cpu)?;
            let mut first = 0;
            for piece in &pieces {
                let count = piece.rows().count() as i64;
                let logits = floats(&logits.f_narrow(0, first, count)?)?;
                first += count;
                match self.on_host(&logits, piece, &batch[piece.query]) {
                    Ok(predictions) => results.extend(piece.query, predictions),
                    Err(fault) => results.fail(piece.query, fault),
                }
            }
        }
        Ok(())
    }

    /// `logits` holds a row for each wanted position of the piece, then one for each of the unconditional branch.
    fn on_host(&self, logits: &[f32], piece: &Piece, query: &Query) -> Result<Vec<Prediction>, Fault> {
        let predictor = Predictor::new(&self.description, &query.options)?;
        let width = self.description.vocabulary as usize;
        let row = |index: usize| &logits[index * width..(index + 1) * width];
        let count = piece.wanted.len();
        let one = |(index, wanted): (usize, usize)| {
            let unconditional = piece.unconditional.is_some().then(|| row(count + index));
            let rows = Rows { conditional: row(index), unconditional };
            predictor.predict(rows, Place { position: query.positions[wanted], allow: query.allow[wanted].as_deref() })
        };
        piece.wanted.clone().enumerate().map(one).collect()
    }
}

impl Backend for TorchBackend {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        let mut results = Results::default();
        let mut sound = Vec::new();
        for (index, query) in batch.iter().enumerate() {
            match Branches::of(query, index, &self.description) {
                Ok(branches) => sound.push(branches),
                Err(fault) => results.fail(index, fault),
            }
        }
        for chunk in plan::chunks(sound, self.limits.positions_max) {
            self.run(&chunk, batch, &mut results);
        }
        (0..batch.len()).map(|index| results.take(index)).collect()
    }
}

/// What came of each query so far.
#[derive(Debug, Default)]
struct Results(HashMap<usize, Result<Vec<Prediction>, Fault>>);

impl Results {
    fn extend(&mut self, query: usize, predictions: Vec<Prediction>) {
        if let Ok(all) = self.0.entry(query).or_insert_with(|| Ok(Vec::new())) {
            all.extend(predictions);
        }
    }

    fn fail(&mut self, query: usize, fault: Fault) {
        self.0.insert(query, Err(fault));
    }

    fn take(&mut self, query: usize) -> Result<Vec<Prediction>, Fault> {
        self.0.remove(&query).unwrap_or_else(|| Ok(Vec::new()))
    }
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let mut values = vec![0.0; tensor.numel()];
    tensor.f_contiguous()?.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}
