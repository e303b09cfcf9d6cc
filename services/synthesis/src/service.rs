//! `SynthesisService`: a spec in, a stream of progress and one outcome out.

use std::{pin::Pin, sync::Arc};

use reweave_chassis::{MESSAGE_BYTES_MAX, client, model::Model, server};
use reweave_core::{EvidenceKind, OutcomeEvent, Progress, Refusal, RefusalCode, RunFacts, Spec, SpecId};
use reweave_proto::{
    convert::{self, Door},
    wire::{
        checks::checks_service_client::ChecksServiceClient,
        synthesis::{
            SynthesizeRequest, SynthesizeResponse, synthesis_service_server as generated, synthesize_response::Event,
        },
    },
};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, transport::Channel};

use crate::{SynthesisConfig, engine::Engine, generate::Models};

/// The service.
#[derive(Clone, Debug)]
pub struct Synthesis {
    engine: Arc<Engine>,
    slots: Arc<Semaphore>,
}

type Responses = Pin<Box<dyn Stream<Item = Result<SynthesizeResponse, Status>> + Send>>;

/// Why the service stopped or did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("reaching another service")]
    Client(#[from] client::Error),
    #[error("serving")]
    Server(#[from] server::Error),
}

impl Synthesis {
    /// The engine behind `config`, with the checks service at the other end of `checks`.
    #[must_use]
    pub fn new(config: SynthesisConfig, checks: Channel) -> Self {
        let slots = Arc::new(Semaphore::new(config.in_flight_max));
        let checks = ChecksServiceClient::new(checks)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { engine: Arc::new(Engine { config, checks, models: Models::default() }), slots }
    }

    /// The same engine with the model service at the other end of `model`.
    #[must_use]
    pub fn with_model(self, model: Channel) -> Self {
        let Engine { config, checks, .. } = (*self.engine).clone();
        let models = Models::new(Some(Model::new(model, config.model_timeouts)));
        Self { engine: Arc::new(Engine { config, checks, models }), ..self }
    }

    /// As a gRPC service.
    #[must_use]
    pub fn into_server(self) -> generated::SynthesisServiceServer<Self> {
        generated::SynthesisServiceServer::new(self)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }
}

/// Serves until `shutdown`, with the checks service reached as `config` says.
pub async fn run(config: crate::config::Root, shutdown: CancellationToken) -> Result<(), Error> {
    let checks = client::lazy_channel(&config.synthesis.checks_address, &config.synthesis.checks_client)?;
    let model = &config.synthesis.model_address;
    let model = (!model.is_empty()).then(|| client::lazy_channel(model, &config.synthesis.model_client)).transpose()?;
    let synthesis = Synthesis::new(config.synthesis, checks);
    let synthesis = model.into_iter().fold(synthesis, Synthesis::with_model);
    let bound = server::Server::new(config.server).service(synthesis.into_server()).bind().await?;
    tracing::info!(address = %bound.address(), "serving");
    bound.serve(shutdown).await?;
    Ok(())
}

#[tonic::async_trait]
impl generated::SynthesisService for Synthesis {
    type SynthesizeStream = Responses;

    async fn synthesize(&self, request: Request<SynthesizeRequest>) -> Result<Response<Responses>, Status> {
        let request = request.into_inner();
        let spec_id: SpecId = request.spec_id.parse().map_err(|_| Status::invalid_argument("spec_id is not an id"))?;
        let door = if request.local { Door::Local } else { Door::Remote };
        let spec = request.spec.ok_or_else(|| Status::invalid_argument("the request holds no spec"))?;
        let (sender, receiver) = mpsc::channel(self.engine.config.progress_queue_max);
        let service = self.clone();
        tokio::spawn(async move { service.work(spec_id, convert::spec(spec, door), sender).await });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Synthesis {
    async fn work(
        self,
        spec_id: SpecId,
        spec: Result<Spec, Refusal>,
        responses: mpsc::Sender<Result<SynthesizeResponse, Status>>,
    ) {
        let working = async {
            match spec {
                Ok(spec) => self.run(spec_id, spec, responses.clone()).await,
                Err(refusal) => event(spec_id, refusal),
            }
        };
        // The caller going away cancels the work and whatever it runs.
        let event = tokio::select! {
            event = working => event,
            () = responses.closed() => {
                tracing::info!(%spec_id, "cancelled: the caller went away");
                return;
            }
        };
        let _ = responses.send(Ok(response(Event::Outcome(convert::outcome(event))))).await;
    }

    async fn run(
        &self,
        spec_id: SpecId,
        spec: Spec,
        responses: mpsc::Sender<Result<SynthesizeResponse, Status>>,
    ) -> OutcomeEvent {
        let Ok(_slot) = self.slots.acquire().await else {
            return event(spec_id, Refusal::new(RefusalCode::ServiceUnavailable, "the service is shutting down"));
        };
        let (sender, mut progress) = mpsc::channel::<Progress>(self.engine.config.progress_queue_max);
        let engine = Arc::clone(&self.engine);
        // A task of its own, so that a panic ends in a refusal; aborted with this future.
        let mut working = tokio::task::JoinSet::new();
        working.spawn(async move { engine.run(spec_id, spec, sender).await });
        while let Some(step) = progress.recv().await {
            let _ = responses.send(Ok(response(Event::Progress(convert::progress(spec_id, step))))).await;
        }
        match working.join_next().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                tracing::error!(%spec_id, %error, "the engine stopped");
                event(spec_id, defect(&error.to_string()))
            }
            None => event(spec_id, defect("the engine never started")),
        }
    }
}

fn defect(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Internal, "a defect of Reweave stopped the work")
        .with(EvidenceKind::Error, what)
        .next("report it with the spec and this outcome")
}

fn event(spec_id: SpecId, refusal: Refusal) -> OutcomeEvent {
    OutcomeEvent { spec_id, outcome: refusal.into(), run: RunFacts::default() }
}

fn response(event: Event) -> SynthesizeResponse {
    SynthesizeResponse { event: Some(event) }
}
