//! Fills holes for `cargo xtask bench inference`: the decoder of `crates/decode` over a session over the torch backend.
//!
//! `infill make SHAPE DIR` writes a folder with random weights; `infill serve DIR POSITIONS STEPS THREADS` reads a number of
//! masks from each line of its input, fills such a hole, and answers with one line of JSON.

#![expect(clippy::print_stdout, reason = "its output is read by xtask")]

use std::error::Error;
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use reweave_decode::diffusion::{Diffusion, Settings};
use reweave_decode::order::Order;
use reweave_decode::problem::{Constraint, Control, Draws, Hole, Next, Problem};
use reweave_decode::protocol::{Answer, Backend, Bounds, Query, Reply, Step};
use reweave_decode::quota::Quota;
use reweave_inference::folder::tiny::{self, Plan, Shape};
use reweave_inference::folder::{self, StoredType};
use reweave_inference::session::{Limits as SessionLimits, Rules, Session};
use reweave_network::backend::{Limits, TorchBackend};
use reweave_network::device::{self, Choice, Precision};
use reweave_network::loader;
use serde_json::json;

const SEED: u64 = 7;
const BOUNDS: Bounds = Bounds { positions_max: 32_768, canvases_max: 64, wanted_max: 4096, top_k_max: 64 };
const LIMITS: Limits = Limits { positions_max: 16_384, logit_rows_max: 256 };

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", shape, dir] => make(shape, Path::new(dir)),
        ["serve", dir, positions, steps, threads] => {
            tch::set_num_threads(threads.parse()?);
            serve(Path::new(dir), positions.parse()?, steps.parse()?)
        }
        _ => Err("infill make coder_half_b|quick DIR, or infill serve DIR POSITIONS STEPS THREADS".into()),
    }
}

fn make(shape: &str, dir: &Path) -> Result<(), Box<dyn Error>> {
    let shape = match shape {
        "coder_half_b" => Shape::CODER_HALF_B,
        // A hundredth of the arithmetic.
        "quick" => Shape {
            hidden: 256,
            intermediate: 1024,
            layers: 4,
            heads: 4,
            kv_heads: 2,
            vocabulary: 16_384,
            ..Shape::CODER_HALF_B
        },
        other => return Err(format!("no shape is called {other}").into()),
    };
    Ok(tiny::write(dir, &Plan { shape, dtype: StoredType::Bf16, ..Plan::diffusion(SEED) })?)
}

fn serve(dir: &Path, positions: usize, steps: u32) -> Result<(), Box<dyn Error>> {
    let device = device::open(Choice::Auto)?;
    let folder = folder::open(dir)?;
    let precision = Precision::Bf16;
    let decoder = loader::decoder(&folder, device, precision, &mut |_| {})?;
    let mut backend = TorchBackend::new(decoder, &folder, precision, BOUNDS, LIMITS)?;
    println!("{}", json!({"device": device::name(device), "parameters": folder.spec.parameters()}));
    for line in std::io::stdin().lock().lines() {
        println!("{}", fill(&mut backend, positions, line?.trim().parse()?, steps)?);
    }
    Ok(())
}

/// One hole of `masks` positions in a canvas of `positions`, denoised in at most `steps` steps.
fn fill(
    backend: &mut TorchBackend,
    positions: usize,
    masks: usize,
    steps: u32,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let before = backend.spent();
    let begun = Instant::now();
    let description = backend.description().clone();
    let mut decoder = Diffusion::new(&description, &problem(positions, masks, &description), settings(steps))?;
    let mut session = Session::default();
    let rules = Rules { model: description, limits: session_limits() };
    let fills = loop {
        match decoder.poll() {
            Next::Step(step) => {
                decoder.answer(&reply(backend, &mut session, &rules, step)?)?;
            }
            Next::Done(fills) => break fills,
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    let filled = fills.first().map(|fill| fill.tokens.len());
    if filled != Some(masks) {
        return Err(format!("a hole of {masks} masks was filled with {filled:?} tokens").into());
    }
    let spent = backend.spent();
    Ok(json!({
        "seconds": seconds,
        "passes": spent.passes - before.passes,
        "blocks": (spent.blocks - before.blocks).as_secs_f64(),
        "head": (spent.head - before.head).as_secs_f64(),
        "choice": (spent.choice - before.choice).as_secs_f64(),
    }))
}

fn reply(
    backend: &mut TorchBackend,
    session: &mut Session,
    rules: &Rules,
    step: Step,
) -> Result<Reply, Box<dyn Error>> {
    let id = step.id;
    let planned = session.step(step, rules)?;
    let queries = planned.iter().map(|planned| planned.query.clone()).collect::<Result<Vec<Query>, _>>()?;
    let canvases = planned.into_iter().map(|planned| planned.canvas);
    let answers = canvases.zip(backend.predict(&queries)).map(|(canvas, predictions)| Answer { canvas, predictions });
    Ok(Reply { step: id, answers: answers.collect(), forwards: queries.len() as u32 })
}

fn settings(steps: u32) -> Settings {
    Settings {
        steps,
        tokens_per_step: 1,
        quota: Quota::Llada,
        order: Order::LowConfidence,
        draws: Draws::greedy(),
        suffix_probe: 0,
        positions_max: usize::MAX,
        fills_max: 1,
    }
}

/// Ordinary tokens around the hole; three fifths of them before it.
fn problem(positions: usize, masks: usize, description: &reweave_decode::protocol::Description) -> Problem {
    let control = Control::of(description);
    let around = positions - masks - control.first.len() - control.last.len();
    let token = |place: usize| (place * 131 % 250) as u32;
    let split = around * 3 / 5;
    Problem {
        control,
        instruction: Vec::new(),
        retrieved: Vec::new(),
        before: (0..split).map(token).collect(),
        after: (split..around).map(token).collect(),
        hole: Hole { old: Vec::new(), lengths: vec![masks], constraint: Constraint::Free },
    }
}

fn session_limits() -> SessionLimits {
    SessionLimits {
        session_positions_max: 1 << 20,
        segments_max: 256,
        deltas_max: 1 << 14,
        asks_max: 64,
        step_positions_max: 1 << 20,
        allowed_max: 1 << 20,
    }
}
