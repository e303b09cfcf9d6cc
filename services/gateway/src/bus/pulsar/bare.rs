//! The least that can be done with a spec on Pulsar: receive it, publish an answer, await the receipt, acknowledge. What
//! the pod takes longer than this is its overhead.

use std::sync::Arc;

use futures::StreamExt;
use pulsar::{Consumer, ConsumerOptions, Producer, Pulsar, SubType, TokioExecutor, producer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::bus::{Config, Topic};

/// Answers every message on the topic of specs with a copy on the topic of outcomes, `in_flight` at a time, on the
/// crate's own defaults, until `stop`.
///
/// # Errors
/// Whatever the client reports; nothing is tried again.
pub async fn answer_all(config: &Config, in_flight: usize, stop: CancellationToken) -> Result<(), pulsar::Error> {
    // Two connections, as the gateway has and for its reason: the peer is to be as quick as it can be.
    let consuming = Pulsar::builder(&config.url, TokioExecutor).build().await?;
    let producing = Pulsar::builder(&config.url, TokioExecutor).build().await?;
    let specs = config.topics.full_name(Topic::Specs);
    let mut consumer: Consumer<Vec<u8>, _> = consuming
        .consumer()
        .with_topic(specs)
        .with_subscription("bare")
        .with_subscription_type(SubType::Shared)
        .with_options(ConsumerOptions::default())
        .build()
        .await?;
    let mut producer = producing.producer().with_topic(config.topics.full_name(Topic::Patches)).build().await?;
    let permits = Arc::new(Semaphore::new(in_flight));
    // Acknowledging needs the consumer, so answered messages come back here.
    let (answered, mut to_acknowledge) = tokio::sync::mpsc::channel(in_flight);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(message) = to_acknowledge.recv() => consumer.ack(&message).await?,
            Some(message) = consumer.next(), if permits.available_permits() > 0 => {
                let message = message?;
                let receipt = answer(&mut producer, &message).await?;
                let permit = permits.clone().acquire_owned().await.ok();
                let answered = answered.clone();
                tokio::spawn(async move {
                    if receipt.await.is_ok() {
                        drop(answered.send(message).await);
                    }
                    drop(permit);
                });
            }
        }
    }
}

async fn answer(
    producer: &mut Producer<TokioExecutor>,
    message: &pulsar::consumer::Message<Vec<u8>>,
) -> Result<producer::SendFuture, pulsar::Error> {
    let properties = &message.payload.metadata.properties;
    let answer = producer::Message {
        payload: message.payload.data.clone(),
        properties: properties.iter().map(|property| (property.key.clone(), property.value.clone())).collect(),
        ..producer::Message::default()
    };
    producer.send_non_blocking(answer).await
}
