//! What a canvas gets does not depend on what it is computed with, and a query that fails leaves the others alone.

use super::fixture::{self, BOUNDS, Fixture, answer, query};
use reweave_decode::protocol::{
    Attention, Backend, Branch, Cell, Fault, FaultCode, Guidance, Options, Prediction, Query,
};
use reweave_inference::folder::tiny::{self, Plan};
use reweave_inference::folder::{self, Reading};
use reweave_network::backend::{Limits, TorchBackend};
use reweave_network::device::Precision;
use reweave_network::loader;
use tch::Device;

const DIFFERENCE_MAX: f32 = 1e-5;

fn greedy() -> Options {
    Options::greedy(Attention::AllVisible, 3)
}

/// Canvases of eight lengths with holes at several places.
fn canvases() -> Vec<Query> {
    let cells = |length: usize| (0..length).map(|place| (place % 5 != 2).then_some((place * 7 % 64) as u32)).collect();
    let of = |length: usize| {
        let cells: Vec<Cell> = cells(length);
        let wanted: Vec<usize> = (0..length).filter(|place| cells[*place].is_none()).collect();
        query(&cells, &wanted, &greedy())
    };
    [3, 9, 16, 4, 30, 31, 12, 23].map(of).into()
}

fn assert_near(one: &[Prediction], other: &[Prediction]) {
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        assert_eq!((one.position, one.drawn.token), (other.position, other.drawn.token));
        for (one, other) in one.top.iter().zip(&other.top) {
            assert_eq!(one.token, other.token);
            assert!((one.log_prob - other.log_prob).abs() <= DIFFERENCE_MAX, "{one:?} {other:?}");
        }
    }
}

fn assert_same_alone_and_together(backend: &mut TorchBackend, queries: &[Query]) {
    let together = backend.predict(queries);
    for (query, together) in queries.iter().zip(together) {
        assert_near(&answer(backend, query), &together.unwrap());
    }
}

#[test]
fn a_canvas_gets_the_same_alone_and_padded_among_eight() {
    for name in ["dream", "llada"] {
        assert_same_alone_and_together(&mut Fixture::named(name).backend(), &canvases());
    }
}

#[test]
fn under_causal_attention_a_canvas_gets_the_same_alone_and_among_others() {
    let options = fixture::causal();
    let tokens = |length: u32| (0..length).map(|place| Some(place * 11 % 64)).collect::<Vec<Cell>>();
    let of = |length: u32| query(&tokens(length), &[length as usize / 2, length as usize], &options);
    assert_same_alone_and_together(&mut Fixture::named("llama").backend(), &[4, 9, 17, 6].map(of));
}

#[test]
fn what_is_asked_for_is_not_shown_under_causal_attention() {
    let mut backend = Fixture::named("qwen2").backend();
    let cells = |last: u32| [5, 6, 7, last].map(Some);
    let options = fixture::causal();
    let [one, other] = [1, 2].map(|last| answer(&mut backend, &query(&cells(last), &[3], &options)));
    assert_eq!(one, other);
}

#[test]
fn small_passes_and_few_rows_at_a_time_change_nothing() {
    let dir = Fixture::named("dream").dir();
    let folder = folder::open(&dir).unwrap();
    let with = |limits: Limits| {
        let decoder = loader::decoder(&folder, Device::Cpu, Precision::F32, &mut |_| {}).unwrap();
        TorchBackend::new(decoder, &folder, Precision::F32, BOUNDS, limits).unwrap()
    };
    let mut queries = canvases();
    queries.iter_mut().step_by(2).for_each(|query| guide(query, 1.5));
    let whole = with(Limits { positions_max: 1 << 20, logit_rows_max: 1 << 20 }).predict(&queries);
    for limits in [Limits { positions_max: 1, logit_rows_max: 1 }, Limits { positions_max: 70, logit_rows_max: 5 }] {
        for (one, other) in with(limits).predict(&queries).iter().zip(&whole) {
            assert_near(one.as_ref().unwrap(), other.as_ref().unwrap());
        }
    }
}

/// Adds a branch without the first two cells.
fn guide(query: &mut Query, scale: f32) {
    let wanted = query.conditional.wanted.iter().map(|place| place - 2).collect();
    query.unconditional = Some(Branch { cells: query.conditional.cells[2..].to_vec(), wanted });
    query.options.guidance = Guidance { scale, ..Guidance::off() };
}

