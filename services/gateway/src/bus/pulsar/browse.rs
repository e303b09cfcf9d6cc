//! Reading a topic without consuming it.

use std::time::Duration;

use futures::TryStreamExt;
use pulsar::consumer::InitialPosition;
use pulsar::{ConsumerOptions, SubType};

use super::client::{Client, explain};
use super::consumer::{Consumer, delivery};
use crate::bus::{Delivery, DeliveryId, Error, Topic};

/// The oldest `limit` messages of all partitions, up to where each ended when it was asked.
pub(super) async fn browse(client: &Client, topic: Topic, limit: usize) -> Result<Vec<Delivery>, Error> {
    let mut found = Vec::new();
    for (partition, name) in client.partitions(topic).await? {
        let Some(end) = end_of(client, &name).await? else { continue };
        let messages = open(client, &name, InitialPosition::Earliest).await?;
        let patience = Duration::from_millis(client.config.operation_timeout_ms);
        let reading = read(messages, topic, partition, end, limit);
        let unavailable = |source| Error::Unavailable { operation: format!("deliver all of {name}"), source };
        let read = tokio::time::timeout(patience, reading).await;
        let read = read.map_err(|elapsed| unavailable(Some(elapsed.into())))?;
        found.extend(read.map_err(|error| explain(format!("deliver all of {name}"), error))?);
    }
    found.sort_by_key(|delivery| delivery.published_unix_ms);
    found.truncate(limit);
    Ok(found)
}

/// Ledger and entry of a partition's last message.
type End = (u64, u64);

async fn read(
    mut messages: Consumer,
    topic: Topic,
    partition: i32,
    end: End,
    limit: usize,
) -> Result<Vec<Delivery>, pulsar::Error> {
    let mut read = Vec::new();
    while read.len() < limit {
        let Some(message) = messages.try_next().await? else { break };
        let delivery = delivery(topic, partition, message);
        let id = delivery.id;
        if (id.ledger, id.entry) <= end {
            read.push(delivery);
        }
        if (id.ledger, id.entry) > end || (id.ledger, id.entry) == end && is_last_member(&id) {
            break;
        }
    }
    Ok(read)
}

fn is_last_member(id: &DeliveryId) -> bool {
    id.batch_index < 0 || id.batch_index.unsigned_abs() + 1 >= id.batch_size
}

async fn end_of(client: &Client, name: &str) -> Result<Option<End>, Error> {
    // A consumer of its own at the end: the question would wait behind messages in a consumer that receives some.
    let mut consumer = open(client, name, InitialPosition::Latest).await?;
    let ends = consumer.get_last_message_id().await;
    let ends = ends.map_err(|error| explain(format!("tell the end of {name}"), error))?;
    // An empty partition ends before its first entry, which the broker writes as minus one.
    Ok(ends.first().map(|id| (id.ledger_id, id.entry_id)).filter(|(_, entry)| *entry != u64::MAX))
}

async fn open(client: &Client, name: &str, position: InitialPosition) -> Result<Consumer, Error> {
    let options = ConsumerOptions::default().durable(false).with_initial_position(position);
    let builder = client.consuming.consumer().with_topic(name).with_options(options);
    let builder = builder.with_subscription(format!("reweave-browse-{:016x}", rand::random::<u64>()));
    let opened = builder.with_subscription_type(SubType::Exclusive).build().await;
    opened.map_err(|error| explain(format!("let us read {name}"), error))
}
