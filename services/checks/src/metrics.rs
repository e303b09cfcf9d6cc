//! What the service counts.

use reweave_core::CheckStatus;

use crate::{native::Verdict, report::Report};

/// Runs of checks, by check and status.
pub(crate) const RUNS: &str = "reweave_checks_runs_total";
/// Seconds one run took, sandbox included, by check.
pub(crate) const RUN_SECONDS: &str = "reweave_checks_run_seconds";
/// Sessions that ended with a refusal, by code.
pub(crate) const SESSIONS_REFUSED: &str = "reweave_checks_sessions_refused_total";

/// Texts that a compiler's own parser was asked about, by parser and what came of it.
pub(crate) const PARSES: &str = "reweave_checks_parses_total";

/// Describes every metric once, for whoever exposes them.
pub fn describe() {
    metrics::describe_counter!(RUNS, "Runs of checks, by check and status");
    metrics::describe_histogram!(RUN_SECONDS, metrics::Unit::Seconds, "Time of one run, sandbox included, by check");
    metrics::describe_counter!(SESSIONS_REFUSED, "Sessions that ended with a refusal, by code");
    metrics::describe_counter!(
        PARSES,
        "Texts that a compiler's own parser was asked about, by parser and what came of it"
    );
}

pub(crate) fn parsed(verdict: &Verdict) {
    let result = match &verdict.reading {
        Ok(reading) if reading.count == 0 => "valid",
        Ok(_) => "invalid",
        Err(_) => "unavailable",
    };
    metrics::counter!(PARSES, "parser" => verdict.parser, "result" => result).increment(1);
}

pub(crate) fn record(report: &Report) {
    let check = report.name.as_str().to_owned();
    metrics::counter!(RUNS, "check" => check.clone(), "status" => report.status.as_str()).increment(1);
    if report.status != CheckStatus::NotRun {
        metrics::histogram!(RUN_SECONDS, "check" => check).record(report.duration.as_secs_f64());
    }
}
