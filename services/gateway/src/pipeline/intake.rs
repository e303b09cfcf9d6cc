//! Taking messages up, each in a task of its own, and the drain.

use std::{sync::Arc, time::Duration};

use reweave_chassis::service::chain;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Error, Inner, message};
use crate::{
    bus::{Deliveries, Delivery, Settler, Start, Subscription, Topic},
    metrics,
};

/// How long messages may take to put themselves back, and acknowledgements to reach the broker, at the end of a drain.
const PUT_BACK_MAX: Duration = Duration::from_secs(5);

/// Runs until `shutdown` or until a message cannot be settled, then drains.
pub(super) async fn run(inner: &Arc<Inner>, shutdown: CancellationToken) -> Result<(), Error> {
    let (mut deliveries, settler) = subscribe(inner).await?;
    let mut messages = JoinSet::new();
    let ended = take_up(inner, &mut deliveries, &settler, &mut messages, shutdown).await;
    drain(inner, &settler, messages).await;
    ended
}

async fn subscribe(inner: &Inner) -> Result<(Deliveries, Settler), Error> {
    let unsettled_max = inner.config.in_flight_max.get() as usize;
    let subscription = Subscription {
        topics: vec![Topic::Specs, Topic::Retry],
        name: inner.config.bus.subscription.clone(),
        durable: true,
        start: Start::Earliest,
        unsettled_max: unsettled_max.try_into().expect("the bound is at least 1"),
    };
    inner.bus.subscribe(subscription).await.map_err(|source| Error::Subscribe { source })
}

async fn take_up(
    inner: &Arc<Inner>,
    deliveries: &mut Deliveries,
    settler: &Settler,
    messages: &mut JoinSet<Result<(), Error>>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            Some(ended) = messages.join_next() => ended.unwrap_or_else(|error| Err(resume(error)))?,
            delivery = deliveries.next() => {
                let delivery = delivery.ok_or(Error::SubscriptionEnded)?;
                metrics::gauge_in_flight(messages.len() + 1, inner.slots.waiting());
                messages.spawn(see_through(inner.clone(), settler.clone(), delivery));
            }
        }
    }
}

/// One message until it is settled. A panic is an attempt that crashed: the next one counts, and the limit ends it.
async fn see_through(inner: Arc<Inner>, settler: Settler, delivery: Delivery) -> Result<(), Error> {
    loop {
        let attempt = tokio::spawn(message::handle(inner.clone(), settler.clone(), delivery.clone()));
        match attempt.await {
            Ok(ended) => return ended,
            Err(error) if error.is_panic() => {
                tracing::error!(message = %delivery.id, error = chain(&error), "the work on a message panicked");
            }
            // The runtime shuts down; the message comes again.
            Err(_) => return Ok(()),
        }
    }
}

/// A supervising task has nothing of its own that could panic.
fn resume(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::SubscriptionEnded,
    }
}

async fn drain(inner: &Inner, settler: &Settler, mut messages: JoinSet<Result<(), Error>>) {
    settler.stop();
    let grace = inner.config.grace_ms.duration();
    tracing::info!(in_flight = messages.len(), ?grace, "draining");
    if tokio::time::timeout(grace, join_all(&mut messages)).await.is_err() {
        tracing::warn!(in_flight = messages.len(), "the grace is over; what is in flight comes again");
        inner.abandon.cancel();
        if tokio::time::timeout(PUT_BACK_MAX, join_all(&mut messages)).await.is_err() {
            tracing::warn!(in_flight = messages.len(), "messages could not put themselves back");
        }
    }
    if let Err(error) = settler.close(PUT_BACK_MAX).await {
        tracing::warn!(error = chain(&error), "settled messages may come again");
    }
}

async fn join_all(messages: &mut JoinSet<Result<(), Error>>) {
    while let Some(ended) = messages.join_next().await {
        if let Ok(Err(error)) = ended {
            tracing::error!(error = chain(&error), "a message was not settled and comes again");
        }
    }
}
