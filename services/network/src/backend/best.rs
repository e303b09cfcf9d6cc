//! The best ids of many rows of logits, found where the logits lie: what [`reweave_decode::predict`] does at temperature 0, for
//! positions where any text may stand. All else is left to that reference, on the host.

use reweave_decode::protocol::{Description, Options, Prediction, Scored, Shaped, TokenId};
use tch::{Kind, TchError, Tensor};

use super::floats;

/// What is the same for all positions of one query.
#[derive(Debug)]
pub(super) struct Best {
    /// Ids reported, and at least two, since the margin needs the second.
    count: i64,
    reported: usize,
    scale: f64,
    /// Ids that are never predicted; whole numbers.
    banned: Tensor,
}

/// Numbers of one row that are no logits.
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

    pub(super) fn new(options: &Options, description: &Description, like: &Tensor) -> Result<Self, TchError> {
        let open = description.end.filter(|_| options.end_allowed);
        let specials = description.specials.iter().filter(|id| Some(**id) != open);
        let banned: Vec<i64> = specials.chain(&options.suppressed).map(|id| i64::from(*id)).collect();
        Ok(Self {
            // One more shows whether the last that is reported has an equal that is not.
            count: i64::from(options.top_k.max(2) + 1).min(i64::from(description.vocabulary)),
            reported: options.top_k as usize,
            scale: f64::from(options.guidance.scale),
            banned: Tensor::f_from_slice(&banned)?.f_to_device(like.device())?,
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
        let usable = flags(&finite_rows(&mixed)?.f_logical_and(&finite_rows(conditional)?)?)?;
        let open = self.suppressed(&mixed)?;
        let (logits, ids) = open.f_topk(self.count, -1, true, true)?;
        let norms = Norms::of(&open)?;
        let shares = match unconditional {
            None => None,
            Some(other) => Some((self.share(conditional, &ids)?, self.share(other, &ids)?)),
        };
        let (logits, ids) = (floats(&logits)?, whole(&ids)?);
        let one = |row: usize| {
            let range = row * self.count as usize..(row + 1) * self.count as usize;
            let score = |place: usize| Self::scored(place, row, (&ids, &logits), &norms, shares.as_ref());
            self.row(&logits[range.clone()], range, positions[row], norms.entropy[row], &ids, &score)
        };
        Ok((0..positions.len()).map(|row| if usable[row] { one(row) } else { None }).collect())
    }

    fn row(
        &self,
        logits: &[f32],
        range: std::ops::Range<usize>,
        position: u32,
        entropy: f32,
        ids: &[TokenId],
        score: &dyn Fn(usize) -> Scored,
    ) -> Option<Prediction> {
        let needed = self.reported.max(2);
        let tied = |next: &f32| *next > f32::NEG_INFINITY && *next == logits[needed - 1];
        if logits[0] == f32::NEG_INFINITY || logits.get(needed).is_some_and(tied) {
            return None;
        }
        let mut places: Vec<usize> = range.clone().take(needed).collect();
        places.retain(|place| logits[place - range.start] > f32::NEG_INFINITY);
        // Equal ones by id, which a device sorts as it likes.
        places.sort_by(|left, right| {
            let order = logits[right - range.start].total_cmp(&logits[left - range.start]);
            order.then(ids[*left].cmp(&ids[*right]))
        });
        let mut top: Vec<Scored> = places.into_iter().map(score).collect();
        let probability = |place: usize| top.get(place).map_or(0.0, |scored| f64::from(scored.log_prob).exp());
        let shaped =
            Shaped { probability: probability(0) as f32, margin: (probability(0) - probability(1)) as f32, entropy };
        let drawn = top[0];
        top.truncate(self.reported);
        Some(Prediction { position, top, drawn, shaped, entropy, allowed: None })
    }

    fn scored(
        place: usize,
        row: usize,
        (ids, logits): (&[TokenId], &[f32]),
        norms: &Norms,
        shares: Option<&(Share, Share)>,
    ) -> Scored {
        let log_prob = logits[place] - norms.log_sum[row];
        let of = |share: &Share| share.logits[place] - share.log_sum[row];
        let (conditional, unconditional) =
            shares.map_or((log_prob, log_prob), |(conditional, unconditional)| (of(conditional), of(unconditional)));
        Scored { token: ids[place], log_prob, conditional, unconditional }
    }

    /// `unconditional + scale * (conditional - unconditional)`.
    fn mixed(&self, conditional: &Tensor, unconditional: Option<&Tensor>) -> Result<Tensor, TchError> {
        match unconditional {
            None => Ok(conditional.shallow_clone()),
            Some(other) => other.f_add(&conditional.f_sub(other)?.f_mul_scalar(self.scale)?),
        }
    }

    fn suppressed(&self, logits: &Tensor) -> Result<Tensor, TchError> {
        logits.f_index_fill(-1, &self.banned, f64::NEG_INFINITY)
    }

    fn share(&self, branch: &Tensor, ids: &Tensor) -> Result<Share, TchError> {
        let log_sum = self.suppressed(branch)?.f_logsumexp([-1].as_slice(), false)?;
        Ok(Share { logits: floats(&branch.f_gather(-1, ids, false)?)?, log_sum: floats(&log_sum)? })
    }
}

impl Norms {
    fn of(open: &Tensor) -> Result<Self, TchError> {
        let log_sum = open.f_logsumexp([-1].as_slice(), true)?;
        let log_probs = open.f_sub(&log_sum)?;
        // Minus infinity times a probability of 0 is no number; any finite number times it is 0.
        let products = log_probs.f_exp()?.f_mul(&log_probs.f_clamp_min(-1e4)?)?;
        let entropy = products.f_sum_dim_intlist([-1].as_slice(), false, Kind::Float)?.f_neg()?.f_clamp_min(0.0)?;
        Ok(Self { log_sum: floats(&log_sum)?, entropy: floats(&entropy)? })
    }
}

fn finite_rows(logits: &Tensor) -> Result<Tensor, TchError> {
    logits.f_isfinite()?.f_all_dim(-1, false)
}

fn flags(tensor: &Tensor) -> Result<Vec<bool>, TchError> {
    Ok(whole(&tensor.f_to_kind(Kind::Int64)?)?.into_iter().map(|flag| flag != 0).collect())
}

/// Ids of a vocabulary, which fit.
fn whole(tensor: &Tensor) -> Result<Vec<TokenId>, TchError> {
    let mut values = vec![0_i64; tensor.numel()];
    tensor.f_contiguous()?.f_copy_data(&mut values, tensor.numel())?;
    Ok(values.into_iter().map(|value| value as TokenId).collect())
}

#[cfg(test)]
mod tests;
