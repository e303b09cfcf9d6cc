//! That holes are written from left to right, ended, and searched exactly where the set is bounded.

use proptest::prelude::*;

use super::*;
use crate::device::Device;
use crate::dfa::Dfa;
use crate::pattern::Pattern;
use crate::problem::Hole;
use crate::protocol::{Backend, Bounds, Branch, FaultCode, Guidance, Query};
use crate::scripted::{END, FILL_IN_MIDDLE, Scripted};

fn tokens(text: &str) -> Vec<TokenId> {
    text.bytes().map(TokenId::from).collect()
}

fn text(fill: &Fill) -> String {
    String::from_utf8_lossy(&fill.text(&Scripted::vocabulary())).into_owned()
}

fn problem(before: &str, after: &str, constraint: Constraint) -> Problem {
    Problem {
        control: Control::of(Scripted::new(0).description()),
        instruction: tokens("sum it"),
        retrieved: Vec::new(),
        before: tokens(before),
        after: tokens(after),
        hole: Hole { old: tokens("x"), lengths: Vec::new(), constraint },
    }
}

fn one_of(strings: &[&str]) -> Constraint {
    Constraint::OneOf(strings.iter().map(|string| tokens(string)).collect())
}

fn settings(tokens_max: u32) -> Settings {
    Settings { tokens_max, draws: Draws::greedy(), stops: None, positions_max: usize::MAX, fills_max: 3 }
}

fn model(seed: u64) -> Scripted {
    Scripted::new(seed).autoregressive()
}

struct Run {
    fills: Vec<Fill>,
    traces: Vec<Trace>,
    steps: Vec<Step>,
    decoder: Autoregressive,
}

fn run(backend: Scripted, problem: &Problem, settings: Settings) -> Run {
    let mut decoder = Autoregressive::new(backend.description(), problem, settings).unwrap();
    let (mut device, mut traces, mut steps) = (Device::new(backend), Vec::new(), Vec::new());
    loop {
        match decoder.poll() {
            Next::Step(step) => {
                traces.append(&mut decoder.answer(&device.run(&step)).unwrap());
                steps.push(step);
                assert!(steps.len() < 20_000, "the decoder does not halt");
            }
            Next::Done(fills) => return Run { fills, traces, steps, decoder },
        }
    }
}

#[test]
fn a_hole_is_written_until_the_model_ends_it() {
    let run = run(model(1).saying(&["a + b"]), &problem("return ", "\n", Constraint::Free), settings(20));
    assert_eq!(run.fills.iter().map(text).collect::<Vec<_>>(), ["a + b"]);
    assert_eq!((run.decoder.forwards(), run.traces.len()), (6, 5));
    assert_eq!(run.traces[1].hole, [Some(97), Some(32)]);
    assert_eq!(run.traces[1].committed, [1]);
}

#[test]
fn the_model_reads_prefix_suffix_and_middle_in_this_order() {
    let run = run(model(1).saying(&["y"]), &problem("ab", "cd", Constraint::Free), settings(4));
    let Delta::Open { content, .. } = &run.steps[0].deltas[0] else { panic!("the first delta opens the canvas") };
    let FillInMiddle { prefix, suffix, middle } = FILL_IN_MIDDLE;
    let wanted = [vec![257, prefix], tokens("sum it"), tokens("ab"), vec![suffix], tokens("cd"), vec![middle]].concat();
    assert_eq!(content.cells().collect::<Vec<_>>(), wanted.into_iter().map(Some).collect::<Vec<_>>());
    assert_eq!(run.steps[0].asks[0].positions, [14]);
    let grown =
        [Delta::Insert { canvas: 0, position: 14, count: 1 }, Delta::Set { canvas: 0, position: 14, token: 121 }];
    assert_eq!(run.steps[1].deltas, grown);
}

