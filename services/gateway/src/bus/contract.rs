//! What every [`Bus`] must do, as cases that run against any of them.
//!
//! A [`Stage`] is a broker with topics of its own, made anew for each case. [`cases!`](crate::bus_contract) writes one
//! test per case. Cases prove "nothing more comes" by a marker that is published last under the same key: one key
//! keeps its order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{Bus, Deliveries, Delivery, Error, Health, Outgoing, Receipt, Settler, Start, Subscription, Topic};

/// A broker to run one case on.
#[async_trait]
pub trait Stage: Send + Sync {
    /// A new connection, whose largest message is [`MESSAGE_BYTES_MAX`].
    async fn connect(&self) -> Arc<dyn Bus>;

    /// Publishes `messages` as one batch entry, as other clients do.
    async fn publish_batch(&self, topic: Topic, messages: Vec<Outgoing>);

    /// Breaks what connects consumers to `topic`, so that everything unacknowledged is delivered again.
    async fn cut(&self, topic: Topic);
}

/// The message size limit on a [`Stage`].
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "one key, one order";

/// Writes a `#[tokio::test]` for every case; `$stage` is an expression of an async block that makes a [`Stage`].
#[macro_export]
macro_rules! bus_contract {
    ($stage:expr) => {
        $crate::bus_contract!($stage;
            a_receipt_names_the_message_that_arrives,
            what_is_published_arrives_unchanged,
            no_more_is_handed_out_than_may_be_unsettled,
            what_is_not_settled_comes_again_and_what_is_settled_does_not,
            a_batch_is_acknowledged_only_when_every_member_is_settled,
            a_batch_larger_than_the_window_still_gets_through,
            large_batches_in_the_way_do_not_hold_up_a_close,
            what_is_in_hand_is_not_handed_out_twice_after_a_cut,
            what_is_settled_after_a_cut_stays_settled,
            a_delayed_message_waits_and_then_comes,
            a_message_over_the_limit_is_refused_and_the_next_one_passes,
            after_a_stop_nothing_is_handed_out_and_what_is_in_hand_settles,
            subscribers_of_one_name_share_the_messages,
            browsing_consumes_nothing,
            an_empty_topic_browses_as_empty,
            a_latest_subscription_sees_only_what_comes_after,
            one_key_goes_to_one_partition_in_order,
            an_offer_arrives,
            a_closed_bus_refuses,
        );
    };
    ($stage:expr; $($case:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let stage = $stage.await;
                $crate::bus::contract::$case(&stage).await;
            }
        )+
    };
}

/// The receipt's place is the delivery's place.
pub async fn a_receipt_names_the_message_that_arrives(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, _settler) = subscribe(&*bus, Topic::Specs, 10).await;
    let Receipt { ledger, entry, partition } = publish(&*bus, Topic::Specs, "a").await;
    let id = next(&mut deliveries).await.id;
    assert_eq!((id.ledger, id.entry, id.partition, id.batch_index, id.batch_size), (ledger, entry, partition, -1, 1));
    assert_ne!(ledger, u64::MAX);
}

/// Key, properties and bytes, the empty ones and the odd ones too.
pub async fn what_is_published_arrives_unchanged(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 10).await;
    let properties = BTreeMap::from([("ce_id", "ü\n\0"), ("empty", ""), ("content-type", "application/json")]);
    let properties: BTreeMap<_, _> = properties.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    for payload in [vec![], (0..=255).collect(), vec![0; MESSAGE_BYTES_MAX / 2]] {
        let sent = Outgoing { key: Some("k".into()), properties: properties.clone(), payload, deliver_after: None };
        bus.publish(Topic::Specs, sent.clone()).await.expect("the broker is up");
        let got = next(&mut deliveries).await;
        settler.settle(&got.id).await.expect("open");
        assert_eq!((got.key, got.properties, got.payload), (sent.key, sent.properties, sent.payload));
        assert!(got.published_unix_ms > 1_700_000_000_000);
    }
}

/// The window is a bound, and settling opens it.
pub async fn no_more_is_handed_out_than_may_be_unsettled(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 2).await;
    for text in ["a", "b", "c", "d"] {
        publish(&*bus, Topic::Specs, text).await;
    }
    let first = next(&mut deliveries).await;
    next(&mut deliveries).await;
    assert_eq!(settler.unsettled(), 2);
    let third = tokio::time::timeout(Duration::from_millis(300), deliveries.next()).await;
    assert!(third.is_err(), "a third was handed out: {third:?}");
    settler.settle(&first.id).await.expect("open");
    assert_eq!(text(&next(&mut deliveries).await), "c");
}

