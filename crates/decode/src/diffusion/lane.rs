//! One canvas on its way from masks to tokens.

use std::collections::BTreeSet;

use super::choice::{self, Choice};
use super::matching::{self, Matching};
use super::{Settings, length};
use crate::order::{Order, at_random};
use crate::pattern::Solution;
use crate::problem::{Constraint, Error, Fill, Problem, Surroundings, Trace, is_text};
use crate::protocol::{Ask, CanvasId, Delta, Description, Fault, FaultCode, Prediction, TokenId};

/// What is done with a canvas.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Denoise it, a few positions a step; one draw.
    Denoise { sample: u32 },
    /// Ask once and solve.
    Choose(Choice),
    /// Denoise it to a text that a pattern accepts.
    Match(Matching),
}

/// Index in the hole, token, log-probability.
type Commit = (u32, TokenId, f32);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    canvas: CanvasId,
    /// Position of the hole's first cell.
    start: u32,
    /// Committed tokens with their log-probabilities.
    hole: Vec<Option<(TokenId, f32)>>,
    work: Work,
    /// Commits of each step.
    commits: Vec<usize>,
    /// The step that is asked next, or was asked last while a reply is awaited.
    step: u32,
    /// Tokens after the hole that are probed once it is filled.
    probe: Vec<TokenId>,
    state: State,
    suffix: Option<f32>,
    solved: Vec<Fill>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Filling,
    Probing,
    Done,
    GivenUp,
}

/// The canvases of a problem: the length of each hole and what is done with it.
pub(super) fn works(
    description: &Description,
    problem: &Problem,
    settings: &Settings,
) -> Result<Vec<(usize, Work)>, Error> {
    match &problem.hole.constraint {
        Constraint::Free => {
            let samples = 0..settings.draws.distinct();
            let lengths = lengths(description, problem, settings)?;
            let of_sample = |sample| lengths.iter().map(move |length| (*length, Work::Denoise { sample }));
            Ok(samples.flat_map(of_sample).collect())
        }
        Constraint::Pattern(pattern) => {
            let matching = Matching::new(pattern, &problem.hole.old, settings.fills_max)?;
            let lengths = lengths(description, problem, settings)?.into_iter();
            Ok(lengths.map(|length| (length, Work::Match(matching.clone()))).collect())
        }
        Constraint::OneOf(strings) => {
            let choices = choice::by_length(strings, &problem.hole.old, settings.fills_max)?;
            Ok(choices.into_iter().map(|choice| (choice.length(), Work::Choose(choice))).collect())
        }
    }
}

/// The hole's candidate lengths that the model can take, each once.
fn lengths(description: &Description, problem: &Problem, settings: &Settings) -> Result<Vec<usize>, Error> {
    let longest = (description.bounds.wanted_max as usize).min(settings.positions_max);
    let mut seen = BTreeSet::new();
    let mut lengths = problem.hole.lengths.clone();
    lengths.retain(|length| (1..=longest).contains(length) && seen.insert(*length));
    lengths.truncate(length::LENGTHS_MAX);
    if lengths.is_empty() { Err(Error::NoLength(longest)) } else { Ok(lengths) }
}

/// Numbers the canvases.
pub(super) fn lanes(works: Vec<(usize, Work)>, settings: &Settings, surroundings: &Surroundings) -> Vec<Lane> {
    let start = surroundings.hole_start();
    let probe: Vec<TokenId> = surroundings.after.iter().copied().take(settings.suffix_probe as usize).collect();
    let lane = |(canvas, (length, work)): (usize, (usize, Work))| {
        // One token a step is what any number of steps comes down to; fewer steps are wanted only for more tokens.
        let steps = match settings.tokens_per_step {
            1 => settings.steps,
            several => settings.steps.min((length as u32).div_ceil(several)).max(1),
        };
        Lane {
            canvas: canvas as CanvasId,
            start,
            hole: vec![None; length],
            work,
            commits: settings.quota.commits(length, steps),
            step: 0,
            probe: probe.clone(),
            state: State::Filling,
            suffix: None,
            solved: Vec::new(),
        }
    };
    works.into_iter().enumerate().map(lane).collect()
}

