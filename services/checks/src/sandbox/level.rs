//! How strong a sandbox this machine gives: tried from the strongest down, each for real.

use std::{collections::BTreeMap, fs, io, path::Path, sync::Arc};

use reweave_core::{EvidenceKind, Refusal, RefusalCode};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{
    Launcher, Protection, identity,
    plan::{Answer, Bounds, Ending, Identity, Isolation, Plan, Purpose, Workspace},
    process::{self, Finished, How, OutputBounds},
};
use crate::{config::Config, workspace::folder::Folder};

/// What the operator decides about the sandbox.
#[derive(Clone, Debug, Default)]
struct Settings {
    launcher: Launcher,
    disabled: Vec<Protection>,
    /// Where private folders are made.
    folder: std::path::PathBuf,
}

/// The sandbox of this machine, tried out when it is first asked for.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    settings: Settings,
    tried: Arc<OnceCell<Result<Sandbox, Refusal>>>,
}

impl Machine {
    pub(crate) fn new(config: &Config) -> Self {
        let settings = Settings {
            launcher: config.launcher.clone(),
            disabled: config.disabled_protections.clone(),
            folder: config.work_folder.clone(),
        };
        Self { settings, tried: Arc::default() }
    }

    /// The strongest sandbox that holds.
    pub(crate) async fn sandbox(&self) -> Result<&Sandbox, Refusal> {
        self.tried.get_or_init(|| Sandbox::probe(&self.settings)).await.as_ref().map_err(Clone::clone)
    }
}

/// A sandbox that was seen to hold.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    launcher: std::path::PathBuf,
    pub(crate) isolation: Isolation,
    disabled: Vec<Protection>,
    active: Vec<String>,
}

impl Sandbox {
    /// Tries isolations from the strongest down and keeps the first that holds.
    async fn probe(settings: &Settings) -> Result<Self, Refusal> {
        let launcher =
            settings.launcher.path().ok_or_else(|| unavailable(&["no launcher executable was found".into()]))?;
        let mut failures = Vec::new();
        for protection in [Protection::Landlock, Protection::Seccomp] {
            if settings.disabled.contains(&protection) {
                return Err(unavailable(&[format!("{protection:?} is disabled").to_lowercase()]));
            }
        }
        for isolation in candidates(&settings.disabled) {
            let mut sandbox =
                Self { launcher: launcher.clone(), isolation, disabled: settings.disabled.clone(), active: Vec::new() };
            match sandbox.try_out(&settings.folder).await {
                Ok(landlock) => {
                    sandbox.active = active(isolation, landlock);
                    return Ok(sandbox);
                }
                Err(reason) => failures.push(format!("{isolation:?}: {reason}")),
            }
        }
        Err(unavailable(&failures))
    }

    /// The protections that held, by name.
    pub(crate) fn active(&self) -> &[String] {
        &self.active
    }

    /// Whom a new workspace belongs to.
    pub(crate) fn identity() -> Identity {
        identity::next()
    }

    /// Protections left out.
    pub(crate) fn disabled(&self) -> &[Protection] {
        &self.disabled
    }

    /// Runs a command to its end.
    pub(crate) async fn run(
        &self,
        plan: &Plan,
        output: OutputBounds,
        cancel: &CancellationToken,
    ) -> io::Result<Finished> {
        process::run(&self.launcher, plan, output, cancel).await
    }

    /// Starts a command that is talked to.
    pub(crate) fn converse(&self, plan: &Plan, complaints: fs::File) -> io::Result<process::Conversation> {
        process::converse(&self.launcher, plan, complaints)
    }

