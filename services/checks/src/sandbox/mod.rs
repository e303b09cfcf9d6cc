//! The sandbox that commands run in: built by a launcher that is this executable started again, from the strongest
//! isolation the machine gives down to a floor of Landlock, seccomp and bounds, below which nothing is run.
//!
//! Nothing here is `unsafe`: between `fork` and `exec` only async-signal-safe code may run, so instead of forking, each
//! stage is a new process that confines itself and starts the next.

mod census;
mod confine;
mod filter;
mod identity;
mod launcher;
mod level;
mod namespaces;
pub(crate) mod plan;
mod probe;
pub(crate) mod process;
pub(crate) mod root;
mod supervise;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

pub(crate) use level::{Machine, Sandbox};
pub use plan::Protection;

static CALLED: AtomicBool = AtomicBool::new(false);

/// Becomes the launcher and never returns, when this process was started as one. Every binary that runs checks in
/// process calls it first in `main`, before a runtime starts threads.
pub fn launcher_main() {
    CALLED.store(true, Ordering::Relaxed);
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == launcher::ARGUMENT) {
        launcher::main(arguments.next(), arguments.next());
        std::process::exit(0);
    }
}

/// Which executable is the launcher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Launcher {
    /// This one, if its `main` called [`launcher_main`]; otherwise `reweave-checks` beside it or one folder up (where
    /// cargo leaves it for a test).
    #[default]
    Found,
    /// The one at this path.
    At(PathBuf),
}

impl Launcher {
    /// Its path, if there is one.
    fn path(&self) -> Option<PathBuf> {
        match self {
            Self::At(path) => Some(path.clone()),
            Self::Found => {
                let own = std::env::current_exe().ok()?;
                if CALLED.load(Ordering::Relaxed) {
                    return Some(own);
                }
                let folders = own.ancestors().skip(1).take(2);
                folders.map(|folder| folder.join("reweave-checks")).find(|path| path.is_file())
            }
        }
    }
}
