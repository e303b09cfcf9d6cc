//! That holes are filled, within the stated bounds, and that every failure has its name.

mod reference;

use proptest::prelude::*;

use super::*;
use std::sync::Arc;

use crate::device::Device;
use crate::dfa::Dfa;
use crate::pattern::Pattern;
use crate::problem::{Control, Hole};
use crate::protocol::{Backend, Bounds, FaultCode, Guidance, TokenId};
use crate::scripted::{MASK, Scripted};

fn tokens(text: &str) -> Vec<TokenId> {
    text.bytes().map(TokenId::from).collect()
}

fn text(fill: &Fill) -> String {
    String::from_utf8_lossy(&Scripted::vocabulary().decode(&fill.tokens)).into_owned()
}

fn problem(before: &str, after: &str, lengths: &[usize]) -> Problem {
    Problem {
        control: Control::of(Scripted::new(0).description()),
        instruction: tokens("sum it"),
        retrieved: Vec::new(),
        before: tokens(before),
        after: tokens(after),
        hole: Hole { old: tokens("x"), lengths: lengths.to_vec(), constraint: Constraint::Free },
    }
}

fn one_of(old: &str, strings: &[&str]) -> Problem {
    let mut problem = problem("a = ", ";", &[]);
    problem.hole.old = tokens(old);
    problem.hole.constraint = Constraint::OneOf(strings.iter().map(|string| tokens(string)).collect());
    problem
}

fn settings(steps: u32, tokens_per_step: u32) -> Settings {
    let preset = Preset { steps, tokens_per_step, ..Preset::by_name("quality").unwrap() };
    Settings { suffix_probe: 0, draws: Draws::greedy(), ..Settings::of(&preset, 7) }
}

struct Run {
    fills: Vec<Fill>,
    traces: Vec<Trace>,
    device: Device<Scripted>,
    decoder: Diffusion,
    steps: u64,
}

fn run(backend: Scripted, problem: &Problem, settings: Settings) -> Run {
    let mut decoder = Diffusion::new(backend.description(), problem, settings).unwrap();
    let (mut device, mut traces, mut steps) = (Device::new(backend), Vec::new(), 0);
    loop {
        match decoder.poll() {
            Next::Step(step) => {
                steps += 1;
                assert!(steps < 2_000, "the decoder does not halt");
                traces.append(&mut decoder.answer(&device.run(&step)).unwrap());
            }
            Next::Done(fills) => return Run { fills, traces, device, decoder, steps },
        }
    }
}

fn refused(problem: &Problem, settings: Settings) -> Error {
    Diffusion::new(Scripted::new(0).description(), problem, settings).unwrap_err()
}

#[test]
fn a_hole_is_filled_by_what_the_model_says_at_the_length_it_says_it() {
    let backend = Scripted::new(1).saying(&["total + 1"]);
    let run = run(backend, &problem("return ", "\n", &[7, 9, 11]), settings(50, 1));
    assert_eq!(run.fills.len(), 3);
    assert_eq!(text(&run.fills[0]), "total + 1");
    assert!(run.fills[0].score > -0.01 && run.fills[1].score < -0.1);
    assert_eq!(run.steps, 11, "the longest canvas sets the number of steps");
}

#[test]
fn the_mock_preset_takes_one_step() {
    let backend = Scripted::new(1).saying(&["y"]);
    let run = run(backend, &problem("return ", "\n", &[1, 2]), Settings::of(&Preset::by_name("mock").unwrap(), 0));
    assert_eq!((text(&run.fills[0]).as_str(), run.steps), ("y", 1));
}

#[test]
fn the_trace_shows_the_hole_filling_up() {
    let run = run(Scripted::new(5), &problem("a", "b", &[3]), settings(50, 1));
    let masks: Vec<usize> =
        run.traces.iter().map(|trace| trace.hole.iter().filter(|cell| cell.is_none()).count()).collect();
    assert_eq!(masks, [2, 1, 0]);
    let mut committed: Vec<u32> = run.traces.iter().flat_map(|trace| trace.committed.clone()).collect();
    committed.sort_unstable();
    assert_eq!(committed, [0, 1, 2]);
    let last: Vec<TokenId> = run.traces[2].hole.iter().flatten().copied().collect();
    assert_eq!(last, run.fills[0].tokens);
}

