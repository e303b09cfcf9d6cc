//! Outcomes that the gateway itself gives: refusals, addressed, fitted and written down once.

use std::{
    fs, process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reweave_core::{
    EvidenceKind, OutcomeEvent, Refusal, RefusalCode, RunFacts, Sha256, SpecId, limits::OUTCOME_BYTES_MAX,
};
use reweave_proto::document;

use crate::ledger::NewOutcome;

/// This replica, as it stands in outcomes and leases.
#[derive(Debug)]
pub(super) struct Author {
    host: String,
    /// Distinct among all processes that share a ledger.
    name: String,
    leases: AtomicU64,
}

impl Author {
    pub(super) fn of_this_process() -> Self {
        let host =
            fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| "unknown".into(), |h| h.trim().into());
        let name = format!("{host}/{}/{:016x}", process::id(), rand::random::<u64>());
        Self { host, name, leases: AtomicU64::new(0) }
    }

    /// A holder's name that no other lease has.
    pub(super) fn new_holder(&self) -> String {
        format!("{}/{}", self.name, self.leases.fetch_add(1, Ordering::Relaxed))
    }

    /// The outcome that refuses `spec`.
    pub(super) fn refuse(&self, spec: SpecId, refusal: Refusal, traceparent: Option<String>) -> NewOutcome {
        let started_unix_ms = unix_ms(SystemTime::now());
        let run = RunFacts { started_unix_ms, host: self.host.clone(), ..RunFacts::default() };
        write(OutcomeEvent { spec_id: spec, outcome: refusal.into(), run }, traceparent)
    }
}

/// The outcome as it is stored and published.
pub(super) fn write(event: OutcomeEvent, traceparent: Option<String>) -> NewOutcome {
    let fitted = document::fit(event, OUTCOME_BYTES_MAX);
    let body = document::outcome_json(&fitted).to_string().into_bytes();
    NewOutcome { body, traceparent, at: SystemTime::now() }
}

pub(super) fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn cancelled() -> Refusal {
    Refusal::new(RefusalCode::Cancelled, "the caller cancelled the spec").next("send it again with a new id")
}

pub(super) fn expired() -> Refusal {
    Refusal::new(RefusalCode::EventExpired, "the event expired before work began")
        .with(EvidenceKind::Field, "expirytime")
        .next("send it again with a new id and a later `expirytime`, or none")
}

pub(super) fn deadline(which: &str) -> Refusal {
    Refusal::new(RefusalCode::DeadlineExceeded, "the deadline passed before a patch was proven")
        .with(EvidenceKind::Limit, which)
        .next("send it again with a new id and a later `deadline`")
}

pub(super) fn id_reused(first: Sha256, now: Sha256) -> Refusal {
    Refusal::new(RefusalCode::EventIdReused, "the same source and id came before with another body")
        .with(EvidenceKind::Symbol, format!("first body has SHA-256 {first}"))
        .with(EvidenceKind::Symbol, format!("this body has SHA-256 {now}"))
        .next("send it again with a new id")
}

pub(super) fn attempts_exhausted(attempts: u32, max: u32) -> Refusal {
    Refusal::new(RefusalCode::AttemptsExhausted, "every attempt at the event ended in a crash or a lost connection")
        .with(EvidenceKind::Limit, format!("attempt {attempts} of {max}"))
        .next("reweave dlq show")
}

/// The last failure of a spec that was tried again until the limit.
pub(super) fn retries_exhausted(last: Refusal, tries: u32) -> Refusal {
    last.with(EvidenceKind::Limit, format!("tried {tries} times")).next("reweave dlq show")
}
