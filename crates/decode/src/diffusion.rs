//! Fills one hole by masked diffusion, sans-IO: canvases of several lengths and samples, denoised side by side.
//!
//! `poll` gives a step to run, `answer` takes its reply. A canvas of n masks costs at most n forwards and at most
//! [`Settings::steps`], twice that under guidance, and one more where the suffix is probed: steps that would commit nothing
//! are not asked.

mod choice;
mod lane;
mod matching;

#[cfg(test)]
mod tests;

use crate::length;
use crate::order::Order;
use crate::preset::Preset;
use crate::problem::{Constraint, Draws, Error, Fill, Next, Problem, Surroundings, Trace, check, predictions, ranked};
use crate::protocol::{Attention, Delta, Description, Fault, Options, Reply, Step};
use crate::quota::Quota;
use crate::schedule::Schedule;
use crate::window;

use lane::Lane;

/// How a hole is denoised.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Steps of one canvas, at most; from 1.
    pub steps: u32,
    /// Tokens that a step commits, on average, where `steps` does not force more; from 1, which leaves `steps` as they are.
    pub tokens_per_step: u32,
    pub quota: Quota,
    pub order: Order,
    pub draws: Draws,
    /// Tokens after the hole that are masked and scored once it is filled, to compare lengths; 0 for none.
    pub suffix_probe: u32,
    /// Positions of a canvas, at most; the model's own bound holds too.
    pub positions_max: usize,
    /// Fills of a bounded set that are returned, at most.
    pub fills_max: usize,
}

impl Settings {
    /// A preset's, with the linear schedule and LLaDA's order.
    #[must_use]
    pub fn of(preset: &Preset, seed: u64) -> Self {
        Self {
            steps: preset.steps,
            tokens_per_step: preset.tokens_per_step,
            quota: Quota::Schedule(Schedule::Linear),
            order: Order::LowConfidence,
            draws: preset.draws(seed),
            suffix_probe: preset.suffix_probe,
            positions_max: usize::MAX,
            fills_max: 8,
        }
    }
}

/// The decoder of one hole. It owns its session: canvases are numbered from 0, steps from 1.
#[derive(Clone, Debug)]
pub struct Diffusion {
    settings: Settings,
    description: Description,
    surroundings: Surroundings,
    /// Best ids that are wanted of each position.
    top_k: u32,
    /// All canvases, in the order in which they are opened.
    lanes: Vec<Lane>,
    /// Of `lanes`, how many were opened.
    opened: usize,
    /// What the next step changes first.
    deltas: Vec<Delta>,
    pending: Option<Step>,
    last_step: u64,
    forwards: u64,
    fills: Vec<Fill>,
    faults: Vec<Fault>,
}

impl Diffusion {
    /// Takes a problem for a model.
    ///
    /// # Errors
    /// A model without a mask, a problem that does not fit into its bounds, or settings out of range; see [`Error`].
    pub fn new(description: &Description, problem: &Problem, settings: Settings) -> Result<Self, Error> {
        if description.mask.is_none() {
            return Err(Error::NoMask);
        }
        check(description, problem, &settings.draws)?;
        for (value, name) in [(settings.steps, "the number of steps"), (settings.tokens_per_step, "tokens per step")] {
            if value == 0 {
                return Err(Error::Zero(name));
            }
        }
        let works = lane::works(description, problem, &settings)?;
        let longest = works.iter().map(|(length, _)| *length).max().unwrap_or(0);
        let positions = settings.positions_max.min(description.bounds.positions_max as usize);
        let surroundings = window::fit(problem, longest, positions)?;
        let lanes = lane::lanes(works, &settings, &surroundings);
        Ok(Self {
            settings,
            description: description.clone(),
            surroundings,
            top_k: if matches!(problem.hole.constraint, Constraint::Pattern(_)) { matching::TOP_K } else { 1 },
            lanes,
            opened: 0,
            deltas: Vec::new(),
            pending: None,
            last_step: 0,
            forwards: 0,
            fills: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// The step to run now, the same until it is answered, or the fills.
    pub fn poll(&mut self) -> Next {
        if self.pending.is_none() {
            self.pending = self.assemble();
        }
        match &self.pending {
            Some(step) => Next::Step(step.clone()),
            None => Next::Done(ranked(self.fills.clone())),
        }
    }

    /// Takes the reply to the pending step and says what it committed. Canvases that failed are given up; see
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
        for ask in step.asks {
            let lane = &mut self.lanes[ask.canvas as usize];
            let answered = predictions(reply, ask.canvas, &ask.positions);
            match answered
                .and_then(|predictions| lane.take(&self.settings, &self.description, predictions, &mut self.deltas))
            {
                Ok(committed) if committed.is_empty() => {}
                Ok(committed) => traces.push(lane.trace(step.id, committed)),
                Err(fault) => {
                    lane.give_up();
                    self.faults.push(fault);
                }
            }
            if lane.is_done() {
                self.fills.append(&mut lane.fills());
                self.deltas.push(Delta::Drop { canvas: ask.canvas });
            }
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
        self.lanes.iter().map(|lane| lane.asks_max(self.settings.order)).sum::<u64>() * branches
    }

    /// Why canvases were given up.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Opens what has room, asks every open canvas; `None` where nothing is left to ask.
    fn assemble(&mut self) -> Option<Step> {
        let mut asks: Vec<_> =
            self.lanes[..self.opened].iter_mut().filter_map(|lane| lane.ask(&self.settings)).collect();
        let open = self.lanes[..self.opened].iter().filter(|lane| !lane.is_done());
        let mut wanted: usize = open.map(Lane::wanted_max).sum();
        let bounds = self.description.bounds;
        while let Some(lane) = self.lanes.get_mut(self.opened) {
            // Positions are counted at their most, so that an open canvas always finds room.
            wanted += lane.wanted_max();
            let fits = asks.len() < bounds.canvases_max as usize && wanted <= bounds.wanted_max as usize;
            if !fits {
                break;
            }
            let content = self.surroundings.canvas(lane.length());
            self.deltas.push(Delta::Open { canvas: lane.canvas(), content });
            asks.extend(lane.ask(&self.settings));
            self.opened += 1;
        }
        if asks.is_empty() {
            return None;
        }
        self.last_step += 1;
        Some(Step { id: self.last_step, deltas: std::mem::take(&mut self.deltas), asks, options: self.options() })
    }

    fn options(&self) -> Options {
        let Draws { temperature, top_p, seed, guidance, .. } = self.settings.draws.clone();
        let top_k = self.top_k.min(self.description.bounds.top_k_max);
        Options { temperature, top_p, seed, guidance, ..Options::greedy(Attention::AllVisible, top_k) }
    }
}