impl Lane {
    pub(super) fn canvas(&self) -> CanvasId {
        self.canvas
    }

    pub(super) fn length(&self) -> usize {
        self.hole.len()
    }

    /// Positions that one step may want, at most.
    pub(super) fn wanted_max(&self) -> usize {
        self.length().max(self.probe.len())
    }

    /// Steps that ask something of this canvas, at most.
    pub(super) fn asks_max(&self, order: Order) -> u64 {
        let busy = match (&self.work, order) {
            (Work::Choose(_), _) => return 1,
            // Any step may come to commit something.
            (Work::Denoise { .. }, Order::Origin) => self.commits.len(),
            _ => self.commits.iter().filter(|commits| **commits > 0).count(),
        };
        busy.min(self.length()) as u64 + u64::from(!self.probe.is_empty())
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done | State::GivenUp)
    }

    pub(super) fn give_up(&mut self) {
        self.state = State::GivenUp;
    }

    /// What is wanted in the next step; `None` when the canvas is done.
    pub(super) fn ask(&mut self, settings: &Settings) -> Option<Ask> {
        match self.state {
            State::Filling => self.ask_hole(settings),
            State::Probing => {
                let positions = self.probed();
                let allow = positions.iter().copied().zip(self.probe.iter().map(|token| vec![*token])).collect();
                Some(Ask { canvas: self.canvas, positions, allow, seed: None })
            }
            State::Done | State::GivenUp => None,
        }
    }

    fn ask_hole(&mut self, settings: &Settings) -> Option<Ask> {
        let masked = self.masked();
        let sample = match &self.work {
            Work::Choose(choice) => return Some(choice.ask(self.canvas, self.start)),
            Work::Match(matching) => {
                let busy = self.commits.iter().skip(self.step as usize).position(|commits| *commits > 0)?;
                self.step += busy as u32;
                return Some(matching.ask(self.canvas, masked, self.start));
            }
            Work::Denoise { sample } => *sample,
        };
        let steps = self.commits.len() as u32;
        while self.step < steps {
            let seed = settings.draws.seed_of(sample, self.step);
            let positions = match settings.order {
                Order::Origin => at_random(&masked, settings.quota.probability(self.step, steps), seed, self.step),
                _ if self.commits[self.step as usize] == 0 => Vec::new(),
                _ => masked.clone(),
            };
            if !positions.is_empty() {
                return Some(Ask { canvas: self.canvas, positions, allow: Vec::new(), seed: Some(seed) });
            }
            self.step += 1;
        }
        None
    }

    /// Takes what was predicted for the last ask. Gives the indices of committed cells, in order.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        description: &Description,
        predictions: &[Prediction],
        deltas: &mut Vec<Delta>,
    ) -> Result<Vec<u32>, Fault> {
        if self.state == State::Probing {
            self.suffix = Some(probed_mean(predictions)?);
            self.state = State::Done;
            return Ok(Vec::new());
        }
        if let Work::Choose(choice) = &self.work {
            self.solved = choice.solve(predictions)?;
            let best = &self.solved[0];
            self.hole = best.tokens.iter().copied().zip(best.log_probs.iter().copied()).map(Some).collect();
            self.state = State::Done;
            return Ok((0..self.length() as u32).collect());
        }
        let drawn = match &mut self.work {
            Work::Match(matching) => {
                let mut solutions = matching.solve(&self.hole, predictions, self.start)?;
                let best = solutions[0].clone();
                if self.solved.is_empty() {
                    self.solved = solutions.drain(..).map(matching::fill).collect();
                }
                self.surest_of(best)
            }
            _ => self.surest(settings, description, predictions)?,
        };
        for (index, token, log_prob) in &drawn {
            self.hole[*index as usize] = Some((*token, *log_prob));
            deltas.push(Delta::Set { canvas: self.canvas, position: self.start + index, token: *token });
        }
        self.step += 1;
        if self.hole.iter().all(Option::is_some) {
            self.finish(deltas);
        }
        Ok(drawn.into_iter().map(|(index, ..)| index).collect())
    }

    /// What the order commits of the draws: index in the hole, token, log-probability.
    fn surest(
        &self,
        settings: &Settings,
        description: &Description,
        predictions: &[Prediction],
    ) -> Result<Vec<Commit>, Fault> {
        let quota = match settings.order {
            Order::Origin => predictions.len(),
            _ => self.commits[self.step as usize],
        };
        let surest = settings.order.surest(predictions, quota);
        surest.into_iter().map(|index| self.committed(description, &predictions[index])).collect()
    }

    /// The most probable masked tokens of a string, as many as the step commits.
    fn surest_of(&self, best: Solution) -> Vec<Commit> {
        let tokens = best.tokens.into_iter().zip(best.log_probs).enumerate();
        let masked = tokens.filter(|(index, _)| self.hole[*index].is_none());
        let mut commits: Vec<Commit> =
            masked.map(|(index, (token, log_prob))| (index as u32, token, log_prob)).collect();
        commits.sort_by(|left, right| right.2.total_cmp(&left.2));
        commits.truncate(self.commits[self.step as usize]);
        commits
    }

    fn committed(&self, description: &Description, prediction: &Prediction) -> Result<Commit, Fault> {
        let drawn = prediction.drawn;
        if !is_text(description, drawn.token) {
            return Err(Fault::new(
                FaultCode::Special,
                format!("the device drew token {}, which is no text", drawn.token),
            ));
        }
        if !drawn.log_prob.is_finite() {
            return Err(Fault::new(
                FaultCode::NotFinite,
                format!("the log-probability of a draw is {}", drawn.log_prob),
            ));
        }
        Ok((prediction.position - self.start, drawn.token, drawn.log_prob))
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) {
        if let Work::Match(_) = self.work {
            let (tokens, log_probs) = self.hole.iter().flatten().copied().unzip();
            self.solved.push(matching::fill(Solution { tokens, log_probs }));
            self.state = State::Done;
            return;
        }
        self.state = if self.probe.is_empty() { State::Done } else { State::Probing };
        if self.state == State::Probing {
            deltas.extend(self.probed().into_iter().map(|position| Delta::Unset { canvas: self.canvas, position }));
        }
    }

    /// What the canvas shows after `step`.
    pub(super) fn trace(&self, step: u64, committed: Vec<u32>) -> Trace {
        let hole = self.hole.iter().map(|cell| cell.map(|(token, _)| token)).collect();
        Trace { step, canvas: self.canvas, sample: self.sample(), hole, committed }
    }

    /// What came out; of a canvas that was given up, what had been solved before.
    pub(super) fn fills(&self) -> Vec<Fill> {
        if self.state != State::Done || !self.solved.is_empty() {
            return self.solved.clone();
        }
        let (tokens, log_probs): (Vec<TokenId>, Vec<f32>) = self.hole.iter().flatten().copied().unzip();
        let score = length::score(&log_probs, self.suffix);
        vec![Fill { tokens, log_probs, suffix: self.suffix, score, sample: self.sample(), cut: None }]
    }

    fn sample(&self) -> u32 {
        match self.work {
            Work::Denoise { sample } => sample,
            Work::Choose(_) | Work::Match(_) => 0,
        }
    }

    /// Positions within the canvas, ascending.
    fn masked(&self) -> Vec<u32> {
        let masked = self.hole.iter().enumerate().filter(|(_, cell)| cell.is_none());
        masked.map(|(index, _)| self.start + index as u32).collect()
    }

    fn probed(&self) -> Vec<u32> {
        let end = self.start + self.length() as u32;
        (end..end + self.probe.len() as u32).collect()
    }
}

/// The mean log-probability of the tokens that stand after the hole.
fn probed_mean(predictions: &[Prediction]) -> Result<f32, Fault> {
    let log_prob = |prediction: &Prediction| prediction.allowed.as_ref()?.log_probs.first().copied();
    let log_probs: Option<Vec<f32>> = predictions.iter().map(log_prob).collect();
    log_probs
        .map(|log_probs| length::mean(&log_probs))
        .ok_or_else(|| Fault::new(FaultCode::Device, "the reply has no log-probabilities of the allowed ids"))
}
