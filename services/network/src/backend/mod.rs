//! A decoder as the service's [`Backend`]: canvases in, predictions out.

mod best;
mod plan;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reweave_decode::predict::{Place, Predictor, Rows};
use reweave_decode::protocol::{Backend, Bounds, Description, Fault, FaultCode, Prediction, Query};
use reweave_inference::folder::ModelFolder;
use tch::{Kind, TchError, Tensor};

use crate::decoder::{Decoder, Visible};
use crate::device::{self, Precision};
use best::{Best, Specials};
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
    specials: Specials,
    limits: Limits,
    spent: Spent,
}

/// Where time went since the backend was made. On a device that works behind the host's back, a part that waits for numbers
/// is charged with what was begun before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub passes: u64,
    /// Embedding, blocks and the last norm.
    pub blocks: Duration,
    /// The output head.
    pub head: Duration,
    /// From logits to predictions.
    pub choice: Duration,
}

impl TorchBackend {
    /// Of a loaded decoder and the folder it came from.
    ///
    /// # Errors
    /// When the device has no room for a mask over the vocabulary.
    pub fn new(
        decoder: Decoder,
        folder: &ModelFolder,
        precision: Precision,
        bounds: Bounds,
        limits: Limits,
    ) -> Result<Self, TchError> {
        let description = folder.description(&device::name(decoder.device()), precision.name(), bounds);
        let specials = Specials::new(&description, decoder.device())?;
        Ok(Self { decoder, description, specials, limits, spent: Spent::default() })
    }

    #[must_use]
    pub fn spent(&self) -> Spent {
        self.spent
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
    fn run(&mut self, chunk: &Chunk, batch: &[Query], results: &mut Results) {
        let _no_gradients = tch::no_grad_guard();
        if let Err(error) = self.forward(chunk, batch, results) {
            let fault = Fault::new(FaultCode::Device, error.to_string());
            chunk.members.iter().for_each(|member| results.fail(member.query, fault.clone()));
        }
    }

    fn forward(&mut self, chunk: &Chunk, batch: &[Query], results: &mut Results) -> Result<(), TchError> {
        let device = self.decoder.device();
        let begun = Instant::now();
        let input = chunk.input(device)?;
        let hidden = self.decoder.hidden(&input.ids, &input.visible, &input.rows)?;
        self.spent.passes += 1;
        self.spent.blocks += begun.elapsed();
        for pieces in chunk.pieces(self.limits.logit_rows_max) {
            let rows: Vec<i64> = pieces.iter().flat_map(Piece::rows).collect();
            let rows = Tensor::f_from_slice(&rows)?.f_to_device(device)?;
            let begun = Instant::now();
            let logits = self.decoder.head(&hidden.f_index_select(0, &rows)?)?;
            self.spent.head += begun.elapsed();
            let begun = Instant::now();
            let mut first = 0;
            for piece in &pieces {
                let count = piece.rows().count() as i64;
                let outcome = self.outcome(&logits.f_narrow(0, first, count)?, piece, &batch[piece.query])?;
                first += count;
                results.add(piece.query, outcome);
            }
            self.spent.choice += begun.elapsed();
        }
        Ok(())
    }

    /// `logits` holds a row for each wanted position of the piece, then one for each of the unconditional branch.
    fn outcome(
        &self,
        logits: &Tensor,
        piece: &Piece,
        query: &Query,
    ) -> Result<Result<Vec<Prediction>, Fault>, TchError> {
        let predictor = match Predictor::new(&self.description, &query.options) {
            Ok(predictor) => predictor,
            Err(fault) => return Ok(Err(fault)),
        };
        let count = piece.wanted.len() as i64;
        let conditional = logits.f_narrow(0, 0, count)?;
        let unconditional = piece.unconditional.as_ref().map(|_| logits.f_narrow(0, count, count)).transpose()?;
        let mut found = self.found(&conditional, unconditional.as_ref(), piece, query)?;
        let mut predictions = Vec::with_capacity(piece.wanted.len());
        for (row, wanted) in piece.wanted.clone().enumerate() {
            let place = Place { position: query.positions[wanted], allow: query.allow[wanted].as_deref() };
            if let Some(prediction) = found[row].take().filter(|_| place.allow.is_none()) {
                predictions.push(prediction);
                continue;
            }
            let conditional = floats(&conditional.f_get(row as i64)?)?;
            let unconditional = unconditional.as_ref().map(|other| floats(&other.f_get(row as i64)?)).transpose()?;
            let rows = Rows { conditional: &conditional, unconditional: unconditional.as_deref() };
            match predictor.predict(rows, place) {
                Ok(prediction) => predictions.push(prediction),
                Err(fault) => return Ok(Err(fault)),
            }
        }
        Ok(Ok(predictions))
    }

    /// What can be found on the device, by row.
    fn found(
        &self,
        conditional: &Tensor,
        unconditional: Option<&Tensor>,
        piece: &Piece,
        query: &Query,
    ) -> Result<Vec<Option<Prediction>>, TchError> {
        let positions = &query.positions[piece.wanted.clone()];
        let all_listed = query.allow[piece.wanted.clone()].iter().all(Option::is_some);
        if all_listed || !Best::serves(&query.options) {
            return Ok(vec![None; positions.len()]);
        }
        Best::new(&query.options, &self.specials)?.predict(conditional, unconditional, positions)
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
    /// Predictions of one piece of a query, after those of the pieces before it.
    fn add(&mut self, query: usize, outcome: Result<Vec<Prediction>, Fault>) {
        match (self.0.entry(query).or_insert_with(|| Ok(Vec::new())), outcome) {
            (Ok(all), Ok(predictions)) => all.extend(predictions),
            (entry @ Ok(_), Err(fault)) => *entry = Err(fault),
            (Err(_), _) => {}
        }
    }

    fn fail(&mut self, query: usize, fault: Fault) {
        self.0.insert(query, Err(fault));
    }

    fn take(&mut self, query: usize) -> Result<Vec<Prediction>, Fault> {
        self.0.remove(&query).unwrap_or_else(|| Ok(Vec::new()))
    }
}

/// Of any tensor in f32, row by row, wherever it lies.
pub(crate) fn floats(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let mut values = vec![0.0; tensor.numel()];
    tensor.f_contiguous()?.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}
