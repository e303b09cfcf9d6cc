//! What a process takes from itself before it starts a command: limits, files, system calls.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use nix::sys::resource::{Resource, setrlimit};

use super::plan::Bounds;

/// Why a process is not confined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("setting a resource limit")]
    Limit(#[source] nix::Error),
    #[error("restricting files by Landlock")]
    Landlock(#[from] landlock::RulesetError),
    #[error("the kernel does not enforce Landlock")]
    LandlockMissing,
}

/// Paths the command may use.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
}

/// Devices that every program expects to be able to write.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"];

/// Bounds every process started from here on. `threads_of_user` counts what the user runs already and the bound on
/// processes would count in.
pub(crate) fn limit(bounds: &Bounds, threads_of_user: u64) -> Result<(), Error> {
    let limits = [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_MSGQUEUE, 0),
        (Resource::RLIMIT_MEMLOCK, 0),
        (Resource::RLIMIT_FSIZE, bounds.file_bytes),
        (Resource::RLIMIT_NOFILE, bounds.open_files),
        (Resource::RLIMIT_NPROC, bounds.processes.saturating_add(threads_of_user)),
        (Resource::RLIMIT_AS, bounds.address_space_bytes),
    ];
    for (resource, most) in limits {
        let most = nix::sys::resource::getrlimit(resource).map_or(most, |(_, hard)| most.min(hard));
        setrlimit(resource, most, most).map_err(Error::Limit)?;
    }
    Ok(())
}

/// Restricts files, TCP, and signals and abstract sockets to the outside, as far as the kernel can. Answers with the
/// version of Landlock that does it.
pub(crate) fn restrict_files(paths: &Paths) -> Result<u32, Error> {
    let known = ABI::V6;
    let write = AccessFs::from_all(known);
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(write)?
        .handle_access(AccessNet::from_all(known))?
        .scope(Scope::from_all(known))?
        .create()?
        .add_rules(path_beneath_rules(&paths.read, AccessFs::from_read(known)))?
        .add_rules(path_beneath_rules(DEVICES.map(Path::new), AccessFs::from_file(known)))?
        .add_rules(path_beneath_rules(&paths.write, write))?;
    let status = ruleset.restrict_self()?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Err(Error::LandlockMissing),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(effective_abi as u32),
        (_, LandlockStatus::NotEnabled | LandlockStatus::NotImplemented) => Err(Error::LandlockMissing),
    }
}
