//! From logits to a [`Prediction`]: the reference arithmetic. Backends that run on the host use it; devices are tested
//! against it.
//!
//! In this order: guidance on logits, suppression (to minus infinity), log-softmax, the best ids and the entropy; then for
//! the draw alone: allow-list, temperature, nucleus, inverse transform by one uniform number. All sums are in f64.

mod best;
mod rules;
mod shape;
mod sparse;

#[cfg(test)]
mod tests;

use crate::draw::{Purpose, uniform};
use crate::guidance;
use crate::protocol::{Allowed, Description, Fault, FaultCode, Options, Prediction, Scored, Shaped, TokenId};

use shape::Pick;

pub use rules::{TEMPERATURE_MAX, check};
pub use sparse::{Base, Sparse};

/// Ids that are weighed before all are.
const HEAD: usize = 256;

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
    /// The ids that are banned, each once.
    banned_ids: Vec<TokenId>,
}

/// Logits after guidance and suppression, with what normalises them.
struct Distribution<'a> {
    logits: Logits<'a>,
    norm: Norm,
}

enum Logits<'a> {
    /// Of every id; minus infinity where banned.
    Dense(Vec<f64>),
    Sparse(Sparse<'a>, &'a [bool]),
}

/// Of one row: `log Σ exp(logit)` over what is not banned, and the entropy in nats.
#[derive(Clone, Copy)]
struct Norm {
    log_sum: f64,
    entropy: f64,
}

/// Both branches' logits, each with what normalises it alone.
#[derive(Clone, Copy)]
struct Branches<'r> {
    conditional: (&'r [f32], Norm),
    unconditional: (&'r [f32], Norm),
}

impl<'a> Predictor<'a> {
    /// Takes `options` for a model.
    ///
    /// # Errors
    /// What [`check`] refuses.
    pub fn new(description: &Description, options: &'a Options) -> Result<Self, Fault> {
        check(description, options)?;
        let mut banned = vec![false; description.vocabulary as usize];
        let mut banned_ids = Vec::new();
        let open = description.end.filter(|_| options.end_allowed);
        let specials = description.specials.iter().filter(|id| Some(**id) != open);
        for id in specials.chain(&options.suppressed).copied() {
            if banned.get_mut(id as usize).is_some_and(|entry| !std::mem::replace(entry, true)) {
                banned_ids.push(id);
            }
        }
        Ok(Self { options, banned, banned_ids })
    }

    /// The prediction for one position.
    ///
    /// # Errors
    /// `NotFinite` for a logit that is no finite number, `Device` for a row of another length than the vocabulary,
    /// `Token` for an allow-list with an id outside it, `NothingAllowed` where no id is left.
    pub fn predict(&self, rows: Rows<'_>, place: Place<'_>) -> Result<Prediction, Fault> {
        self.picked(rows, place, self.pick(place.position))
    }

    /// The prediction for one position of a distribution that is given by its difference from another.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn predict_sparse(&self, sparse: Sparse<'_>, place: Place<'_>) -> Result<Prediction, Fault> {
        if sparse.base.len() != self.banned.len() {
            let message = format!("{} logits for a vocabulary of {}", sparse.base.len(), self.banned.len());
            return Err(Fault::new(FaultCode::Device, message));
        }
        let norm = sparse.norm(&self.banned, &self.banned_ids).ok_or_else(|| suppressed(place.position))?;
        let mixed = Distribution { logits: Logits::Sparse(sparse, &self.banned), norm };
        self.conclude(&mixed, None, place, self.pick(place.position))
    }

    /// The same where the draw came out as `drawn`: what a recorded run looked at.
    ///
    /// # Errors
    /// As [`Self::predict`]; also `NothingAllowed` where `drawn` cannot have been drawn.
    pub fn replay(&self, rows: Rows<'_>, place: Place<'_>, drawn: TokenId) -> Result<Prediction, Fault> {
        self.picked(rows, place, Pick::Known(drawn))
    }

    fn pick(&self, position: u32) -> Pick {
        let Options { seed, temperature, .. } = *self.options;
        match temperature {
            0.0 => Pick::Best,
            _ => Pick::At(uniform(seed, Purpose::Token, u64::from(position))),
        }
    }

    fn picked(&self, rows: Rows<'_>, place: Place<'_>, pick: Pick) -> Result<Prediction, Fault> {
        self.check_rows(rows, place.position)?;
        let mixed = self.mixed(rows, place.position)?;
        self.conclude(&mixed, self.branches(rows, place.position)?, place, pick)
    }

    /// Everything that is said of a distribution.
    fn conclude(
        &self,
        mixed: &Distribution<'_>,
        branches: Option<Branches<'_>>,
        place: Place<'_>,
        pick: Pick,
    ) -> Result<Prediction, Fault> {
        let score = |token: TokenId| {
            let log_prob = mixed.log_prob(token) as f32;
            let alone = |(row, norm): (&[f32], Norm)| (f64::from(row[token as usize]) - norm.log_sum) as f32;
            Scored {
                token,
                log_prob,
                conditional: branches.map_or(log_prob, |branches| alone(branches.conditional)),
                unconditional: branches.map_or(log_prob, |branches| alone(branches.unconditional)),
            }
        };
        // The second is needed for the margin, whatever is reported.
        let mut top = mixed.best((self.options.top_k as usize).max(2));
        let (drawn, shaped) = self.draw(mixed, &top, place, pick)?;
        top.truncate(self.options.top_k as usize);
        Ok(Prediction {
            position: place.position,
            top: top.into_iter().map(|(id, _)| score(id)).collect(),
            drawn: score(drawn),
            shaped,
            entropy: mixed.norm.entropy as f32,
            allowed: place.allow.map(|ids| allowed(mixed, ids)),
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

    fn mixed(&self, rows: Rows<'_>, position: u32) -> Result<Distribution<'static>, Fault> {
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
        let norm = norm(logits.iter().copied()).ok_or_else(|| suppressed(position))?;
        Ok(Distribution { logits: Logits::Dense(logits), norm })
    }

    /// Where there are two.
    fn branches<'r>(&self, rows: Rows<'r>, position: u32) -> Result<Option<Branches<'r>>, Fault> {
        let Some(unconditional) = rows.unconditional else { return Ok(None) };
        let of = |row: &'r [f32]| {
            let open = row.iter().zip(&self.banned).filter(|(_, banned)| !**banned);
            norm(open.map(|(logit, _)| f64::from(*logit))).map(|norm| (row, norm)).ok_or_else(|| suppressed(position))
        };
        Ok(Some(Branches { conditional: of(rows.conditional)?, unconditional: of(unconditional)? }))
    }

    /// The id drawn at `place`; `top` holds the two best of all.
    fn draw(
        &self,
        mixed: &Distribution<'_>,
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
            return self.draw_of_all(mixed, pick).ok_or_else(impossible);
        };
        let mut ids = list.to_vec();
        ids.sort_unstable();
        ids.dedup();
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.banned.len()) {
            let message = format!("token {id} is not below the vocabulary's {}", self.banned.len());
            return Err(Fault::new(FaultCode::Token, message));
        }
        let open = ids.into_iter().map(|id| (id, mixed.logit(id)));
        let open: Vec<_> = open.filter(|(_, logit)| *logit > f64::NEG_INFINITY).collect();
        if open.is_empty() {
            let message = format!("the allow-list of position {} leaves nothing to draw", place.position);
            return Err(Fault::new(FaultCode::NothingAllowed, message));
        }
        shape::draw(open, self.options, pick).ok_or_else(impossible)
    }

    /// A draw from every id that is not banned. Most weight lies on few ids, and they are found faster than all are weighed.
    fn draw_of_all(&self, mixed: &Distribution<'_>, pick: Pick) -> Option<(TokenId, Shaped)> {
        let mut head = mixed.best(HEAD);
        if !matches!(pick, Pick::Known(_)) && shape::is_all(&head, mixed.norm, self.options) {
            head.sort_unstable_by_key(|(id, _)| *id);
            return match self.options.temperature {
                0.0 => shape::among(head, mixed.norm, self.options, pick),
                _ => shape::draw(head, self.options, pick),
            };
        }
        shape::draw(mixed.candidates(), self.options, pick)
    }
}

