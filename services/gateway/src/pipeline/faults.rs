//! A test aid: ends the process at a chosen step of the settle order, as `SIGKILL` would. Inert unless configured.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde::{Deserialize, Serialize};

/// The steps of the settle order; a crash comes right after one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashPoint {
    RecordAttempt,
    Claim,
    Work,
    StoreOutcome,
    Publish,
    MarkSettled,
    Settle,
}

impl CrashPoint {
    /// Every step, in order.
    pub const ALL: [Self; 7] = [
        Self::RecordAttempt,
        Self::Claim,
        Self::Work,
        Self::StoreOutcome,
        Self::Publish,
        Self::MarkSettled,
        Self::Settle,
    ];
}

/// Where to crash, and how.
#[derive(Clone, Debug, Default)]
pub struct Faults(Option<Arc<Fault>>);

#[derive(Debug)]
struct Fault {
    point: CrashPoint,
    passings_left: AtomicU32,
    crash: Crash,
}

#[derive(Debug)]
enum Crash {
    Abort,
    /// The passing never returns; the notice says that it stands there.
    Park(Arc<tokio::sync::Notify>),
}

impl Faults {
    /// Ends the process at the `nth` passing of `point` (from 1).
    #[must_use]
    pub fn abort(point: CrashPoint, nth: u32) -> Self {
        Self::at(point, nth, Crash::Abort)
    }

    /// Stops for ever at the `nth` passing of `point` and gives notice, so that a test can drop everything there.
    #[must_use]
    pub fn park(point: CrashPoint, nth: u32) -> (Self, Arc<tokio::sync::Notify>) {
        let notice = Arc::new(tokio::sync::Notify::new());
        (Self::at(point, nth, Crash::Park(notice.clone())), notice)
    }

    fn at(point: CrashPoint, nth: u32, crash: Crash) -> Self {
        Self(Some(Arc::new(Fault { point, passings_left: AtomicU32::new(nth), crash })))
    }

    /// Passes `point`.
    pub(crate) async fn pass(&self, point: CrashPoint) {
        let Some(fault) = self.0.as_ref().filter(|fault| fault.point == point) else { return };
        let left = fault.passings_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left != Ok(1) {
            return;
        }
        match &fault.crash {
            Crash::Abort => std::process::abort(),
            Crash::Park(notice) => {
                notice.notify_one();
                std::future::pending().await
            }
        }
    }
}
