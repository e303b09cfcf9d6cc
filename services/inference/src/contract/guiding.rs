//! Guidance is `unconditional + scale * (conditional - unconditional)` on logits.
//!
//! Log-probabilities are logits less a constant of the branch, and the mixed ones are normalised again: so the formula can be
//! held to without seeing a logit.

use reweave_decode::protocol::{Prediction, Query};

use super::subject::Subject;

/// Errors of both branches, times the scale.
const NEAR_GUIDED: f32 = 5e-4;

pub(super) fn scale_one_is_conditional(subject: &mut Subject<'_>) {
    let both = subject.guided(1.0, 1);
    let plain = Query { unconditional: None, ..both.clone() };
    let (both, plain) = (subject.alone(&both), subject.alone(&plain));
    for (both, plain) in both.iter().zip(&plain) {
        subject.holds(both.drawn.token == plain.drawn.token, "another id is drawn");
        let pairs = both.top.iter().zip(&plain.top);
        pairs.for_each(|(both, plain)| {
            subject.holds(both.token == plain.token, "other ids are best");
            subject.near(both.log_prob, plain.log_prob);
        });
    }
    let unguided = |one: &Prediction| one.top.iter().all(|top| top.log_prob == top.conditional);
    subject.holds(plain.iter().all(unguided), "without guidance the branches differ");
}

pub(super) fn scale_zero_is_unconditional(subject: &mut Subject<'_>) {
    let guided = subject.guided(0.0, 2);
    let alone = unconditional(&guided);
    let (guided, alone) = (subject.alone(&guided), subject.alone(&alone));
    for (guided, alone) in guided.iter().zip(&alone) {
        subject.holds(guided.drawn.token == alone.drawn.token, "another id is drawn");
        guided.top.iter().zip(&alone.top).for_each(|(guided, alone)| {
            subject.holds(guided.token == alone.token, "other ids are best");
            subject.near(guided.log_prob, alone.log_prob);
            subject.near(guided.unconditional, alone.log_prob);
        });
    }
}

pub(super) fn scales_follow_the_formula(subject: &mut Subject<'_>) {
    for scale in [5.0, -1.5, 0.3] {
        let guided = subject.full(subject.guided(scale, 3));
        let conditional = Query { unconditional: None, ..guided.clone() };
        let without = subject.alone(&unconditional(&guided));
        let (guided, conditional) = (subject.alone(&guided), subject.alone(&conditional));
        for ((guided, conditional), without) in guided.iter().zip(&conditional).zip(&without) {
            let wanted = mixed(&log_probs(conditional), &log_probs(without), scale.into());
            let pairs = log_probs(guided).into_iter().zip(wanted);
            pairs.for_each(|(guided, wanted)| subject.within(guided as f32, wanted as f32, NEAR_GUIDED));
            let own = guided.top.iter().all(|top| top.conditional.is_finite() && top.unconditional.is_finite());
            subject.holds(own, "a branch's own values are missing");
        }
    }
}

/// The other branch as a query of its own, with the same labels.
fn unconditional(guided: &Query) -> Query {
    let mut query = guided.clone();
    if let Some(branch) = query.unconditional.take() {
        query.conditional = branch;
    }
    query.options.guidance.scale = 1.0;
    query
}

fn log_probs(one: &Prediction) -> Vec<f64> {
    one.allowed.iter().flat_map(|allowed| &allowed.log_probs).copied().map(f64::from).collect()
}

fn mixed(conditional: &[f64], without: &[f64], scale: f64) -> Vec<f64> {
    let mix = |(conditional, without): (&f64, &f64)| without + scale * (conditional - without);
    let logits: Vec<f64> = conditional.iter().zip(without).map(mix).collect();
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = max + logits.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln();
    logits.into_iter().map(|logit| logit - log_sum).collect()
}