/// At least once, and not more than needed.
pub async fn what_is_not_settled_comes_again_and_what_is_settled_does_not(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 10).await;
    for text in ["a", "b", "c"] {
        publish(&*bus, Topic::Specs, text).await;
    }
    let handed = [next(&mut deliveries).await, next(&mut deliveries).await, next(&mut deliveries).await];
    settler.settle(&handed[1].id).await.expect("open");
    settler.close(PATIENCE).await.expect("flushed");
    assert_eq!(left(stage, Topic::Specs).await, ["a", "c"]);
}

/// The trap of brokers without batch-index acknowledgement.
pub async fn a_batch_is_acknowledged_only_when_every_member_is_settled(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 10).await;
    stage.publish_batch(Topic::Specs, ["a", "b", "c"].map(message).into()).await;
    let mut ids = Vec::new();
    for index in 0..3 {
        let got = next(&mut deliveries).await;
        assert_eq!((got.id.batch_index, got.id.batch_size), (index, 3));
        ids.push(got.id);
    }
    for id in &ids[1..] {
        settler.settle(id).await.expect("open");
    }
    settler.close(PATIENCE).await.expect("flushed");

    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 10).await;
    for id in &ids {
        let got = next(&mut deliveries).await;
        assert_eq!(got.id, *id, "the whole entry comes again");
        settler.settle(id).await.expect("open");
    }
    settler.close(PATIENCE).await.expect("flushed");
    assert_eq!(left(stage, Topic::Specs).await, [""; 0]);
}

/// Members pass one by one where the window is one.
pub async fn a_batch_larger_than_the_window_still_gets_through(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 1).await;
    stage.publish_batch(Topic::Specs, (0..50).map(|number| message(&number.to_string())).collect()).await;
    for number in 0..50 {
        let got = next(&mut deliveries).await;
        assert_eq!(text(&got), number.to_string());
        settler.settle(&got.id).await.expect("open");
    }
    settler.close(PATIENCE).await.expect("flushed");
    assert_eq!(left(stage, Topic::Specs).await, [""; 0]);
}

/// Acknowledgements queue behind members that nobody polls.
pub async fn large_batches_in_the_way_do_not_hold_up_a_close(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 2).await;
    publish(&*bus, Topic::Specs, "first").await;
    for _ in 0..8 {
        let batch: Vec<_> = (0..500).map(|number| message(&number.to_string())).collect();
        stage.publish_batch(Topic::Specs, batch).await;
    }
    let first = next(&mut deliveries).await;
    settler.settle(&first.id).await.expect("open");
    settler.close(PATIENCE).await.expect("flushed");
    let left = left(stage, Topic::Specs).await;
    assert_eq!((left.len(), left[0].as_str()), (4_000, "0"));
}

/// A reconnect redelivers what a worker still has; the worker must not meet itself.
pub async fn what_is_in_hand_is_not_handed_out_twice_after_a_cut(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 10).await;
    publish(&*bus, Topic::Specs, "single").await;
    stage.publish_batch(Topic::Specs, ["x", "y"].map(message).into()).await;
    let in_hand = [next(&mut deliveries).await, next(&mut deliveries).await, next(&mut deliveries).await];
    settler.settle(&in_hand[1].id).await.expect("open");
    stage.cut(Topic::Specs).await;
    publish(&*bus, Topic::Specs, "marker").await;
    assert_eq!(text(&next(&mut deliveries).await), "marker");
}

/// A member settled before a cut counts with those settled after it.
pub async fn what_is_settled_after_a_cut_stays_settled(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 10).await;
    stage.publish_batch(Topic::Specs, ["x", "y"].map(message).into()).await;
    let (x, y) = (next(&mut deliveries).await, next(&mut deliveries).await);
    settler.settle(&x.id).await.expect("open");
    stage.cut(Topic::Specs).await;
    publish(&*bus, Topic::Specs, "marker").await;
    let marker = next(&mut deliveries).await;
    settler.settle(&marker.id).await.expect("open");
    settler.settle(&y.id).await.expect("open");
    settler.close(PATIENCE).await.expect("flushed");
    assert_eq!(left(stage, Topic::Specs).await, [""; 0]);
}

