//! The same commits, in the same order, as the reference samplers of LLaDA and Dream: their runs were recorded by
//! `crates/decode/tests/fixtures/record.py` and are replayed here, logits, draws and all.

use serde::Deserialize;

use super::*;
use crate::device::Device;
use crate::order::Order;
use crate::predict::{Place, Predictor, Rows};
use crate::problem::{Control, Hole};
use crate::protocol::{Backend, Bounds, Cell, FaultCode, Guidance, Prediction, Query, TokenId};
use crate::scripted::Scripted;

#[derive(Deserialize)]
struct Recording {
    vocabulary: u32,
    cases: Vec<Case>,
    quotas: Vec<Quotas>,
}

#[derive(Clone, Deserialize)]
struct Case {
    sampler: String,
    order: String,
    masks: usize,
    steps: u32,
    temperature: f32,
    top_p: f32,
    scale: f32,
    steps_recorded: Vec<Recorded>,
    #[serde(rename = "final")]
    last: Vec<TokenId>,
}

#[derive(Clone, Deserialize)]
struct Recorded {
    masked: Vec<u32>,
    logits: Vec<Vec<f32>>,
    unconditional: Option<Vec<Vec<f32>>>,
    drawn: Vec<TokenId>,
    committed: Vec<u32>,
}

#[derive(Deserialize)]
struct Quotas {
    masks: usize,
    steps: u32,
    dream: Vec<usize>,
}

impl Case {
    fn order(&self) -> Order {
        Order::by_name(&self.order).unwrap()
    }

    fn quota(&self) -> Quota {
        if self.sampler == "llada" { Quota::Llada } else { Quota::Dream }
    }

    fn draws(&self) -> Draws {
        let guidance = Guidance { scale: self.scale, ..Guidance::off() };
        Draws { samples: 1, temperature: self.temperature, top_p: self.top_p, seed: 0, guidance }
    }

    fn options(&self) -> Options {
        let Draws { temperature, top_p, guidance, .. } = self.draws();
        Options { temperature, top_p, guidance, ..Options::greedy(Attention::AllVisible, 1) }
    }
}

fn recording() -> Recording {
    serde_json::from_str(include_str!("../../../tests/fixtures/samplers.json")).unwrap()
}

/// The recorded model: nothing is special but the mask, which its logits rule out.
fn description(vocabulary: u32) -> Description {
    let bounds = Bounds { positions_max: 64, canvases_max: 4, wanted_max: 64, top_k_max: 8 };
    let scripted = Scripted::new(0).bounded(bounds).description().clone();
    Description { vocabulary, mask: Some(vocabulary - 1), specials: Vec::new(), begin: None, end: None, ..scripted }
}

fn predicted(recorded: &Recorded, predictor: &Predictor<'_>, index: usize) -> Prediction {
    let unconditional = recorded.unconditional.as_ref().map(|rows| rows[index].as_slice());
    let rows = Rows { conditional: &recorded.logits[index], unconditional };
    let place = Place { position: recorded.masked[index], allow: None };
    predictor.replay(rows, place, recorded.drawn[index]).unwrap()
}

/// Predicts what was recorded where the same positions are masked.
struct Replay {
    description: Description,
    case: Case,
}

impl Backend for Replay {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        let answer = |query: &Query| {
            let masked = |(at, cell): (usize, &Cell)| cell.is_none().then_some(at as u32);
            let masked: Vec<u32> = query.conditional.cells.iter().enumerate().filter_map(masked).collect();
            // Steps that commit nothing come before the one that does, with draws that came to nothing.
            let recorded = self.case.steps_recorded.iter().rfind(|recorded| recorded.masked == masked);
            let recorded =
                recorded.ok_or_else(|| Fault::new(FaultCode::Device, format!("{masked:?} was never masked")))?;
            let predictor = Predictor::new(&self.description, &query.options)?;
            Ok((0..masked.len()).map(|index| predicted(recorded, &predictor, index)).collect())
        };
        batch.iter().map(answer).collect()
    }
}

