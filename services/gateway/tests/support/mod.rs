//! A gateway in this process, over the memory bus and a scripted synthesis.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use reweave_chassis::{config::Layers, in_process};
use reweave_core::{Outcome, OutcomeEvent, Progress, Refusal, RefusalCode, RunFacts, Sha256, SpecId, Stage};
use reweave_gateway::{
    bus::{Bus, Deliveries, Delivery, Outgoing, Settler, Start, Subscription, Topic, memory::Broker},
    config::{DEFAULTS, GatewayConfig},
    event::{Attributes, Key, SPEC_TYPE},
    ledger::{Ledger, SqlLedger, SqliteOptions},
    pipeline::{Faults, Parts, Pipeline},
};
use reweave_proto::{
    convert, document,
    wire::synthesis::{
        SynthesizeRequest, SynthesizeResponse,
        synthesis_service_client::SynthesisServiceClient,
        synthesis_service_server::{SynthesisService, SynthesisServiceServer},
        synthesize_response::Event,
    },
};
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, service::Routes, transport::Channel};

/// Longest wait for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Does what the spec's `intent` says: `answer`, `wait` (until let go), `hold` (until the gate is open), `break` (the service goes away), `lie` (answers
/// another spec), `flaky N` (breaks N times, then answers).
#[derive(Clone, Debug)]
pub struct Scripted(Arc<State>);

#[derive(Debug)]
struct State {
    started: Mutex<Vec<String>>,
    go: Semaphore,
    gate: Semaphore,
}

impl Scripted {
    pub fn new() -> Self {
        Self(Arc::new(State { started: Mutex::default(), go: Semaphore::new(0), gate: Semaphore::new(0) }))
    }

    /// Lets `count` specs that wait go on.
    pub fn go(&self, count: usize) {
        self.0.go.add_permits(count);
    }

    /// Lets every spec that holds go on, now and later.
    pub fn open(&self) {
        self.0.gate.add_permits(1);
    }

    /// The file paths of the specs whose work began, in order.
    pub fn started(&self) -> Vec<String> {
        self.0.started.lock().unwrap().clone()
    }

    pub fn channel(&self) -> Channel {
        in_process::channel(Routes::new(SynthesisServiceServer::new(self.clone())))
    }

    fn begun(&self, path: String) -> usize {
        let mut started = self.0.started.lock().unwrap();
        started.push(path.clone());
        started.iter().filter(|other| **other == path).count()
    }
}

#[tonic::async_trait]
impl SynthesisService for Scripted {
    type SynthesizeStream = ReceiverStream<Result<SynthesizeResponse, Status>>;

