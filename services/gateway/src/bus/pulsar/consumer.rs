//! Subscriptions: a consumer per partition, opened again by us whenever it fails, and new partitions found.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use pulsar::consumer::{InitialPosition, Message};
use pulsar::error::{ConnectionError, ConsumerError};
use pulsar::message::proto::MessageIdData;
use pulsar::{ConsumerOptions, SubType, TokioExecutor};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::client::{Client, chain, explain};
use crate::bus::intake::{EntryId, Inlet, Intake, pump};
use crate::bus::{Chunk, Deliveries, Delivery, DeliveryId, Error, Settler, Start, Subscription, Topic, metrics};

pub(super) type Consumer = pulsar::Consumer<Vec<u8>, TokioExecutor>;

/// Shortest and longest wait for an answer before messages that may be in its way are dropped.
const TURN_MIN: Duration = Duration::from_millis(5);
const TURN_MAX: Duration = Duration::from_secs(1);

/// Opens every partition of the subscription and keeps looking for new ones.
pub(super) async fn subscribe(client: Arc<Client>, subscription: Subscription) -> Result<(Deliveries, Settler), Error> {
    let (intake, deliveries, settler) = Intake::open(subscription.unsettled_max);
    let mut pumps = Pumps { client, subscription: Arc::new(subscription), intake, running: BTreeSet::new() };
    pumps.start_missing().await?;
    tokio::spawn(pumps.watch());
    Ok((deliveries, settler))
}

/// The pumps of one subscription.
struct Pumps {
    client: Arc<Client>,
    subscription: Arc<Subscription>,
    intake: Arc<Intake>,
    running: BTreeSet<String>,
}

impl Pumps {
    /// Looks for partitions that were added, until the subscription ends.
    async fn watch(mut self) {
        let interval = Duration::from_millis(self.client.config.probe_interval_ms);
        let ended = self.intake.ended().clone();
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
            // Not dropped half way when the subscription ends: see the module's first lines.
            if let Err(error) = self.start_missing().await {
                tracing::debug!(error = chain(&error), "could not look for new partitions");
            }
        }
    }

    async fn start_missing(&mut self) -> Result<(), Error> {
        for topic in self.subscription.topics.clone() {
            for (partition, name) in self.client.partitions(topic).await? {
                if !self.running.contains(&name) {
                    self.start(topic, partition, name).await?;
                }
            }
        }
        Ok(())
    }

    async fn start(&mut self, topic: Topic, partition: i32, name: String) -> Result<(), Error> {
        let consumer = open(&self.client, &self.subscription, &name).await;
        let consumer = consumer.map_err(|error| explain(format!("subscribe to {name}"), error))?;
        let inlet = PulsarInlet {
            client: self.client.clone(),
            subscription: self.subscription.clone(),
            topic,
            partition,
            name: name.clone(),
            state: State::Open(Box::new(consumer)),
            failures: 0,
            unsent: VecDeque::new(),
        };
        let commands = self.intake.attach((topic, partition));
        tokio::spawn(pump(inlet, self.intake.clone(), commands));
        self.running.insert(name);
        Ok(())
    }
}

/// One partition, open or on its way to be.
struct PulsarInlet {
    client: Arc<Client>,
    subscription: Arc<Subscription>,
    topic: Topic,
    partition: i32,
    name: String,
    state: State,
    /// Failures in a row, which lengthen the pause.
    failures: u32,
    /// Acknowledgements that came while no consumer was open; at most a window of them.
    unsent: VecDeque<EntryId>,
}

enum State {
    Open(Box<Consumer>),
    Opening(JoinHandle<Result<Consumer, pulsar::Error>>),
    Pausing(Pin<Box<Sleep>>),
}

#[async_trait]
impl Inlet for PulsarInlet {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            match &mut self.state {
                State::Open(consumer) => match consumer.next().await {
                    Some(Ok(message)) => {
                        self.failures = 0;
                        return Some(delivery(self.topic, self.partition, message));
                    }
                    Some(Err(error)) if is_unreadable(&error) => {
                        // It has no id, so it can be neither refused nor moved; it stays with the broker.
                        tracing::error!(topic = self.name, %error, "a message cannot be decoded and is passed over");
                        metrics::count_unreadable_message(self.topic);
                    }
                    Some(Err(error)) => self.pause(&error.to_string()),
                    None => self.pause("the stream of messages ended"),
                },
                State::Opening(_) | State::Pausing(_) => self.advance().await,
            }
        }
    }

    async fn acknowledge(&mut self, entry: EntryId) {
        self.unsent.push_back(entry);
        self.send_acknowledgements().await;
    }

    async fn flush(&mut self) -> Result<(), Error> {
        while !matches!(self.state, State::Open(_)) {
            if self.unsent.is_empty() {
                return Ok(());
            }
            self.advance().await;
        }
        let State::Open(consumer) = &mut self.state else { return Ok(()) };
        let reached = ask(consumer, Question::Reached).await;
        reached.map_err(|error| explain(format!("confirm the acknowledgements on {}", self.name), error))?;
        if let Err(error) = ask(consumer, Question::Close).await {
            tracing::debug!(topic = self.name, %error, "a consumer did not close");
        }
        Ok(())
    }

    fn queue_len_max(&self) -> usize {
        // Permits that were granted, the receiver queue, and one message in the engine's hand.
        2 * self.client.config.prefetch.get() as usize + 2
    }
}

