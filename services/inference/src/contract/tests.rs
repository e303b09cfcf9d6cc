//! The models without weights pass, and models that break a rule are found by it.

use reweave_decode::{
    ngram::{Limits, Ngram},
    protocol::{Backend, Description, Fault, Prediction, Query},
    scripted::Scripted,
};

use super::*;

#[test]
fn the_scripted_model_keeps_the_contract() {
    check(&mut Scripted::new(1), Attention::AllVisible);
    check(&mut Scripted::new(2), Attention::Causal);
    check(&mut Scripted::new(3).autoregressive(), Attention::Causal);
}

#[test]
fn the_ngram_model_keeps_the_contract() {
    let source = include_bytes!("../session.rs");
    let mut model = Ngram::fit(&[source], Limits::default()).unwrap();
    check(&mut model, Attention::AllVisible);
    check(&mut model, Attention::Causal);
}

/// A scripted model whose answers are spoilt.
struct Spoilt {
    model: Scripted,
    description: Description,
    spoil: fn(usize, &Query, &mut Vec<Prediction>),
}

impl Backend for Spoilt {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        let mut outcomes = self.model.predict(batch);
        for (query, outcome) in batch.iter().zip(&mut outcomes) {
            if let Ok(predictions) = outcome {
                (self.spoil)(batch.len(), query, predictions);
            }
        }
        outcomes
    }
}

/// The rule that a model is found to break where it sees all.
fn broken_rule(spoil: fn(usize, &Query, &mut Vec<Prediction>)) -> String {
    broken_rule_under(Attention::AllVisible, spoil)
}

fn broken_rule_under(attention: Attention, spoil: fn(usize, &Query, &mut Vec<Prediction>)) -> String {
    let model = Scripted::new(1);
    let mut spoilt = Spoilt { description: model.description().clone(), model, spoil };
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&mut spoilt, attention)));
    let panic = found.expect_err("a spoilt model was taken for a sound one");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_model_whose_answers_depend_on_the_batch_is_found() {
    let broken = broken_rule(|batch, _, predictions| {
        predictions[0].top[0].log_prob -= if batch > 1 { 1e-3 } else { 0.0 };
    });
    assert!(broken.starts_with("a batch gives what its members give alone"), "{broken}");
}

#[test]
fn a_model_that_forgets_an_id_of_a_list_is_found() {
    let broken = broken_rule(|_, _, predictions| {
        for allowed in predictions.iter_mut().filter_map(|one| one.allowed.as_mut()) {
            allowed.log_probs.pop();
        }
    });
    assert!(broken.starts_with("an allow-list reports all of its ids"), "{broken}");
}

#[test]
fn a_model_that_guides_by_another_formula_is_found() {
    let broken = broken_rule(|_, query, predictions| {
        let guided = query.unconditional.is_some() && query.options.guidance.scale == 5.0;
        for allowed in predictions.iter_mut().filter(|_| guided).filter_map(|one| one.allowed.as_mut()) {
            allowed.log_probs.iter_mut().for_each(|log_prob| *log_prob *= 1.2);
        }
    });
    assert!(broken.starts_with("any other scale is the formula"), "{broken}");
}

#[test]
fn a_model_that_draws_without_a_seed_is_found() {
    let broken = broken_rule(|_, _, predictions| {
        for one in predictions {
            one.drawn = one.top[0];
        }
    });
    assert!(broken.starts_with("samples in a batch are samples alone"), "{broken}");
}

#[test]
fn a_model_that_peeks_at_later_tokens_is_found() {
    let broken = broken_rule_under(Attention::Causal, |_, query, predictions| {
        let seen: u32 = query.conditional.cells.iter().flatten().sum();
        predictions[0].top[0].log_prob -= seen as f32 * 1e-3;
    });
    assert!(broken.starts_with("all visible sees what comes after, causal does not"), "{broken}");
}

#[test]
fn a_model_that_draws_what_is_suppressed_is_found() {
    let broken = broken_rule(|_, query, predictions| {
        if let Some(token) = query.options.suppressed.first() {
            predictions[0].drawn.token = *token;
        }
    });
    assert!(broken.starts_with("suppressed and special ids are never predicted"), "{broken}");
}
