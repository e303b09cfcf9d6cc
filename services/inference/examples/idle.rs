//! How much of its time a device waits for the engine, for `cargo xtask bench inference`.
//!
//! `idle MILLISECONDS` fills a hole in eight lengths under guidance through the service in this process, over a backend whose
//! every step takes that long and gives made-up predictions. Answers with one line of JSON.

#![expect(clippy::print_stdout, reason = "its output is read by xtask")]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reweave_chassis::model::{Model as Client, Timeouts};
use reweave_decode::diffusion::{Diffusion, Settings};
use reweave_decode::order::Order;
use reweave_decode::problem::{Constraint, Control, Draws, Hole, Next, Problem};
use reweave_decode::protocol::{Backend, Description, Fault, Guidance, Prediction, Query, Role, Scored, Shaped};
use reweave_decode::quota::Quota;
use reweave_decode::schedule::Schedule;
use reweave_decode::scripted::Scripted;
use reweave_inference::{Config, Inference, Loaded, Model, Tokenizer};
use serde_json::json;

/// Canvases side by side, each with a hole of another length.
const CANVASES: usize = 8;
const SHORTEST: usize = 24;
/// Tokens of each segment around the hole.
const AROUND: usize = 250;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let step = std::env::args().nth(1).ok_or("idle MILLISECONDS")?.parse()?;
    let busy = Arc::new(Mutex::new(Busy::default()));
    let description = Scripted::new(1).description().clone();
    let paced = Paced { description: description.clone(), step: Duration::from_millis(step), busy: Arc::clone(&busy) };
    let tokenizer = Tokenizer::longest_match(Scripted::vocabulary())?;
    let loaded = Loaded { model: Ok(Model { backend: Box::new(paced), tokenizer }), encoder: None };
    let inference = Inference::start(Config::default(), move |_| loaded)?;
    inference.loaded().await;
    let client = Client::new(inference.channel(), Timeouts::default());
    fill(&client, &description).await?;
    inference.close().await;
    let busy = *busy.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{}", json!({"step_ms": step, "steps": busy.steps, "idle": busy.idle_share()}));
    Ok(())
}

async fn fill(client: &Client, description: &Description) -> Result<(), Box<dyn Error>> {
    let mut decoder = Diffusion::new(description, &problem(description), settings())?;
    let mut session = client.session().await?;
    while let Next::Step(step) = decoder.poll() {
        decoder.answer(&session.step(step).await?)?;
    }
    Ok(())
}

fn settings() -> Settings {
    let guidance = Guidance { scale: 5.0, dropped: vec![Role::Instruction, Role::Retrieved] };
    Settings {
        steps: 64,
        tokens_per_step: 1,
        quota: Quota::Schedule(Schedule::Linear),
        order: Order::LowConfidence,
        draws: Draws { guidance, ..Draws::greedy() },
        suffix_probe: 0,
        positions_max: usize::MAX,
        fills_max: CANVASES,
    }
}

fn problem(description: &Description) -> Problem {
    let text = vec![u32::from(b'a'); AROUND];
    let lengths = (SHORTEST..SHORTEST + CANVASES).collect();
    Problem {
        control: Control::of(description),
        instruction: text.clone(),
        retrieved: Vec::new(),
        before: text.clone(),
        after: text,
        hole: Hole { old: Vec::new(), lengths, constraint: Constraint::Free },
    }
}

/// A device whose every step takes the same time.
struct Paced {
    description: Description,
    step: Duration,
    busy: Arc<Mutex<Busy>>,
}

/// When the device worked.
#[derive(Clone, Copy, Default)]
struct Busy {
    first: Option<Instant>,
    last: Option<Instant>,
    worked: Duration,
    steps: u64,
}

impl Busy {
    /// Of the time from its first step to the end of its last.
    fn idle_share(&self) -> f64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => 1.0 - self.worked.as_secs_f64() / (last - first).as_secs_f64(),
            _ => 0.0,
        }
    }
}

impl Backend for Paced {
    fn description(&self) -> &Description {
        &self.description
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        let begun = Instant::now();
        let answers = batch.iter().map(|query| Ok(made_up(query))).collect();
        std::thread::sleep(self.step.saturating_sub(begun.elapsed()));
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = Instant::now();
        busy.first.get_or_insert(begun);
        busy.last = Some(ended);
        busy.worked += ended - begun;
        busy.steps += 1;
        answers
    }
}

fn made_up(query: &Query) -> Vec<Prediction> {
    let top_k = query.options.top_k;
    let one = |position: &u32| {
        let scored = |rank: u32| {
            let log_prob = -0.1 - rank as f32 - *position as f32 * 1e-4;
            Scored { token: (position + rank) % 200, log_prob, conditional: log_prob, unconditional: log_prob }
        };
        let shaped = Shaped { probability: scored(0).log_prob.exp(), margin: 0.5, entropy: 0.5 };
        let top: Vec<Scored> = (0..top_k).map(scored).collect();
        Prediction { position: *position, drawn: top[0], top, shaped, entropy: 0.5, allowed: None }
    };
    query.positions.iter().map(one).collect()
}