impl Distribution<'_> {
    /// Minus infinity where banned.
    fn logit(&self, id: TokenId) -> f64 {
        match &self.logits {
            Logits::Dense(logits) => logits[id as usize],
            Logits::Sparse(_, banned) if banned[id as usize] => f64::NEG_INFINITY,
            Logits::Sparse(sparse, _) => sparse.logit(id),
        }
    }

    fn log_prob(&self, id: TokenId) -> f64 {
        self.logit(id) - self.norm.log_sum
    }

    /// The `count` best ids that are not banned, with their logits.
    fn best(&self, count: usize) -> Vec<(TokenId, f64)> {
        match &self.logits {
            Logits::Dense(logits) => best::best(open(logits), count),
            Logits::Sparse(sparse, banned) => best::best(sparse.contenders(banned, count), count),
        }
    }

    /// Ids that are not banned with their logits, ascending by id.
    fn candidates(&self) -> Vec<(TokenId, f64)> {
        match &self.logits {
            Logits::Dense(logits) => open(logits).collect(),
            Logits::Sparse(sparse, banned) => sparse.written_out(banned),
        }
    }
}

fn open(logits: &[f64]) -> impl Iterator<Item = (TokenId, f64)> + '_ {
    let open = logits.iter().enumerate().filter(|(_, logit)| **logit > f64::NEG_INFINITY);
    open.map(|(id, logit)| (id as TokenId, *logit))
}

fn suppressed(position: u32) -> Fault {
    Fault::new(FaultCode::NothingAllowed, format!("every id is suppressed at position {position}"))
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

fn allowed(mixed: &Distribution<'_>, ids: &[TokenId]) -> Allowed {
    let mut distinct = ids.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mass: f64 = distinct.iter().map(|id| mixed.log_prob(*id).exp()).sum();
    Allowed { log_probs: ids.iter().map(|id| mixed.log_prob(*id) as f32).collect(), mass: mass.min(1.0) as f32 }
}
