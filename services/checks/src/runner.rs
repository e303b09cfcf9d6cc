//! The seam to what runs commands. Implemented by [`SandboxRunner`] (the machine's own processes, confined) and
//! [`ScriptedRunner`] (given reports, for tests of what is built on it).

mod job;
mod sandboxed;
mod scripted;

use async_trait::async_trait;
use reweave_core::{CheckName, Refusal, Source};
use tokio_util::sync::CancellationToken;

use crate::{adapter::Adapter, report::Report, workspace::Overlay};

pub use sandboxed::SandboxRunner;
pub use scripted::{Script, ScriptedRunner};

/// Runs checks on copies of workspaces.
#[async_trait]
pub trait Runner: Send + Sync + std::fmt::Debug {
    /// What can be run here, and how well protected.
    async fn describe(&self) -> Description;

    /// Opens a workspace. What is opened is gone when it is dropped.
    async fn open(&self, source: Source) -> Result<Box<dyn Workspace>, Refusal>;
}

/// A workspace that was opened. Runs never change it, nor each other's view of it.
#[async_trait]
pub trait Workspace: Send + std::fmt::Debug {
    /// What was opened.
    fn opened(&self) -> Opened;

    /// Runs checks in the order given, each on a fresh copy with some files replaced. `None` when `cancel` came first;
    /// then, too, nothing is left running.
    async fn run(&mut self, request: Request, cancel: &CancellationToken) -> Result<Option<Vec<Report>>, Refusal>;
}

/// What a runner can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub checks: Vec<CheckDescription>,
    /// The active protections, or why no command would be run at all.
    pub sandbox: Result<Vec<String>, Refusal>,
}

/// One check that a spec may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckDescription {
    pub name: CheckName,
    pub command: Vec<String>,
    pub adapter: Adapter,
    /// Whether the command's program is there.
    pub available: bool,
}

/// What was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub sandbox: Vec<String>,
    pub files: u32,
    pub bytes: u64,
}

/// Checks to run on one state of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub checks: Vec<CheckName>,
    pub overlay: Vec<Overlay>,
    /// Stop after the first check that does not pass.
    pub fail_fast: bool,
    /// Report which lines each test ran through; slower.
    pub coverage: bool,
}
