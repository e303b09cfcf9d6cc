//! The contract of `Bus` on a real Pulsar, and what only a real broker can do: die.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::StreamExt;
use reweave_gateway::bus::pulsar::PulsarBus;
use reweave_gateway::bus::pulsar::stage::PulsarStage;
use reweave_gateway::bus::{Bus, Health, Outgoing, Start, Subscription, Topic};
use reweave_tests::pulsar::PulsarServer;

const PATIENCE: Duration = Duration::from_secs(120);

reweave_gateway::bus_contract!(stage_with_partitions());

async fn stage_with_partitions() -> PulsarStage {
    let server = PulsarServer::shared().await.expect("a server");
    PulsarStage::new(&server.url(), &server.admin_url(), 4).await.expect("the server is healthy")
}

mod without_partitions {
    use super::*;

    reweave_gateway::bus_contract!(stage_without_partitions());

    async fn stage_without_partitions() -> PulsarStage {
        let server = PulsarServer::shared().await.expect("a server");
        PulsarStage::new(&server.url(), &server.admin_url(), 0).await.expect("the server is healthy")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_with_a_receipt_is_lost_when_the_broker_is_killed_and_comes_back() {
    let mut server = PulsarServer::start().await.expect("a server");
    let stage = PulsarStage::new(&server.url(), &server.admin_url(), 4).await.expect("the server is healthy");
    let bus = PulsarBus::connect(stage.config().clone()).await.expect("the server is healthy");
    let (mut deliveries, settler) = bus.subscribe(workers()).await.expect("the server is healthy");

    let publishing = async {
        publish_all(&bus, 0..200).await;
        server.kill9().expect("it runs");
        let ((), restarted) = tokio::join!(publish_all(&bus, 200..600), server.restart());
        restarted.expect("it starts again");
    };
    let consuming = async {
        let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
        while seen.len() < 600 {
            let next = tokio::time::timeout(PATIENCE, deliveries.next()).await;
            let delivery = next.unwrap_or_else(|_| panic!("{} of 600 came", seen.len())).expect("not stopped");
            let number = String::from_utf8_lossy(&delivery.payload).parse().expect("a number");
            *seen.entry(number).or_default() += 1;
            settler.settle(&delivery.id).await.expect("open");
        }
        seen
    };
    let ((), seen) = tokio::join!(publishing, consuming);
    let again: u32 = seen.values().map(|count| count - 1).sum();
    // Acknowledgements are persisted lazily, so some come again; all of them would mean that none had arrived.
    assert!(again < 600, "{again} delivered again");
    tokio::time::timeout(PATIENCE, async {
        while bus.health() != Health::Up {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("still {:?}", bus.health()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_is_added_later_is_read_too() {
    let server = PulsarServer::shared().await.expect("a server");
    let stage = PulsarStage::new(&server.url(), &server.admin_url(), 1).await.expect("the server is healthy");
    let mut config = stage.config().clone();
    config.probe_interval_ms = 200;
    let early = PulsarBus::connect(config.clone()).await.expect("the server is healthy");
    let (mut deliveries, _settler) = early.subscribe(workers()).await.expect("the server is healthy");

    config.init.partitions = 4;
    reweave_gateway::bus::pulsar::admin::init(&config, false).await.expect("topics can grow");
    let late = PulsarBus::connect(config).await.expect("the server is healthy");
    for number in 0..8 {
        late.publish(Topic::Specs, Outgoing { key: None, ..numbered(number) }).await.expect("stored");
    }
    let mut partitions = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let next = tokio::time::timeout(PATIENCE, deliveries.next()).await;
        partitions.insert(next.expect("it was due").expect("not stopped").id.partition);
    }
    assert_eq!(partitions, (0..4).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_creates_once_and_then_keeps() {
    use reweave_gateway::bus::pulsar::admin::{self, State};

    let server = PulsarServer::shared().await.expect("a server");
    let stage = PulsarStage::new(&server.url(), &server.admin_url(), 2).await.expect("the server is healthy");
    let again = admin::init(stage.config(), false).await.expect("the server is healthy");
    assert!(again.iter().all(|step| step.state == State::Kept), "{again:#?}");

    let mut config = stage.config().clone();
    config.topics.specs.push_str("-other");
    let planned = |steps: &[admin::Step]| steps.iter().filter(|step| step.state == State::Planned).count();
    for _ in 0..2 {
        let steps = admin::init(&config, true).await.expect("the server is healthy");
        assert_eq!(planned(&steps), 2, "a dry run creates nothing: {steps:#?}");
    }

    config = stage.config().clone();
    config.init.partitions = 1;
    let steps = admin::init(&config, false).await.expect("the server is healthy");
    assert!(steps.iter().any(|step| step.to_string().ends_with("it has 2 partitions")), "never shrinks: {steps:#?}");
}

/// Publishes with sixteen sends in flight; each must get its receipt, however long an outage lasts.
async fn publish_all(bus: &PulsarBus, numbers: std::ops::Range<u32>) {
    let publish = async |number| {
        bus.publish(Topic::Specs, numbered(number)).await.expect("stored");
    };
    futures::stream::iter(numbers).for_each_concurrent(16, publish).await;
}

fn numbered(number: u32) -> Outgoing {
    let payload = number.to_string().into_bytes();
    Outgoing { key: Some(format!("key {}", number % 8)), payload, ..Outgoing::default() }
}

fn workers() -> Subscription {
    let unsettled_max = NonZeroUsize::new(16).expect("over zero");
    Subscription {
        topics: vec![Topic::Specs],
        name: "workers".to_owned(),
        durable: true,
        start: Start::Earliest,
        unsettled_max,
    }
}
