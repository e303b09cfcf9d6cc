//! The bus without a broker: one process, nothing stored on disk. Same promises as `pulsar`, but not across a restart.
//!
//! A [`Broker`] holds the topics; each [`MemoryBus`] is a connection to it, so two of them in one process behave like
//! two clients. Bounds: a topic keeps at most `held_bytes_max` bytes that some durable subscription has not
//! acknowledged, and refuses more ([`Error::Overloaded`]); a topic without such a subscription drops its oldest.

mod topic;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use super::intake::{EntryId, Inlet, Intake, pump};
use super::{Bus, Deliveries, Delivery, Error, Health, Outgoing, Receipt, Settler, Subscription, Topic};
use topic::{Log, Taken};

/// Messages of one entry between the broker and the pump.
const QUEUE_LEN: usize = 0;

/// What plays the broker: topics and subscriptions, shared by every connection made from it.
#[derive(Clone, Debug)]
pub struct Broker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    logs: Mutex<BTreeMap<Topic, Log>>,
    /// Changes whenever a waiting inlet should look again.
    changed: watch::Sender<u64>,
    next_consumer: AtomicU64,
    message_bytes_max: usize,
    held_bytes_max: usize,
}

/// A connection to a [`Broker`].
#[derive(Debug)]
pub struct MemoryBus {
    broker: Broker,
    closed: AtomicBool,
}

impl Broker {
    /// A broker without messages. `message_bytes_max` bounds one message, `held_bytes_max` a topic.
    #[must_use]
    pub fn new(message_bytes_max: usize, held_bytes_max: usize) -> Self {
        let shared = Shared {
            logs: Mutex::default(),
            changed: watch::Sender::new(0),
            next_consumer: AtomicU64::new(0),
            message_bytes_max,
            held_bytes_max,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> MemoryBus {
        MemoryBus { broker: self.clone(), closed: AtomicBool::new(false) }
    }

    /// Stores several messages as one entry, as batching producers do.
    ///
    /// # Errors
    /// As [`Bus::publish`], for the batch as a whole.
    pub fn publish_batch(&self, topic: Topic, messages: Vec<Outgoing>) -> Result<Receipt, Error> {
        let size = messages.iter().map(Outgoing::size).sum();
        let limit = self.shared.message_bytes_max;
        if size > limit {
            return Err(Error::TooLarge { topic, size, limit });
        }
        let ready_at = messages.iter().filter_map(|message| message.deliver_after).max();
        let ready_at = ready_at.map(|delay| Instant::now() + delay);
        let published_unix_ms = unix_ms();
        let stored = self.with_log(topic, |log| log.append(messages, ready_at, published_unix_ms));
        let entry = stored.ok_or(Error::Overloaded { topic, source: None })?;
        self.wake();
        Ok(Receipt { ledger: topic::LEDGER, entry, partition: topic::PARTITION })
    }

    /// Delivers everything unacknowledged once more, as a broker does after connections broke.
    pub fn redeliver(&self) {
        self.lock().values_mut().for_each(Log::redeliver);
        self.wake();
    }

    fn take(&self, from: &MemoryInlet) -> Taken {
        self.with_log(from.topic, |log| log.take(&from.subscription, from.consumer, Instant::now()))
    }

    fn with_log<T>(&self, topic: Topic, act: impl FnOnce(&mut Log) -> T) -> T {
        let new = || Log::new(topic, self.shared.held_bytes_max);
        act(self.lock().entry(topic).or_insert_with(new))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Topic, Log>> {
        self.shared.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.shared.changed.send_modify(|version| *version = version.wrapping_add(1));
    }
}

impl MemoryBus {
    fn open(&self) -> Result<&Broker, Error> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(&self.broker) }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, topic: Topic, message: Outgoing) -> Result<Receipt, Error> {
        self.open()?.publish_batch(topic, vec![message])
    }

    fn offer(&self, topic: Topic, message: Outgoing) -> bool {
        let accepted = self.open().and_then(|broker| broker.publish_batch(topic, vec![message])).is_ok();
        if !accepted {
            super::metrics::count_dropped_offer(topic);
        }
        accepted
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<(Deliveries, Settler), Error> {
        let broker = self.open()?;
        let (intake, deliveries, settler) = Intake::open(subscription.unsettled_max);
        let consumer = broker.shared.next_consumer.fetch_add(1, Ordering::Relaxed);
        for topic in subscription.topics {
            let name = subscription.name.clone();
            broker.with_log(topic, |log| log.subscribe(&name, subscription.durable, subscription.start));
            let inlet = MemoryInlet {
                changed: broker.shared.changed.subscribe(),
                broker: broker.clone(),
                topic,
                subscription: name,
                consumer,
                members: Vec::new().into_iter(),
            };
            let commands = intake.attach((topic, topic::PARTITION));
            tokio::spawn(pump(inlet, intake.clone(), commands));
        }
        Ok((deliveries, settler))
    }

    async fn browse(&self, topic: Topic, limit: usize) -> Result<Vec<Delivery>, Error> {
        Ok(self.open()?.with_log(topic, |log| log.browse(limit)))
    }

    fn health(&self) -> Health {
        if self.closed.load(Ordering::Acquire) { Health::Closed } else { Health::Up }
    }

    async fn close(&self, _timeout: Duration) -> Result<(), Error> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}

/// One topic of one subscription.
struct MemoryInlet {
    broker: Broker,
    changed: watch::Receiver<u64>,
    topic: Topic,
    subscription: String,
    consumer: u64,
    /// The rest of an entry that was taken.
    members: std::vec::IntoIter<Delivery>,
}

#[async_trait]
impl Inlet for MemoryInlet {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(delivery) = self.members.next() {
                return Some(delivery);
            }
            self.changed.mark_unchanged();
            match self.broker.take(self) {
                Taken::Entry(members) => self.members = members.into_iter(),
                Taken::NothingBefore(ready_at) => tokio::select! {
                    changed = self.changed.changed() => changed.ok()?,
                    () = tokio::time::sleep_until(ready_at) => {}
                },
                Taken::Nothing => self.changed.changed().await.ok()?,
            }
        }
    }

