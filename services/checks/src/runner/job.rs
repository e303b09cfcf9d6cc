//! One check on one state of a workspace: from what the operator configured to a sandbox's plan, and from how that ended
//! to a report.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use reweave_core::{CheckName, CheckStatus, EvidenceKind, Refusal, RefusalCode};

use crate::{
    adapter::{self, Exit, Setting, Verdict},
    config::{Command, Config},
    report::Report,
    sandbox::{
        Sandbox,
        plan::{Answer, Bind, Bounds, Ending, Identity, Isolation, Plan, Purpose, Workspace},
        process::{Finished, How, OutputBounds},
        root,
    },
    tools::Found,
    workspace::{Pristine, RunFolder, refused},
};

/// Where the command sees the plugin and the report, when it has a root of its own.
const PLUGIN: &str = "/run/reweave/plugin";
const REPORT: &str = "/run/reweave/report";

/// Where the command finds things.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    workspace: Workspace,
    plugin: Bind,
    report: Bind,
    temporary: PathBuf,
    home: PathBuf,
    identity: Identity,
}

impl Place {
    /// Decides where things are, and makes the plain copy where the sandbox cannot lay one over.
    pub(super) fn new(sandbox: &Sandbox, pristine: &Pristine, staged: &RunFolder) -> Result<Self, Refusal> {
        let failed = |error: std::io::Error| refused("preparing a run", &error);
        let (plugin, source) = adapter::PYTEST_PLUGIN;
        let plugin = pristine.place("plugin", plugin, source).map_err(failed)?;
        let (at, plugin_to, report_to, temporary, home) = match sandbox.isolation {
            Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. } => {
                (pristine.seen_at(), PLUGIN.into(), REPORT.into(), root::TEMPORARY.into(), root::HOME.into())
            }
            Isolation::Floor => {
                let copy = pristine.copy_for(staged).map_err(failed)?;
                let temporary = staged.path.join("tmp");
                (copy, plugin.clone(), staged.report.clone(), temporary.clone(), temporary)
            }
        };
        let workspace = Workspace { pristine: pristine.path().to_owned(), replaced: staged.replaced.clone(), at };
        Ok(Self {
            folder: staged.path.clone(),
            workspace,
            plugin: Bind { from: plugin, to: plugin_to },
            report: Bind { from: staged.report.clone(), to: report_to },
            temporary,
            home,
            identity: pristine.identity(),
        })
    }
}

