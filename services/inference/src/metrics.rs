//! Every metric of the service: its name, what it means, and the one place that writes it.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use reweave_decode::protocol::Fault;

/// A metric, as described to the recorder and in `docs/metrics-inference.md`.
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

const SESSIONS: &str = "reweave_inference_sessions_open";
const HELD: &str = "reweave_inference_positions_held";
const WAITING: &str = "reweave_inference_jobs_waiting";
const STEPS: &str = "reweave_inference_steps_total";
const FAULTS: &str = "reweave_inference_faults_total";
const FORWARDS: &str = "reweave_inference_forwards_total";
const BATCHES: &str = "reweave_inference_batches_total";
const POSITIONS: &str = "reweave_inference_positions_total";
const QUEUE: &str = "reweave_inference_queue_seconds";
const DEVICE: &str = "reweave_inference_device_seconds";
const VANISHED: &str = "reweave_inference_jobs_vanished_total";
const TEXTS: &str = "reweave_inference_texts_embedded_total";

/// Every metric of the service.
pub const METRICS: &[Metric] = &[
    Metric { name: SESSIONS, kind: Kind::Gauge, labels: "", help: "Sessions that are open" },
    Metric { name: HELD, kind: Kind::Gauge, labels: "", help: "Positions of all canvases of all sessions" },
    Metric { name: WAITING, kind: Kind::Gauge, labels: "", help: "Steps, scores and texts that wait for the device" },
    Metric { name: STEPS, kind: Kind::Counter, labels: "", help: "Steps of sessions that were answered" },
    Metric {
        name: FAULTS,
        kind: Kind::Counter,
        labels: "code",
        help: "Faults of canvases, steps and calls, by their code",
    },
    Metric {
        name: FORWARDS,
        kind: Kind::Counter,
        labels: "",
        help: "Canvases that went through the network; under guidance, each branch counts",
    },
    Metric {
        name: BATCHES,
        kind: Kind::Counter,
        labels: "",
        help: "Times that the device was called; forwards by batches is how well canvases share it",
    },
    Metric {
        name: POSITIONS,
        kind: Kind::Counter,
        labels: "kind (read, wanted)",
        help: "Positions that the network read, and positions that were predicted",
    },
    Metric { name: QUEUE, kind: Kind::Histogram, labels: "", help: "Wait of a job for its first turn" },
    Metric {
        name: DEVICE,
        kind: Kind::Histogram,
        labels: "work (predict, embed)",
        help: "Time of one call of the device",
    },
    Metric {
        name: VANISHED,
        kind: Kind::Counter,
        labels: "",
        help: "Jobs that were dropped because nobody waits for them any more",
    },
    Metric { name: TEXTS, kind: Kind::Counter, labels: "", help: "Texts that became vectors" },
];

/// Describes every metric once, for whoever exposes them.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, Unit::Seconds, metric.help),
        }
    }
}

pub(crate) fn gauge_sessions(open: usize) {
    gauge!(SESSIONS).set(f64::from(u32::try_from(open).unwrap_or(u32::MAX)));
}

pub(crate) fn gauge_positions(held: usize) {
    gauge!(HELD).set(f64::from(u32::try_from(held).unwrap_or(u32::MAX)));
}

pub(crate) fn gauge_waiting(jobs: usize) {
    gauge!(WAITING).set(f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)));
}

pub(crate) fn count_step() {
    counter!(STEPS).increment(1);
}

pub(crate) fn count_fault(fault: &Fault) {
    counter!(FAULTS, "code" => fault.code.as_str()).increment(1);
}

pub(crate) fn count_vanished(jobs: usize) {
    counter!(VANISHED).increment(jobs as u64);
}

/// One call of the device: `read` positions in `forwards` canvases, for `wanted` predictions.
pub(crate) fn record_batch(forwards: usize, read: usize, wanted: usize, took: Duration) {
    counter!(BATCHES).increment(1);
    counter!(FORWARDS).increment(forwards as u64);
    counter!(POSITIONS, "kind" => "read").increment(read as u64);
    counter!(POSITIONS, "kind" => "wanted").increment(wanted as u64);
    histogram!(DEVICE, "work" => "predict").record(took.as_secs_f64());
}

pub(crate) fn record_vectors(texts: usize, took: Duration) {
    counter!(TEXTS).increment(texts as u64);
    histogram!(DEVICE, "work" => "embed").record(took.as_secs_f64());
}

pub(crate) fn record_wait(waited: Duration) {
    histogram!(QUEUE).record(waited.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_metrics_is_up_to_date() {
        let row = |metric: &Metric| {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            format!("| `{}` | {kind} | {} | {} |\n", metric.name, metric.labels, metric.help)
        };
        let rows: String = METRICS.iter().map(row).collect();
        let page = format!(
            "# Metrics of the model service\n\nGenerated by a test of `services/inference/src/metrics.rs`; \
             `UPDATE_EXPECT=1` writes it anew.\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n{rows}"
        );
        expect_test::expect_file!["../../../docs/metrics-inference.md"].assert_eq(&page);
    }

    #[test]
    fn names_follow_the_rule() {
        for metric in METRICS {
            assert!(metric.name.starts_with("reweave_inference_"), "{}", metric.name);
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            assert_eq!(metric.name.ends_with("_seconds"), metric.kind == Kind::Histogram, "{}", metric.name);
        }
    }
}
