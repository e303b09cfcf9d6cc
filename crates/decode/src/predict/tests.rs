//! The arithmetic against sums written out, and its laws.

use proptest::prelude::*;

use super::*;
use crate::protocol::{Attention, Backend, Guidance};
use crate::scripted::Scripted;

/// A model of `vocabulary` ids of which the last is special and the end of text.
fn model(vocabulary: u32) -> Description {
    let mut description = Scripted::new(0).description().clone();
    description.vocabulary = vocabulary;
    description.specials = vec![vocabulary - 1];
    description.end = Some(vocabulary - 1);
    description.bounds.top_k_max = vocabulary;
    description
}

fn options(top_k: u32) -> Options {
    Options::greedy(Attention::AllVisible, top_k)
}

fn at(position: u32) -> Place<'static> {
    Place { position, allow: None }
}

fn predict(logits: &[f32], options: &Options, place: Place<'_>) -> Result<Prediction, Fault> {
    let description = model(logits.len() as u32);
    Predictor::new(&description, options)?.predict(Rows { conditional: logits, unconditional: None }, place)
}

fn code(result: Result<Prediction, Fault>) -> FaultCode {
    result.unwrap_err().code
}

#[test]
fn the_best_ids_come_first_and_equal_ones_by_id() {
    let prediction = predict(&[1.0, 3.0, 2.0, 3.0, 9.0], &options(3), at(4)).unwrap();
    assert_eq!(prediction.top.iter().map(|scored| scored.token).collect::<Vec<_>>(), [1, 3, 2]);
    assert_eq!((prediction.position, prediction.drawn.token), (4, 1));
    let sum = 1_f64.exp() + 2.0 * 3_f64.exp() + 2_f64.exp();
    let best = 3_f64.exp() / sum;
    assert!((f64::from(prediction.top[0].log_prob) - best.ln()).abs() < 1e-6);
    assert!((f64::from(prediction.shaped.probability) - best).abs() < 1e-6);
    assert_eq!(prediction.shaped.margin, 0.0);
    let plain: f64 = [1.0, 3.0, 2.0, 3.0_f64].iter().map(|x| -x.exp() / sum * (x.exp() / sum).ln()).sum();
    assert!((f64::from(prediction.entropy) - plain).abs() < 1e-6);
}

#[test]
fn the_special_is_never_predicted_unless_it_is_the_end_and_allowed() {
    let logits = [0.0, 1.0, 50.0];
    assert_eq!(predict(&logits, &options(3), at(0)).unwrap().drawn.token, 1);
    let open = Options { end_allowed: true, ..options(3) };
    assert_eq!(predict(&logits, &open, at(0)).unwrap().drawn.token, 2);
    let suppressed = Options { suppressed: vec![2, 1], ..open };
    assert_eq!(predict(&logits, &suppressed, at(0)).unwrap().top.len(), 1);
}

#[test]
fn an_allow_list_binds_the_draw_and_reports_raw_log_probabilities() {
    let list = [2, 0, 2];
    let place = Place { position: 0, allow: Some(&list) };
    let prediction = predict(&[0.0, 5.0, 1.0, 0.0], &options(1), place).unwrap();
    assert_eq!((prediction.drawn.token, prediction.top[0].token), (2, 1));
    let allowed = prediction.allowed.unwrap();
    assert_eq!(allowed.log_probs.len(), 3);
    assert_eq!(allowed.log_probs[0], prediction.drawn.log_prob);
    let mass = f64::from(allowed.log_probs[0]).exp() + f64::from(allowed.log_probs[1]).exp();
    assert!((f64::from(allowed.mass) - mass).abs() < 1e-6);
    assert!((prediction.shaped.probability - 0.731_058_6).abs() < 1e-6, "the draw is measured within the list");
}

#[test]
fn temperature_0_measures_the_distribution_at_temperature_1() {
    let nucleus = Options { top_p: 0.9, ..options(1) };
    // Probabilities 0.64, 0.24, 0.09, 0.03: the third crosses 0.9.
    let prediction = predict(&[2.0, 1.0, 0.0, -1.0, 0.0], &nucleus, at(0)).unwrap();
    let sum = 2_f32.exp() + 1_f32.exp() + 1.0;
    assert!((prediction.shaped.probability - 2_f32.exp() / sum).abs() < 1e-6);
}

