//! Driving a decoder against the model service, one step after the other, in sight of whoever watches.

use std::sync::Arc;

use reweave_core::{Denoising, EvidenceKind, Glyph, Progress, Proposer, Refusal, RefusalCode, Stage, limits};
use reweave_decode::{
    autoregressive::{self, Autoregressive, Stops},
    diffusion::{self, Diffusion},
    preset::Preset,
    problem::{self, Draws, Fill, Next, Problem, Trace},
    protocol::{Reply, TokenId},
};

use super::model::{Mounted, refused};
use crate::engine::Work;

/// How much work goes into one hole.
#[derive(Clone, Debug)]
pub(super) struct Effort {
    pub(super) preset: Preset,
    guidance: f32,
    steps: u32,
    temperature: f32,
    /// Positions of one canvas.
    pub(super) window: u32,
}

impl Effort {
    /// What the request says, and the configuration where it says nothing.
    pub(super) fn of(work: &Work) -> Self {
        let preset = work.generation.preset.unwrap_or(work.config.preset());
        let preset = Preset::by_name(preset.as_str()).expect("every preset has its row, as a test shows");
        let steps = work.generation.steps.unwrap_or(preset.steps).min(limits::STEPS_MAX);
        Self {
            steps,
            guidance: work.generation.guidance.unwrap_or(work.config.guidance),
            temperature: work.generation.temperature.unwrap_or(preset.temperature),
            window: work.config.model_window,
            preset,
        }
    }

    /// Whether another seed may give other fills.
    pub(super) fn differs_by_seed(&self) -> bool {
        self.temperature > 0.0
    }

    fn draws(&self, seed: u64) -> Draws {
        let mut draws = self.preset.draws(seed);
        draws.temperature = self.temperature;
        draws.guidance.scale = self.guidance;
        draws
    }
}

/// How often the longest candidate length a model that writes until it stops may write at most.
const LENGTH_FACTOR: u32 = 2;

/// One decoding of one hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) proposer: Proposer,
    pub(super) seed: u64,
    /// What stands in the hole ends with its line.
    pub(super) one_line: bool,
}

/// Either decoder.
pub(super) enum Decoder {
    Diffusion { decoder: Box<Diffusion>, steps: u32 },
    Autoregressive { decoder: Box<Autoregressive>, steps: u32 },
}

/// What came out of one decoder.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) fills: Vec<Fill>,
    pub(super) forwards: u64,
    /// Why canvases were given up.
    pub(super) faults: Vec<String>,
}

impl Decoder {
    pub(super) fn new(
        mounted: &Mounted,
        problem: &Problem,
        effort: &Effort,
        attempt: Attempt,
    ) -> Result<Self, Refusal> {
        let Attempt { proposer, seed, .. } = attempt;
        let description = &mounted.description;
        if proposer == Proposer::Autoregressive {
            let longest = problem.hole.lengths.iter().max().copied().unwrap_or(1) as u32;
            let steps = longest.saturating_mul(LENGTH_FACTOR);
            let settings = autoregressive::Settings {
                draws: effort.draws(seed),
                positions_max: effort.window as usize,
                stops: attempt.one_line.then(|| one_line(mounted)),
                ..autoregressive::Settings::of(&effort.preset, seed, steps)
            };
            let decoder = Autoregressive::new(description, problem, settings).map_err(unsolvable)?;
            return Ok(Self::Autoregressive { decoder: Box::new(decoder), steps });
        }
        let steps = effort.steps;
        let settings = diffusion::Settings {
            steps,
            draws: effort.draws(seed),
            positions_max: effort.window as usize,
            ..diffusion::Settings::of(&effort.preset, seed)
        };
        let decoder = Diffusion::new(description, problem, settings).map_err(unsolvable)?;
        Ok(Self::Diffusion { decoder: Box::new(decoder), steps })
    }

    fn poll(&mut self) -> Next {
        match self {
            Self::Diffusion { decoder, .. } => decoder.poll(),
            Self::Autoregressive { decoder, .. } => decoder.poll(),
        }
    }

    fn answer(&mut self, reply: &Reply) -> Result<Vec<Trace>, problem::Error> {
        match self {
            Self::Diffusion { decoder, .. } => decoder.answer(reply),
            Self::Autoregressive { decoder, .. } => decoder.answer(reply),
        }
    }

    fn finish(&self, fills: Vec<Fill>) -> Decoded {
        let (forwards, faults) = match self {
            Self::Diffusion { decoder, .. } => (decoder.forwards(), decoder.faults()),
            Self::Autoregressive { decoder, .. } => (decoder.forwards(), decoder.faults()),
        };
        Decoded { fills, forwards, faults: faults.iter().map(ToString::to_string).collect() }
    }

    fn steps(&self) -> u32 {
        match self {
            Self::Diffusion { steps, .. } | Self::Autoregressive { steps, .. } => *steps,
        }
    }
}

/// Runs `decoder` to its end in a session of its own; the session's canvases die with it.
pub(super) async fn run(
    work: &mut Work,
    mounted: &Mounted,
    mut decoder: Decoder,
    hole: usize,
) -> Result<Decoded, Refusal> {
    let mut session = mounted.model.session().await.map_err(refused)?;
    let mut taken = 0;
    loop {
        let step = match decoder.poll() {
            Next::Done(fills) => return Ok(decoder.finish(fills)),
            Next::Step(step) => step,
        };
        let Some(reply) = work.in_time(session.step(step)).await else { return Err(work.out_of_time()) };
        let traces = decoder.answer(&reply.map_err(refused)?).map_err(unsolvable)?;
        taken += 1;
        if let Some(trace) = leading(&traces) {
            let place = (hole as u32 + 1, taken.min(decoder.steps()), decoder.steps());
            let denoising = denoising(mounted, trace, place);
            let message = format!("hole {} · step {taken} of at most {}", place.0, place.2.max(taken));
            work.send(Progress { denoising: Some(denoising), ..Progress::new(Stage::Propose, message) }).await;
        }
    }
}

/// Of the canvases that a step changed, the one to show: always the same, so that it can be followed.
fn leading(traces: &[Trace]) -> Option<&Trace> {
    traces.iter().min_by_key(|trace| (trace.sample, trace.canvas))
}

fn denoising(mounted: &Mounted, trace: &Trace, (hole, step, steps): (u32, u32, u32)) -> Denoising {
    let text = |token: TokenId| String::from_utf8_lossy(mounted.vocabulary.bytes(token)).into_owned();
    let glyph = |(index, cell): (usize, &Option<TokenId>)| match cell {
        None => Glyph::Masked,
        Some(token) if trace.committed.contains(&(index as u32)) => Glyph::New(text(*token)),
        Some(token) => Glyph::Kept(text(*token)),
    };
    Denoising { hole, step, steps, glyphs: trace.hole.iter().enumerate().map(glyph).collect() }
}

/// Ends a fill with its line.
fn one_line(mounted: &Mounted) -> Stops {
    Stops { texts: vec![b"\n".to_vec()], vocabulary: Arc::clone(&mounted.vocabulary) }
}

/// A problem that no step could solve.
fn unsolvable(error: problem::Error) -> Refusal {
    Refusal::new(RefusalCode::ModelFault, "the hole cannot be decoded by this model")
        .with(EvidenceKind::Limit, error.to_string())
        .next("name a smaller hole, or mount another model")
}