impl PulsarInlet {
    /// Takes one step towards an open consumer. Nothing is lost when the future is dropped.
    async fn advance(&mut self) {
        match &mut self.state {
            State::Open(_) => {}
            State::Opening(opening) => match opening.await {
                Ok(Ok(consumer)) => self.opened(consumer).await,
                Ok(Err(error)) => self.pause(&error.to_string()),
                Err(panic) => self.pause(&panic.to_string()),
            },
            State::Pausing(pause) => {
                pause.await;
                let (client, subscription) = (self.client.clone(), self.subscription.clone());
                let name = self.name.clone();
                let opening = async move { open(&client, &subscription, &name).await };
                self.state = State::Opening(tokio::spawn(opening));
            }
        }
    }

    async fn opened(&mut self, consumer: Consumer) {
        tracing::info!(topic = self.name, "subscribed again");
        metrics::count_rebuilt_subscription(self.topic);
        self.client.status.up(&self.part());
        self.state = State::Open(Box::new(consumer));
        self.send_acknowledgements().await;
    }

    /// Gives the consumer up and waits before the next attempt, longer each time.
    fn pause(&mut self, reason: &str) {
        tracing::warn!(topic = self.name, reason, "lost the subscription, opening it again");
        self.client.status.down(&self.part(), reason.to_owned());
        let config = &self.client.config;
        let pause = config.rebuild_pause_min_ms.saturating_mul(1 << self.failures.min(20));
        let pause = Duration::from_millis(pause.min(config.rebuild_pause_max_ms));
        self.failures = self.failures.saturating_add(1);
        self.state = State::Pausing(Box::pin(tokio::time::sleep(pause)));
    }

    async fn send_acknowledgements(&mut self) {
        let State::Open(consumer) = &mut self.state else { return };
        while let Some(entry) = self.unsent.front() {
            let id = MessageIdData {
                ledger_id: entry.ledger,
                entry_id: entry.entry,
                partition: Some(entry.partition),
                ..MessageIdData::default()
            };
            if consumer.ack_with_id(&self.name, id).await.is_err() {
                return;
            }
            self.unsent.pop_front();
        }
    }

    fn part(&self) -> String {
        format!("subscription to {}", self.name)
    }
}

impl Drop for PulsarInlet {
    fn drop(&mut self) {
        self.client.status.up(&self.part());
    }
}

/// What is asked of the broker through a consumer's engine.
#[derive(Clone, Copy)]
enum Question {
    /// Whether all that was sent before has arrived. Not a ping: the crate keeps one waiter per connection for those,
    /// and other partitions share the connection.
    Reached,
    /// To end the consumer.
    Close,
}

/// Asks behind everything sent before, acknowledgements too, and drops the messages in the way.
///
/// The engine reads no question while its queue of messages is full, and the consumer cannot be polled while it waits
/// for an answer; so the two take turns. Turns are short while messages are in the way, else long enough for a slow broker.
async fn ask(consumer: &mut Consumer, question: Question) -> Result<(), pulsar::Error> {
    let mut turn = TURN_MIN;
    loop {
        let mut in_the_way = false;
        while let Some(Some(_)) = consumer.next().now_or_never() {
            in_the_way = true;
        }
        turn = if in_the_way { TURN_MIN } else { (turn * 2).min(TURN_MAX) };
        let asked = async {
            match question {
                Question::Reached => consumer.get_last_message_id().await.map(drop),
                Question::Close => consumer.close().await,
            }
        };
        if let Ok(answer) = tokio::time::timeout(turn, asked).await {
            return answer;
        }
    }
}

async fn open(client: &Client, subscription: &Subscription, name: &str) -> Result<Consumer, pulsar::Error> {
    let prefetch = client.config.prefetch.get();
    let options = ConsumerOptions::default()
        .durable(subscription.durable)
        .with_initial_position(match subscription.start {
            Start::Earliest => InitialPosition::Earliest,
            Start::Latest => InitialPosition::Latest,
        })
        .with_receiver_queue_size(prefetch);
    let builder = client.consuming.consumer().with_topic(name).with_subscription(&subscription.name);
    let builder = builder.with_subscription_type(SubType::Shared).with_batch_size(prefetch).with_options(options);
    builder.build().await
}

/// Errors about one message, after which the stream goes on; opening again would only meet the message again.
fn is_unreadable(error: &pulsar::Error) -> bool {
    matches!(
        error,
        pulsar::Error::Consumer(ConsumerError::Io(_) | ConsumerError::MissingPayload(_))
            | pulsar::Error::Connection(ConnectionError::Decoding(_))
    )
}

/// The message in our terms. `partition` is the one we subscribed to: brokers do not always name it.
pub(super) fn delivery(topic: Topic, partition: i32, message: Message<Vec<u8>>) -> Delivery {
    let batch_size = message.message_id.batch_size.and_then(|size| u32::try_from(size).ok());
    let id = message.message_id();
    let id = DeliveryId {
        topic,
        ledger: id.ledger_id,
        entry: id.entry_id,
        partition,
        batch_index: id.batch_index.unwrap_or(-1),
        batch_size: batch_size.unwrap_or(1).max(1),
    };
    let metadata = message.payload.metadata;
    let chunk = metadata.num_chunks_from_msg.filter(|count| *count > 1).map(|_| Chunk {
        index: metadata.chunk_id.and_then(|index| u32::try_from(index).ok()).unwrap_or(0),
        bytes_total: metadata.total_chunk_msg_size.and_then(|total| u64::try_from(total).ok()).unwrap_or(0),
    });
    let properties = metadata.properties.into_iter().map(|property| (property.key, property.value)).collect();
    Delivery {
        id,
        key: metadata.partition_key,
        properties,
        payload: message.payload.data,
        published_unix_ms: metadata.publish_time,
        redelivered: None,
        chunk,
    }
}
