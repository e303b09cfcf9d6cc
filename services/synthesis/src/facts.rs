//! Measures the work: the only place of this crate that reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use reweave_core::{CheckRun, RunFacts, Stage, StageTime};

/// Times and logs gathered while a spec is worked on.
#[derive(Debug)]
pub(crate) struct Facts {
    started: Instant,
    stage: Option<(Stage, Instant)>,
    run: RunFacts,
}

impl Facts {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        let run = RunFacts { started_unix_ms: unix_ms(), host: host(), ..RunFacts::default() };
        Self { started: Instant::now(), stage: None, run }
    }

    /// Ends the stage under way and begins `stage`. A stage entered again adds to its time.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.leave();
        self.stage = Some((stage, Instant::now()));
    }

    /// Keeps a check's duration and log.
    pub(crate) fn check(&mut self, run: CheckRun) {
        self.run.check_runs.push(run);
    }

    /// Forgets the checks of candidates, so that only those of the chosen one remain.
    pub(crate) fn forget_candidate_checks(&mut self) {
        self.run.check_runs.retain(|run| run.on_base);
    }

    /// Records the protections around commands.
    pub(crate) fn sandbox(&mut self, protections: &[String]) {
        self.run.sandbox = protections.to_vec();
    }

    /// Stops the clock.
    pub(crate) fn finish(mut self) -> RunFacts {
        self.leave();
        self.run.duration_us = micros(self.started);
        self.run
    }

    fn leave(&mut self) {
        let Some((stage, since)) = self.stage.take() else { return };
        let spent = micros(since);
        match self.run.stages.iter_mut().find(|time| time.stage == stage.as_str()) {
            Some(time) => time.duration_us += spent,
            None => self.run.stages.push(StageTime { stage: stage.as_str().to_owned(), duration_us: spent }),
        }
    }
}

/// Milliseconds since the epoch.
pub(crate) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}
