//! Leaving the machine's namespaces, and giving up what remains of its rights.

use std::{fs, io};

use nix::{
    sched::{CloneFlags, unshare},
    unistd::{Gid, Uid, getegid, geteuid, setgroups, setresgid, setresuid},
};

/// User and group id of a command inside a user namespace.
pub(crate) const INNER_ID: u32 = 1000;

/// Why a namespace or an identity was not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("making namespaces")]
    Unshare(#[source] nix::Error),
    #[error("mapping users into the namespace")]
    Map(#[source] io::Error),
    #[error("changing to an unprivileged user")]
    Identity(#[source] nix::Error),
}

/// New namespaces for everything that is not the user. Processes started from here on are in the new process namespace.
pub(crate) fn leave() -> Result<(), Error> {
    unshare(outside()).map_err(Error::Unshare)
}

/// The same inside a new user namespace, in which the process is root.
pub(crate) fn leave_as_user() -> Result<(), Error> {
    let (user, group) = (geteuid(), getegid());
    unshare(outside() | CloneFlags::CLONE_NEWUSER).map_err(Error::Unshare)?;
    map(0, user, group)
}

/// A user namespace below the own one, in which the process is an ordinary user: the next program it starts has no
/// capabilities, and the bound on processes counts what runs in here only.
pub(crate) fn become_ordinary() -> Result<(), Error> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(Error::Unshare)?;
    map(INNER_ID, user, group)
}

/// Changes the user and group for good. Requires root.
pub(crate) fn become_user(id: u32) -> Result<(), Error> {
    let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
    setgroups(&[]).map_err(Error::Identity)?;
    setresgid(group, group, group).map_err(Error::Identity)?;
    setresuid(user, user, user).map_err(Error::Identity)?;
    // A change of user hides the process's own files in /proc from itself; it needs them to map users.
    nix::sys::prctl::set_dumpable(true).map_err(Error::Identity)
}

fn outside() -> CloneFlags {
    CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
}

fn map(inner: u32, user: Uid, group: Gid) -> Result<(), Error> {
    fs::write("/proc/self/setgroups", "deny").map_err(Error::Map)?;
    fs::write("/proc/self/uid_map", format!("{inner} {user} 1")).map_err(Error::Map)?;
    fs::write("/proc/self/gid_map", format!("{inner} {group} 1")).map_err(Error::Map)
}
