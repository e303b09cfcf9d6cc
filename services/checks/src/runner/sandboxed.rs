//! Runs commands as processes of this machine, in the sandbox.

use std::{fs, io::Read, path::Path, sync::Arc};

use async_trait::async_trait;
use reweave_core::{CheckName, CheckStatus, EvidenceKind, Refusal, RefusalCode, Source, limits};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    CheckDescription, Description, Opened, Request, Runner, Workspace,
    job::{Job, Place},
};
use crate::{
    config::{Command, Config},
    report::Report,
    sandbox::{Machine, Sandbox},
    tools::Toolbox,
    workspace::{Pristine, folder, refused},
};

/// The runner that acts.
#[derive(Debug)]
pub struct SandboxRunner {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    machine: Machine,
    runs: Semaphore,
}

impl SandboxRunner {
    /// A runner for this configuration. Removes what a killed one left in the work folder.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let machine = Machine::new(&config);
        Self::on(machine, config)
    }

    /// The same, in the sandbox that others may have tried out.
    pub(crate) fn on(machine: Machine, config: Config) -> Self {
        let abandoned = folder::remove_abandoned(&config.work_folder);
        if abandoned > 0 {
            tracing::info!(abandoned, "removed the private folders of a service that was killed");
        }
        let runs = Semaphore::new(config.concurrent_runs);
        Self { shared: Arc::new(Shared { config, machine, runs }) }
    }
}

#[async_trait]
impl Runner for SandboxRunner {
    async fn describe(&self) -> Description {
        let config = &self.shared.config;
        let toolbox = Toolbox::new(config, config.local_workspace.as_deref());
        let check = |(name, check): (&CheckName, &Command)| CheckDescription {
            name: name.clone(),
            command: check.command.clone(),
            adapter: check.adapter,
            available: check.command.first().is_some_and(|program| toolbox.find(program).is_some()),
        };
        let checks = config.commands.iter().map(check).collect();
        Description { checks, sandbox: self.shared.machine.sandbox().await.map(|sandbox| sandbox.active().to_vec()) }
    }

    async fn open(&self, source: Source) -> Result<Box<dyn Workspace>, Refusal> {
        let sandbox = self.shared.machine.sandbox().await?.clone();
        let shared = Arc::clone(&self.shared);
        let opened = tokio::task::spawn_blocking(move || {
            let pristine = Pristine::open(&source, &shared.config, Sandbox::identity())?;
            Ok(SandboxedWorkspace {
                toolbox: Toolbox::new(&shared.config, pristine.origin()),
                sandbox,
                shared,
                pristine,
            })
        });
        Ok(Box::new(opened.await.map_err(|error| internal(&error))??))
    }
}

#[derive(Debug)]
struct SandboxedWorkspace {
    shared: Arc<Shared>,
    sandbox: Sandbox,
    pristine: Pristine,
    toolbox: Toolbox,
}

#[async_trait]
impl Workspace for SandboxedWorkspace {
    fn opened(&self) -> Opened {
        let (files, bytes) = self.pristine.counts();
        Opened { sandbox: self.sandbox.active().to_vec(), files, bytes }
    }

    async fn run(&mut self, request: Request, cancel: &CancellationToken) -> Result<Option<Vec<Report>>, Refusal> {
        let shared = Arc::clone(&self.shared);
        let checks = chosen(&shared.config, &request.checks)?;
        let mut reports: Vec<Report> = Vec::new();
        for (name, check) in checks {
            if request.fail_fast && reports.iter().any(|report| report.status != CheckStatus::Passed) {
                reports.push(Report::not_run(name.clone(), check.command.clone(), check.adapter.judged_by()));
                continue;
            }
            let permit = tokio::select! {
                permit = shared.runs.acquire() => permit.map_err(|error| internal(&error))?,
                () = cancel.cancelled() => return Ok(None),
            };
            let report = self.run_one(name, check, &request, cancel).await?;
            drop(permit);
            match report {
                Some(report) => reports.push(report),
                None => return Ok(None),
            }
        }
        Ok(Some(reports))
    }
}

impl SandboxedWorkspace {
    async fn run_one(
        &mut self,
        name: &CheckName,
        check: &Command,
        request: &Request,
        cancel: &CancellationToken,
    ) -> Result<Option<Report>, Refusal> {
        let program = check.command.first().map(String::as_str).unwrap_or_default();
        let found = self.toolbox.find(program).ok_or_else(|| self.toolbox.missing(name, program))?;
        let staged = self.pristine.stage(&request.overlay)?;
        let place = Place::new(&self.sandbox, &self.pristine, &staged)?;
        let config = &self.shared.config;
        let job = Job::new(config, &place, (name, check), request.coverage);
        let plan = job.plan(&self.sandbox, &found);
        fs::write(&staged.report, job.before()).map_err(|error| refused("preparing a run", &error))?;
        let output = job.output();
        let finished = self.sandbox.run(&plan, output, cancel).await;
        let finished = finished.map_err(|error| refused("starting the sandbox", &error))?;
        let report = read_bounded(&staged.report, config.limits.report_bytes);
        job.report(finished, &report)
    }
}

fn chosen<'a>(config: &'a Config, names: &[CheckName]) -> Result<Vec<(&'a CheckName, &'a Command)>, Refusal> {
    if names.len() > limits::CHECKS_MAX {
        return Err(Refusal::new(
            RefusalCode::SpecInvalid,
            format!("more than {} checks were named", limits::CHECKS_MAX),
        ));
    }
    names.iter().map(|name| config.commands.get_key_value(name).ok_or_else(|| unknown(config, name))).collect()
}

fn unknown(config: &Config, name: &CheckName) -> Refusal {
    let known = config.commands.keys().map(CheckName::as_str).collect::<Vec<_>>().join(", ");
    Refusal::new(RefusalCode::CheckUnknown, format!("no check is called `{name}`"))
        .with(EvidenceKind::Suggestion, format!("known checks: {known}"))
        .next(format!(
            "add [checks.commands.{name}] to the configuration, or on the command line --check '{name}=COMMAND'"
        ))
}

/// The file's content, or nothing when there is more of it than may be.
fn read_bounded(path: &Path, bytes_max: u64) -> Vec<u8> {
    let mut content = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut content));
    if read.is_ok() && content.len() as u64 <= bytes_max { content } else { Vec::new() }
}

fn internal(error: &dyn std::error::Error) -> Refusal {
    Refusal::new(RefusalCode::Internal, "running checks failed").with(EvidenceKind::Error, error.to_string())
}
