//! From logits to a [`Prediction`]: the reference arithmetic. Backends that run on the host use it; devices are tested
//! against it.
//!
//! In this order: guidance on logits, suppression (to minus infinity), log-softmax, the best ids and the entropy; then for
//! the draw alone: allow-list, temperature, nucleus, inverse transform by one uniform number. All sums are in f64.

mod best;
mod rules;
mod shape;

#[cfg(test)]
mod tests;

use crate::draw::{Purpose, uniform};
use crate::guidance;
use crate::protocol::{Allowed, Description, Fault, FaultCode, Options, Prediction, Scored, Shaped, TokenId};

use shape::Pick;

pub use rules::{TEMPERATURE_MAX, check};

/// The raw output of the model for one position.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// One logit for each id of the vocabulary, finite.
    pub conditional: &'a [f32],
    /// The same from the canvas without the dropped segments; absent at guidance scale 1.
    pub unconditional: Option<&'a [f32]>,
}

/// Where, and what may stand there.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Labels the prediction and selects the draw.
    pub position: u32,
    /// The only ids that may be drawn; repeated ones count once.
    pub allow: Option<&'a [TokenId]>,
}

/// The rules of one query, ready to be applied to its positions.
#[derive(Clone, Debug)]
pub struct Predictor<'a> {
    options: &'a Options,
    /// One for each id of the vocabulary.
    banned: Vec<bool>,
}

/// Logits after guidance and suppression, with what normalises them.
struct Distribution {
    /// Minus infinity where banned.
    logits: Vec<f64>,
    norm: Norm,
}

/// Of one row: `log Σ exp(logit)` over what is not banned, and the entropy in nats.
#[derive(Clone, Copy)]
struct Norm {
    log_sum: f64,
    entropy: f64,
}

/// What normalises each branch alone, and the unconditional logits.
#[derive(Clone, Copy)]
struct Branches<'r> {
    conditional: Norm,
    unconditional: Norm,
    row: &'r [f32],
}

impl<'a> Predictor<'a> {
    /// Takes `options` for a model.
    ///
    /// # Errors
    /// What [`check`] refuses.
    pub fn new(description: &Description, options: &'a Options) -> Result<Self, Fault> {
        check(description, options)?;
        let mut banned = vec![false; description.vocabulary as usize];
        let open = description.end.filter(|_| options.end_allowed);
        let specials = description.specials.iter().filter(|id| Some(**id) != open);
        for id in specials.chain(&options.suppressed) {
            if let Some(entry) = banned.get_mut(*id as usize) {
                *entry = true;
            }
        }
        Ok(Self { options, banned })
    }

    /// The prediction for one position.
    ///
    /// # Errors
    /// `NotFinite` for a logit that is no finite number, `Device` for a row of another length than the vocabulary,
    /// `Token` for an allow-list with an id outside it, `NothingAllowed` where no id is left.
    pub fn predict(&self, rows: Rows<'_>, place: Place<'_>) -> Result<Prediction, Fault> {
        let Options { seed, temperature, .. } = *self.options;
        let pick = match temperature {
            0.0 => Pick::Best,
            _ => Pick::At(uniform(seed, Purpose::Token, u64::from(place.position))),
        };
        self.picked(rows, place, pick)
    }

    /// The same where the draw came out as `drawn`: what a recorded run looked at.
    ///
    /// # Errors
    /// As [`Self::predict`]; also `NothingAllowed` where `drawn` cannot have been drawn.
    pub fn replay(&self, rows: Rows<'_>, place: Place<'_>, drawn: TokenId) -> Result<Prediction, Fault> {
        self.picked(rows, place, Pick::Known(drawn))
    }

    fn picked(&self, rows: Rows<'_>, place: Place<'_>, pick: Pick) -> Result<Prediction, Fault> {
        self.check_rows(rows, place.position)?;
        let mixed = self.mixed(rows, place.position)?;
        let branches = self.branches(rows)?;
        let score = |token: TokenId| {
            let id = token as usize;
            let log_prob = (mixed.logits[id] - mixed.norm.log_sum) as f32;
            match branches {
                None => Scored { token, log_prob, conditional: log_prob, unconditional: log_prob },
                Some(Branches { conditional, unconditional, row }) => Scored {
                    token,
                    log_prob,
                    conditional: (f64::from(rows.conditional[id]) - conditional.log_sum) as f32,
                    unconditional: (f64::from(row[id]) - unconditional.log_sum) as f32,
                },
            }
        };
        let candidates = mixed.candidates();
        // The second is needed for the margin, whatever is reported.
        let mut top = best::best(candidates, (self.options.top_k as usize).max(2));
        let (drawn, shaped) = self.draw(&mixed, &top, place, pick)?;
        top.truncate(self.options.top_k as usize);
        Ok(Prediction {
            position: place.position,
            top: top.into_iter().map(|(id, _)| score(id)).collect(),
            drawn: score(drawn),
            shaped,
            entropy: mixed.norm.entropy as f32,
            allowed: place.allow.map(|ids| allowed(&mixed, ids)),
        })
    }

