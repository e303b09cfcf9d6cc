//! The best ids of many rows of logits, found where the logits lie: what [`reweave_decode::predict`] does at temperature 0, for
//! positions where any text may stand. All else is left to that reference, on the host.

use reweave_decode::protocol::{Description, Options, Prediction, Scored, Shaped, TokenId};
use tch::{Device, Kind, TchError, Tensor};

use super::floats;

/// What is the same for all positions of one query.
#[derive(Debug)]
pub(super) struct Best {
    /// Ids reported, and at least two, since the margin needs the second.
    count: i64,
    reported: usize,
    scale: f64,
    /// `[vocabulary]`, true for ids that are not to be predicted.
    banned: Tensor,
}

/// The ids that a model never predicts, on its device; made once, since a vocabulary is large.
#[derive(Debug)]
pub(super) struct Specials {
    /// `[vocabulary]`
    all: Tensor,
    /// The same without the end of text.
    but_the_end: Tensor,
}

impl Specials {
    pub(super) fn new(description: &Description, device: Device) -> Result<Self, TchError> {
        let mask = |open: Option<TokenId>| {
            let mut banned = vec![false; description.vocabulary as usize];
            description.specials.iter().filter(|id| Some(**id) != open).for_each(|id| banned[*id as usize] = true);
            Tensor::f_from_slice(&banned)?.f_to_device(device)
        };
        Ok(Self { all: mask(None)?, but_the_end: mask(description.end)? })
    }
}

/// What was found, on the host: `width` ids for each row, best first.
struct Found {
    width: usize,
    ids: Vec<TokenId>,
    /// Of those ids, after guidance and suppression.
    logits: Vec<f32>,
    log_probs: Vec<f32>,
    /// Their log-probabilities in the conditional and in the unconditional branch, where there are two.
    branches: Option<(Vec<f32>, Vec<f32>)>,
    /// Of each row, in nats.
    entropy: Vec<f32>,
}

impl Best {
    /// Whether the predictions of a query with these options can be made here.
    pub(super) fn serves(options: &Options) -> bool {
        options.temperature == 0.0 && options.top_p >= 1.0
    }

    pub(super) fn new(options: &Options, specials: &Specials) -> Result<Self, TchError> {
        let specials = if options.end_allowed { &specials.but_the_end } else { &specials.all };
        let suppressed: Vec<i64> = options.suppressed.iter().map(|id| i64::from(*id)).collect();
        let banned = match suppressed.is_empty() {
            true => specials.shallow_clone(),
            false => {
                specials.f_index_fill(-1, &Tensor::f_from_slice(&suppressed)?.f_to_device(specials.device())?, 1)?
            }
        };
        Ok(Self {
            // One more shows whether the last that is reported has an equal that is not.
            count: i64::from(options.top_k.max(2) + 1).min(banned.size1()?),
            reported: options.top_k as usize,
            scale: f64::from(options.guidance.scale),
            banned,
        })
    }

    /// A prediction for each row; `None` where the reference must decide: logits that are no numbers, an order that depends on
    /// ids that were not looked at, or nothing left to predict.
    ///
    /// Both branches are `[rows, vocabulary]` in f32; `positions` label the rows.
    pub(super) fn predict(
        &self,
        conditional: &Tensor,
        unconditional: Option<&Tensor>,
        positions: &[u32],
    ) -> Result<Vec<Option<Prediction>>, TchError> {
        let mixed = match unconditional {
            None => conditional.shallow_clone(),
            Some(other) => self.mixed(conditional, other)?,
        };
        let usable = usable(&mixed, unconditional.map(|_| conditional))?;
        let open = self.suppressed(&mixed)?;
        let (logits, ids) = open.f_topk(self.count, -1, true, true)?;
        let log_probs = open.f_log_softmax(-1, Kind::Float)?;
        let entropy = log_probs.f_exp()?.f_special_entr()?;
        let branches = match unconditional {
            None => None,
            Some(other) => Some((self.log_probs(conditional, &ids)?, self.log_probs(other, &ids)?)),
        };
        let found = Found {
            width: self.count as usize,
            logits: floats(&logits)?,
            log_probs: floats(&log_probs.f_gather(-1, &ids, false)?)?,
            entropy: floats(&entropy.f_sum_dim_intlist([-1].as_slice(), false, Kind::Float)?)?,
            branches,
            ids: whole(&ids)?,
        };
        let one = |(row, position): (usize, &u32)| {
            if usable[row] { found.prediction(row, self.reported, *position) } else { None }
        };
        Ok(positions.iter().enumerate().map(one).collect())
    }