#[test]
fn a_model_without_marks_reads_what_stands_before() {
    let mut description = model(1).description().clone();
    description.fill_in_middle = None;
    let mut decoder = Autoregressive::new(&description, &problem("ab", "cd", Constraint::Free), settings(4)).unwrap();
    let Next::Step(step) = decoder.poll() else { panic!("the first step asks") };
    let Delta::Open { content, .. } = &step.deltas[0] else { panic!("the first delta opens the canvas") };
    let wanted = [vec![257], tokens("sum it"), tokens("ab")].concat();
    assert_eq!(content.cells().collect::<Vec<_>>(), wanted.into_iter().map(Some).collect::<Vec<_>>());
}

#[test]
fn a_stop_text_ends_the_fill_before_it() {
    let stops = Stops { texts: vec![b";\n".to_vec(), b")".to_vec()], vocabulary: Arc::new(Scripted::vocabulary()) };
    let stopping = Settings { stops: Some(stops), ..settings(20) };
    let run = run(model(1).saying(&["a + b;\nc)"]), &problem("return ", "", Constraint::Free), stopping);
    assert_eq!(run.fills.iter().map(text).collect::<Vec<_>>(), ["a + b"]);
    assert_eq!(run.decoder.forwards(), 7, "nothing is asked after the stop");
}

#[test]
fn a_fill_that_does_not_end_in_time_and_an_empty_one_are_dropped() {
    let long = run(model(1).saying(&["abcdef"]), &problem("", "", Constraint::Free), settings(5));
    assert_eq!((long.fills.len(), long.decoder.forwards()), (0, 6));
    let fits = run(model(1).saying(&["abcdef"]), &problem("", "", Constraint::Free), settings(6));
    assert_eq!(text(&fits.fills[0]), "abcdef");
    let empty = run(model(1).saying(&[""]), &problem("", "", Constraint::Free), settings(5));
    assert!(empty.fills.is_empty());
}

#[test]
fn samples_differ_and_wait_for_room() {
    let bounds = Bounds { positions_max: 64, canvases_max: 2, wanted_max: 9, top_k_max: 4 };
    let draws = Draws { samples: 5, temperature: 1.5, ..Draws::greedy() };
    let suppressing = Settings { draws, ..settings(400) };
    let small = Settings { positions_max: 64, tokens_max: 30, ..suppressing };
    let run = run(model(3).bounded(bounds), &problem("a", "b", Constraint::Free), small);
    assert!(run.steps.iter().all(|step| step.asks.len() <= 2));
    let opened = run.steps.iter().flat_map(|step| &step.deltas).filter(|delta| matches!(delta, Delta::Open { .. }));
    assert_eq!(opened.count(), 5);
    let first: std::collections::BTreeSet<_> =
        run.traces.iter().filter(|trace| trace.hole.len() == 3).map(|trace| trace.hole.clone()).collect();
    assert_eq!(first.len(), 5);
}

fn matching(dfa: Dfa) -> Constraint {
    Constraint::Pattern(Pattern { dfa, vocabulary: Arc::new(Scripted::vocabulary()) })
}

#[test]
fn a_pattern_is_written_and_ends_where_the_model_turns_to_something_else() {
    let names = matching(Dfa::identifier(b""));
    let run = run(model(1).saying(&["total + 1"]), &problem("return ", "", names), settings(20));
    assert_eq!(run.fills.iter().map(text).collect::<Vec<_>>(), ["total"]);
    assert_eq!(run.decoder.forwards(), 6, "five bytes, and the space after them");
}

#[test]
fn impossible_problems_are_refused_before_the_first_step() {
    let refused = |problem: Problem, settings: Settings| {
        Autoregressive::new(model(0).description(), &problem, settings).unwrap_err()
    };
    let free = || problem("a", "b", Constraint::Free);
    assert_eq!(refused(free(), settings(0)), Error::Zero("the number of tokens"));
    let small = Settings { positions_max: 9, ..settings(8) };
    assert_eq!(refused(free(), small), Error::TooLong { hole: 8, control: 4, window: 9 });
    assert_eq!(refused(problem("a", "b", one_of(&["x", ""])), settings(8)), Error::NothingAllowed);
    let mut special = free();
    special.after.push(END);
    assert_eq!(refused(special, settings(8)), Error::Token(END));
    let mut endless = model(0).description().clone();
    endless.end = None;
    let refusal = Autoregressive::new(&endless, &problem("a", "b", one_of(&["y"])), settings(8)).unwrap_err();
    assert_eq!(refusal, Error::NoEnd);
}

