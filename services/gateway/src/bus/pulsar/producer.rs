//! One producer per partition, made when first used and made anew when it failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use pulsar::compression::{Compression, CompressionZstd};
use pulsar::message::proto::CommandSendReceipt;
use pulsar::producer;
use pulsar::routing_policy::RoutingPolicy;
use pulsar::{ProducerOptions, TokioExecutor};
use tokio::sync::{Mutex, OnceCell};

use super::client::{Client, explain, is_overload};
use crate::bus::{Error, Outgoing, Receipt, Topic, config};

type Producer = pulsar::Producer<TokioExecutor>;

/// The producers of every topic.
pub(super) struct Producers {
    client: Arc<Client>,
    topics: [OnceCell<Partitions>; Topic::ALL.len()],
}

/// The partitions of one topic, as they were when it was first used: a key must not change its partition.
struct Partitions {
    slots: Vec<Slot>,
    /// Takes turns for messages without a key.
    next: AtomicUsize,
}

struct Slot {
    topic: Topic,
    number: i32,
    name: String,
    /// Held only while a message is queued, not until its receipt.
    producer: Mutex<Option<Made>>,
}

struct Made {
    producer: Producer,
    generation: u64,
}

impl std::fmt::Debug for Producers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producers").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Producers {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self { client, topics: Default::default() }
    }

    /// Sends and waits for the receipt. Must not be dropped half way.
    pub(super) async fn send(&self, topic: Topic, message: Outgoing) -> Result<Receipt, Error> {
        let partitions = self.topics[topic as usize].get_or_try_init(|| self.find(topic)).await?;
        let slot = partitions.choose(message.key.as_deref());
        let part = format!("producer of {}", slot.name);
        match self.send_to(slot, message).await {
            Ok(receipt) => {
                self.client.status.up(&part);
                receipt_of(slot, receipt)
            }
            Err(error) => {
                tracing::warn!(topic = slot.name, %error, "a send failed");
                self.client.status.down(&part, error.to_string());
                if is_overload(&error) {
                    return Err(Error::Overloaded { topic, source: Some(error.to_string().into()) });
                }
                Err(explain(format!("store a message on {}", slot.name), error))
            }
        }
    }

    /// Closes every producer; sends after this make new ones, so the caller must have stopped them.
    pub(super) async fn close(&self) {
        for slot in self.topics.iter().filter_map(OnceCell::get).flat_map(|partitions| &partitions.slots) {
            let made = slot.producer.lock().await.take();
            if let Some(Made { mut producer, .. }) = made
                && let Err(error) = producer.close().await
            {
                tracing::debug!(topic = slot.name, %error, "a producer did not close");
            }
        }
    }

    async fn find(&self, topic: Topic) -> Result<Partitions, Error> {
        let slot = |(number, name)| Slot { topic, number, name, producer: Mutex::new(None) };
        let slots = self.client.partitions(topic).await?.into_iter().map(slot).collect();
        Ok(Partitions { slots, next: AtomicUsize::new(0) })
    }

    async fn send_to(&self, slot: &Slot, message: Outgoing) -> Result<CommandSendReceipt, pulsar::Error> {
        let mut producer = slot.producer.lock().await;
        let mut made = match producer.take() {
            Some(made) => made,
            None => Made { producer: self.make(slot).await?, generation: rand::random() },
        };
        // A producer whose send fails at once is not put back.
        let sent = made.producer.send_non_blocking(outgoing(message)).await?;
        let generation = made.generation;
        *producer = Some(made);
        drop(producer);

        let receipt = sent.await;
        if receipt.is_err() {
            let mut producer = slot.producer.lock().await;
            if producer.as_ref().is_some_and(|made| made.generation == generation) {
                *producer = None;
            }
        }
        receipt
    }

    async fn make(&self, slot: &Slot) -> Result<Producer, pulsar::Error> {
        let compression = match self.client.config.compression {
            config::Compression::Off => Compression::None,
            config::Compression::Zstd => Compression::Zstd(CompressionZstd::default()),
        };
        // Without a name: the broker gives a new one, so that its de-duplication never takes a new message for an old.
        let options =
            ProducerOptions { compression: Some(compression), block_queue_if_full: true, ..ProducerOptions::default() };
        self.client.sending(slot.topic).producer().with_topic(&slot.name).with_options(options).build().await
    }
}

impl Partitions {
    fn choose(&self, key: Option<&str>) -> &Slot {
        let count = self.slots.len();
        let index = match key {
            Some(key) => RoutingPolicy::compute_partition_index_for_key(key, count),
            None => self.next.fetch_add(1, Ordering::Relaxed) % count,
        };
        &self.slots[index]
    }
}

/// A ledger of all ones is how the broker answers a message that it took for a duplicate and did not store.
fn receipt_of(slot: &Slot, receipt: CommandSendReceipt) -> Result<Receipt, Error> {
    match receipt.message_id {
        Some(id) if id.ledger_id != u64::MAX => {
            Ok(Receipt { ledger: id.ledger_id, entry: id.entry_id, partition: slot.number })
        }
        Some(_) | None => {
            let operation = format!("say where it stored a message on {}", slot.name);
            Err(Error::Unavailable { operation, source: None })
        }
    }
}

fn outgoing(message: Outgoing) -> producer::Message {
    let deliver_at_time = message.deliver_after.map(|delay| {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + delay;
        i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
    });
    producer::Message {
        payload: message.payload,
        properties: message.properties.into_iter().collect(),
        partition_key: message.key,
        deliver_at_time,
        ..producer::Message::default()
    }
}

#[cfg(test)]
mod tests {
    use pulsar::message::proto::MessageIdData;

    use super::*;

    #[test]
    fn a_receipt_without_a_ledger_is_an_error() {
        let slot = Slot { topic: Topic::Specs, number: 3, name: "t".into(), producer: Mutex::new(None) };
        let receipt = |ledger_id| CommandSendReceipt {
            message_id: Some(MessageIdData { ledger_id, entry_id: 7, ..MessageIdData::default() }),
            ..CommandSendReceipt::default()
        };
        assert_eq!(receipt_of(&slot, receipt(5)).expect("stored"), Receipt { ledger: 5, entry: 7, partition: 3 });
        assert!(receipt_of(&slot, receipt(u64::MAX)).is_err());
        assert!(receipt_of(&slot, CommandSendReceipt::default()).is_err());
    }
}