/// One check to run.
#[derive(Debug)]
pub(super) struct Job<'a> {
    config: &'a Config,
    place: &'a Place,
    name: &'a CheckName,
    check: &'a Command,
    bounds: Bounds,
    coverage: bool,
    /// Shows that a report is the runner's.
    nonce: String,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        config: &'a Config,
        place: &'a Place,
        (name, check): (&'a CheckName, &'a Command),
        coverage: bool,
    ) -> Self {
        let nonce = format!("{:032x}", rand::random::<u128>());
        Self { config, place, name, check, bounds: bounds(config, check), coverage, nonce }
    }

    pub(super) fn output(&self) -> OutputBounds {
        OutputBounds { bytes_max: self.config.limits.output_bytes, tail_bytes_max: self.config.limits.log_tail_bytes }
    }

    /// What the launcher is to do.
    pub(super) fn plan(&self, sandbox: &Sandbox, found: &Found) -> Plan {
        let mut command = self.check.adapter.arguments(&self.check.command, &self.setting());
        if let Some(program) = command.first_mut() {
            *program = found.program.to_string_lossy().into_owned();
        }
        Plan {
            folder: self.place.folder.clone(),
            workspace: self.place.workspace.clone(),
            shown: found.binds(self.place.plugin.clone()),
            written: vec![self.place.report.clone()],
            command,
            environment: self.environment(found),
            identity: self.place.identity,
            isolation: sandbox.isolation,
            bounds: self.bounds,
            purpose: Purpose::Command,
            disabled: sandbox.disabled().to_vec(),
        }
    }

    /// What the report's file holds at the start.
    pub(super) fn before(&self) -> String {
        self.check.adapter.before(&self.setting())
    }

    /// What came of it. `None` when it was cancelled.
    pub(super) fn report(&self, finished: Finished, written: &[u8]) -> Result<Option<Report>, Refusal> {
        let judged_by = self.check.adapter.judged_by();
        let mut report = Report::not_run(self.name.clone(), self.check.command.clone(), judged_by);
        match &finished.how {
            How::Cancelled => return Ok(None),
            How::OutputReached => killed(&mut report, size("output", self.output().bytes_max)),
            How::Silent => killed(&mut report, "ended from outside the sandbox".to_owned()),
            How::Answered(answer) => match &answer.ending {
                Ending::Exited(code) => self.judged(&mut report, Exit::Code(*code), written, answer),
                Ending::Signaled(signal) => self.judged(&mut report, Exit::Signal(*signal), written, answer),
                Ending::TimedOut => {
                    killed(&mut report, with(format!("time {} ms", self.bounds.timeout_ms), self.reached(answer)));
                    report.status = CheckStatus::TimedOut;
                }
                Ending::MemoryReached => killed(&mut report, size("memory", self.bounds.memory_bytes)),
                Ending::ProcessesReached => killed(&mut report, format!("processes {}", self.bounds.processes)),
                Ending::DiskReached => killed(&mut report, size("disk", self.bounds.disk_bytes)),
                Ending::Unstartable(reason) => return Err(self.unstartable(reason)),
                Ending::NotConfined { .. } => return Err(not_confined(answer)),
            },
        }
        report.duration = finished.duration;
        report.log_bytes = finished.log.bytes();
        report.log_tail = finished.log.tail();
        Ok(Some(report))
    }

    fn judged(&self, report: &mut Report, exit: Exit, written: &[u8], answer: &Answer) {
        let Verdict { status, passed, failing, findings, coverage } =
            self.check.adapter.judge(exit, written, &self.setting());
        report.exit_code = match exit {
            Exit::Code(code) => Some(code),
            Exit::Signal(_) => None,
        };
        (report.status, report.passed, report.failing) = (status, passed, failing);
        (report.findings, report.coverage) = (findings, coverage);
        // A limit that was reached explains a failure; what passed nevertheless did not need more.
        report.limit = self.reached(answer).filter(|_| status != CheckStatus::Passed);
    }

    /// Bounds that end nothing by themselves, but refuse what goes over them.
    fn reached(&self, answer: &Answer) -> Option<String> {
        let processes = answer.processes_reached.then(|| format!("processes {}", self.bounds.processes));
        let disk = answer.disk_reached.then(|| size("disk", self.bounds.disk_bytes));
        match (processes, disk) {
            (Some(processes), disk) => Some(with(processes, disk)),
            (None, disk) => disk,
        }
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            report: &self.place.report.to,
            plugin: &self.place.plugin.to,
            workspace: &self.place.workspace.at,
            nonce: &self.nonce,
            coverage: self.coverage,
        }
    }

    /// Everything that the command sees of an environment: later entries win.
    fn environment(&self, found: &Found) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let path = found.path.iter().map(|folder| text(folder)).collect::<Vec<_>>().join(":");
        let usual = [
            ("PATH", path),
            ("HOME", text(&self.place.home)),
            ("TMPDIR", text(&self.place.temporary)),
            ("LANG", "C.UTF-8".into()),
            ("USER", "reweave".into()),
            ("LOGNAME", "reweave".into()),
            ("TERM", "dumb".into()),
            ("NO_COLOR", "1".into()),
            // The same order of sets in every run.
            ("PYTHONHASHSEED", "0".into()),
            // The copy is thrown away, and with it whatever was compiled.
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ];
        let venv = found.venv.iter().map(|venv| ("VIRTUAL_ENV".to_owned(), text(venv)));
        let usual = usual.into_iter().map(|(name, value)| (name.to_owned(), value));
        let configured = self.config.environment.clone().into_iter().chain(self.check.environment.clone());
        usual.chain(venv).chain(configured).chain(self.check.adapter.environment(&self.setting())).collect()
    }

    fn unstartable(&self, reason: &str) -> Refusal {
        Refusal::new(
            RefusalCode::CheckToolMissing,
            format!("the check `{}` could not be started in the sandbox", self.name),
        )
        .with(EvidenceKind::Error, reason)
        .next("add the folders that the program needs to checks.read_paths")
    }
}

fn bounds(config: &Config, check: &Command) -> Bounds {
    let limits = &config.limits;
    Bounds {
        timeout_ms: check.timeout_ms.unwrap_or(limits.timeout_ms),
        memory_bytes: check.memory_bytes.unwrap_or(limits.memory_bytes),
        address_space_bytes: limits.address_space_bytes,
        processes: limits.processes,
        open_files: limits.open_files,
        file_bytes: limits.file_bytes,
        disk_bytes: limits.disk_bytes,
    }
}

fn killed(report: &mut Report, limit: String) {
    report.status = CheckStatus::Killed;
    report.limit = Some(limit);
}

fn not_confined(answer: &Answer) -> Refusal {
    Refusal::new(RefusalCode::SandboxUnavailable, "the sandbox could not be put up for this run")
        .with(EvidenceKind::Error, answer.not_confined().unwrap_or_default())
}

fn size(what: &str, bytes: u64) -> String {
    format!("{what} {} MiB", bytes >> 20)
}

fn with(first: String, second: Option<String>) -> String {
    match second {
        Some(second) => format!("{first}, {second}"),
        None => first,
    }
}
