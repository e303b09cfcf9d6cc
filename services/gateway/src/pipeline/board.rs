//! What this replica works on now: how to stop it, how far it is, and who watches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reweave_core::{Progress, SpecId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Signals a watcher may be behind before it misses some.
const BEHIND_MAX: usize = 64;

/// Every spec that runs here or is watched here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<HashMap<SpecId, Entry>>>);

#[derive(Debug)]
struct Entry {
    cancel: Option<CancellationToken>,
    latest: Option<Progress>,
    signals: broadcast::Sender<Signal>,
    watchers: usize,
}

/// What a watcher is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Progress(Progress),
    /// The outcome is in the ledger.
    Settled,
}

/// A spec at work. Dropping it takes the spec off the board.
#[derive(Debug)]
pub(crate) struct Running {
    board: Board,
    spec: SpecId,
    pub(crate) cancel: CancellationToken,
}

/// Somebody who watches a spec.
#[derive(Debug)]
pub(crate) struct Watch {
    board: Board,
    spec: SpecId,
    pub(crate) signals: broadcast::Receiver<Signal>,
}

impl Board {
    /// Puts `spec` on the board. The lease sees to it that it stands there once.
    pub(crate) fn start(&self, spec: SpecId) -> Running {
        let cancel = CancellationToken::new();
        self.lock().entry(spec).or_insert_with(Entry::new).cancel = Some(cancel.clone());
        Running { board: self.clone(), spec, cancel }
    }

    /// Watches `spec`, whether it runs here already or not.
    pub(crate) fn watch(&self, spec: SpecId) -> Watch {
        let mut entries = self.lock();
        let entry = entries.entry(spec).or_insert_with(Entry::new);
        entry.watchers += 1;
        Watch { board: self.clone(), spec, signals: entry.signals.subscribe() }
    }

    /// Stops the work on `spec`, if it runs here.
    pub(crate) fn cancel(&self, spec: SpecId) {
        if let Some(cancel) = self.lock().get(&spec).and_then(|entry| entry.cancel.as_ref()) {
            cancel.cancel();
        }
    }

    /// How far `spec` is, if it runs here.
    pub(crate) fn latest(&self, spec: SpecId) -> Option<Progress> {
        self.lock().get(&spec).and_then(|entry| entry.latest.clone())
    }

    /// Tells the watchers that there is an outcome.
    pub(crate) fn settled(&self, spec: SpecId) {
        if let Some(entry) = self.lock().get(&spec) {
            _ = entry.signals.send(Signal::Settled);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SpecId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, spec: SpecId, leave: impl FnOnce(&mut Entry)) {
        let mut entries = self.lock();
        if let Some(entry) = entries.get_mut(&spec) {
            leave(entry);
            if entry.cancel.is_none() && entry.watchers == 0 {
                entries.remove(&spec);
            }
        }
    }
}

impl Entry {
    fn new() -> Self {
        Self { cancel: None, latest: None, signals: broadcast::Sender::new(BEHIND_MAX), watchers: 0 }
    }
}

impl Running {
    /// Notes and passes on one step forward.
    pub(crate) fn progress(&self, progress: Progress) {
        if let Some(entry) = self.board.lock().get_mut(&self.spec) {
            entry.latest = Some(progress.clone());
            // Nobody may be watching.
            _ = entry.signals.send(Signal::Progress(progress));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.board.leave(self.spec, |entry| {
            entry.cancel = None;
            entry.latest = None;
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.board.leave(self.spec, |entry| entry.watchers -= 1);
    }
}

#[cfg(test)]
mod tests {
    use reweave_core::Stage;

    use super::*;

    #[test]
    fn a_watcher_sees_what_happens_and_the_board_is_empty_in_the_end() {
        let board = Board::default();
        let spec = SpecId::of("test", "1");
        let mut watch = board.watch(spec);
        let running = board.start(spec);
        let progress = Progress { done: 1, total: 2, ..Progress::new(Stage::Check, "1 of 2") };
        running.progress(progress.clone());
        assert_eq!(board.latest(spec), Some(progress.clone()));
        board.cancel(spec);
        assert!(running.cancel.is_cancelled());
        board.settled(spec);
        drop(running);
        assert_eq!(watch.signals.try_recv(), Ok(Signal::Progress(progress)));
        assert_eq!(watch.signals.try_recv(), Ok(Signal::Settled));
        drop(watch);
        assert!(board.lock().is_empty());
    }
}
