//! What goes on beside the messages: accepted specs that are not on the bus yet, and pruning.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use reweave_chassis::service::chain;
use tokio_util::sync::CancellationToken;

use super::Inner;
use crate::{config::millis, ledger::Error};

/// Accepted specs read at a time.
const PAGE: u32 = 64;
/// Wait before accepted specs that could not be enqueued are tried again.
const ENQUEUE_PAUSE: Duration = Duration::from_secs(5);

/// Runs until `stop`.
pub(super) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let work = async { tokio::join!(enqueue_until_done(&inner), prune_for_ever(&inner)) };
    _ = stop.run_until_cancelled(work).await;
}

/// After a start, every accepted spec without an outcome goes on the bus again: the memory bus forgot it, and a broker
/// may never have had it. What the broker does have comes twice and is settled once.
async fn enqueue_until_done(inner: &Inner) {
    while let Err(error) = enqueue_all(inner).await {
        tracing::warn!(error = chain(error.as_ref()), "accepted specs are not all on the bus");
        tokio::time::sleep(ENQUEUE_PAUSE).await;
    }
}

async fn enqueue_all(inner: &Inner) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut after = None;
    loop {
        let page = inner.ledger.accepted_unsettled(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.spec_id());
        for accepted in page {
            tracing::info!(spec_id = %accepted.spec_id(), "enqueued again");
            inner.enqueue(accepted).await?;
        }
    }
}

async fn prune_for_ever(inner: &Inner) {
    let config = &inner.config.ledger;
    loop {
        tokio::time::sleep(millis(config.prune_interval_ms)).await;
        if let Err(error) = prune(inner).await {
            tracing::warn!(error = chain(&error), "the ledger was not pruned");
        }
    }
}

async fn prune(inner: &Inner) -> Result<(), Error> {
    let config = &inner.config.ledger;
    let pruned = inner.ledger.prune(config.retained_since(SystemTime::now()), config.prune_rows_max.get()).await?;
    if pruned > 0 {
        tracing::debug!(pruned, "forgot what was settled long ago");
    }
    Ok(())
}