    async fn acknowledge(&mut self, entry: EntryId) {
        self.broker.with_log(self.topic, |log| log.acknowledge(&self.subscription, entry.entry));
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn queue_len_max(&self) -> usize {
        QUEUE_LEN
    }
}

impl Drop for MemoryInlet {
    fn drop(&mut self) {
        self.broker.with_log(self.topic, |log| log.leave(&self.subscription, self.consumer));
        self.broker.wake();
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::contract::{MESSAGE_BYTES_MAX, Stage};

    #[async_trait]
    impl Stage for Broker {
        async fn connect(&self) -> Arc<dyn Bus> {
            Arc::new(Broker::connect(self))
        }

        async fn publish_batch(&self, topic: Topic, messages: Vec<Outgoing>) {
            Broker::publish_batch(self, topic, messages).expect("there is room");
        }

        async fn cut(&self, _topic: Topic) {
            self.redeliver();
        }
    }

    crate::bus_contract!(async { Broker::new(MESSAGE_BYTES_MAX, 64 << 20) });

    fn message(bytes: usize) -> Outgoing {
        Outgoing { payload: vec![0; bytes], ..Outgoing::default() }
    }

    fn durable(topic: Topic) -> Subscription {
        use crate::bus::Start;
        let unsettled_max = std::num::NonZeroUsize::MIN;
        Subscription { topics: vec![topic], name: "s".into(), durable: true, start: Start::Earliest, unsettled_max }
    }

    #[tokio::test]
    async fn a_topic_that_nobody_drains_overloads_instead_of_growing() {
        let bus = Broker::new(1 << 20, 10_000).connect();
        let (mut deliveries, settler) = bus.subscribe(durable(Topic::Specs)).await.expect("open");
        let mut stored = 0;
        while bus.publish(Topic::Specs, message(1_000)).await.is_ok() {
            stored += 1;
        }
        assert!((5..10).contains(&stored), "{stored}");
        let refused = bus.publish(Topic::Specs, message(1_000)).await;
        assert!(matches!(refused, Err(Error::Overloaded { topic: Topic::Specs, .. })), "{refused:?}");

        let first = deliveries.next().await.expect("stored");
        settler.settle(&first.id).await.expect("open");
        settler.close(Duration::from_secs(10)).await.expect("flushed");
        assert!(bus.publish(Topic::Specs, message(1_000)).await.is_ok(), "settling made room");
    }

    #[tokio::test]
    async fn a_topic_without_a_durable_subscription_drops_its_oldest() {
        let bus = Broker::new(1 << 20, 10_000).connect();
        for _ in 0..100 {
            bus.publish(Topic::Patches, message(1_000)).await.expect("the oldest make room");
        }
        let kept = bus.browse(Topic::Patches, 1_000).await.expect("open");
        assert_eq!(kept.last().map(|delivery| delivery.id.entry), Some(99));
        assert!((5..10).contains(&kept.len()), "{}", kept.len());
    }
}
