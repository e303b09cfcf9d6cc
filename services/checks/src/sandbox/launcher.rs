//! The launcher: this executable, started again with a hidden argument, becomes the sandbox and starts the command in it.
//!
//! Between the service and the command stand two processes, because a process namespace begins with a child: the outer
//! one leaves the machine's namespaces, the first process inside builds the root, confines itself and supervises. Its
//! standard input is a socket to the service: it answers on it once, and ends everything when the service closes it.

use std::{
    ffi::OsString,
    fs::File,
    io::Write,
    os::fd::AsFd,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{
    confine, filter, namespaces,
    plan::{Answer, Ending, Identity, Isolation, Plan, Protection, Purpose},
    probe, root,
    supervise::{self, Supervisor},
};

/// The hidden first argument.
pub(crate) const ARGUMENT: &str = "__sandbox";
const OUTER: &str = "outer";
const INSIDE: &str = "inside";

/// Runs one stage of the sandbox and answers.
pub(super) fn main(stage: Option<OsString>, plan: Option<OsString>) {
    if started_threads() {
        let error = "launcher_main has to come first in main, before a runtime starts its threads";
        return answer(&Answer::failed("starting the launcher".into(), error.into()));
    }
    close_inherited();
    let Some(plan) = plan.map(PathBuf::from) else { return };
    let read = File::open(&plan).map_err(|error| error.to_string());
    let parsed = read.and_then(|file| serde_json::from_reader::<_, Plan>(file).map_err(|error| error.to_string()));
    let result = match (parsed, stage.as_deref().and_then(|stage| stage.to_str())) {
        (Err(error), _) => Err(Failure { step: "reading the plan".into(), error }),
        (Ok(read), Some(OUTER)) => outer(&read, &plan),
        (Ok(read), Some(INSIDE)) => inside(&read),
        (Ok(_), _) => Err(Failure { step: "choosing the stage".into(), error: format!("{stage:?}") }),
    };
    if let Err(Failure { step, error }) = result {
        answer(&Answer::failed(step, error));
    }
}

/// Arguments of the first stage.
pub(super) fn arguments(plan: PathBuf) -> [OsString; 3] {
    [ARGUMENT.into(), OUTER.into(), plan.into()]
}

pub(super) struct Failure {
    step: String,
    error: String,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        Self { step: error.to_string(), error: cause }
    }
}

fn outer(plan: &Plan, path: &std::path::Path) -> Result<(), Failure> {
    match (plan.isolation, plan.identity) {
        (Isolation::Floor, _) => return inside(plan),
        (Isolation::Namespaces { .. }, _) => namespaces::leave()?,
        (Isolation::UserNamespaces { .. }, Identity::Own) => namespaces::leave_as_user()?,
        (Isolation::UserNamespaces { .. }, Identity::Throwaway(id)) => {
            namespaces::become_user(id)?;
            namespaces::leave_as_user()?;
        }
    }
    let mut first = Command::new("/proc/self/exe");
    first.args([ARGUMENT.as_ref(), INSIDE.as_ref(), path.as_os_str()]).env_clear();
    first.status()?;
    Ok(())
}

fn inside(plan: &Plan) -> Result<(), Failure> {
    let owner = match plan.identity {
        Identity::Own => None,
        Identity::Throwaway(id) => Some(id),
    };
    match plan.isolation {
        Isolation::Namespaces { overlay } => {
            die_with_parent()?;
            root::enter(plan, overlay, owner)?;
            nix::unistd::sethostname("reweave")?;
            owner.map_or(Ok(()), namespaces::become_user)?;
        }
        Isolation::UserNamespaces { overlay } => {
            die_with_parent()?;
            // Inside, the outer user is root, and files given to it are its own already.
            root::enter(plan, overlay, None)?;
            nix::unistd::sethostname("reweave")?;
            namespaces::become_ordinary()?;
        }
        Isolation::Floor => {
            std::env::set_current_dir(&plan.workspace.at)?;
            owner.map_or(Ok(()), namespaces::become_user)?;
        }
    }
    let supervisor = Supervisor::start(plan)?;
    let others = supervise::threads_of_user(plan);
    let landlock = confine(plan, others)?;
    let mut result = match plan.purpose {
        Purpose::Command => supervisor.run(command(plan, Stdio::null())),
        Purpose::Conversation => supervisor.run(command(plan, std::io::stdout().as_fd().try_clone_to_owned()?.into())),
        Purpose::Probe => Answer::ended(probe::try_what_must_not_work(plan, others)),
    };
    result.landlock = landlock;
    answer(&result);
    Ok(())
}

fn die_with_parent() -> nix::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
}

fn confine(plan: &Plan, others: u64) -> Result<u32, Failure> {
    let enabled = |protection| !plan.disabled.contains(&protection);
    nix::sys::prctl::set_no_new_privs()?;
    confine::limit(&plan.bounds, others)?;
    let landlock = if enabled(Protection::Landlock) { confine::restrict_files(&paths(plan))? } else { 0 };
    if enabled(Protection::Seccomp) {
        filter::apply()?;
    }
    Ok(landlock)
}

fn paths(plan: &Plan) -> confine::Paths {
    let written = plan.written.iter().map(|bind| bind.to.clone());
    match plan.isolation {
        Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. } => confine::Paths {
            read: vec!["/".into()],
            write: written.chain([plan.workspace.at.clone(), root::TEMPORARY.into(), "/dev/shm".into()]).collect(),
        },
        Isolation::Floor => confine::Paths {
            read: root::readable(&plan.shown).chain(["/dev/urandom".into(), "/dev/random".into()]).collect(),
            write: written.chain([plan.workspace.at.clone(), plan.folder.join("tmp")]).collect(),
        },
    }
}

fn command(plan: &Plan, input: Stdio) -> Command {
    let (program, arguments) =
        plan.command.split_first().map_or((String::new(), [].as_slice()), |(p, a)| (p.clone(), a));
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&plan.environment).stdin(input);
    command
}

fn answer(answer: &Answer) {
    let written = serde_json::to_vec(answer).map_err(std::io::Error::from);
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map(File::from);
    // Nobody is left to tell when the service is gone.
    let _ = written.and_then(|line| socket?.write_all(&line));
}

/// Threads would keep the namespaces and the files that this process is about to leave.
fn started_threads() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() > 1)
}

/// Files that whoever started the service left open must not reach the command.
fn close_inherited() {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers: Vec<i32> = open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // The folder's own descriptor is among them, and closed already.
        let _ = nix::unistd::close(number);
    }
}

impl Answer {
    pub(super) fn ended(ending: Ending) -> Self {
        Self { ending, processes_reached: false, disk_reached: false, landlock: 0 }
    }

    fn failed(step: String, error: String) -> Self {
        Self::ended(Ending::NotConfined { step, error })
    }
}
