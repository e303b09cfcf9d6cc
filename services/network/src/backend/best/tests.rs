//! The best ids found on the device are those of the reference.

use reweave_core::Sha256;
use reweave_decode::predict::{Place, Predictor, Rows};
use reweave_decode::protocol::{Attention, Bounds, Guidance, Objective};

use super::*;

const VOCABULARY: u32 = 50;
const ROWS: usize = 12;
const DIFFERENCE_MAX: f32 = 1e-5;

fn description() -> Description {
    Description {
        name: "test".to_owned(),
        architecture: "test".to_owned(),
        objective: Objective::MaskedDiffusion,
        digest: Sha256::of(b"test"),
        vocabulary: VOCABULARY,
        mask: Some(49),
        shifted: true,
        specials: vec![47, 48, 49],
        begin: None,
        end: Some(48),
        fill_in_middle: None,
        device: "cpu".to_owned(),
        dtype: "f32".to_owned(),
        bounds: Bounds { positions_max: 99, canvases_max: 9, wanted_max: 99, top_k_max: VOCABULARY },
        embedding: None,
    }
}

fn options(top_k: u32, scale: f32) -> Options {
    let greedy = Options::greedy(Attention::AllVisible, top_k);
    Options { guidance: Guidance { scale, ..Guidance::off() }, suppressed: vec![3, 47], end_allowed: true, ..greedy }
}

/// Numbers from -6 to 6 that follow from the seed alone, whatever other tests draw meanwhile.
fn random(seed: u64) -> Tensor {
    let uniform = |index| reweave_decode::draw::uniform(seed, reweave_decode::draw::Purpose::Script, index);
    let numbers: Vec<f32> =
        (0..ROWS as u64 * u64::from(VOCABULARY)).map(|index| (uniform(index) * 12.0 - 6.0) as f32).collect();
    Tensor::from_slice(&numbers).reshape([ROWS as i64, i64::from(VOCABULARY)])
}

fn best(options: &Options) -> Best {
    Best::new(options, &Specials::new(&description(), Device::Cpu).unwrap()).unwrap()
}

fn row(tensor: &Tensor, index: usize) -> Vec<f32> {
    floats(&tensor.get(index as i64)).unwrap()
}

/// Both ways; a row that the device leaves to the reference is `None`.
fn both(conditional: &Tensor, other: Option<&Tensor>, options: &Options) -> Vec<(Option<Prediction>, Prediction)> {
    let description = description();
    let positions: Vec<u32> = (0..ROWS as u32).collect();
    let found = best(options).predict(conditional, other, &positions).unwrap();
    let reference = Predictor::new(&description, options).unwrap();
    let expected = |index: usize| {
        let unconditional = other.map(|other| row(other, index));
        let rows = Rows { conditional: &row(conditional, index), unconditional: unconditional.as_deref() };
        reference.predict(rows, Place { position: index as u32, allow: None }).unwrap()
    };
    found.into_iter().enumerate().map(|(index, found)| (found, expected(index))).collect()
}

fn assert_near(found: &Prediction, expected: &Prediction) {
    let ids = |scored: &[Scored]| scored.iter().map(|scored| scored.token).collect::<Vec<_>>();
    assert_eq!(ids(&found.top), ids(&expected.top));
    assert_eq!((found.position, found.drawn.token), (expected.position, expected.drawn.token));
    let numbers = |prediction: &Prediction| {
        let scored = prediction.top.iter().chain([&prediction.drawn]);
        let scores = scored.flat_map(|scored| [scored.log_prob, scored.conditional, scored.unconditional]);
        let Shaped { probability, margin, entropy } = prediction.shaped;
        scores.chain([probability, margin, entropy, prediction.entropy]).collect::<Vec<f32>>()
    };
    for (found, expected) in numbers(found).into_iter().zip(numbers(expected)) {
        assert!((found - expected).abs() <= DIFFERENCE_MAX * expected.abs().max(1.0), "{found} {expected}");
    }
}

#[test]
fn the_best_ids_and_every_number_are_those_of_the_reference() {
    for top_k in [1, 2, 7, VOCABULARY - 1] {
        for (found, expected) in both(&random(1), None, &options(top_k, 1.0)) {
            assert_near(&found.unwrap(), &expected);
        }
    }
}

#[test]
fn guidance_is_that_of_the_reference() {
    for scale in [0.0, 0.5, 5.0, -2.0] {
        for (found, expected) in both(&random(1), Some(&random(2)), &options(5, scale)) {
            assert_near(&found.unwrap(), &expected);
        }
    }
}

#[test]
fn equal_logits_come_by_id_or_are_left_to_the_reference() {
    let coarse = random(3).round();
    let mut left = 0;
    for (found, expected) in both(&coarse, None, &options(4, 1.0)) {
        match found {
            Some(found) => assert_near(&found, &expected),
            None => left += 1,
        }
    }
    assert!(left > 0, "some rows have an equal that is not looked at");
}

#[test]
fn a_row_that_holds_no_number_is_left_to_the_reference_and_others_are_not() {
    let logits = random(4);
    let _ = logits.get(2).get(7).fill_(f64::NAN);
    let _ = logits.get(5).get(7).fill_(f64::INFINITY);
    let found = best(&options(2, 1.0)).predict(&logits, None, &(0..ROWS as u32).collect::<Vec<_>>()).unwrap();
    let left: Vec<usize> = (0..ROWS).filter(|row| found[*row].is_none()).collect();
    assert_eq!(left, [2, 5]);
}

#[test]
fn a_scale_beyond_what_f32_holds_is_left_to_the_reference() {
    let found = both(&random(1), Some(&random(2)), &options(2, 1e38));
    assert!(found.iter().all(|(found, _)| found.is_none()));
}