    fn check_rows(&self, rows: Rows<'_>, position: u32) -> Result<(), Fault> {
        for row in std::iter::once(rows.conditional).chain(rows.unconditional) {
            if row.len() != self.banned.len() {
                let message = format!("{} logits for a vocabulary of {}", row.len(), self.banned.len());
                return Err(Fault::new(FaultCode::Device, message));
            }
            if let Some(id) = row.iter().position(|logit| !logit.is_finite()) {
                let message = format!("the logit of token {id} at position {position} is {}", row[id]);
                return Err(Fault::new(FaultCode::NotFinite, message));
            }
        }
        Ok(())
    }

    fn mixed(&self, rows: Rows<'_>, position: u32) -> Result<Distribution, Fault> {
        let scale = self.options.guidance.scale;
        let mut logits: Vec<f64> = match rows.unconditional {
            None => rows.conditional.iter().copied().map(f64::from).collect(),
            Some(other) => {
                rows.conditional.iter().zip(other).map(|(row, other)| guidance::mix(*row, *other, scale)).collect()
            }
        };
        for (logit, banned) in logits.iter_mut().zip(&self.banned) {
            if *banned {
                *logit = f64::NEG_INFINITY;
            }
        }
        let nothing =
            || Fault::new(FaultCode::NothingAllowed, format!("every id is suppressed at position {position}"));
        let norm = norm(logits.iter().copied()).ok_or_else(nothing)?;
        Ok(Distribution { logits, norm })
    }

    /// Where there are two.
    fn branches<'r>(&self, rows: Rows<'r>) -> Result<Option<Branches<'r>>, Fault> {
        let Some(row) = rows.unconditional else { return Ok(None) };
        let of = |row: &[f32]| {
            let open = row.iter().zip(&self.banned).filter(|(_, banned)| !**banned);
            norm(open.map(|(logit, _)| f64::from(*logit)))
        };
        match (of(rows.conditional), of(row)) {
            (Some(conditional), Some(unconditional)) => Ok(Some(Branches { conditional, unconditional, row })),
            _ => Err(Fault::new(FaultCode::NothingAllowed, "every id is suppressed")),
        }
    }

    /// The id drawn at `place`; `top` holds the two best of all.
    fn draw(
        &self,
        mixed: &Distribution,
        top: &[(TokenId, f64)],
        place: Place<'_>,
        pick: Pick,
    ) -> Result<(TokenId, Shaped), Fault> {
        let impossible = || {
            let message = format!("what is given as drawn at position {} cannot be drawn", place.position);
            Fault::new(FaultCode::NothingAllowed, message)
        };
        let Some(list) = place.allow else {
            if pick == Pick::Best && self.options.top_p >= 1.0 {
                return Ok(shape::plain(top, mixed.norm));
            }
            return shape::draw(mixed.candidates().collect(), self.options, pick).ok_or_else(impossible);
        };
        let mut ids = list.to_vec();
        ids.sort_unstable();
        ids.dedup();
        if let Some(id) = ids.iter().find(|id| **id as usize >= mixed.logits.len()) {
            let message = format!("token {id} is not below the vocabulary's {}", mixed.logits.len());
            return Err(Fault::new(FaultCode::Token, message));
        }
        let open = ids.into_iter().map(|id| (id, mixed.logits[id as usize]));
        let open: Vec<_> = open.filter(|(_, logit)| *logit > f64::NEG_INFINITY).collect();
        if open.is_empty() {
            let message = format!("the allow-list of position {} leaves nothing to draw", place.position);
            return Err(Fault::new(FaultCode::NothingAllowed, message));
        }
        shape::draw(open, self.options, pick).ok_or_else(impossible)
    }
}

impl Distribution {
    /// Ids that are not banned with their logits, ascending by id.
    fn candidates(&self) -> impl Iterator<Item = (TokenId, f64)> + '_ {
        let open = self.logits.iter().enumerate().filter(|(_, logit)| **logit > f64::NEG_INFINITY);
        open.map(|(id, logit)| (id as TokenId, *logit))
    }
}

/// `None` where nothing is above minus infinity.
fn norm(logits: impl Iterator<Item = f64> + Clone) -> Option<Norm> {
    let max = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return None;
    }
    let (mut sum, mut weighted) = (0.0, 0.0);
    for logit in logits {
        // Less than 1e-19 of the best changes no digit of either sum, and minus infinity times 0 is no number.
        let below = logit - max;
        if below > -44.0 {
            let weight = below.exp();
            sum += weight;
            weighted += weight * below;
        }
    }
    // H = -Σ p log p = log Σ e^x - Σ p x, with x counted from the largest.
    let entropy = (sum.ln() - weighted / sum).max(0.0);
    Some(Norm { log_sum: max + sum.ln(), entropy })
}

fn allowed(mixed: &Distribution, ids: &[TokenId]) -> Allowed {
    let log_prob = |id: TokenId| mixed.logits[id as usize] - mixed.norm.log_sum;
    let mut distinct = ids.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mass: f64 = distinct.iter().map(|id| log_prob(*id).exp()).sum();
    Allowed { log_probs: ids.iter().map(|id| log_prob(*id) as f32).collect(), mass: mass.min(1.0) as f32 }
}