#[test]
fn every_recorded_step_commits_the_same_positions_in_the_same_order() {
    let Recording { vocabulary, cases, .. } = recording();
    let description = description(vocabulary);
    assert!(cases.len() >= 13);
    for case in &cases {
        let (options, quotas) = (case.options(), case.quota().commits(case.masks, case.steps));
        let predictor = Predictor::new(&description, &options).unwrap();
        assert_eq!(case.steps_recorded.len(), quotas.len());
        for (step, (recorded, quota)) in case.steps_recorded.iter().zip(quotas).enumerate() {
            let indices = 0..recorded.masked.len();
            let predictions: Vec<Prediction> = indices.map(|index| predicted(recorded, &predictor, index)).collect();
            let ours = case.order().surest(&predictions, quota);
            let ours: Vec<u32> = ours.into_iter().map(|index| recorded.masked[index]).collect();
            assert_eq!(ours, recorded.committed, "{} {} step {step}", case.sampler, case.order);
        }
    }
}

#[test]
fn the_best_id_is_the_reference_s_where_nothing_is_drawn() {
    let Recording { vocabulary, cases, .. } = recording();
    let description = description(vocabulary);
    for case in cases.iter().filter(|case| case.temperature == 0.0) {
        let options = case.options();
        let predictor = Predictor::new(&description, &options).unwrap();
        for recorded in &case.steps_recorded {
            for (index, drawn) in recorded.drawn.iter().enumerate() {
                let unconditional = recorded.unconditional.as_ref().map(|rows| rows[index].as_slice());
                let rows = Rows { conditional: &recorded.logits[index], unconditional };
                let prediction = predictor.predict(rows, Place { position: 0, allow: None }).unwrap();
                assert_eq!(prediction.drawn.token, *drawn);
            }
        }
    }
}

#[test]
fn the_decoder_ends_with_the_reference_s_text_and_asks_only_the_steps_that_commit() {
    let Recording { vocabulary, cases, .. } = recording();
    for case in cases {
        let start = case.last.len() - case.masks;
        let problem = Problem {
            control: Control::default(),
            instruction: Vec::new(),
            retrieved: Vec::new(),
            before: case.last[..start].to_vec(),
            after: Vec::new(),
            hole: Hole { old: Vec::new(), lengths: vec![case.masks], constraint: Constraint::Free },
        };
        let preset =
            Preset { steps: case.steps, tokens_per_step: 1, suffix_probe: 0, ..Preset::by_name("quality").unwrap() };
        let settings =
            Settings { quota: case.quota(), order: case.order(), draws: case.draws(), ..Settings::of(&preset, 0) };
        let description = description(vocabulary);
        let mut decoder = Diffusion::new(&description, &problem, settings).unwrap();
        let mut device = Device::new(Replay { description, case: case.clone() });
        let mut steps = 0;
        while let Next::Step(step) = decoder.poll() {
            decoder.answer(&device.run(&step)).unwrap();
            steps += 1;
        }
        let Next::Done(fills) = decoder.poll() else { panic!("nothing was pending") };
        assert!(decoder.faults().is_empty(), "{:?}", decoder.faults());
        assert_eq!(fills[0].tokens, case.last[start..]);
        let busy = case.steps_recorded.iter().filter(|recorded| !recorded.committed.is_empty()).count();
        assert_eq!(steps, busy);
    }
}

#[test]
fn dream_s_quotas_are_counted_as_the_reference_counts_them() {
    for Quotas { masks, steps, dream } in recording().quotas {
        assert_eq!(Quota::Dream.commits(masks, steps), dream, "{masks} masks in {steps} steps");
    }
}

#[test]
fn another_order_would_have_been_noticed() {
    let Recording { vocabulary, cases, .. } = recording();
    let description = description(vocabulary);
    let differs = |case: &Case, order: Order| {
        let (options, quotas) = (case.options(), case.quota().commits(case.masks, case.steps));
        let predictor = Predictor::new(&description, &options).unwrap();
        case.steps_recorded.iter().zip(quotas).any(|(recorded, quota)| {
            let indices = 0..recorded.masked.len();
            let predictions: Vec<Prediction> = indices.map(|index| predicted(recorded, &predictor, index)).collect();
            let ours = order.surest(&predictions, quota);
            ours.into_iter().map(|index| recorded.masked[index]).ne(recorded.committed.iter().copied())
        })
    };
    for (recorded, other) in
        [("entropy", Order::LowConfidence), ("topk_margin", Order::Entropy), ("maskgit_plus", Order::Entropy)]
    {
        assert!(cases.iter().filter(|case| case.order == recorded).any(|case| differs(case, other)), "{recorded}");
    }
}