    async fn synthesize(
        &self,
        request: Request<SynthesizeRequest>,
    ) -> Result<Response<Self::SynthesizeStream>, Status> {
        let request = request.into_inner();
        let spec_id: SpecId = request.spec_id.parse().unwrap();
        let spec = convert::spec(request.spec.unwrap(), convert::Door::Remote).unwrap();
        let reweave_core::SpecKind::Refactor(plan) = spec.kind else { return Err(Status::internal("not scripted")) };
        let (sender, receiver) = mpsc::channel(8);
        let nth = self.begun(plan.file_path.to_string());
        let script = self.clone();
        tokio::spawn(async move {
            let progress = Progress { done: 1, total: 2, ..Progress::new(Stage::Plan, "scripted") };
            send(&sender, Ok(Event::Progress(convert::progress(spec_id, progress)))).await;
            let answer = Ok(Event::Outcome(answer(spec_id)));
            let end = match plan.intent.split_once(' ').unwrap_or((&plan.intent, "0")) {
                ("wait", _) => {
                    script.0.go.acquire().await.unwrap().forget();
                    answer
                }
                ("hold", _) => {
                    drop(script.0.gate.acquire().await.unwrap());
                    answer
                }
                ("break", _) => Err(Status::unavailable("scripted")),
                ("flaky", times) if nth <= times.parse().unwrap() => Err(Status::unavailable("scripted")),
                ("lonely", times) if nth <= times.parse().unwrap() => Ok(Event::Outcome(lonely(spec_id))),
                ("lie", _) => Ok(Event::Outcome(self::answer(SpecId::of("another", "spec")))),
                _ => answer,
            };
            send(&sender, end).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

async fn send(sender: &mpsc::Sender<Result<SynthesizeResponse, Status>>, event: Result<Event, Status>) {
    // The gateway may have dropped the stream: that is how it stops the work.
    _ = sender.send(event.map(|event| SynthesizeResponse { event: Some(event) })).await;
}

/// Synthesis lives, and a service behind it does not.
fn lonely(spec_id: SpecId) -> reweave_proto::wire::outcome::OutcomeEvent {
    let outcome = Refusal::new(RefusalCode::ServiceUnavailable, "the checks service did not answer").into();
    convert::outcome(OutcomeEvent { spec_id, outcome, run: RunFacts::default() })
}

fn answer(spec_id: SpecId) -> reweave_proto::wire::outcome::OutcomeEvent {
    // Every answer differs, so that a second outcome of one spec would be seen.
    let run = RunFacts { started_unix_ms: rand::random::<u32>().into(), ..RunFacts::default() };
    convert::outcome(OutcomeEvent { spec_id, outcome: Outcome::Unchanged("as scripted".into()), run })
}

/// The gateway's configuration with some fields set.
pub fn config(overrides: &[&str]) -> GatewayConfig {
    #[derive(Deserialize)]
    struct Root {
        gateway: GatewayConfig,
    }
    let quick = ["gateway.bus.retry.delays_ms=[10]", "gateway.bus.retry.jitter=false", "gateway.grace_ms=5000"];
    let overrides = quick.iter().chain(overrides).map(|text| (*text).to_owned()).collect();
    let layers = Layers { defaults: vec![DEFAULTS], overrides, ..Layers::default() };
    reweave_chassis::config::load::<Root>(layers).unwrap().gateway
}

/// A running gateway.
#[derive(Debug)]
pub struct Pod {
    pub broker: Broker,
    pub bus: Arc<dyn Bus>,
    pub ledger: Arc<dyn Ledger>,
    pub synthesis: Scripted,
    pub pipeline: Pipeline,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), reweave_gateway::pipeline::Error>>,
    outcomes: Deliveries,
    settler: Settler,
}

/// What of a pod lives longer than its process.
#[derive(Clone, Debug)]
pub struct World {
    pub broker: Broker,
    pub folder: Arc<tempfile::TempDir>,
    pub synthesis: Scripted,
}

impl World {
    pub fn new() -> Self {
        Self {
            broker: Broker::new(5 << 20, 64 << 20),
            folder: Arc::new(tempfile::tempdir().unwrap()),
            synthesis: Scripted::new(),
        }
    }

    pub async fn start(&self, overrides: &[&str]) -> Pod {
        self.start_with(overrides, Faults::default()).await
    }

    pub async fn start_with(&self, overrides: &[&str], faults: Faults) -> Pod {
        let ledger: Arc<dyn Ledger> = Arc::new(open(self.folder.path()).await);
        self.start_on(ledger, overrides, faults).await
    }

    pub async fn start_on(&self, ledger: Arc<dyn Ledger>, overrides: &[&str], faults: Faults) -> Pod {
        self.start_all(self.synthesis.channel(), ledger, overrides, faults).await
    }

    pub async fn start_at(&self, synthesis: Channel, ledger: Arc<dyn Ledger>, overrides: &[&str]) -> Pod {
        self.start_all(synthesis, ledger, overrides, Faults::default()).await
    }

    async fn start_all(&self, synthesis: Channel, ledger: Arc<dyn Ledger>, overrides: &[&str], faults: Faults) -> Pod {
        let bus: Arc<dyn Bus> = Arc::new(self.broker.connect());
        let parts = Parts {
            bus: bus.clone(),
            ledger: ledger.clone(),
            synthesis: SynthesisServiceClient::new(synthesis),
            config: Arc::new(config(overrides)),
            faults,
        };
        // A durable subscriber that reads nothing keeps everything for the tests to look at.
        for topic in [Topic::Specs, Topic::Retry, Topic::DeadLetters, Topic::Progress] {
            drop(watch(&*bus, topic, "keeper").await);
        }
        let (outcomes, settler) = watch(&*bus, Topic::Patches, "outcomes").await;
        drop(watch(&*bus, Topic::Patches, "keeper").await);
        let pipeline = Pipeline::new(parts);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn({
            let (pipeline, shutdown) = (pipeline.clone(), shutdown.clone());
            async move { pipeline.run(shutdown).await }
        });
        let (broker, synthesis) = (self.broker.clone(), self.synthesis.clone());
        Pod { broker, bus, ledger, synthesis, pipeline, shutdown, running, outcomes, settler }
    }
}

impl Pod {
    /// Publishes a spec under `id` and returns its id.
    pub async fn publish(&self, id: &str, intent: &str) -> SpecId {
        self.send(spec_event(id, &spec(id, intent, 0))).await;
        spec_id(id)
    }

    pub async fn send(&self, message: Outgoing) {
        self.bus.publish(Topic::Specs, message).await.unwrap();
    }

    /// The next outcome event.
    pub async fn outcome(&mut self) -> Delivery {
        let delivery = tokio::time::timeout(PATIENCE, self.outcomes.next()).await.expect("an outcome in time").unwrap();
        self.settler.settle(&delivery.id).await.unwrap();
        delivery
    }

    /// The next outcome as `(spec id, code or kind)`.
    pub async fn answered(&mut self) -> (SpecId, String) {
        read(&self.outcome().await)
    }

    /// Stops in order and says how it went.
    pub async fn stop(self) -> Result<(), reweave_gateway::pipeline::Error> {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.running).await.expect("the drain ends").unwrap()
    }

    /// Waits until the pipeline ends by itself.
    pub async fn ended(self) -> Result<(), reweave_gateway::pipeline::Error> {
        tokio::time::timeout(PATIENCE, self.running).await.expect("it ends by itself").unwrap()
    }

    /// Every message that was ever published on `topic`, as far as the broker kept it.
    pub async fn all(&self, topic: Topic) -> Vec<Delivery> {
        self.bus.browse(topic, 10_000).await.unwrap()
    }

    /// Waits until `topic` holds `count` messages.
    pub async fn eventually(&self, topic: Topic, count: usize) -> Vec<Delivery> {
        until(async || Some(self.all(topic).await).filter(|all| all.len() >= count)).await
    }
}

/// Reading without a gateway.
pub trait ConnectAndRead {
    async fn connect_and_read(&self, topic: Topic) -> Vec<Delivery>;
}

impl ConnectAndRead for Broker {
    async fn connect_and_read(&self, topic: Topic) -> Vec<Delivery> {
        self.connect().browse(topic, 100_000).await.unwrap()
    }
}

/// Asks again until there is an answer.
pub async fn until<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("it comes in time")
}

/// A durable subscription, made before anything is published.
pub async fn watch(bus: &dyn Bus, topic: Topic, name: &str) -> (Deliveries, Settler) {
    let subscription = Subscription {
        topics: vec![topic],
        name: name.into(),
        durable: true,
        start: Start::Earliest,
        unsettled_max: NonZeroUsize::new(10_000).unwrap(),
    };
    bus.subscribe(subscription).await.unwrap()
}

/// Opens the embedded ledger; the process before may let go of it a moment later.
pub async fn open(folder: &Path) -> SqlLedger {
    let options = SqliteOptions { path: folder.join("ledger.db") };
    until(async || options.open().await.ok()).await
}

pub fn spec_id(id: &str) -> SpecId {
    SpecId::of("test", id)
}

/// A spec whose file is named after `id`.
pub fn spec(id: &str, intent: &str, priority: i32) -> String {
    let content = "x = 1\n";
    serde_json::json!({
        "source": {"inline": {"files": [
            {"path": format!("{id}.py"), "content": content, "sha256": Sha256::of(content.as_bytes())}
        ]}},
        "refactor": {"file_path": format!("{id}.py"), "edit_targets": ["x"], "intent": intent, "priority": priority},
    })
    .to_string()
}

/// A spec event in binary mode.
pub fn spec_event(id: &str, body: &str) -> Outgoing {
    reweave_gateway::event::spec(
        &Key { source: "test".into(), id: id.into() },
        "application/json",
        Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        body.into(),
    )
}

/// An event with these properties besides a type.
pub fn event(properties: &[(&str, &str)], body: &[u8]) -> Outgoing {
    let mut all: BTreeMap<String, String> = BTreeMap::from([("ce_type".into(), SPEC_TYPE.into())]);
    all.extend(properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Outgoing { properties: all, payload: body.to_vec(), ..Outgoing::default() }
}

/// An event that asks to stop `spec`.
pub fn cancel_event(spec: SpecId) -> Outgoing {
    let attributes = Attributes {
        id: format!("cancel {spec}"),
        source: "test".into(),
        kind: reweave_gateway::event::CANCEL_TYPE,
        subject: spec.to_string(),
        time: std::time::SystemTime::now(),
        traceparent: None,
    };
    attributes.outgoing(Vec::new())
}

/// An outcome event as `(spec id, refusal code or kind)`.
pub fn read(delivery: &Delivery) -> (SpecId, String) {
    let event = document::read_outcome(&delivery.payload).unwrap();
    let kind = match event.outcome {
        Outcome::Refusal(refusal) => refusal.code.to_string(),
        Outcome::Patch(_) => "patch".into(),
        Outcome::Unchanged(_) => "unchanged".into(),
        Outcome::Batch(_) => "batch".into(),
    };
    (event.spec_id, kind)
}
