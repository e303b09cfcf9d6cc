//! How suspicious each line is, from 0 to 1: Ochiai over test coverage, and nearness to diagnostics.
//!
//! Ochiai (Abreu, Zoeteweij and van Gemund, "On the accuracy of spectrum-based fault localization", 2007):
//! `failing(l) / sqrt(failing in all × (failing(l) + passing(l)))`.

use std::collections::HashMap;

use super::{Focus, LineSuspicion};

/// A line that no failing test ran through can hardly hold the defect.
const NOT_RUN: f64 = 0.02;
/// Without coverage or diagnostics, every line is as good as any.
const UNKNOWN: f64 = 0.5;
/// A diagnostic's line, and how much is lost per line of distance from it.
const DIAGNOSED: f64 = 1.0;
const DIAGNOSED_REACH: f64 = 3.0;
/// What a line that failing tests ran through is worth at least.
const RUN_MIN: f64 = 0.15;

/// The heat of a file's lines.
#[derive(Debug)]
pub(super) struct Heat {
    covered: HashMap<u32, f64>,
    diagnosed: Vec<u32>,
    measured: bool,
}

impl Heat {
    pub(super) fn new(focus: &Focus) -> Self {
        let failing_max = focus.coverage.iter().map(|line| line.failing).max().unwrap_or(0);
        let covered: HashMap<u32, f64> =
            focus.coverage.iter().map(|line| (line.line, ochiai(line, failing_max))).collect();
        let diagnosed = focus.diagnostics.iter().map(|diagnostic| diagnostic.line).collect();
        Self { covered, diagnosed, measured: failing_max > 0 }
    }

    /// The heat of a node on `lines`, 1-based and inclusive, whose statement starts on `statement`.
    pub(super) fn of(&self, statement: u32, lines: (u32, u32)) -> f64 {
        let run = self.run(statement).max(self.run(lines.0));
        let near = self.diagnosed.iter().map(|line| nearness(*line, lines)).fold(0.0, f64::max);
        if self.measured {
            return run.max(if near > 0.3 { near } else { 0.0 });
        }
        if self.diagnosed.is_empty() { UNKNOWN } else { near.max(NOT_RUN) }
    }

    fn run(&self, line: u32) -> f64 {
        self.covered.get(&line).copied().unwrap_or(NOT_RUN)
    }
}

fn ochiai(line: &LineSuspicion, failing_max: u32) -> f64 {
    if line.failing == 0 || failing_max == 0 {
        return NOT_RUN;
    }
    let (failing, all) = (f64::from(line.failing), f64::from(failing_max));
    let score = failing / (all * (failing + f64::from(line.passing))).sqrt();
    RUN_MIN + (1.0 - RUN_MIN) * score
}

fn nearness(diagnosed: u32, lines: (u32, u32)) -> f64 {
    let distance = lines.0.saturating_sub(diagnosed).max(diagnosed.saturating_sub(lines.1));
    DIAGNOSED * (-f64::from(distance) / DIAGNOSED_REACH).exp()
}