#[test]
fn guidance_reports_each_branch_alone() {
    let description = model(4);
    let guided = Options { guidance: Guidance { scale: 3.0, ..Guidance::off() }, ..options(1) };
    let rows = Rows { conditional: &[1.0, 0.5, 0.0, 0.0], unconditional: Some(&[1.0, 0.0, 0.0, 0.0]) };
    let drawn = Predictor::new(&description, &guided).unwrap().predict(rows, at(0)).unwrap().drawn;
    assert_eq!(drawn.token, 1, "1 + 3 * 0.5 above 1");
    let alone = |logits: &[f32; 4]| predict(logits, &options(4), at(0)).unwrap().top;
    let find = |top: Vec<Scored>| top.into_iter().find(|scored| scored.token == 1).unwrap().log_prob;
    assert_eq!(drawn.conditional, find(alone(&[1.0, 0.5, 0.0, 0.0])));
    assert_eq!(drawn.unconditional, find(alone(&[1.0, 0.0, 0.0, 0.0])));
}

#[test]
fn broken_weights_and_impossible_questions_are_faults() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(code(predict(&[0.0, broken, 0.0], &options(1), at(0))), FaultCode::NotFinite);
    }
    let none = Options { suppressed: vec![0, 1], ..options(1) };
    assert_eq!(code(predict(&[0.0, 0.0, 0.0], &none, at(0))), FaultCode::NothingAllowed);
    let within = |list: &[TokenId]| predict(&[0.0; 3], &options(1), Place { position: 0, allow: Some(list) });
    assert_eq!(code(within(&[])), FaultCode::NothingAllowed);
    assert_eq!(code(within(&[2])), FaultCode::NothingAllowed);
    assert_eq!(code(within(&[0, 3])), FaultCode::Token);
    let description = model(4);
    let options = options(1);
    let short = Rows { conditional: &[0.0; 3], unconditional: None };
    assert_eq!(code(Predictor::new(&description, &options).unwrap().predict(short, at(0))), FaultCode::Device);
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let refused = |options: Options| check(&model(4), &options).unwrap_err().code;
    assert_eq!(refused(options(0)), FaultCode::TopK);
    assert_eq!(refused(options(5)), FaultCode::TopK);
    for temperature in [-0.1, 100.1, f32::NAN] {
        assert_eq!(refused(Options { temperature, ..options(1) }), FaultCode::Parameter);
    }
    for top_p in [0.0, 1.1, f32::NAN] {
        assert_eq!(refused(Options { top_p, ..options(1) }), FaultCode::Parameter);
    }
    for scale in [f32::INFINITY, f32::NAN] {
        assert_eq!(
            refused(Options { guidance: Guidance { scale, ..Guidance::off() }, ..options(1) }),
            FaultCode::Parameter
        );
    }
    assert_eq!(refused(Options { suppressed: vec![4], ..options(1) }), FaultCode::Token);
}

#[test]
fn draws_follow_the_distribution_and_its_nucleus() {
    let logits = [2.0, 1.0, 0.0, 1.5, 0.0];
    let hot = Options { temperature: 0.7, top_p: 0.8, seed: 9, ..options(1) };
    let mut counts = [0_u32; 5];
    for position in 0..4_000 {
        counts[predict(&logits, &hot, at(position)).unwrap().drawn.token as usize] += 1;
    }
    // exp(x / 0.7) normalised: 0.58, 0.14, 0.03, 0.28; the nucleus of 0.8 is ids 0 and 3 (0.86): 0.67 and 0.33.
    assert_eq!((counts[1], counts[2], counts[4]), (0, 0, 0));
    assert!(counts[0].abs_diff(2_685) < 120, "{counts:?}");
}

/// A long row whose best ids are far apart from the rest, so that the rest is left out.
#[test]
fn leaving_out_what_weighs_nothing_changes_no_draw() {
    let row = |seed: u64| -> Vec<f32> {
        let noise = |id: u64| crate::draw::uniform(seed, crate::draw::Purpose::Script, id);
        (0..2_000).map(|id| (noise(id) * if id % 400 == 7 { 24.0 } else { 6.0 }) as f32).collect()
    };
    let mut shortened = 0;
    for seed in 0..200 {
        let logits = row(seed);
        for (temperature, top_p) in [(0.2, 0.95), (0.2, 1.0), (0.4, 0.9), (0.0, 0.9)] {
            let hot = Options { temperature, top_p, seed, ..options(1) };
            let drawn = predict(&logits, &hot, at(5)).unwrap();
            let norm = norm(logits[..1_999].iter().map(|logit| f64::from(*logit))).unwrap();
            let all: Vec<(TokenId, f64)> = (0..1_999).map(|id| (id, f64::from(logits[id as usize]))).collect();
            shortened += u32::from(shape::is_all(&best::best(all.iter().copied(), HEAD), norm, &hot));
            let uniform = uniform(seed, Purpose::Token, 5);
            let pick = if temperature == 0.0 { Pick::Best } else { Pick::At(uniform) };
            let (token, shaped) = shape::draw(all, &hot, pick).unwrap();
            assert_eq!(drawn.drawn.token, token);
            assert!((drawn.shaped.probability - shaped.probability).abs() < 1e-6);
            assert!((drawn.shaped.entropy - shaped.entropy).abs() < 1e-5);
        }
    }
    assert!((200..800).contains(&shortened), "{shortened} of 800: both ways are taken");
}