#[test]
fn guidance_leads_from_the_unconditional_branch_through_the_conditional_one() {
    let mut backend = Fixture::named("dream").backend();
    let plain = canvases().remove(4);
    let dropped = query(
        &plain.conditional.cells[2..],
        &plain.conditional.wanted.iter().map(|place| place - 2).collect::<Vec<_>>(),
        &greedy(),
    );
    let at = |backend: &mut TorchBackend, scale: f32| {
        let mut guided = plain.clone();
        guide(&mut guided, scale);
        answer(backend, &guided)
    };
    let drawn = |predictions: &[Prediction]| {
        predictions.iter().map(|one| (one.drawn.token, one.drawn.log_prob)).collect::<Vec<_>>()
    };
    let near = |one: Vec<(u32, f32)>, other: Vec<(u32, f32)>| {
        one.iter().zip(&other).all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() <= DIFFERENCE_MAX)
    };
    assert!(near(drawn(&at(&mut backend, 1.0)), drawn(&answer(&mut backend, &plain))));
    assert!(near(drawn(&at(&mut backend, 0.0)), drawn(&answer(&mut backend, &dropped))));
    assert!(!near(drawn(&at(&mut backend, 5.0)), drawn(&answer(&mut backend, &plain))));
}

#[test]
fn allow_lists_and_draws_work_beside_plain_positions() {
    let mut backend = Fixture::named("dream").backend();
    let mut asked = canvases().remove(4);
    asked.allow[1] = Some(vec![9, 4, 60]);
    let answered = answer(&mut backend, &asked);
    assert!([9, 4, 60].contains(&answered[1].drawn.token));
    assert_eq!(answered[1].allowed.as_ref().unwrap().log_probs.len(), 3);
    assert_eq!(answered[0].allowed, None);
    asked.options = Options { temperature: 2.0, seed: 3, ..greedy() };
    let draws = |backend: &mut TorchBackend, seed: u64| {
        let asked = Query { options: Options { seed, ..asked.options.clone() }, ..asked.clone() };
        fixture::best(backend, &asked)
    };
    assert_eq!(draws(&mut backend, 3), draws(&mut backend, 3));
    assert_ne!(draws(&mut backend, 3), draws(&mut backend, 4));
}

#[test]
fn special_tokens_and_rows_without_a_token_are_never_predicted() {
    let mut backend = Fixture::named("dream").backend();
    let specials = backend.description().specials.clone();
    assert_eq!(specials, (72..80).collect::<Vec<_>>());
    let options = Options { top_k: 64, ..greedy() };
    for prediction in answer(&mut backend, &query(&[Some(1), None, None], &[1, 2], &options)) {
        assert!(prediction.top.iter().all(|scored| !specials.contains(&scored.token)));
    }
}

fn code(outcome: &Result<Vec<Prediction>, Fault>) -> Option<FaultCode> {
    outcome.as_ref().err().map(|fault| fault.code)
}

#[test]
fn a_query_that_fails_leaves_the_others_undisturbed() {
    let mut backend = Fixture::named("dream").backend();
    let good = canvases().remove(2);
    let mut nothing = good.clone();
    nothing.allow[0] = Some(vec![74]);
    let faults = [
        (query(&[Some(1), Some(80)], &[0], &greedy()), FaultCode::Token),
        (query(&[Some(1), None], &[9], &greedy()), FaultCode::Position),
        (query(&[Some(1)], &[0], &fixture::causal()), FaultCode::Position),
        (query(&[], &[0], &greedy()), FaultCode::Position),
        (query(&[None], &[0], &Options { top_k: 0, ..greedy() }), FaultCode::TopK),
        (query(&[None], &[0], &Options { temperature: f32::NAN, ..greedy() }), FaultCode::Parameter),
        (nothing, FaultCode::NothingAllowed),
    ];
    let mut batch: Vec<Query> = faults.iter().map(|(query, _)| query.clone()).collect();
    batch.insert(3, good.clone());
    let mut outcomes = backend.predict(&batch);
    let whole = outcomes.remove(3).unwrap();
    assert_near(&whole, &answer(&mut backend, &good));
    let codes: Vec<_> = outcomes.iter().map(code).collect();
    assert_eq!(codes, faults.map(|(_, code)| Some(code)));
}

#[test]
fn weights_that_are_no_numbers_fault_every_query_that_meets_them() {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), &Plan::diffusion(1)).unwrap();
    let path = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let mut backend = fixture::backend(folder.path(), Reading::default(), Precision::F32);
    let outcomes =
        backend.predict(&[query(&[Some(1), None], &[1], &greedy()), query(&[Some(1), None], &[0], &greedy())]);
    assert!(outcomes.iter().all(|outcome| code(outcome) == Some(FaultCode::NotFinite)), "{outcomes:?}");
}
