//! Fills one hole from left to right, sans-IO: the fallback where no model can denoise.
//!
//! A model with marks for it is shown what stands before and after the hole (prefix, suffix, middle); any other only what
//! stands before. `poll` gives a step to run, `answer` takes its reply. A sample costs one forward for each token and one for
//! its end, at most [`Settings::tokens_max`] + 1; twice that under guidance.

mod guide;
mod sample;
mod walk;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::preset::Preset;
use crate::problem::{
    Constraint, Control, Draws, Error, Fill, Next, Problem, Surroundings, Trace, check, predictions, ranked,
};
use crate::protocol::{Ask, Attention, Delta, Description, Fault, FillInMiddle, Options, Reply, Role, Segment, Step};
use crate::protocol::{Canvas, TokenId};
use crate::vocabulary::Vocabulary;
use crate::window;

use guide::Guide;
use sample::Sample;
use walk::Walk;

/// How a hole is written from left to right.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Tokens of one fill, at most; from 1. A fill that has not ended by then is dropped.
    pub tokens_max: u32,
    pub draws: Draws,
    /// Texts that end a fill before them.
    pub stops: Option<Stops>,
    /// Positions of a canvas, at most; the model's own bound holds too.
    pub positions_max: usize,
    /// Fills of a bounded set that are returned, at most.
    pub fills_max: usize,
}

impl Settings {
    /// A preset's draws, for fills of at most `tokens_max`.
    #[must_use]
    pub fn of(preset: &Preset, seed: u64, tokens_max: u32) -> Self {
        Self { tokens_max, draws: preset.draws(seed), stops: None, positions_max: usize::MAX, fills_max: 8 }
    }
}

/// Texts that cannot stand in a fill, such as a line break in an expression.
#[derive(Clone, Debug)]
pub struct Stops {
    pub texts: Vec<Vec<u8>>,
    pub vocabulary: Arc<Vocabulary>,
}

/// The decoder of one hole. It owns its session: canvases are numbered from 0, steps from 1.
#[derive(Clone, Debug)]
pub struct Autoregressive {
    settings: Settings,
    description: Description,
    /// What is read before the first token of a fill.
    prompt: Canvas,
    mode: Mode,
    deltas: Vec<Delta>,
    pending: Option<Step>,
    last_step: u64,
    forwards: u64,
    fills: Vec<Fill>,
    faults: Vec<Fault>,
}

#[derive(Clone, Debug)]
enum Mode {
    /// Draws, side by side; the number says how many were opened.
    Samples(Vec<Sample>, usize),
    /// A search through a bounded set.
    Walk(Walk),
}

