//! What came of one check.

use std::time::Duration;

use reweave_core::{CheckName, CheckStatus, JudgedBy};

/// One check's result on one state of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub name: CheckName,
    /// As configured.
    pub command: Vec<String>,
    pub status: CheckStatus,
    pub judged_by: JudgedBy,
    /// `None` when a signal or a limit ended it.
    pub exit_code: Option<i32>,
    /// Tests that passed, by the runner's own report.
    pub passed: u32,
    /// Failing test or finding ids, sorted.
    pub failing: Vec<String>,
    pub duration: Duration,
    /// The end of what it printed.
    pub log_tail: String,
    /// Bytes it printed in all.
    pub log_bytes: u64,
    pub coverage: Vec<FileCoverage>,
    pub findings: Vec<Finding>,
    /// The limit that ended it or that it ran into, such as `memory 512 MiB`.
    pub limit: Option<String>,
}

/// Lines of one file that tests ran through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCoverage {
    pub path: String,
    pub lines: Vec<LineCoverage>,
}

/// How many tests ran through one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineCoverage {
    /// 1-based.
    pub line: u32,
    pub failing: u32,
    pub passing: u32,
}

/// Something found at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the workspace.
    pub path: String,
    /// 1-based; 0 when there is none.
    pub line: u32,
    /// 1-based; 0 when there is none.
    pub column: u32,
    pub code: String,
    pub message: String,
}

impl Report {
    /// A check that was not run, because an earlier one had decided already.
    pub(crate) fn not_run(name: CheckName, command: Vec<String>, judged_by: JudgedBy) -> Self {
        Self {
            name,
            command,
            status: CheckStatus::NotRun,
            judged_by,
            exit_code: None,
            passed: 0,
            failing: Vec::new(),
            duration: Duration::ZERO,
            log_tail: String::new(),
            log_bytes: 0,
            coverage: Vec::new(),
            findings: Vec::new(),
            limit: None,
        }
    }
}
