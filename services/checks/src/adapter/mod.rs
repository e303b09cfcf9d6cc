//! How a check's result is read: by the runner's own report where there is one, by the exit status where there is none.

mod command;
mod pytest;
mod ruff;

use std::{collections::BTreeMap, path::Path};

use reweave_core::{CheckStatus, JudgedBy};
use serde::{Deserialize, Serialize};

use crate::report::{FileCoverage, Finding};

/// The plugin by which pytest reports.
pub(crate) const PYTEST_PLUGIN: (&str, &str) = ("reweave_pytest.py", include_str!("../../plugin/reweave_pytest.py"));

/// Which program's results these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adapter {
    Pytest,
    Ruff,
    Command,
}

/// What a command needs to know besides what the operator wrote.
#[derive(Debug)]
pub(crate) struct Setting<'a> {
    /// Where the report goes, as the command sees it.
    pub(crate) report: &'a Path,
    /// The folder of our pytest plugin, as the command sees it.
    pub(crate) plugin: &'a Path,
    /// The workspace, as the command sees it.
    pub(crate) workspace: &'a Path,
    /// In the report's file at the start; the runner takes it out and repeats it in its report.
    pub(crate) nonce: &'a str,
    pub(crate) coverage: bool,
}

/// A command that ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// What the result is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) status: CheckStatus,
    pub(crate) passed: u32,
    pub(crate) failing: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) coverage: Vec<FileCoverage>,
}

impl Adapter {
    /// The adapter's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pytest => "pytest",
            Self::Ruff => "ruff",
            Self::Command => "command",
        }
    }

    /// What its verdicts rest on.
    pub(crate) fn judged_by(self) -> JudgedBy {
        match self {
            Self::Pytest | Self::Ruff => JudgedBy::Report,
            Self::Command => JudgedBy::ExitStatus,
        }
    }

    /// The command with what makes it report.
    pub(crate) fn arguments(self, command: &[String], setting: &Setting<'_>) -> Vec<String> {
        match self {
            Self::Pytest => pytest::arguments(command),
            Self::Ruff => ruff::arguments(command, setting.report),
            Self::Command => command.to_vec(),
        }
    }

    /// Variables that make it report.
    pub(crate) fn environment(self, setting: &Setting<'_>) -> BTreeMap<String, String> {
        match self {
            Self::Pytest => pytest::environment(setting),
            Self::Ruff | Self::Command => BTreeMap::new(),
        }
    }

    /// What the report's file holds at the start.
    pub(crate) fn before(self, setting: &Setting<'_>) -> String {
        match self {
            Self::Pytest => setting.nonce.to_owned(),
            Self::Ruff | Self::Command => String::new(),
        }
    }

    /// The verdict on a command that ended by itself, leaving this report.
    pub(crate) fn judge(self, exit: Exit, report: &[u8], setting: &Setting<'_>) -> Verdict {
        match self {
            Self::Pytest => pytest::judge(exit, report, setting.nonce),
            Self::Ruff => ruff::judge(exit, report, setting.workspace),
            Self::Command => command::judge(exit),
        }
    }
}

impl Verdict {
    pub(crate) fn no_report() -> Self {
        Self::bare(CheckStatus::NoReport)
    }

    fn bare(status: CheckStatus) -> Self {
        Self { status, passed: 0, failing: Vec::new(), findings: Vec::new(), coverage: Vec::new() }
    }
}

impl Exit {
    /// A name for this way to end, so that ending in another way counts as a new failure.
    fn identifier(self) -> String {
        match self {
            Self::Code(code) => format!("exit status {code}"),
            Self::Signal(signal) => format!("signal {signal}"),
        }
    }
}
