//! Runs commands as processes of this machine, in the sandbox.

use std::{fs, io::Read, path::Path, sync::Arc};

use async_trait::async_trait;
use reweave_core::{CheckName, CheckStatus, EvidenceKind, Refusal, RefusalCode, Source};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{CheckDescription, Description, Opened, Request, Runner, Workspace};
use crate::{
    adapter::{self, Exit, Setting, Verdict},
    config::{Command, Config},
    job::{self, Place},
    log::Log,
    report::Report,
    sandbox::{
        Sandbox, Settings,
        plan::{Answer, Ending},
        process::How,
    },
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
    /// Tried out at first use.
    sandbox: OnceCell<Result<Sandbox, Refusal>>,
    runs: Semaphore,
}

impl SandboxRunner {
    /// A runner for this configuration. Removes what a killed one left in the work folder.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let abandoned = folder::remove_abandoned(&config.work_folder);
        if abandoned > 0 {
            tracing::info!(abandoned, "removed the private folders of a service that was killed");
        }
        let runs = Semaphore::new(config.concurrent_runs);
        Self { shared: Arc::new(Shared { config, sandbox: OnceCell::new(), runs }) }
    }
}

impl Shared {
    async fn sandbox(&self) -> Result<&Sandbox, Refusal> {
        let settings = Settings {
            launcher: self.config.launcher.clone(),
            disabled: self.config.disabled_protections.clone(),
            folder: self.config.work_folder.clone(),
        };
        let probed = self.sandbox.get_or_init(|| async move { Sandbox::probe(&settings).await }).await;
        probed.as_ref().map_err(Clone::clone)
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
        Description { checks, sandbox: self.shared.sandbox().await.map(|sandbox| sandbox.active().to_vec()) }
    }

    async fn open(&self, source: Source) -> Result<Box<dyn Workspace>, Refusal> {
        let sandbox = self.shared.sandbox().await?.clone();
        let shared = Arc::clone(&self.shared);
        let opened = tokio::task::spawn_blocking(move || {
            let pristine = Pristine::open(&source, &shared.config, Sandbox::identity()?)?;
            Ok(SandboxedWorkspace { toolbox: Toolbox::new(&shared.config, pristine.origin()), sandbox, shared, pristine })
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
        let (plugin, source) = adapter::PYTEST_PLUGIN;
        let plugin = self.pristine.place("plugin", plugin, source).map_err(|error| refused("preparing a run", &error))?;
        let staged = self.pristine.stage(&request.overlay)?;
        let nonce = format!("{:032x}", rand::random::<u128>());
        let place = Place::new(&self.sandbox, &self.pristine, &staged, &plugin)?;
        let setting = place.setting(&nonce, request.coverage);
        let job = job::new(&self.sandbox, &self.shared.config, check, &found, (&place, &setting));
        let finished = self.sandbox.run(&job, cancel).await.map_err(|error| refused("starting the sandbox", &error))?;
        let report = read_bounded(&staged.report, self.shared.config.limits.report_bytes);
        let mut result = Report::not_run(name.clone(), check.command.clone(), check.adapter.judged_by());
        result.duration = finished.duration;
        result.log_bytes = finished.log.bytes();
        let bounds = &job.plan.bounds;
        let judge = |exit| check.adapter.judge(exit, &report, &setting);
        match finished.how {
            How::Cancelled => return Ok(None),
            How::OutputReached => killed(&mut result, limit("output", job.output.bytes_max)),
            How::Silent => killed(&mut result, "ended from outside the sandbox".to_owned()),
            How::Answered(answer) => match &answer.ending {
                Ending::Exited(code) => {
                    result.exit_code = Some(*code);
                    judged(&mut result, judge(Exit::Code(*code)), reached(&answer, bounds.processes, bounds.disk_bytes));
                }
                Ending::Signaled(signal) => {
                    let reached = reached(&answer, bounds.processes, bounds.disk_bytes);
                    judged(&mut result, judge(Exit::Signal(*signal)), reached);
                }
                Ending::TimedOut => {
                    result.status = CheckStatus::TimedOut;
                    let time = format!("time {} ms", bounds.timeout_ms);
                    result.limit = Some(reached(&answer, bounds.processes, 0).map_or(time.clone(), |more| format!("{time}, {more}")));
                }
                Ending::MemoryReached => killed(&mut result, limit("memory", bounds.memory_bytes)),
                Ending::DiskReached => killed(&mut result, limit("disk", bounds.disk_bytes)),
                Ending::Unstartable(reason) => return Err(unstartable(name, reason)),
                Ending::NotConfined { .. } => return Err(not_confined(&answer, finished.log)),
            },
        }
        result.log_tail = finished.log.tail();
        Ok(Some(result))
    }
}
