//! `reweave publish`: a spec onto the topic, and its outcome back if one waits for it.

use std::{io::Write, num::NonZeroUsize, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use reweave_core::{ExitCode, OutcomeEvent, SpecId};
use reweave_gateway::{
    bus::{Bus, Deliveries, Settler, Start, Subscription, Topic, pulsar::PulsarBus},
    event::{self, Key},
};
use reweave_proto::document::{self, Door};

use super::{bus, run::read_spec};
use crate::{render, settings::Settings};

/// The form specs are written in; JSON is YAML too.
const YAML: &str = "application/yaml";

/// What to publish, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The spec as YAML or JSON; `-` reads standard input.
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    #[command(flatten)]
    broker: bus::Broker,
    /// The event's id; publishing the same id again gives the same outcome. A new one when absent.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The event's source, the other half of its key.
    #[arg(long, value_name = "URI", default_value = "urn:reweave:cli")]
    source: String,
    /// Wait for the outcome and show it, as `reweave run` would.
    #[arg(long)]
    wait: bool,
    /// How long to wait, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait_max: u64,
    /// Print JSON: the key that was published, or with --wait the outcome event.
    #[arg(long)]
    json: bool,
}

/// Publishes one spec.
pub(crate) async fn run(arguments: Arguments, settings: Settings) -> Result<ExitCode> {
    let text = read_spec(&arguments.spec)?;
    // What the gateway would refuse is refused here, before it takes a place on the topic.
    if let Err(refusal) = document::read_spec(&text, Door::Remote) {
        write!(anstream::stderr(), "{}", render::refusal(&refusal))?;
        return Ok(refusal.code.exit_code());
    }
    let key = Key { source: arguments.source, id: arguments.id.unwrap_or_else(|| new_id(&text)) };
    let bus = arguments.broker.connect(&settings).await?;
    // Opened before the spec is sent, so that no outcome is too fast for it.
    let waiting = if arguments.wait { Some(listen(&bus).await?) } else { None };
    bus.publish(Topic::Specs, event::spec(&key, YAML, None, text)).await.context("publish the spec")?;
    let id = key.spec_id();
    let code = match waiting {
        None => say_published(&key, id, arguments.json)?,
        Some((deliveries, settler)) => {
            let limit = Duration::from_secs(arguments.wait_max);
            let outcome = tokio::time::timeout(limit, outcome(deliveries, settler, id)).await;
            let event = outcome.with_context(|| format!("no outcome of {id} within {limit:?}"))??;
            match arguments.json {
                true => writeln!(anstream::stdout(), "{}", document::outcome_json(&event))?,
                false => write!(anstream::stdout(), "{}", render::outcome(&event))?,
            }
            event.outcome.exit_code()
        }
    };
    bus::close(&bus).await?;
    Ok(code)
}

fn say_published(key: &Key, id: SpecId, json: bool) -> Result<ExitCode> {
    if json {
        let said = serde_json::json!({ "source": key.source, "id": key.id, "spec_id": id.to_string() });
        writeln!(anstream::stdout(), "{said}")?;
    } else {
        writeln!(anstream::stdout(), "published {id} (source {}, id {})", key.source, key.id)?;
    }
    Ok(ExitCode::Done)
}

async fn listen(bus: &PulsarBus) -> Result<(Deliveries, Settler)> {
    let subscription = Subscription {
        topics: vec![Topic::Patches],
        name: format!("reweave-publish-{}", new_id(b"")),
        durable: false,
        start: Start::Latest,
        unsettled_max: NonZeroUsize::MIN.saturating_add(63),
    };
    bus.subscribe(subscription).await.context("listen for the outcome")
}

async fn outcome(mut deliveries: Deliveries, settler: Settler, id: SpecId) -> Result<OutcomeEvent> {
    while let Some(delivery) = deliveries.next().await {
        settler.settle(&delivery.id).await?;
        if delivery.key.as_deref() == Some(id.to_string().as_str()) {
            return document::read_outcome(&delivery.payload).context("read the outcome");
        }
    }
    bail!("the subscription ended before the outcome came")
}

/// Different at every call: the digest of the text, the time and the process.
fn new_id(text: &[u8]) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (now, process) = (now.as_nanos().to_be_bytes(), std::process::id().to_be_bytes());
    reweave_core::Sha256::of_fields([text, &now, &process]).to_string()[..32].to_owned()
}
