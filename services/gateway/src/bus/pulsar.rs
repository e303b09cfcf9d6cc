//! The bus over Apache Pulsar. The only place of the project that names the `pulsar` crate.
//!
//! The crate's behaviour that this module exists to contain:
//! - Its partitioned producer ignores keys by default and its receipts name no partition: we keep one producer per
//!   partition and choose ourselves.
//! - A fixed producer name plus broker de-duplication loses messages after a restart: names come from the broker, and
//!   a receipt without a ledger is an error.
//! - One message over the broker's limit breaks the connection for all: size is checked before the send.
//! - Acknowledgements wait behind undelivered messages: the pump of [`intake`](super::intake) keeps polling.
//! - A consumer's stream may end or fail for good: `consumer` opens it again.
//! - Dropping a connection attempt half way can leave others waiting on it for ever: attempts run in tasks of their own.

pub mod admin;
#[cfg(any(test, feature = "contract"))]
pub mod bare;
mod browse;
mod client;
mod consumer;
mod producer;
#[cfg(any(test, feature = "contract"))]
pub mod stage;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Bus, Config, Deliveries, Delivery, Error, Health, Outgoing, Receipt, Settler, Subscription, Topic};
use client::Client;
use producer::Producers;

/// A connection to a Pulsar cluster.
#[derive(Debug)]
pub struct PulsarBus {
    client: Arc<Client>,
    producers: Arc<Producers>,
    sends: Arc<Semaphore>,
    offers: Arc<Semaphore>,
    closed: CancellationToken,
    _end_tasks: DropGuard,
}

impl PulsarBus {
    /// Connects to `config.url`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no broker accepts the connection within the operation timeout,
    /// [`Error::Rejected`] when the URL, the token or the roots cannot be used.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        let closed = CancellationToken::new();
        let permits = |bound: NonZeroUsize| Arc::new(Semaphore::new(bound.get().min(Semaphore::MAX_PERMITS)));
        let (sends, offers) = (permits(config.sends_in_flight_max), permits(config.offers_in_flight_max));
        let client = Arc::new(Client::connect(config).await?);
        tokio::spawn(client::probe(client.clone(), closed.clone()));
        let producers = Arc::new(Producers::new(client.clone()));
        Ok(Self { client, producers, sends, offers, _end_tasks: closed.clone().drop_guard(), closed })
    }

    fn check(&self, topic: Topic, message: &Outgoing) -> Result<(), Error> {
        if self.closed.is_cancelled() {
            return Err(Error::Closed);
        }
        let (size, limit) = (message.size(), self.client.config.message_bytes_max.get());
        if size > limit { Err(Error::TooLarge { topic, size, limit }) } else { Ok(()) }
    }

    /// Sends in a task of its own, which holds `permit` until the broker has answered even if nobody waits any more.
    fn send(
        &self,
        topic: Topic,
        message: Outgoing,
        permit: OwnedSemaphorePermit,
    ) -> tokio::task::JoinHandle<Result<Receipt, Error>> {
        let producers = self.producers.clone();
        tokio::spawn(async move {
            let receipt = producers.send(topic, message).await;
            drop(permit);
            receipt
        })
    }
}

#[async_trait]
impl Bus for PulsarBus {
    async fn publish(&self, topic: Topic, message: Outgoing) -> Result<Receipt, Error> {
        self.check(topic, &message)?;
        let patience = Duration::from_millis(self.client.config.send_timeout_ms);
        let permit = timeout(patience, self.sends.clone().acquire_owned()).await;
        let permit = permit.map_err(|elapsed| Error::Overloaded { topic, source: Some(elapsed.into()) })?;
        let permit = permit.map_err(|_| Error::Closed)?;
        let unanswered = |source| Error::Unavailable { operation: format!("store a message on {topic}"), source };
        match timeout(patience, self.send(topic, message, permit)).await {
            Ok(Ok(receipt)) => receipt,
            Ok(Err(panic)) => Err(unanswered(Some(panic.into()))),
            Err(elapsed) => Err(unanswered(Some(elapsed.into()))),
        }
    }

    fn offer(&self, topic: Topic, message: Outgoing) -> bool {
        let permit = self.offers.clone().try_acquire_owned();
        let accepted = match (self.check(topic, &message), permit) {
            (Ok(()), Ok(permit)) => {
                // Nobody awaits an offer; a failure shows in the producer's log and in the health.
                drop(self.send(topic, message, permit));
                true
            }
            (Err(_), _) | (_, Err(_)) => false,
        };
        if !accepted {
            super::metrics::count_dropped_offer(topic);
        }
        accepted
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<(Deliveries, Settler), Error> {
        if self.closed.is_cancelled() {
            return Err(Error::Closed);
        }
        consumer::subscribe(self.client.clone(), subscription).await
    }

    async fn browse(&self, topic: Topic, limit: usize) -> Result<Vec<Delivery>, Error> {
        if self.closed.is_cancelled() {
            return Err(Error::Closed);
        }
        browse::browse(&self.client, topic, limit).await
    }

    fn health(&self) -> Health {
        if self.closed.is_cancelled() { Health::Closed } else { self.client.status.health() }
    }

    async fn close(&self, patience: Duration) -> Result<(), Error> {
        self.closed.cancel();
        let config = &self.client.config;
        let all = |bound: NonZeroUsize| u32::try_from(bound.get()).unwrap_or(u32::MAX);
        let finished = timeout(patience, async {
            let _sends = self.sends.acquire_many(all(config.sends_in_flight_max)).await;
            let _offers = self.offers.acquire_many(all(config.offers_in_flight_max)).await;
            self.producers.close().await;
        });
        finished.await.map_err(|elapsed| {
            let operation = "answer the sends in flight before the close".to_owned();
            Error::Unavailable { operation, source: Some(elapsed.into()) }
        })
    }
}
