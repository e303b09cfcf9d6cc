//! What a spec costs on Pulsar with nothing behind it: the peer of the pod's overhead.
//!
//! `cargo bench --profile dev -p reweave-tests --bench bare_loop`

use std::num::NonZeroUsize;
use std::sync::Arc;

use reweave_gateway::bus::Outgoing;
use reweave_gateway::bus::pulsar::stage::PulsarStage;
use reweave_gateway::bus::pulsar::{PulsarBus, bare};
use reweave_gateway::event::{self, Key};
use reweave_tests::load;
use reweave_tests::pulsar::PulsarServer;
use tokio_util::sync::CancellationToken;

const EVENTS: u32 = 2_000;
const WARM_UP: u32 = 500;
const BODY_BYTES: usize = 2_000;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
async fn main() -> anyhow::Result<()> {
    let server = PulsarServer::start().await?;
    for in_flight in [1, 8, 32] {
        let stage = PulsarStage::new(&server.url(), &server.admin_url(), 4).await?;
        let bus = Arc::new(PulsarBus::connect(stage.config().clone()).await?);
        let stop = CancellationToken::new();
        let (config, stopped) = (stage.config().clone(), stop.clone());
        let answering = tokio::spawn(async move { bare::answer_all(&config, in_flight, stopped).await });
        let at_a_time = NonZeroUsize::new(in_flight).expect("the list has no zero");
        load::drive(bus.clone(), specs(0..WARM_UP), at_a_time).await?;
        let report = load::drive(bus, specs(WARM_UP..WARM_UP + EVENTS), at_a_time).await?;
        println!("bare loop, {in_flight:>2} in flight: {report}");
        stop.cancel();
        answering.await??;
    }
    Ok(())
}

fn specs(numbers: std::ops::Range<u32>) -> Vec<Outgoing> {
    let spec = |number: u32| {
        let key = Key { source: "bench".to_owned(), id: number.to_string() };
        event::spec(&key, event::JSON, None, vec![b' '; BODY_BYTES])
    };
    numbers.map(spec).collect()
}