#[test]
fn a_sample_that_fails_is_given_up() {
    let backend = model(1).saying(&["a!b"]).broken_by(u32::from(b'!'));
    let run = run(backend, &problem("", "", Constraint::Free), settings(9));
    assert!(run.fills.is_empty());
    assert_eq!(run.decoder.faults()[0].code, FaultCode::NotFinite);
}

/// The log-probability of a string and its end, token by token.
fn joint(backend: &mut Scripted, prompt: &Canvas, string: &[TokenId]) -> f64 {
    let mut cells: Vec<_> = prompt.cells().collect();
    let mut total = 0.0;
    for token in string.iter().copied().chain([END]) {
        let branch = Branch { cells: cells.clone(), wanted: vec![cells.len()] };
        let query = Query {
            positions: vec![cells.len() as u32],
            allow: vec![Some(vec![token])],
            options: Options { end_allowed: true, ..Options::greedy(Attention::Causal, 1) },
            conditional: branch,
            unconditional: None,
        };
        let predicted = backend.predict(&[query]).remove(0).unwrap();
        total += f64::from(predicted[0].drawn.log_prob);
        cells.push(Some(token));
    }
    total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_best_strings_of_a_set_are_found_exactly_and_in_few_forwards(
        seed: u64, strings in prop::collection::btree_set("[ab]{1,4}", 1..20), guided: bool,
    ) {
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        let problem = problem("q", "r", one_of(&strings));
        let scale = if guided { 2.0 } else { 1.0 };
        let draws = Draws { guidance: Guidance { scale, ..Guidance::off() }, ..Draws::greedy() };
        let run = run(model(seed), &problem, Settings { draws, ..settings(8) });
        prop_assert!(run.decoder.forwards() <= run.decoder.forwards_max());
        prop_assert_eq!(run.fills.len(), strings.len().min(3));
        if !guided {
            let mut all: Vec<(f64, &str)> =
                strings.iter().map(|s| (joint(&mut model(seed), &run.decoder.prompt, &tokens(s)), *s)).collect();
            all.sort_by(|left, right| right.0.total_cmp(&left.0));
            for (fill, (wanted, string)) in run.fills.iter().zip(&all) {
                prop_assert_eq!(&text(fill), string);
                prop_assert!((f64::from(fill.score) - wanted).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_pattern_is_met_in_time_for_any_weights(seed: u64, which in 0_usize..4, tokens_max in 3_u32..12, hot: bool) {
        let dfa = [Dfa::identifier(b""), Dfa::integer(), Dfa::float(), Dfa::text(b'"')][which].clone();
        let draws = Draws { samples: 2, temperature: if hot { 1.0 } else { 0.0 }, seed, ..Draws::greedy() };
        let wanted = Settings { draws, ..settings(tokens_max) };
        let run = run(model(seed), &problem("a = ", ";", matching(dfa.clone())), wanted);
        prop_assert!(!run.fills.is_empty() && run.decoder.faults().is_empty(), "{:?}", run.decoder.faults());
        for fill in &run.fills {
            prop_assert!(dfa.accepts(text(fill).as_bytes()), "{}", text(fill));
            prop_assert!(text(fill) != "x" && fill.tokens.len() <= tokens_max as usize);
        }
    }

    #[test]
    fn the_decoder_halts_within_its_bound(seed: u64, tokens_max in 1_u32..20, samples in 1_u32..4) {
        let draws = Draws { samples, temperature: 1.0, top_p: 0.95, seed, guidance: Guidance::off() };
        let wanted = Settings { draws, ..settings(tokens_max) };
        let first = run(model(seed), &problem("a", "b", Constraint::Free), wanted.clone());
        prop_assert!(first.decoder.forwards() <= first.decoder.forwards_max());
        prop_assert!(first.fills.iter().all(|fill| (1..=tokens_max as usize).contains(&fill.tokens.len())));
        prop_assert_eq!(first.fills, run(model(seed), &problem("a", "b", Constraint::Free), wanted).fills);
    }
}
