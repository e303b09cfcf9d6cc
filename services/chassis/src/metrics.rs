//! Metrics of this process, rendered on request; there is no listener of their own.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// Upper bounds, in seconds, of every histogram named `…_seconds`: from a gate (microseconds) to a test run (minutes).
const SECONDS: [f64; 16] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];
/// Samples are kept one by one until upkeep or a rendering folds them; this bounds how many.
const UPKEEP: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// All metrics in Prometheus' text format; empty before [`crate::telemetry::init`].
#[must_use]
pub fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Keeps memory flat when nobody asks for metrics. Runs until `shutdown`.
pub async fn upkeep(shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(UPKEEP);
    while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
        if let Some(handle) = HANDLE.get() {
            handle.run_upkeep();
        }
    }
}

pub(crate) fn install() {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .expect("the bounds are not empty")
        .build_recorder();
    let handle = recorder.handle();
    match metrics::set_global_recorder(recorder) {
        Ok(()) => _ = HANDLE.set(handle),
        Err(error) => tracing::warn!(%error, "another metrics recorder is in place; none of ours will be rendered"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_counted_is_rendered_and_starting_twice_is_harmless() {
        crate::telemetry::init(&crate::telemetry::Telemetry::default());
        crate::telemetry::init(&crate::telemetry::Telemetry::default());
        metrics::counter!("reweave_test_events_total").increment(2);
        metrics::histogram!("reweave_test_wait_seconds").record(0.2);
        let rendered = super::render();
        assert!(rendered.contains("reweave_test_events_total 2"), "{rendered}");
        assert!(rendered.contains(r#"reweave_test_wait_seconds_bucket{le="0.25"} 1"#), "{rendered}");
    }
}