impl Autoregressive {
    /// Takes a problem for a model. The hole's lengths are not looked at.
    ///
    /// # Errors
    /// A problem that does not fit into the model's bounds, or settings out of range; see [`Error`].
    pub fn new(description: &Description, problem: &Problem, settings: Settings) -> Result<Self, Error> {
        check(description, problem, &settings.draws)?;
        if settings.tokens_max == 0 {
            return Err(Error::Zero("the number of tokens"));
        }
        let mut problem = problem.clone();
        problem.control = control(&problem.control, description.fill_in_middle);
        if description.fill_in_middle.is_none() {
            problem.after.clear();
        }
        let strings = match &problem.hole.constraint {
            Constraint::Free | Constraint::Pattern(_) => None,
            Constraint::OneOf(strings) => Some(strings),
        };
        let longest =
            strings.map_or(settings.tokens_max as usize, |strings| strings.iter().map(Vec::len).max().unwrap_or(0));
        let positions = settings.positions_max.min(description.bounds.positions_max as usize);
        let surroundings = window::fit(&problem, longest, positions)?;
        let prompt = prompt(&surroundings, description.fill_in_middle);
        let mode = match strings {
            Some(strings) => {
                let end = description.end.ok_or(Error::NoEnd)?;
                Mode::Walk(Walk::new(strings, &problem.hole.old, end, prompt.len())?)
            }
            None => {
                let start = prompt.len() as u32;
                let guide = match &problem.hole.constraint {
                    Constraint::Pattern(pattern) => Some(Guide::new(pattern, &problem.hole.old)?),
                    Constraint::Free | Constraint::OneOf(_) => None,
                };
                let samples = (0..settings.draws.distinct()).map(|sample| Sample::new(sample, start, guide.clone()));
                Mode::Samples(samples.collect(), 0)
            }
        };
        Ok(Self {
            settings,
            description: description.clone(),
            prompt,
            mode,
            deltas: Vec::new(),
            pending: None,
            last_step: 0,
            forwards: 0,
            fills: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// The step to run now, the same until it is answered, or the fills. Fills of a bounded set are scored by their
    /// log-probability, the end of text included; others by the mean over their tokens and the end.
    pub fn poll(&mut self) -> Next {
        if self.pending.is_none() {
            self.pending = self.assemble();
        }
        match &self.pending {
            Some(step) => Next::Step(step.clone()),
            None => Next::Done(ranked(self.fills.clone())),
        }
    }

    /// Takes the reply to the pending step and says what it wrote. Canvases that failed are given up; see
    /// [`Self::faults`].
    ///
    /// # Errors
    /// [`Error::Unexpected`] for a reply to another step; nothing has changed then.
    pub fn answer(&mut self, reply: &Reply) -> Result<Vec<Trace>, Error> {
        let Some(step) = self.pending.take_if(|step| step.id == reply.step) else {
            return Err(Error::Unexpected { reply: reply.step, step: self.pending.as_ref().map(|step| step.id) });
        };
        self.forwards += u64::from(reply.forwards);
        let mut traces = Vec::new();
        for ask in &step.asks {
            match self.take(reply, ask) {
                Ok(trace) => traces.extend(trace.map(|trace| Trace { step: step.id, ..trace })),
                Err(fault) => self.faults.push(fault),
            }
        }
        if let Mode::Walk(walk) = &self.mode {
            self.fills = walk.fills(self.settings.fills_max);
        }
        Ok(traces)
    }

    /// Forward passes of one canvas that the replies so far cost.
    #[must_use]
    pub fn forwards(&self) -> u64 {
        self.forwards
    }

    /// Forward passes that all replies together may cost, at most.
    #[must_use]
    pub fn forwards_max(&self) -> u64 {
        let branches = if self.settings.draws.guidance.scale == 1.0 { 1 } else { 2 };
        let asks = match &self.mode {
            Mode::Samples(samples, _) => samples.len() as u64 * (u64::from(self.settings.tokens_max) + 1),
            Mode::Walk(walk) => walk.nodes() as u64,
        };
        asks * branches
    }

    /// Why canvases were given up.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Takes the answer to one ask.
    fn take(&mut self, reply: &Reply, ask: &Ask) -> Result<Option<Trace>, Fault> {
        let answered = predictions(reply, ask.canvas, &ask.positions);
        let Mode::Samples(samples, _) = &mut self.mode else {
            if let Mode::Walk(walk) = &mut self.mode {
                self.deltas.push(Delta::Drop { canvas: ask.canvas });
                return walk.take(ask.canvas, answered).map(|()| None);
            }
            return Ok(None);
        };
        let sample = &mut samples[ask.canvas as usize];
        let taken = answered.and_then(|predictions| sample.take(&self.settings, &self.description, &predictions[0]));
        let trace = taken.inspect_err(|_| sample.give_up())?;
        if sample.is_done() {
            self.fills.extend(sample.fill());
            self.deltas.push(Delta::Drop { canvas: ask.canvas });
        } else {
            self.deltas.extend(sample.grow(ask.canvas));
        }
        Ok(trace)
    }

    fn assemble(&mut self) -> Option<Step> {
        let room = (self.description.bounds.canvases_max.min(self.description.bounds.wanted_max)) as usize;
        let asks = match &mut self.mode {
            Mode::Samples(samples, opened) => {
                let mut asks: Vec<Ask> = Vec::new();
                for (canvas, sample) in samples.iter().enumerate().filter(|(_, sample)| !sample.is_done()) {
                    if canvas >= *opened {
                        if asks.len() >= room {
                            break;
                        }
                        self.deltas.push(Delta::Open { canvas: canvas as u32, content: self.prompt.clone() });
                        *opened = canvas + 1;
                    }
                    asks.push(sample.ask(canvas as u32, &self.settings, self.description.end));
                }
                asks
            }
            Mode::Walk(walk) => {
                let known = self.fills.len() >= self.settings.fills_max;
                let worst = self.fills.last().filter(|_| known).map(|fill| fill.score);
                walk.asks(&self.description.bounds, worst, &self.prompt, &mut self.deltas)
            }
        };
        if asks.is_empty() {
            return None;
        }
        self.last_step += 1;
        Some(Step { id: self.last_step, deltas: std::mem::take(&mut self.deltas), asks, options: self.options() })
    }

    fn options(&self) -> Options {
        let Draws { temperature, top_p, seed, guidance, .. } = self.settings.draws.clone();
        let guided = matches!(&self.mode, Mode::Samples(samples, _) if samples.iter().any(Sample::is_guided));
        let top_k = if guided { guide::TOP_K.min(self.description.bounds.top_k_max) } else { 1 };
        let greedy = Options::greedy(Attention::Causal, top_k);
        Options { temperature, top_p, seed, guidance, end_allowed: true, ..greedy }
    }
}

/// The control tokens that a window must find room for.
fn control(given: &Control, marks: Option<FillInMiddle>) -> Control {
    let first = given.first.iter().copied().chain(marks.map(|marks| marks.prefix));
    // Where the marks go is settled by `prompt`; here they are only counted.
    let last = marks.into_iter().flat_map(|marks| [marks.suffix, marks.middle]);
    Control { first: first.collect(), last: last.collect() }
}

/// Prefix, suffix, middle, then an empty hole; or what stands before, then the hole. Source of the order: Bavarian et al.,
/// "Efficient Training of Language Models to Fill in the Middle", section 3 (PSM).
fn prompt(around: &Surroundings, marks: Option<FillInMiddle>) -> Canvas {
    let known = |role, tokens: &[TokenId]| Segment::known(role, tokens);
    let mut segments = vec![
        known(Role::Control, &around.first),
        known(Role::Instruction, &around.instruction),
        known(Role::Retrieved, &around.retrieved),
        known(Role::Before, &around.before),
    ];
    if let Some(marks) = marks {
        segments.push(known(Role::Control, &[marks.suffix]));
        segments.push(known(Role::After, &around.after));
        segments.push(known(Role::Control, &[marks.middle]));
    }
    segments.retain(|segment| !segment.cells.is_empty());
    segments.push(Segment::hole(0));
    Canvas { segments }
}