/// The retry topic rests on this.
pub async fn a_delayed_message_waits_and_then_comes(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, _settler) = subscribe(&*bus, Topic::Retry, 10).await;
    let delay = Duration::from_millis(1_500);
    let begin = Instant::now();
    let delayed = Outgoing { deliver_after: Some(delay), ..message("later") };
    bus.publish(Topic::Retry, delayed).await.expect("the broker is up");
    publish(&*bus, Topic::Retry, "now").await;
    assert_eq!(text(&next(&mut deliveries).await), "now");
    assert_eq!(text(&next(&mut deliveries).await), "later");
    // Brokers may round the time by a little; they must not ignore it.
    assert!(begin.elapsed() > delay.mul_f64(0.8), "{:?}", begin.elapsed());
}

/// The size guard acts before the broker would drop the connection.
pub async fn a_message_over_the_limit_is_refused_and_the_next_one_passes(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, _settler) = subscribe(&*bus, Topic::Specs, 10).await;
    let property = ("p".to_owned(), "v".repeat(MESSAGE_BYTES_MAX));
    let in_properties = Outgoing { properties: BTreeMap::from([property]), ..message("a") };
    let in_payload = Outgoing { payload: vec![0; MESSAGE_BYTES_MAX + 1], ..message("a") };
    for large in [in_properties, in_payload] {
        let refused = bus.publish(Topic::Specs, large.clone()).await;
        assert!(matches!(refused, Err(Error::TooLarge { limit: MESSAGE_BYTES_MAX, .. })), "{refused:?}");
        assert!(!bus.offer(Topic::Specs, large));
    }
    publish(&*bus, Topic::Specs, "b").await;
    assert_eq!(text(&next(&mut deliveries).await), "b");
}

/// The drain: stop, finish, flush.
pub async fn after_a_stop_nothing_is_handed_out_and_what_is_in_hand_settles(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, Topic::Specs, 3).await;
    // More than a client asks for in advance, so that the queue fills again while it is flushed.
    for number in 0..200 {
        publish(&*bus, Topic::Specs, &format!("{number:03}")).await;
    }
    let in_hand = [next(&mut deliveries).await, next(&mut deliveries).await, next(&mut deliveries).await];
    settler.stop();
    assert_eq!(deliveries.next().await, None);
    for delivery in &in_hand {
        settler.settle(&delivery.id).await.expect("open until closed");
    }
    settler.close(PATIENCE).await.expect("flushed");
    let expected: Vec<_> = (3..200).map(|number| format!("{number:03}")).collect();
    assert_eq!(left(stage, Topic::Specs).await, expected);
    let late = settler.settle(&in_hand[0].id).await;
    assert!(late.is_ok(), "settling twice changes nothing: {late:?}");
}

