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
    norms: Norms,
    /// Of the conditional and the unconditional branch, where there are two.
    shares: Option<(Share, Share)>,
}

/// Numbers of each row.
struct Norms {
    log_sum: Vec<f32>,
    entropy: Vec<f32>,
}

/// One branch's share in the scores: logits of the best ids, and what normalises them.
struct Share {
    logits: Vec<f32>,
    log_sum: Vec<f32>,
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
        let mixed = self.mixed(conditional, unconditional)?;
        let usable = self.usable(&mixed, conditional)?;
        let open = self.suppressed(&mixed)?;
        let (logits, ids) = open.f_topk(self.count, -1, true, true)?;
        let shares = match unconditional {
            None => None,
            Some(other) => Some((self.share(conditional, &ids)?, self.share(other, &ids)?)),
        };
        let found = Found {
            width: self.count as usize,
            ids: whole(&ids)?,
            logits: floats(&logits)?,
            norms: Norms::of(&open)?,
            shares,
        };
        let one = |(row, position): (usize, &u32)| {
            if usable[row] { found.prediction(row, self.reported, *position) } else { None }
        };
        Ok(positions.iter().enumerate().map(one).collect())
    }

    /// Rows whose logits are numbers. A sum is a number only if all its terms are; one that is none although they are is
    /// left to the reference too.
    fn usable(&self, mixed: &Tensor, conditional: &Tensor) -> Result<Vec<bool>, TchError> {
        let sums = |logits: &Tensor| floats(&logits.f_sum_dim_intlist([-1].as_slice(), false, Kind::Float)?);
        let pairs = sums(mixed)?.into_iter().zip(sums(conditional)?);
        Ok(pairs.map(|(mixed, conditional)| mixed.is_finite() && conditional.is_finite()).collect())
    }

    /// `unconditional + scale * (conditional - unconditional)`.
    fn mixed(&self, conditional: &Tensor, unconditional: Option<&Tensor>) -> Result<Tensor, TchError> {
        match unconditional {
            None => Ok(conditional.shallow_clone()),
            Some(other) => other.f_add(&conditional.f_sub(other)?.f_mul_scalar(self.scale)?),
        }
    }

    fn suppressed(&self, logits: &Tensor) -> Result<Tensor, TchError> {
        logits.f_masked_fill(&self.banned, f64::NEG_INFINITY)
    }

    fn share(&self, branch: &Tensor, ids: &Tensor) -> Result<Share, TchError> {
        let log_sum = self.suppressed(branch)?.f_logsumexp([-1].as_slice(), false)?;
        Ok(Share { logits: floats(&branch.f_gather(-1, ids, false)?)?, log_sum: floats(&log_sum)? })
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
        let mut top: Vec<Scored> = places.into_iter().map(|place| self.scored(row, place)).collect();
        let probability = |rank: usize| top.get(rank).map_or(0.0, |scored| f64::from(scored.log_prob).exp());
        let entropy = self.norms.entropy[row];
        let shaped =
            Shaped { probability: probability(0) as f32, margin: (probability(0) - probability(1)) as f32, entropy };
        let drawn = top[0];
        top.truncate(reported);
        Some(Prediction { position, top, drawn, shaped, entropy, allowed: None })
    }

    fn scored(&self, row: usize, place: usize) -> Scored {
        let log_prob = self.logits[place] - self.norms.log_sum[row];
        let of = |share: &Share| share.logits[place] - share.log_sum[row];
        let branches = self.shares.as_ref();
        let (conditional, unconditional) =
            branches.map_or((log_prob, log_prob), |(conditional, other)| (of(conditional), of(other)));
        Scored { token: self.ids[place], log_prob, conditional, unconditional }
    }
}

impl Norms {
    fn of(open: &Tensor) -> Result<Self, TchError> {
        let log_sum = open.f_logsumexp([-1].as_slice(), true)?;
        let entropy = open.f_sub(&log_sum)?.f_exp()?.f_special_entr()?;
        let entropy = entropy.f_sum_dim_intlist([-1].as_slice(), false, Kind::Float)?;
        Ok(Self { log_sum: floats(&log_sum)?, entropy: floats(&entropy)? })
    }
}

/// Ids of a vocabulary, which fit.
fn whole(tensor: &Tensor) -> Result<Vec<TokenId>, TchError> {
    let mut values = vec![0_i64; tensor.numel()];
    tensor.f_contiguous()?.f_copy_data(&mut values, tensor.numel())?;
    Ok(values.into_iter().map(|value| value as TokenId).collect())
}

#[cfg(test)]
mod tests;
