//! A stage for the contract on a real broker: topics of its own, batches by the crate's batching producer, cuts by
//! unloading the topic.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use pulsar::{Producer, ProducerOptions, Pulsar, TokioExecutor, producer};

use super::PulsarBus;
use super::admin::{self, Admin};
use crate::bus::config::{Config, Init, Topics};
use crate::bus::contract::{MESSAGE_BYTES_MAX, Stage};
use crate::bus::{Bus, Outgoing, Topic};

/// Topics on a running broker that nobody else uses.
#[derive(Debug)]
pub struct PulsarStage {
    config: Config,
}

impl PulsarStage {
    /// Creates the topics, with partitions, on the broker at `url` and `admin_url`.
    ///
    /// # Errors
    /// As [`admin::init`].
    pub async fn new(url: &str, admin_url: &str, partitions: u32) -> Result<Self, admin::Error> {
        let unique = format!("{:016x}", rand::random::<u64>());
        let mut config = Config { url: url.to_owned(), admin_url: admin_url.to_owned(), ..Config::default() };
        let name = |role: &str| format!("stage-{unique}-{role}");
        config.topics = Topics {
            namespace: Topics::default().namespace,
            specs: name("specs"),
            patches: name("patches"),
            progress: name("progress"),
            verdicts: name("verdicts"),
            retry: name("retry"),
            dead_letters: name("dlq"),
        };
        config.message_bytes_max = NonZeroUsize::new(MESSAGE_BYTES_MAX).expect("a constant over zero");
        config.init = Init { partitions, ..Init::default() };
        admin::init(&config, false).await?;
        Ok(Self { config })
    }

    /// The configuration by which a bus reaches these topics.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    async fn batching_producer(&self, name: String, batch_size: usize) -> Producer<TokioExecutor> {
        let client = Pulsar::builder(&self.config.url, TokioExecutor).build().await.expect("the broker is up");
        let batch_size = u32::try_from(batch_size).expect("cases use small batches");
        let options = ProducerOptions { batch_size: Some(batch_size), ..ProducerOptions::default() };
        client.producer().with_topic(name).with_options(options).build().await.expect("the broker is up")
    }
}

#[async_trait]
impl Stage for PulsarStage {
    async fn connect(&self) -> Arc<dyn Bus> {
        Arc::new(PulsarBus::connect(self.config.clone()).await.expect("the broker is up"))
    }

    async fn publish_batch(&self, topic: Topic, messages: Vec<Outgoing>) {
        let key = messages.first().and_then(|message| message.key.clone()).unwrap_or_default();
        let name = self.config.topics.full_name(topic);
        let count = self.config.init.partitions as usize;
        let name = match count {
            0 => name,
            count => {
                let index = pulsar::routing_policy::RoutingPolicy::compute_partition_index_for_key(&key, count);
                format!("{name}-partition-{index}")
            }
        };
        let mut producer = self.batching_producer(name, messages.len()).await;
        let mut receipts = Vec::new();
        for message in messages {
            let message = producer::Message {
                payload: message.payload,
                properties: message.properties.into_iter().collect(),
                partition_key: message.key,
                ..producer::Message::default()
            };
            receipts.push(producer.send_non_blocking(message).await.expect("the broker is up"));
        }
        for receipt in join_all(receipts).await {
            receipt.expect("the batch is stored");
        }
    }

    async fn cut(&self, topic: Topic) {
        let admin = Admin::new(&self.config).expect("the address was usable before");
        admin.unload(&self.config.topics.full_name(topic)).await.expect("the topic exists");
    }
}