    async fn try_out(&self, folder: &Path) -> Result<u32, String> {
        let identity = identity::next();
        let folder = Folder::new(folder, identity).map_err(|error| error.to_string())?;
        let plan = self.probe_plan(&folder, identity).map_err(|error| error.to_string())?;
        let output = OutputBounds { bytes_max: 1 << 16, tail_bytes_max: 1 << 10 };
        let finished = self.run(&plan, output, &CancellationToken::new()).await;
        match finished.map_err(|error| format!("starting the launcher: {error}"))? {
            Finished { how: How::Answered(Answer { ending: Ending::Exited(0), landlock, .. }), .. } => Ok(landlock),
            Finished { how: How::Answered(answer), .. } => {
                Err(answer.not_confined().unwrap_or_else(|| format!("{:?}", answer.ending)))
            }
            Finished { log, .. } => Err(format!("the launcher gave no answer: {}", log.tail())),
        }
    }

    fn probe_plan(&self, folder: &Folder, identity: Identity) -> io::Result<Plan> {
        let pristine = folder.owned("pristine")?;
        fs::write(pristine.join("probe"), "")?;
        folder.give(&pristine.join("probe"))?;
        let replaced = folder.owned("replaced")?;
        folder.owned("tmp")?;
        let at = match self.isolation {
            Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. } => "/workspace".into(),
            Isolation::Floor => pristine.clone(),
        };
        Ok(Plan {
            folder: folder.path().to_owned(),
            workspace: Workspace { pristine, replaced, at },
            shown: Vec::new(),
            written: Vec::new(),
            command: Vec::new(),
            environment: BTreeMap::new(),
            identity,
            isolation: self.isolation,
            bounds: PROBE,
            purpose: Purpose::Probe,
            disabled: self.disabled.clone(),
        })
    }
}

/// Small, so that reaching the bound on processes is quick.
const PROBE: Bounds = Bounds {
    timeout_ms: 10_000,
    memory_bytes: 256 << 20,
    address_space_bytes: 4 << 30,
    processes: 8,
    open_files: 64,
    file_bytes: 1 << 20,
    disk_bytes: 1 << 20,
};

fn candidates(disabled: &[Protection]) -> Vec<Isolation> {
    let root = nix::unistd::geteuid().is_root();
    // Root that cannot become anybody else loses its rights only in a user namespace.
    let stuck = root && identity::next() == Identity::Own;
    let mut all = Vec::new();
    if !disabled.contains(&Protection::Namespaces) {
        for overlay in [true, false].into_iter().filter(|overlay| !overlay || !disabled.contains(&Protection::Overlay))
        {
            all.extend((root && !stuck).then_some(Isolation::Namespaces { overlay }));
            all.push(Isolation::UserNamespaces { overlay });
        }
    }
    all.extend((!stuck).then_some(Isolation::Floor));
    all
}

fn active(isolation: Isolation, landlock: u32) -> Vec<String> {
    let (namespaces, overlay): (&[&str], bool) = match isolation {
        Isolation::Namespaces { overlay } => (&["throwaway_user"], overlay),
        Isolation::UserNamespaces { overlay } => (&["user_namespace"], overlay),
        Isolation::Floor if nix::unistd::geteuid().is_root() => (&["throwaway_user"], false),
        Isolation::Floor => (&[], false),
    };
    let isolated = isolation != Isolation::Floor;
    let mut names: Vec<&str> = vec!["landlock"];
    names.extend((landlock >= 4).then_some("landlock_tcp"));
    names.extend((landlock >= 6).then_some("landlock_scope"));
    names.extend(["seccomp", "no_new_privileges", "resource_limits", "memory_watch", "time_limit", "output_limit"]);
    names.extend(namespaces);
    if isolated {
        names.extend(["mount_namespace", "pid_namespace", "network_namespace", "ipc_namespace", "uts_namespace"]);
    }
    names.extend(overlay.then_some("overlay"));
    names.into_iter().map(str::to_owned).collect()
}

fn unavailable(reasons: &[String]) -> Refusal {
    let refusal = Refusal::new(
        RefusalCode::SandboxUnavailable,
        "commands are not run, because this machine does not let them be confined by Landlock, seccomp and bounds",
    );
    reasons
        .iter()
        .fold(refusal, |refusal, reason| refusal.with(EvidenceKind::Error, reason.clone()))
        .next("run on Linux 5.13 or newer with Landlock enabled (the file /sys/kernel/security/lsm lists it)")
}
