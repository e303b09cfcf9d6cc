//! Every metric of the gateway: its name, what it means, and the one place that writes it.

use std::time::Instant;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use reweave_core::RefusalCode;

use crate::dlq::Stage;

/// A metric, as described to the recorder and in `docs/metrics.md`.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static str,
    pub help: &'static str,
}

/// What can be done with a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const OUTCOMES: &str = "reweave_gateway_outcomes_published_total";
const ATTEMPTS: &str = "reweave_gateway_attempts_total";
const RETRIES: &str = "reweave_gateway_retries_total";
const DEAD_LETTERS: &str = "reweave_gateway_dead_letters_total";
const WRITE_RETRIES: &str = "reweave_gateway_write_retries_total";
const IN_FLIGHT: &str = "reweave_gateway_messages_in_flight";
const WAITING: &str = "reweave_gateway_specs_waiting";
const QUEUE: &str = "reweave_gateway_queue_seconds";
const WORK: &str = "reweave_gateway_work_seconds";
const HTTP: &str = "reweave_gateway_http_requests_total";

/// Every metric of the gateway, but those of its bus.
pub const METRICS: &[Metric] = &[
    Metric {
        name: OUTCOMES,
        kind: Kind::Counter,
        labels: "again (false, true)",
        help: "Outcomes published with a receipt; again: the same bytes once more",
    },
    Metric {
        name: ATTEMPTS,
        kind: Kind::Counter,
        labels: "first (true, false)",
        help: "Messages taken up; not first: after a crash or a failure in the work",
    },
    Metric { name: RETRIES, kind: Kind::Counter, labels: "", help: "Delayed copies put on the retry topic" },
    Metric {
        name: DEAD_LETTERS,
        kind: Kind::Counter,
        labels: "stage, code",
        help: "Messages given up, by where and by refusal code",
    },
    Metric {
        name: WRITE_RETRIES,
        kind: Kind::Counter,
        labels: "",
        help: "Writes to the ledger or the bus that failed and were tried again",
    },
    Metric { name: IN_FLIGHT, kind: Kind::Gauge, labels: "", help: "Messages taken up and not settled" },
    Metric { name: WAITING, kind: Kind::Gauge, labels: "", help: "Specs that wait for a worker" },
    Metric { name: QUEUE, kind: Kind::Histogram, labels: "", help: "Seconds a spec waited for a worker" },
    Metric { name: WORK, kind: Kind::Histogram, labels: "", help: "Seconds synthesis worked on a spec" },
    Metric { name: HTTP, kind: Kind::Counter, labels: "route, status", help: "HTTP requests answered" },
];

/// Describes every metric to the recorder of this process.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, metric.help),
        }
    }
}

/// The metrics as a table for people.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    for Metric { name, kind, labels, help } in METRICS {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        text.push_str(&format!("| `{name}` | {kind} | {labels} | {help} |\n"));
    }
    text
}

/// Records the time from its creation to its end.
#[derive(Debug)]
pub(crate) struct Timer(&'static str, Instant);

impl Timer {
    pub(crate) fn stop(self) {}
}

impl Drop for Timer {
    fn drop(&mut self) {
        histogram!(self.0).record(self.1.elapsed());
    }
}

pub(crate) fn time_queue() -> Timer {
    Timer(QUEUE, Instant::now())
}

pub(crate) fn time_work() -> Timer {
    Timer(WORK, Instant::now())
}

pub(crate) fn count_outcome(again: bool) {
    counter!(OUTCOMES, "again" => if again { "true" } else { "false" }).increment(1);
}

pub(crate) fn observe_attempt(number: u32) {
    counter!(ATTEMPTS, "first" => if number == 1 { "true" } else { "false" }).increment(1);
}

pub(crate) fn count_retry() {
    counter!(RETRIES).increment(1);
}

pub(crate) fn count_dead_letter(stage: Stage, code: RefusalCode) {
    counter!(DEAD_LETTERS, "stage" => stage.as_str(), "code" => code.as_str()).increment(1);
}

pub(crate) fn count_write_retry() {
    counter!(WRITE_RETRIES).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "bounded by the configured window")]
pub(crate) fn gauge_in_flight(messages: usize, waiting: usize) {
    gauge!(IN_FLIGHT).set(messages as f64);
    gauge!(WAITING).set(waiting as f64);
}

pub(crate) fn count_request(route: &str, status: u16) {
    counter!(HTTP, "route" => route.to_owned(), "status" => status.to_string()).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_metrics_is_up_to_date() {
        let page = format!(
            "# Metrics of the gateway\n\nGenerated by a test of `services/gateway/src/metrics.rs`; `UPDATE_EXPECT=1` \
             writes it anew.\n\n{}",
            markdown()
        );
        expect_test::expect_file!["../../../docs/metrics.md"].assert_eq(&page);
    }

    #[test]
    fn names_follow_the_rule() {
        for metric in METRICS {
            assert!(metric.name.starts_with("reweave_gateway_"), "{}", metric.name);
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            assert_eq!(metric.name.ends_with("_seconds"), metric.kind == Kind::Histogram, "{}", metric.name);
        }
    }
}
