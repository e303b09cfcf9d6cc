//! What the service tells the launcher to do, and what the launcher answers.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// One run, as the launcher reads it from a file in the run's private folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The run's private folder; the new root is mounted below it.
    pub(crate) folder: PathBuf,
    pub(crate) workspace: Workspace,
    /// What is shown read-only, besides the system folders.
    pub(crate) shown: Vec<Bind>,
    /// Files that may be written although their folder may not: the report.
    pub(crate) written: Vec<Bind>,
    pub(crate) command: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) identity: Identity,
    pub(crate) isolation: Isolation,
    pub(crate) bounds: Bounds,
    pub(crate) purpose: Purpose,
    /// Protections left out, for tests and for finding out what a machine without them does.
    pub(crate) disabled: Vec<Protection>,
}

/// Where the copy of the workspace comes from, and where it is seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Workspace {
    /// The pristine copy, never written.
    pub(crate) pristine: PathBuf,
    /// A tree of files that replace pristine ones.
    pub(crate) replaced: PathBuf,
    /// The path at which the command sees it. Without namespaces this is a plain copy, made by the service.
    pub(crate) at: PathBuf,
}

/// A path of the machine, shown at a path of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Bind {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

/// Whom the command runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Identity {
    /// The service's own, unprivileged user.
    Own,
    /// A user and group id that nothing else on the machine has. Needed when the service is root, whom the kernel
    /// exempts from the bound on processes.
    Throwaway(u32),
}

/// How much of the machine is out of sight. From most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Isolation {
    /// Mount, process, network, IPC and host-name namespaces, made with root's rights.
    Namespaces { overlay: bool },
    /// The same inside a user namespace, which needs no rights.
    UserNamespaces { overlay: bool },
    /// None: Landlock, seccomp and the bounds only.
    Floor,
}

/// What the command may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) timeout_ms: u64,
    /// Resident memory of all processes together, in bytes.
    pub(crate) memory_bytes: u64,
    /// Address space of each process, in bytes.
    pub(crate) address_space_bytes: u64,
    /// Processes and threads.
    pub(crate) processes: u64,
    pub(crate) open_files: u64,
    pub(crate) file_bytes: u64,
    /// Workspace copy and temporary files together, in bytes.
    pub(crate) disk_bytes: u64,
}

/// What the launcher does once confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// Runs the command.
    Command,
    /// Runs the command and lets the service talk to it: what it prints to is what it reads from.
    Conversation,
    /// Tries what must not work.
    Probe,
}

/// One layer of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Own mounts, processes, network, IPC and host name, and a root that holds only what is needed.
    Namespaces,
    /// The workspace copy is a layer over the pristine one; without, it is copied for each run.
    Overlay,
    /// Files outside the sandbox cannot be opened, TCP cannot be used.
    Landlock,
    /// No sockets but Unix ones, no tracing, mounting, kernel keys or programs.
    Seccomp,
}

/// The launcher's one answer, a line of JSON on its standard input's socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) ending: Ending,
    /// Processes and threads were at their bound at some moment.
    pub(crate) processes_reached: bool,
    /// No space was left at the end.
    pub(crate) disk_reached: bool,
    /// Landlock's version of the kernel, 0 without.
    pub(crate) landlock: u32,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    Exited(i32),
    Signaled(i32),
    TimedOut,
    MemoryReached,
    /// Only without namespaces; with them, the bound refuses what goes over it.
    ProcessesReached,
    DiskReached,
    /// The sandbox was up, but the program could not be started.
    Unstartable(String),
    /// The sandbox could not be put up: which step, and why.
    NotConfined {
        step: String,
        error: String,
    },
}
