//! The bounded line of jobs in front of the device.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use reweave_decode::protocol::{Fault, FaultCode, Query};
use tokio::sync::oneshot;

use super::{Outcome, closing};
use crate::{
    batch::{self, Budget, Cost, Waiting},
    metrics,
};

/// Jobs in the order of their turns.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    changed: Condvar,
    waiting_max: usize,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Jobs that the thread has taken out and that may come back.
    served: usize,
    closed: bool,
}

#[derive(Debug)]
pub(super) enum Job {
    Predict(Predict),
    Embed(Embed),
}

/// Queries of one caller.
#[derive(Debug)]
pub(super) struct Predict {
    /// The queries still to be run, as the policy sees them.
    waiting: Waiting,
    queries: VecDeque<Query>,
    outcomes: Vec<Outcome>,
    reply: oneshot::Sender<Vec<Outcome>>,
    since: Instant,
}

/// Texts of one caller.
#[derive(Debug)]
pub(super) struct Embed {
    pub(super) texts: Vec<String>,
    pub(super) reply: oneshot::Sender<Result<Vec<Vec<f32>>, Fault>>,
}

/// What the thread does next.
#[derive(Debug)]
pub(super) enum Next {
    /// Jobs with how many of their queries to run.
    Predict(Vec<(Predict, usize)>),
    Embed(Embed),
}

impl Job {
    /// `queries` are of one kind of attention, and at least one.
    pub(super) fn predict(queries: Vec<Query>, reply: oneshot::Sender<Vec<Outcome>>) -> Self {
        let attention = queries[0].attention();
        let waiting = Waiting { attention, costs: queries.iter().map(Cost::of).collect() };
        let outcomes = Vec::with_capacity(queries.len());
        Self::Predict(Predict { waiting, queries: queries.into(), outcomes, reply, since: Instant::now() })
    }

    pub(super) fn embed(texts: Vec<String>, reply: oneshot::Sender<Result<Vec<Vec<f32>>, Fault>>) -> Self {
        Self::Embed(Embed { texts, reply })
    }

    fn vanished(&self) -> bool {
        match self {
            Self::Predict(job) => job.reply.is_closed(),
            Self::Embed(job) => job.reply.is_closed(),
        }
    }

    fn waiting(&self) -> Option<&Waiting> {
        match self {
            Self::Predict(job) => Some(&job.waiting),
            Self::Embed(_) => None,
        }
    }
}

impl Predict {
    /// The next queries, which leave the job.
    pub(super) fn next(&mut self, queries: usize) -> impl Iterator<Item = Query> + '_ {
        if self.outcomes.is_empty() {
            metrics::record_wait(self.since.elapsed());
        }
        self.waiting.costs.drain(..queries);
        self.queries.drain(..queries)
    }

    /// Takes what came of them; `None` when the job is done and its caller has the answer.
    pub(super) fn take(mut self, outcomes: impl Iterator<Item = Outcome>) -> Option<Self> {
        self.outcomes.extend(outcomes);
        if !self.queries.is_empty() {
            return Some(self);
        }
        // A caller that has gone wants no answer.
        _ = self.reply.send(self.outcomes);
        None
    }
}

impl Line {
    pub(super) fn new(waiting_max: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), waiting_max }
    }

    /// Puts a job at the end.
    pub(super) fn push(&self, job: Job) -> Result<(), Fault> {
        let mut state = self.lock();
        if state.closed {
            return Err(closing());
        }
        if state.held() >= self.waiting_max {
            state.forget_vanished();
        }
        if state.held() >= self.waiting_max {
            let message = format!("{} jobs wait for the device, and no more may; try again later", self.waiting_max);
            return Err(Fault::new(FaultCode::Overloaded, message));
        }
        state.jobs.push_back(job);
        metrics::gauge_waiting(state.jobs.len());
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for jobs and takes out what goes together; `None` once the line is closed.
    pub(super) fn take(&self, budget: Budget) -> Option<Next> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            state.forget_vanished();
            if let Some(next) = state.next(budget) {
                metrics::gauge_waiting(state.jobs.len());
                return Some(next);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What [`Line::take`] gave has been run; jobs that are not done go to the end.
    pub(super) fn served(&self, unfinished: impl IntoIterator<Item = Predict>) {
        let mut state = self.lock();
        state.served = 0;
        if !state.closed {
            state.jobs.extend(unfinished.into_iter().map(Job::Predict));
        }
    }

    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.lock().jobs.len(), self.waiting_max)
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.jobs.clear();
        self.changed.notify_all();
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn held(&self) -> usize {
        self.jobs.len() + self.served
    }

    fn forget_vanished(&mut self) {
        let before = self.jobs.len();
        self.jobs.retain(|job| !job.vanished());
        metrics::count_vanished(before - self.jobs.len());
    }

    fn next(&mut self, budget: Budget) -> Option<Next> {
        if let Some(Job::Embed(_)) = self.jobs.front() {
            let Some(Job::Embed(job)) = self.jobs.pop_front() else { return None };
            self.served = 1;
            return Some(Next::Embed(job));
        }
        let places: Vec<usize> = (0..self.jobs.len()).filter(|place| self.jobs[*place].waiting().is_some()).collect();
        let picks = batch::choose(self.jobs.iter().filter_map(Job::waiting), budget);
        let mut taken = Vec::with_capacity(picks.len());
        for pick in picks.iter().rev() {
            if let Some(Job::Predict(job)) = self.jobs.remove(places[pick.job]) {
                taken.push((job, pick.queries));
            }
        }
        taken.reverse();
        self.served = taken.len();
        (!taken.is_empty()).then_some(Next::Predict(taken))
    }
}
