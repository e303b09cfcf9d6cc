//! A client that publishes specs, so many at a time, and waits for each one's outcome.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use reweave_gateway::bus::{Bus, Outgoing, Start, Subscription, Topic};
use reweave_gateway::event::property;
use tokio::sync::Semaphore;

/// Longest silence on the topic of outcomes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// From the call that publishes to the outcome in hand, sorted.
    pub latencies: Vec<Duration>,
    pub took: Duration,
}

impl Report {
    /// The latency that `share` (0 to 1) of the events kept below.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.quantile(share).as_secs_f64() * 1e3;
        let per_second = self.latencies.len() as f64 / self.took.as_secs_f64();
        write!(f, "{} events, {per_second:.0}/s, ", self.latencies.len())?;
        write!(f, "p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms", ms(0.5), ms(0.95), ms(0.99))
    }
}

/// Publishes `specs`, at most `in_flight` without an outcome at a time. Each must have a subject of its own, by which
/// its outcome is known.
///
/// # Errors
/// When the bus fails, or outcomes stop coming.
pub async fn drive(bus: Arc<dyn Bus>, specs: Vec<Outgoing>, in_flight: NonZeroUsize) -> anyhow::Result<Report> {
    let subscription = Subscription {
        topics: vec![Topic::Patches],
        name: format!("load-{}", std::process::id()),
        durable: false,
        start: Start::Latest,
        unsettled_max: NonZeroUsize::new(specs.len() + 1).context("some specs")?,
    };
    let (mut outcomes, settler) = bus.subscribe(subscription).await?;
    let started: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let permits = Arc::new(Semaphore::new(in_flight.get()));
    let total = specs.len();
    let begin = Instant::now();
    let publisher = tokio::spawn(publish(bus, specs, started.clone(), permits.clone()));

    let mut latencies = Vec::with_capacity(total);
    while latencies.len() < total {
        let outcome = tokio::time::timeout(PATIENCE, outcomes.next()).await;
        let outcome = outcome.with_context(|| format!("only {} of {total} outcomes came", latencies.len()))?;
        let outcome = outcome.context("the subscription ended")?;
        let subject = outcome.properties.get(property::SUBJECT).cloned().unwrap_or_default();
        let start = started.lock().unwrap_or_else(PoisonError::into_inner).remove(&subject);
        if let Some(start) = start {
            latencies.push(start.elapsed());
            permits.add_permits(1);
        }
        settler.settle(&outcome.id).await?;
    }
    let took = begin.elapsed();
    publisher.await??;
    settler.close(PATIENCE).await?;
    latencies.sort_unstable();
    Ok(Report { latencies, took })
}

async fn publish(
    bus: Arc<dyn Bus>,
    specs: Vec<Outgoing>,
    started: Arc<Mutex<HashMap<String, Instant>>>,
    permits: Arc<Semaphore>,
) -> anyhow::Result<()> {
    let mut sends = tokio::task::JoinSet::new();
    for spec in specs {
        permits.acquire().await?.forget();
        let subject = spec.properties.get(property::SUBJECT).cloned().context("a spec without a subject")?;
        started.lock().unwrap_or_else(PoisonError::into_inner).insert(subject, Instant::now());
        let bus = bus.clone();
        sends.spawn(async move { bus.publish(Topic::Specs, spec).await });
    }
    while let Some(sent) = sends.join_next().await {
        sent??;
    }
    Ok(())
}
