//! The networks compute what stock `transformers` computes, and a wrong reading of a folder shows.
//!
//! `tests/fixtures/make.py` makes the folders and what is expected of them.

use super::fixture::{Fixture, backend, best, causal, query};
use reweave_decode::protocol::{Attention, Backend, FaultCode, Options};
use reweave_inference::folder::Reading;
use reweave_network::device::Precision;

/// Of logits in f32.
const DIFFERENCE_MAX: f64 = 1e-5;
/// What a negative control must differ by at least.
const CONTROL_MIN: f64 = 1e-2;
const ATTENTIONS: [Attention; 2] = [Attention::AllVisible, Attention::Causal];

#[test]
fn logits_are_those_of_transformers() {
    for fixture in Fixture::all() {
        let backend = fixture.backend();
        for attention in ATTENTIONS {
            let logits = backend.raw_logits(&fixture.ids(), attention == Attention::Causal).unwrap();
            let difference = fixture.difference(&logits, attention);
            assert!(difference <= DIFFERENCE_MAX, "{} {attention:?}: {difference:e}", fixture.name);
        }
    }
}

#[test]
fn the_wrong_attention_is_far_off() {
    for fixture in Fixture::all() {
        let logits = fixture.backend().raw_logits(&fixture.ids(), true).unwrap();
        let difference = fixture.difference(&logits, Attention::AllVisible);
        assert!(difference > CONTROL_MIN, "{}: {difference}", fixture.name);
    }
}

#[test]
fn each_position_is_predicted_by_the_row_that_predicts_it() {
    for fixture in Fixture::all() {
        let mut backend = fixture.backend();
        for attention in ATTENTIONS {
            let difference = fixture.predictions_off(&mut backend, attention);
            assert!(difference <= DIFFERENCE_MAX, "{} {attention:?}: {difference}", fixture.name);
        }
    }
}

#[test]
fn the_wrong_shift_is_far_off() {
    for fixture in Fixture::all() {
        let mut backend = fixture.backend_as(Reading { shifted: Some(!fixture.shifted()), ..Reading::default() });
        let difference = fixture.predictions_off(&mut backend, Attention::AllVisible);
        assert!(difference > CONTROL_MIN, "{}: {difference}", fixture.name);
    }
}

#[test]
fn a_greedy_decode_of_64_tokens_is_the_same() {
    for fixture in Fixture::all().into_iter().filter(Fixture::shifted) {
        let mut backend = fixture.backend();
        let (mut cells, tokens) = fixture.greedy();
        for expected in tokens {
            let next = best(&mut backend, &query(&cells, &[cells.len()], &causal()));
            assert_eq!(next, [expected], "{} after {} tokens", fixture.name, cells.len());
            cells.push(Some(expected));
        }
    }
}

#[test]
fn a_masked_position_reads_as_the_mask_token() {
    let fixture = Fixture::named("dream");
    let mut backend = fixture.backend();
    let mask = backend.description().mask;
    let options = Options::greedy(Attention::AllVisible, 4);
    let spelled: Vec<_> = fixture.cells();
    let masked: Vec<_> = spelled.iter().map(|cell| cell.filter(|id| Some(*id) != mask)).collect();
    assert!(masked.contains(&None));
    let both = backend.predict(&[query(&spelled, &[5, 6], &options), query(&masked, &[5, 6], &options)]);
    assert_eq!(both[0], both[1]);
}

#[test]
fn a_model_without_a_mask_token_refuses_a_masked_position() {
    let mut backend = Fixture::named("qwen2").backend_without_mask();
    let answers = backend.predict(&[query(&[Some(1), None], &[1], &Options::greedy(Attention::AllVisible, 1))]);
    assert_eq!(answers[0].as_ref().unwrap_err().code, FaultCode::Unsupported);
}

#[test]
fn half_precision_stays_near() {
    for fixture in Fixture::all() {
        let backend = backend(&fixture.dir(), Reading::default(), Precision::Bf16);
        let logits = backend.raw_logits(&fixture.ids(), false).unwrap();
        let difference = fixture.difference(&logits, Attention::AllVisible);
        // bf16 keeps 8 bits: of logits up to 10, a few hundredths for each rounding on the way.
        assert!(difference < 0.5 && difference > DIFFERENCE_MAX, "{}: {difference}", fixture.name);
    }
}