proptest! {
    #[test]
    fn a_distribution_given_by_its_differences_is_the_one_written_out(
        base in prop::collection::vec(-6.0_f64..0.0, 4..40), raised in prop::collection::btree_map(0_usize..40, 0.0_f64..9.0, 0..9),
        (temperature, top_p, seed) in (prop::sample::select(vec![0.0_f32, 0.9]), 0.5_f32..=1.0, any::<u64>()), listed: bool,
    ) {
        let log_sum = base.iter().map(|logit| logit.exp()).sum::<f64>().ln();
        // What f32 can hold, so that both ways begin with the same numbers.
        let logits: Vec<f32> = base.iter().map(|logit| (logit - log_sum) as f32).collect();
        let changed: Vec<(TokenId, f64)> = raised.into_iter().filter(|(id, _)| *id < base.len())
            .map(|(id, by)| (id as TokenId, f64::from((f64::from(logits[id]) + by) as f32))).collect();
        let mut dense = logits.clone();
        changed.iter().for_each(|(id, logit)| dense[*id as usize] = *logit as f32);
        let base = Base::new(logits.iter().copied().map(f64::from).collect());
        let hot = Options { temperature, top_p, seed, suppressed: vec![1], ..options(3) };
        let place = Place { position: 2, allow: listed.then_some(&[0, 2][..]) };
        let description = model(logits.len() as u32);
        let predictor = Predictor::new(&description, &hot).unwrap();
        let one = predictor.predict_sparse(Sparse { base: &base, changed: &changed }, place).unwrap();
        let other = predict(&dense, &hot, place).unwrap();
        prop_assert_eq!(one.top.iter().map(|s| s.token).collect::<Vec<_>>(), other.top.iter().map(|s| s.token).collect::<Vec<_>>());
        prop_assert_eq!(one.drawn.token, other.drawn.token);
        for (one, other) in [(one.drawn.log_prob, other.drawn.log_prob), (one.entropy, other.entropy), (one.shaped.margin, other.shaped.margin)] {
            prop_assert!((one - other).abs() < 1e-5, "{} {}", one, other);
        }
    }

    #[test]
    fn probabilities_of_all_ids_sum_to_1(logits in prop::collection::vec(-30.0_f32..30.0, 2..50)) {
        let all = Options { end_allowed: true, ..options(logits.len() as u32) };
        let prediction = predict(&logits, &all, at(0)).unwrap();
        let sum: f64 = prediction.top.iter().map(|scored| f64::from(scored.log_prob).exp()).sum();
        prop_assert!((sum - 1.0).abs() < 1e-5);
        prop_assert!(prediction.entropy >= 0.0 && f64::from(prediction.entropy) <= (logits.len() as f64).ln() + 1e-5);
        prop_assert!(prediction.top.windows(2).all(|pair| pair[0].log_prob >= pair[1].log_prob));
    }

    #[test]
    fn an_added_constant_changes_no_draw(
        logits in prop::collection::vec(-8_i8..8, 2..30), shift in -64_i8..64, temperature in 0.1_f32..3.0, seed: u64,
    ) {
        // Small whole numbers: adding is exact in f32.
        let plain: Vec<f32> = logits.iter().map(|logit| f32::from(*logit)).collect();
        let moved: Vec<f32> = plain.iter().map(|logit| logit + f32::from(shift)).collect();
        let hot = Options { temperature, top_p: 0.9, seed, ..options(1) };
        prop_assert_eq!(predict(&plain, &hot, at(3)).unwrap().drawn.token, predict(&moved, &hot, at(3)).unwrap().drawn.token);
    }
}
