//! A synthesis service in this process, over a temporary workspace and a checks service that follows a script.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use reweave_chassis::{config, in_process, service::Config};
use reweave_core::{Outcome, OutcomeEvent, Refusal, SpecId};
use reweave_proto::{
    document,
    wire::{
        checks::{
            CheckReport, DescribeRequest, DescribeResponse, Opened, ParseRequest, ParseResponse, RunResult,
            SessionRequest, SessionResponse,
            checks_service_server::{ChecksService, ChecksServiceServer},
            session_request::Message as Asked,
            session_response::Message as Answer,
        },
        spec,
        synthesis::{
            SynthesizeRequest, SynthesizeResponse, synthesis_service_client::SynthesisServiceClient,
            synthesize_response::Event,
        },
    },
};
use reweave_synthesis::{Synthesis, config::Root};
use tokio::sync::Notify;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming, service::Routes, transport::Channel};

type Script = dyn Fn(&str) -> CheckReport + Send + Sync;

/// What the checks service does when asked to run.
enum Behaviour {
    Script(Box<Script>),
    Hang,
}

struct Checks {
    behaviour: Behaviour,
    runs: AtomicUsize,
    began: Notify,
    ended: Notify,
}

/// A workspace and the services over it.
pub(crate) struct Pod {
    _workspace: tempfile::TempDir,
    channel: Channel,
    checks: Arc<Checks>,
}

/// A pytest report: passed when nothing fails.
pub(crate) fn report(name: &str, failing: &[&str]) -> CheckReport {
    CheckReport {
        name: name.into(),
        command: vec![name.into()],
        status: if failing.is_empty() { "passed" } else { "failed" }.into(),
        judged_by: "report".into(),
        exit_code: Some(i32::from(!failing.is_empty())),
        passed: 1,
        failing: failing.iter().map(|id| (*id).to_owned()).collect(),
        ..CheckReport::default()
    }
}

impl Pod {
    /// Every run is answered by `script`, given the last overlaid text (empty on the base).
    pub(crate) fn new(files: &[(&str, &str)], script: impl Fn(&str) -> CheckReport + Send + Sync + 'static) -> Self {
        Self::with(files, Behaviour::Script(Box::new(script)))
    }

    /// Runs are never answered.
    pub(crate) fn hanging(files: &[(&str, &str)]) -> Self {
        Self::with(files, Behaviour::Hang)
    }

    fn with(files: &[(&str, &str)], behaviour: Behaviour) -> Self {
        let workspace = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            std::fs::write(workspace.path().join(path), text).expect("a file");
        }
        let defaults = Root::DEFAULTS.to_vec();
        let root: Root = config::load(config::Layers { defaults, ..Default::default() }).expect("valid defaults");
        let mut settings = root.synthesis;
        settings.local_workspace = Some(workspace.path().to_owned());
        let checks =
            Arc::new(Checks { behaviour, runs: AtomicUsize::new(0), began: Notify::new(), ended: Notify::new() });
        let service = ChecksServiceServer::new(Scripted(Arc::clone(&checks)));
        let synthesis = Synthesis::new(settings, in_process::channel(Routes::new(service)));
        let channel = in_process::channel(Routes::new(synthesis.into_server()));
        Self { _workspace: workspace, channel, checks }
    }

    /// The outcome of a spec.
    pub(crate) async fn run(&self, yaml: &str) -> OutcomeEvent {
        let id = SpecId::of("test", yaml);
        if let Err(refusal) = document::read_spec(yaml.as_bytes(), document::Door::Local) {
            return OutcomeEvent { spec_id: id, outcome: refusal.into(), run: Default::default() };
        }
        let mut responses = self.start(yaml).await;
        while let Some(response) = responses.message().await.expect("the stream goes on") {
            if let Some(Event::Outcome(event)) = response.event {
                return event.try_into().expect("a readable outcome");
            }
        }
        panic!("the stream ended without an outcome")
    }

    /// The refusal of a spec.
    pub(crate) async fn refusal(&self, yaml: &str) -> Refusal {
        match self.run(yaml).await.outcome {
            Outcome::Refusal(refusal) => refusal,
            other => panic!("expected a refusal, not {other:#?}"),
        }
    }

    /// The stream of a spec under way.
    pub(crate) async fn start(&self, yaml: &str) -> Streaming<SynthesizeResponse> {
        let spec = document::read_spec(yaml.as_bytes(), document::Door::Local).expect("a valid spec");
        let request = SynthesizeRequest {
            spec_id: SpecId::of("test", yaml).to_string(),
            spec: Some(spec::Spec::from(spec)),
            local: true,
        };
        SynthesisServiceClient::new(self.channel.clone()).synthesize(request).await.expect("an answer").into_inner()
    }

    /// How often checks were asked to run.
    pub(crate) fn runs(&self) -> usize {
        self.checks.runs.load(Ordering::SeqCst)
    }

    /// Returns once a session was asked to run.
    pub(crate) async fn session_began(&self) {
        self.checks.began.notified().await;
    }

    /// Returns once a session's caller went away.
    pub(crate) async fn session_ended(&self) {
        self.checks.ended.notified().await;
    }
}

impl Checks {
    async fn answer(&self, asked: SessionRequest) -> Answer {
        match asked.message {
            Some(Asked::Run(run)) => {
                self.runs.fetch_add(1, Ordering::SeqCst);
                self.began.notify_one();
                let text = run.overlay.last().map(|file| String::from_utf8_lossy(&file.content).into_owned());
                match &self.behaviour {
                    Behaviour::Script(script) => {
                        Answer::Result(RunResult { reports: vec![script(&text.unwrap_or_default())] })
                    }
                    Behaviour::Hang => std::future::pending().await,
                }
            }
            _ => Answer::Opened(Opened::default()),
        }
    }
}

/// Tells when the session's stream is dropped.
struct Ending(Arc<Checks>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ended.notify_one();
    }
}

/// The service over shared state, which its streams outlive.
struct Scripted(Arc<Checks>);

#[tonic::async_trait]
impl ChecksService for Scripted {
    type SessionStream = Pin<Box<dyn Stream<Item = Result<SessionResponse, Status>> + Send>>;

    async fn describe(&self, _: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        Ok(Response::new(DescribeResponse::default()))
    }

    async fn parse(&self, _: Request<ParseRequest>) -> Result<Response<ParseResponse>, Status> {
        Ok(Response::new(ParseResponse::default()))
    }

    async fn session(
        &self,
        request: Request<Streaming<SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let requests = request.into_inner();
        let ending = Arc::new(Ending(Arc::clone(&self.0)));
        let answers = requests.then(move |asked| {
            let ending = Arc::clone(&ending);
            async move { Ok(SessionResponse { message: Some(ending.0.answer(asked?).await) }) }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}
