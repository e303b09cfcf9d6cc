//! Runs nothing: answers from a script. For tests of what is built on a runner.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use reweave_core::{CheckName, CheckStatus, EvidenceKind, Refusal, RefusalCode, Source};
use tokio_util::sync::CancellationToken;

use super::{CheckDescription, Description, Opened, Request, Runner, Workspace};
use crate::{adapter::Adapter, report::Report};

/// What a check answers, given the files replaced.
pub type Script = Arc<dyn Fn(&Request) -> Report + Send + Sync>;

/// The runner that only pretends.
#[derive(Clone, Default)]
pub struct ScriptedRunner {
    scripts: BTreeMap<CheckName, Script>,
}

impl ScriptedRunner {
    /// Adds a check.
    #[must_use]
    pub fn check(mut self, name: CheckName, script: impl Fn(&Request) -> Report + Send + Sync + 'static) -> Self {
        self.scripts.insert(name, Arc::new(script));
        self
    }
}

impl std::fmt::Debug for ScriptedRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedRunner").field("checks", &self.scripts.keys()).finish()
    }
}

#[async_trait]
impl Runner for ScriptedRunner {
    async fn describe(&self) -> Description {
        let check = |name: &CheckName| CheckDescription {
            name: name.clone(),
            command: Vec::new(),
            adapter: Adapter::Command,
            available: true,
        };
        Description { checks: self.scripts.keys().map(check).collect(), sandbox: Ok(vec!["scripted".into()]) }
    }

    async fn open(&self, source: Source) -> Result<Box<dyn Workspace>, Refusal> {
        let (files, bytes) = match source {
            Source::Inline(files) => (
                u32::try_from(files.len()).unwrap_or(u32::MAX),
                files.iter().map(|file| file.content.len() as u64).sum(),
            ),
            Source::Local | Source::Workspace { .. } => (0, 0),
        };
        let opened = Opened { sandbox: vec!["scripted".into()], files, bytes };
        Ok(Box::new(ScriptedWorkspace { runner: self.clone(), opened }))
    }
}

#[derive(Debug)]
struct ScriptedWorkspace {
    runner: ScriptedRunner,
    opened: Opened,
}

#[async_trait]
impl Workspace for ScriptedWorkspace {
    fn opened(&self) -> Opened {
        self.opened.clone()
    }

    async fn run(&mut self, request: Request, cancel: &CancellationToken) -> Result<Option<Vec<Report>>, Refusal> {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let scripts: Vec<(&CheckName, &Script)> = request
            .checks
            .iter()
            .map(|name| self.runner.scripts.get_key_value(name).ok_or_else(|| self.runner.unknown(name)))
            .collect::<Result<_, _>>()?;
        let mut reports: Vec<Report> = Vec::new();
        for (name, script) in scripts {
            let decided = request.fail_fast && reports.iter().any(|report| report.status != CheckStatus::Passed);
            let report = script(&request);
            reports.push(if decided {
                Report::not_run(name.clone(), report.command, report.judged_by)
            } else {
                Report { name: name.clone(), ..report }
            });
        }
        Ok(Some(reports))
    }
}

impl ScriptedRunner {
    fn unknown(&self, name: &CheckName) -> Refusal {
        let known = self.scripts.keys().map(CheckName::as_str).collect::<Vec<_>>().join(", ");
        Refusal::new(RefusalCode::CheckUnknown, format!("no check is called `{name}`"))
            .with(EvidenceKind::Suggestion, format!("known checks: {known}"))
    }
}