#[test]
fn the_surest_token_is_committed_first_and_seen_by_the_next_step() {
    let run = run(Scripted::new(5), &problem("a", "b", &[4]), settings(50, 1));
    let mut device = Device::new(Scripted::new(5));
    let mut first = Diffusion::new(Scripted::new(5).description(), &problem("a", "b", &[4]), settings(50, 1)).unwrap();
    let Next::Step(step) = first.poll() else { panic!("the first step asks") };
    let reply = device.run(&step);
    let predictions = reply.answers[0].predictions.clone().unwrap();
    let surest = predictions.iter().max_by(|a, b| a.drawn.log_prob.total_cmp(&b.drawn.log_prob)).unwrap();
    assert_eq!(run.traces[0].committed, [surest.position - step.asks[0].positions[0]]);
    first.answer(&reply).unwrap();
    let Next::Step(second) = first.poll() else { panic!("three masks are left") };
    assert_eq!(second.deltas, [Delta::Set { canvas: 0, position: surest.position, token: surest.drawn.token }]);
    assert_eq!(second.asks[0].positions.len(), 3);
}

#[test]
fn samples_of_one_length_share_steps_and_differ() {
    let draws = Draws { samples: 4, temperature: 1.5, ..Draws::greedy() };
    let run = run(Scripted::new(2), &problem("a", "b", &[5]), Settings { draws, ..settings(50, 1) });
    assert_eq!((run.fills.len(), run.steps, run.device.most_open), (4, 5, 4));
    assert!(run.fills.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

#[test]
fn the_probe_of_the_suffix_costs_one_forward_and_enters_the_score() {
    let probing = Settings { suffix_probe: 4, ..settings(50, 2) };
    let run = run(Scripted::new(2), &problem("a", "bcd", &[4]), probing);
    assert_eq!(run.decoder.forwards(), 3);
    let fill = &run.fills[0];
    let suffix = fill.suffix.unwrap();
    assert!(suffix < 0.0);
    assert_eq!(fill.score, length::score(&fill.log_probs, Some(suffix)));
}

#[test]
fn guidance_costs_two_forwards_and_changes_the_draw() {
    let guided = Draws { guidance: Guidance { scale: 5.0, ..Guidance::off() }, ..Draws::greedy() };
    let plain = run(Scripted::new(2), &problem("a", "b", &[6]), settings(50, 1));
    let guided = run(Scripted::new(2), &problem("a", "b", &[6]), Settings { draws: guided, ..settings(50, 1) });
    assert_eq!((plain.decoder.forwards(), guided.decoder.forwards()), (6, 12));
    assert_ne!(plain.fills[0].tokens, guided.fills[0].tokens);
}

#[test]
fn canvases_beyond_the_bounds_wait_for_room() {
    let bounds = Bounds { positions_max: 64, canvases_max: 2, wanted_max: 7, top_k_max: 4 };
    let run = run(Scripted::new(2).bounded(bounds), &problem("a", "b", &[4, 3, 2, 1, 5]), settings(50, 1));
    assert_eq!(run.fills.len(), 5);
    assert!(run.device.most_open <= 2 && run.device.most_wanted <= 7);
    assert_eq!(run.decoder.forwards(), 15);
}

#[test]
fn a_canvas_that_fails_is_given_up_and_the_rest_go_on() {
    let backend = Scripted::new(1).saying(&["abc", "q!"]).broken_by(u32::from(b'!'));
    let run = run(backend, &problem("f(", ")", &[2, 3]), settings(50, 1));
    // The one of two tokens commits `!` first or last; either way its neighbour is not disturbed.
    assert_eq!(text(&run.fills[0]), "abc");
    let all_broken = Scripted::new(1).broken_by(u32::from(b'('));
    let failed = self::run(all_broken, &problem("f(", ")", &[2, 3]), settings(50, 1));
    assert!(failed.fills.is_empty());
    assert_eq!(failed.decoder.faults().iter().map(|fault| fault.code).collect::<Vec<_>>(), [FaultCode::NotFinite; 2]);
}

#[test]
fn a_bounded_set_takes_one_forward_for_each_length_and_never_gives_the_old_text() {
    let backend = Scripted::new(1).saying(&["<=", "<"]);
    let run = run(backend, &one_of("<=", &["<", "<=", ">", ">=", "=="]), settings(50, 1));
    let found: Vec<String> = run.fills.iter().map(text).collect();
    assert_eq!((found[0].as_str(), found.len(), run.decoder.forwards()), ("<", 4, 2));
    assert!(!found.contains(&"<=".to_owned()));
}

/// A hole after `a = ` that must hold what `dfa` accepts.
fn matching(dfa: Dfa, old: &str, lengths: &[usize]) -> Problem {
    let mut problem = problem("a = ", ";", lengths);
    problem.hole.old = tokens(old);
    problem.hole.constraint = Constraint::Pattern(Pattern { dfa, vocabulary: Arc::new(Scripted::vocabulary()) });
    problem
}

#[test]
fn a_pattern_is_kept_whatever_the_model_would_rather_say() {
    let backend = || Scripted::new(1).saying(&["count", "9_a"]);
    let names = Dfa::identifier(b"");
    let run = run(backend(), &matching(names.clone(), "x", &[3, 5]), settings(50, 1));
    assert_eq!(text(&run.fills[0]), "count");
    assert!(run.fills.len() >= 8, "runners-up are returned too");
    assert!(run.fills.iter().all(|fill| names.accepts(text(fill).as_bytes())));
    assert_eq!(run.decoder.forwards(), 8);
    let kept = self::run(backend(), &matching(names, "count", &[5]), settings(50, 1));
    assert!(kept.fills.iter().all(|fill| text(fill) != "count"), "the old text is no answer");
    assert!(!kept.fills.is_empty());
}

#[test]
fn a_pattern_that_no_string_of_a_length_meets_fails_that_canvas_alone() {
    let operators = Dfa::words(&["<", "=="]).unwrap();
    let run = run(Scripted::new(1), &matching(operators.clone(), "=", &[1, 2, 3]), settings(50, 1));
    assert_eq!(run.fills.iter().map(text).collect::<std::collections::BTreeSet<_>>(), ["<".into(), "==".into()].into());
    assert_eq!(run.decoder.faults().iter().map(|fault| fault.code).collect::<Vec<_>>(), [FaultCode::NothingAllowed]);
    let one = Dfa::words(&["=="]).unwrap();
    assert_eq!(refused(&matching(one, "==", &[2]), settings(1, 1)), Error::NothingAllowed);
    let mut short = Scripted::new(0).description().clone();
    short.vocabulary = 200;
    short.specials.clear();
    short.begin = None;
    let mut foreign = matching(operators, "=", &[1]);
    foreign.control = Control::default();
    let refusal = Diffusion::new(&short, &foreign, settings(1, 1)).unwrap_err();
    assert_eq!(refusal, Error::Vocabulary { tokens: 262, model: 200 });
}

#[test]
fn an_impossible_problem_is_refused_before_the_first_step() {
    let ordinary = || problem("a", "b", &[3]);
    let autoregressive = Scripted::new(0).autoregressive();
    let refusal = Diffusion::new(autoregressive.description(), &ordinary(), settings(1, 1)).unwrap_err();
    assert_eq!(refusal, Error::NoMask);
    assert!(matches!(refused(&problem("a", "b", &[0]), settings(1, 1)), Error::NoLength(_)));
    assert_eq!(refused(&ordinary(), settings(0, 1)), Error::Zero("the number of steps"));
    assert_eq!(refused(&ordinary(), settings(1, 0)), Error::Zero("tokens per step"));
    let none = Settings { draws: Draws { samples: 0, ..Draws::greedy() }, ..settings(1, 1) };
    assert_eq!(refused(&ordinary(), none), Error::Zero("the number of samples"));
    let hot = Settings { draws: Draws { temperature: f32::NAN, ..Draws::greedy() }, ..settings(1, 1) };
    assert!(matches!(refused(&ordinary(), hot), Error::Options(_)));
    let small = Settings { positions_max: 3, ..settings(1, 1) };
    assert_eq!(refused(&ordinary(), small), Error::TooLong { hole: 3, control: 1, window: 3 });
    let mut special = ordinary();
    special.before.push(MASK);
    assert_eq!(refused(&special, settings(1, 1)), Error::Token(MASK));
    assert_eq!(refused(&one_of("a", &["a", ""]), settings(1, 1)), Error::NothingAllowed);
    let many = vec!["a"; 5_000];
    assert_eq!(refused(&one_of("a", &many), settings(1, 1)), Error::TooManyAllowed(5_000, crate::problem::STRINGS_MAX));
}

#[test]
fn a_reply_to_another_step_is_refused_and_changes_nothing() {
    let mut decoder = Diffusion::new(Scripted::new(0).description(), &problem("a", "b", &[2]), settings(9, 1)).unwrap();
    let Next::Step(step) = decoder.poll() else { panic!("the first step asks") };
    let mut reply = Device::new(Scripted::new(0)).run(&step);
    reply.step += 1;
    assert_eq!(decoder.answer(&reply), Err(Error::Unexpected { reply: 2, step: Some(1) }));
    assert_eq!(decoder.poll(), Next::Step(step));
}

#[test]
fn a_device_that_answers_something_else_costs_the_canvas_and_not_the_program() {
    let start = || {
        let mut decoder =
            Diffusion::new(Scripted::new(0).description(), &problem("a", "b", &[2]), settings(9, 1)).unwrap();
        let Next::Step(step) = decoder.poll() else { panic!("the first step asks") };
        let reply = Device::new(Scripted::new(0)).run(&step);
        (decoder, reply)
    };
    let spoil: [fn(&mut Reply); 4] = [
        |reply| reply.answers.clear(),
        |reply| reply.answers[0].predictions.as_mut().unwrap().truncate(1),
        |reply| reply.answers[0].predictions.as_mut().unwrap().iter_mut().for_each(|p| p.drawn.token = MASK),
        |reply| reply.answers[0].predictions.as_mut().unwrap().iter_mut().for_each(|p| p.drawn.log_prob = f32::NAN),
    ];
    for spoil in spoil {
        let (mut decoder, mut reply) = start();
        spoil(&mut reply);
        assert_eq!(decoder.answer(&reply), Ok(Vec::new()));
        assert_eq!((decoder.poll(), decoder.faults().len()), (Next::Done(Vec::new()), 1));
    }
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(Order::ALL.map(|(order, _)| order).to_vec())
}

fn quotas() -> impl Strategy<Value = Quota> {
    let schedules = Schedule::ALL.map(|(schedule, _)| Quota::Schedule(schedule));
    prop::sample::select([schedules.to_vec(), vec![Quota::Llada, Quota::Dream]].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_pattern_is_met_by_every_fill_for_any_weights(
        (seed, quota, order) in (any::<u64>(), quotas(), orders()), which in 0_usize..4, (steps, tokens_per_step) in (1_u32..9, 1_u32..4),
    ) {
        let dfa = [Dfa::identifier(b"$"), Dfa::integer(), Dfa::float(), Dfa::text(b'"')][which].clone();
        let problem = matching(dfa.clone(), "1", &[3, 4, 6]);
        let run = run(Scripted::new(seed), &problem, Settings { quota, order, ..settings(steps, tokens_per_step) });
        prop_assert!(!run.fills.is_empty() && run.decoder.faults().is_empty());
        prop_assert!(run.fills.iter().all(|fill| dfa.accepts(text(fill).as_bytes())));
        prop_assert!(run.decoder.forwards() <= run.decoder.forwards_max());
        prop_assert!(run.decoder.forwards_max() <= 13);
    }

    #[test]
    fn the_decoder_halts_within_its_bounds_and_fills_every_hole(
        (seed, order, quota) in (any::<u64>(), orders(), quotas()),
        lengths in prop::collection::vec(1_usize..12, 1..4),
        (steps, tokens_per_step, samples) in (1_u32..20, 1_u32..5, 1_u32..3),
        (temperature, suffix_probe) in (prop::sample::select(vec![0.0_f32, 0.8]), 0_u32..3),
    ) {
        let draws = Draws { samples, temperature, top_p: 0.9, seed, guidance: Guidance::off() };
        let wanted = Settings { order, quota, draws, suffix_probe, ..settings(steps, tokens_per_step) };
        let run = run(Scripted::new(seed), &problem("ab", "cd", &lengths), wanted.clone());
        let masks: usize = lengths.iter().copied().collect::<std::collections::BTreeSet<_>>().into_iter().sum();
        let probes = if suffix_probe > 0 { lengths.len() as u64 } else { 0 };
        prop_assert!(run.decoder.forwards() <= run.decoder.forwards_max());
        prop_assert!(run.decoder.forwards_max() <= (masks as u64 + probes) * u64::from(samples));
        prop_assert!(run.steps <= u64::from(steps) + 1);
        prop_assert!(!run.fills.is_empty() && run.decoder.faults().is_empty());
        prop_assert!(run.fills.iter().all(|fill| lengths.contains(&fill.tokens.len())));
        let again = self::run(Scripted::new(seed), &problem("ab", "cd", &lengths), wanted);
        prop_assert_eq!(run.fills, again.fills);
    }
}
