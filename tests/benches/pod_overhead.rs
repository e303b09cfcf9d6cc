//! What the pod adds to an event on Pulsar: the whole pod beside the bare loop, turn by turn on one broker.
//!
//! The pod is three processes of its own; its engine is the real one, given free-text issues, which it refuses at once. The
//! bare loop takes a message, publishes an answer, awaits its receipt and acknowledges. Both have the same events in
//! flight.
//!
//! `cargo bench --profile dev -p reweave-tests --bench pod_overhead -- [EVENTS] [--soak EVENTS]`; a soak only watches the
//! gateway's memory while that many events go through.

use std::{num::NonZeroUsize, ops::Range, process::Command, sync::Arc};

use anyhow::Result;
use reweave_gateway::{
    bus::{
        Config, Outgoing,
        pulsar::{PulsarBus, bare, stage::PulsarStage},
    },
    event::{self, Key},
};
use reweave_tests::{
    events,
    load::{self, Report},
    pod::{Part, Pod},
    pulsar::PulsarServer,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const EVENTS: u32 = 1_000;
const WARM_UP: u32 = 200;
const ROUNDS: u32 = 3;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(EVENTS);
    let server = PulsarServer::start().await?;
    let mut pod = Pod::start(&server, &[], &[])?;
    if arguments.iter().any(|argument| argument == "--soak") {
        return soak(&server, &mut pod, count).await;
    }
    println!("commit {}, {count} events a round, {ROUNDS} rounds", commit());
    let stage = PulsarStage::new(&server.url(), &server.admin_url(), 4).await?;
    let mut numbers = 0..u32::MAX;
    for in_flight in [1, 8, 32] {
        let at_a_time = NonZeroUsize::new(in_flight).expect("the list has no zero");
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            let bare = bare_loop(&stage, in_flight, [take(&mut numbers, WARM_UP), take(&mut numbers, count)]).await?;
            let bus = Arc::new(PulsarBus::connect(Config { url: server.url(), ..Config::default() }).await?);
            load::drive(bus.clone(), specs(take(&mut numbers, WARM_UP)), at_a_time).await?;
            let whole = load::drive(bus, specs(take(&mut numbers, count)), at_a_time).await?;
            println!("{in_flight:>2} in flight  bare: {bare}");
            println!("{in_flight:>2} in flight   pod: {whole}");
            ratios.push(Ratio::of(&bare, &whole));
        }
        println!("{in_flight:>2} in flight  {}", Ratio::summary(ratios));
    }
    println!("gateway resident: {:.1} MB", pod.resident_bytes(Part::Gateway)? as f64 / 1e6);
    Ok(())
}

/// Tenths of `count` events, 32 in flight, and the gateway's memory after each.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
async fn soak(server: &PulsarServer, pod: &mut Pod, count: u32) -> Result<()> {
    println!("commit {}, {count} events", commit());
    let at_a_time = NonZeroUsize::new(32).expect("it is not zero");
    let bus = Arc::new(PulsarBus::connect(Config { url: server.url(), ..Config::default() }).await?);
    let mut numbers = 0..u32::MAX;
    for tenth in 1..=10 {
        let report = load::drive(bus.clone(), specs(take(&mut numbers, count / 10)), at_a_time).await?;
        let resident = pod.resident_bytes(Part::Gateway)? as f64 / 1e6;
        println!("{:>7} events: gateway resident {resident:.1} MB, {report}", tenth * (count / 10));
    }
    Ok(())
}

async fn bare_loop(stage: &PulsarStage, in_flight: usize, numbers: [Range<u32>; 2]) -> Result<Report> {
    let bus = Arc::new(PulsarBus::connect(stage.config().clone()).await?);
    let stop = CancellationToken::new();
    let (config, stopped) = (stage.config().clone(), stop.clone());
    let answering = tokio::spawn(async move { bare::answer_all(&config, in_flight, stopped).await });
    let at_a_time = NonZeroUsize::new(in_flight).expect("the list has no zero");
    let [warm_up, measured] = numbers;
    load::drive(bus.clone(), specs(warm_up), at_a_time).await?;
    let report = load::drive(bus, specs(measured), at_a_time).await?;
    stop.cancel();
    answering.await??;
    Ok(report)
}

fn take(numbers: &mut Range<u32>, count: u32) -> Range<u32> {
    let start = numbers.start;
    numbers.start += count;
    start..numbers.start
}

fn specs(numbers: Range<u32>) -> Vec<Outgoing> {
    let spec = |number: u32| {
        let key = Key { source: "urn:reweave:bench".to_owned(), id: number.to_string() };
        let body = json!({"source": events::inline(&[("a.py", "x = 1\n")]), "issue": {"text": "none"}});
        event::spec(&key, event::JSON, None, body.to_string().into_bytes())
    };
    numbers.map(spec).collect()
}

/// The pod beside the bare loop of the same round.
struct Ratio {
    throughput: f64,
    p99_more_ms: f64,
}

impl Ratio {
    fn of(bare: &Report, pod: &Report) -> Self {
        let ms = |report: &Report| report.quantile(0.99).as_secs_f64() * 1e3;
        Self { throughput: bare.took.as_secs_f64() / pod.took.as_secs_f64(), p99_more_ms: ms(pod) - ms(bare) }
    }

    fn summary(ratios: Vec<Self>) -> String {
        let spread = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            format!("{:.2} / {:.2} / {:.2}", values[0], values[values.len() / 2], values[values.len() - 1])
        };
        let throughput = spread(ratios.iter().map(|ratio| ratio.throughput).collect());
        let p99 = spread(ratios.iter().map(|ratio| ratio.p99_more_ms).collect());
        format!("pod/bare throughput {throughput} (min/median/max), p99 more by {p99} ms")
    }
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