    /// `unconditional + scale * (conditional - unconditional)`.
    fn mixed(&self, conditional: &Tensor, unconditional: &Tensor) -> Result<Tensor, TchError> {
        unconditional.f_add(&conditional.f_sub(unconditional)?.f_mul_scalar(self.scale)?)
    }

    fn suppressed(&self, logits: &Tensor) -> Result<Tensor, TchError> {
        logits.f_masked_fill(&self.banned, f64::NEG_INFINITY)
    }

    /// Of `ids`, in one branch alone.
    fn log_probs(&self, branch: &Tensor, ids: &Tensor) -> Result<Vec<f32>, TchError> {
        floats(&self.suppressed(branch)?.f_log_softmax(-1, Kind::Float)?.f_gather(-1, ids, false)?)
    }
}

impl Found {
    /// `None` where the order depends on ids that were not looked at, or nothing is left.
    fn prediction(&self, row: usize, reported: usize, position: u32) -> Option<Prediction> {
        let start = row * self.width;
        let logits = &self.logits[start..start + self.width];
        let needed = reported.max(2);
        let tied = |next: &f32| *next > f32::NEG_INFINITY && *next == logits[needed - 1];
        if logits[0] == f32::NEG_INFINITY || logits.get(needed).is_some_and(tied) {
            return None;
        }
        let kept = (0..self.width.min(needed)).filter(|rank| logits[*rank] > f32::NEG_INFINITY);
        let mut places: Vec<usize> = kept.map(|rank| start + rank).collect();
        // Equal ones by id, which a device sorts as it likes.
        places.sort_by(|left, right| {
            let order = self.logits[*right].total_cmp(&self.logits[*left]);
            order.then(self.ids[*left].cmp(&self.ids[*right]))
        });
        let mut top: Vec<Scored> = places.into_iter().map(|place| self.scored(place)).collect();
        let probability = |rank: usize| top.get(rank).map_or(0.0, |scored| f64::from(scored.log_prob).exp());
        let entropy = self.entropy[row];
        let shaped =
            Shaped { probability: probability(0) as f32, margin: (probability(0) - probability(1)) as f32, entropy };
        let drawn = top[0];
        top.truncate(reported);
        Some(Prediction { position, top, drawn, shaped, entropy, allowed: None })
    }

    fn scored(&self, place: usize) -> Scored {
        let log_prob = self.log_probs[place];
        let branches = self.branches.as_ref();
        let (conditional, unconditional) =
            branches.map_or((log_prob, log_prob), |(conditional, other)| (conditional[place], other[place]));
        Scored { token: self.ids[place], log_prob, conditional, unconditional }
    }
}

/// Rows whose logits are numbers, in the conditional branch too where that is another tensor. A sum is a number only if all its
/// terms are; one that is none although they are is left to the reference too.
fn usable(mixed: &Tensor, conditional: Option<&Tensor>) -> Result<Vec<bool>, TchError> {
    let finite = |logits: &Tensor| {
        let sums = floats(&logits.f_sum_dim_intlist([-1].as_slice(), false, Kind::Float)?)?;
        Ok::<_, TchError>(sums.into_iter().map(f32::is_finite).collect::<Vec<bool>>())
    };
    let mut usable = finite(mixed)?;
    if let Some(conditional) = conditional {
        usable.iter_mut().zip(finite(conditional)?).for_each(|(usable, finite)| *usable &= finite);
    }
    Ok(usable)
}

/// Ids of a vocabulary, which fit.
fn whole(tensor: &Tensor) -> Result<Vec<TokenId>, TchError> {
    let mut values = vec![0_i64; tensor.numel()];
    tensor.f_contiguous()?.f_copy_data(&mut values, tensor.numel())?;
    Ok(values.into_iter().map(|value| value as TokenId).collect())
}

#[cfg(test)]
mod tests;