/// Two connections, one subscription.
pub async fn subscribers_of_one_name_share_the_messages(stage: &impl Stage) {
    let (one, two) = (stage.connect().await, stage.connect().await);
    let (mut of_one, settle_one) = subscribe(&*one, Topic::Specs, 1).await;
    let (mut of_two, settle_two) = subscribe(&*two, Topic::Specs, 1).await;
    for number in 0..20 {
        publish(&*one, Topic::Specs, &number.to_string()).await;
    }
    let mut seen = Vec::new();
    while seen.len() < 20 {
        let (delivery, settler) = tokio::select! {
            delivery = of_one.next() => (delivery, &settle_one),
            delivery = of_two.next() => (delivery, &settle_two),
            () = tokio::time::sleep(PATIENCE) => panic!("only {seen:?} came"),
        };
        let delivery = delivery.expect("neither was stopped");
        settler.settle(&delivery.id).await.expect("open");
        seen.push(text(&delivery).parse::<u32>().expect("a number"));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
}

/// Looking at the dead letters leaves them where they are.
pub async fn browsing_consumes_nothing(stage: &impl Stage) {
    let bus = stage.connect().await;
    for text in ["a", "b"] {
        publish(&*bus, Topic::DeadLetters, text).await;
    }
    stage.publish_batch(Topic::DeadLetters, ["c", "d"].map(message).into()).await;
    for _ in 0..2 {
        let seen = bus.browse(Topic::DeadLetters, 10).await.expect("the broker is up");
        assert_eq!(seen.iter().map(text).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    }
    assert_eq!(bus.browse(Topic::DeadLetters, 3).await.expect("the broker is up").len(), 3);
    assert_eq!(left(stage, Topic::DeadLetters).await, ["a", "b", "c", "d"]);
}

/// Nothing there is an answer, not a wait.
pub async fn an_empty_topic_browses_as_empty(stage: &impl Stage) {
    let bus = stage.connect().await;
    assert_eq!(bus.browse(Topic::DeadLetters, 10).await.expect("the broker is up"), []);
}

/// For those who wait for one outcome.
pub async fn a_latest_subscription_sees_only_what_comes_after(stage: &impl Stage) {
    let bus = stage.connect().await;
    publish(&*bus, Topic::Patches, "before").await;
    let subscription = Subscription { durable: false, start: Start::Latest, ..named("watcher", Topic::Patches, 10) };
    let (mut deliveries, _settler) = bus.subscribe(subscription).await.expect("the broker is up");
    publish(&*bus, Topic::Patches, "after").await;
    assert_eq!(text(&next(&mut deliveries).await), "after");
}

/// Keys choose partitions, and a partition has an order.
pub async fn one_key_goes_to_one_partition_in_order(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, _settler) = subscribe(&*bus, Topic::Specs, 100).await;
    let mut partitions = BTreeMap::new();
    for number in 0..24 {
        let key = format!("key {}", number % 4);
        let sent = Outgoing { key: Some(key.clone()), ..message(&number.to_string()) };
        let receipt = bus.publish(Topic::Specs, sent).await.expect("the broker is up");
        assert_eq!(*partitions.entry(key).or_insert(receipt.partition), receipt.partition);
    }
    let mut last = BTreeMap::new();
    for _ in 0..24 {
        let got = next(&mut deliveries).await;
        let number: u32 = text(&got).parse().expect("a number");
        let before = last.insert(got.key, number);
        assert!(before.is_none_or(|before| before < number), "{before:?} came before {number}");
    }
}

/// Un-awaited, yet sent.
pub async fn an_offer_arrives(stage: &impl Stage) {
    let bus = stage.connect().await;
    let (mut deliveries, _settler) = subscribe(&*bus, Topic::Progress, 10).await;
    assert!(bus.offer(Topic::Progress, message("step")));
    assert_eq!(text(&next(&mut deliveries).await), "step");
}

/// Closed is closed.
pub async fn a_closed_bus_refuses(stage: &impl Stage) {
    let bus = stage.connect().await;
    publish(&*bus, Topic::Patches, "a").await;
    assert_eq!(bus.health(), Health::Up);
    bus.close(PATIENCE).await.expect("nothing is in flight");
    assert_eq!(bus.health(), Health::Closed);
    assert!(matches!(bus.publish(Topic::Patches, message("b")).await, Err(Error::Closed)));
    assert!(!bus.offer(Topic::Progress, message("c")));
    assert!(matches!(bus.subscribe(named("late", Topic::Specs, 1)).await, Err(Error::Closed)));
    assert!(matches!(bus.browse(Topic::DeadLetters, 1).await, Err(Error::Closed)));
}

fn message(text: &str) -> Outgoing {
    Outgoing { key: Some(KEY.to_owned()), payload: text.as_bytes().to_vec(), ..Outgoing::default() }
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8_lossy(&delivery.payload).into_owned()
}

fn named(name: &str, topic: Topic, unsettled_max: usize) -> Subscription {
    let unsettled_max = NonZeroUsize::new(unsettled_max).expect("cases use windows over zero");
    Subscription { topics: vec![topic], name: name.to_owned(), durable: true, start: Start::Earliest, unsettled_max }
}

async fn subscribe(bus: &dyn Bus, topic: Topic, unsettled_max: usize) -> (Deliveries, Settler) {
    bus.subscribe(named("workers", topic, unsettled_max)).await.expect("the broker is up")
}

async fn publish(bus: &dyn Bus, topic: Topic, text: &str) -> Receipt {
    bus.publish(topic, message(text)).await.expect("the broker is up")
}

async fn next(deliveries: &mut Deliveries) -> Delivery {
    let next = tokio::time::timeout(PATIENCE, deliveries.next()).await;
    next.expect("a delivery was due").expect("the subscription is open")
}

/// What the workers' subscription still has to deliver, on a connection of its own.
async fn left(stage: &impl Stage, topic: Topic) -> Vec<String> {
    let bus = stage.connect().await;
    let (mut deliveries, settler) = subscribe(&*bus, topic, 10_000).await;
    publish(&*bus, topic, "marker").await;
    let mut left = Vec::new();
    loop {
        let delivery = next(&mut deliveries).await;
        if text(&delivery) == "marker" {
            break;
        }
        left.push(text(&delivery));
    }
    settler.close(PATIENCE).await.expect("flushed");
    left
}
