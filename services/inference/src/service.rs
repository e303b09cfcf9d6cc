//! The gRPC door: `InferenceService`.

mod serve;
mod stream;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reweave_chassis::{in_process, model::LOADING, status};
use reweave_decode::protocol::{Encoded, Fault, FaultCode, Load, Scoring, Served as Described};
use reweave_proto::{
    convert::inference::{vectors, vocabulary_pieces},
    wire::inference::{
        self as wire,
        inference_service_server::{InferenceService, InferenceServiceServer},
    },
};
use tokio::sync::Semaphore;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes, transport::Channel};

use crate::{
    Config, Loaded, Progress,
    device::{Device, Ready, Served, State},
    metrics, score,
};

pub use serve::{Error, serve};

/// About how many bytes a piece of the vocabulary takes.
const PIECE_BYTES: usize = 256 << 10;

/// How long the device may take to end once it must.
const CLOSE_MAX: Duration = Duration::from_secs(30);

/// The service. Clones share the device; when the last is gone, its thread ends.
#[derive(Clone, Debug)]
pub struct Inference {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    device: Device,
    /// One permit for each session that may be open.
    sessions: Arc<Semaphore>,
    tokenizing: Arc<Semaphore>,
    /// Of all canvases of all sessions.
    positions: AtomicUsize,
    closing: CancellationToken,
}

impl Inference {
    /// Starts the device's thread, which calls `load` first; the service answers from now on.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(config: Config, load: impl FnOnce(&Progress) -> Loaded + Send + 'static) -> std::io::Result<Self> {
        metrics::describe();
        let shared = Shared {
            device: Device::start(&config, load)?,
            sessions: Arc::new(Semaphore::new(config.sessions_max.get() as usize)),
            tokenizing: Arc::new(Semaphore::new(config.tokenizing_max.get() as usize)),
            positions: AtomicUsize::new(0),
            closing: CancellationToken::new(),
            config,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Resolves once loading has come to an end, with a model or without.
    pub async fn loaded(&self) {
        self.shared.device.loaded().await;
    }

    /// Positions of all canvases of all sessions: what callers take in memory.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.shared.positions.load(Ordering::Relaxed)
    }

    /// The service as a tonic server.
    #[must_use]
    pub fn server(&self, message_bytes_max: usize) -> InferenceServiceServer<Self> {
        InferenceServiceServer::new(self.clone())
            .max_decoding_message_size(message_bytes_max)
            .max_encoding_message_size(message_bytes_max)
    }

    /// A channel to the service in this process. Must be called inside a runtime.
    #[must_use]
    pub fn channel(&self) -> Channel {
        in_process::channel(Routes::new(self.server(reweave_chassis::MESSAGE_BYTES_MAX)))
    }

    /// Ends every session after the step it is at.
    pub fn drain(&self) {
        self.shared.closing.cancel();
    }

    /// Ends every session and the device's thread; steps in the line are faults. Returns when that is done.
    pub async fn close(&self) {
        self.drain();
        let Some(thread) = self.shared.device.close() else { return };
        let ended = tokio::task::spawn_blocking(move || thread.join());
        if tokio::time::timeout(CLOSE_MAX, ended).await.is_err() {
            tracing::error!("the device did not end in time");
        }
    }

    fn ready(&self) -> Result<Arc<Ready>, Fault> {
        match self.shared.device.state() {
            State::Ready(ready) => Ok(ready),
            State::Loading(how_far) => Err(Fault::new(FaultCode::NoModel, how_far)),
        }
    }

    fn describe_now(&self) -> Described {
        let config = &self.shared.config;
        let (waiting, waiting_max) = self.shared.device.waiting();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let load = Load {
            sessions: config.sessions_max.get() - count(self.shared.sessions.available_permits()),
            waiting: count(waiting),
            waiting_max: count(waiting_max),
        };
        match self.ready() {
            Ok(ready) => Described {
                model: ready.model.as_ref().map(|served| served.rules.model.clone()).map_err(Clone::clone),
                embedder: ready.embedder.clone(),
                load,
            },
            Err(loading) => Described { model: Err(format!("{LOADING}: {}", loading.message)), embedder: None, load },
        }
    }

    fn check_texts(&self, texts: &[String]) -> Result<(), Fault> {
        let config = &self.shared.config;
        let bytes: usize = texts.iter().map(String::len).sum();
        let bounds = [
            ("texts", texts.len(), config.texts_max.get() as usize),
            ("bytes of text", bytes, config.texts_bytes_max.get() as usize),
        ];
        match bounds.into_iter().find(|(_, given, max)| given > max) {
            Some((what, given, max)) => {
                Err(Fault::new(FaultCode::TooMany, format!("{given} {what}, where {max} may be")))
            }
            None => Ok(()),
        }
    }

    async fn encode_texts(&self, texts: Vec<String>) -> Result<Vec<Encoded>, Fault> {
        let ready = self.ready()?;
        _ = served(&ready)?;
        self.check_texts(&texts)?;
        // Never closed; an error would only mean that calls are not counted.
        let permit = Arc::clone(&self.shared.tokenizing).acquire_owned().await;
        let encoding = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let served = served(&ready)?;
            texts.iter().map(|text| served.tokenizer.encode(text)).collect()
        });
        encoding
            .await
            .unwrap_or_else(|error| Err(Fault::new(FaultCode::Device, format!("the tokenizer failed: {error}"))))
    }

    async fn score_tokens(&self, scoring: Scoring) -> Result<wire::ScoreResponse, Fault> {
        let ready = self.ready()?;
        let query = score::query(scoring, &served(&ready)?.rules)?;
        let forwards = 1 + u32::from(query.unconditional.is_some());
        let outcome = self.shared.device.predict(vec![query]).await?.pop();
        let predictions = outcome.unwrap_or_else(|| Err(Fault::new(FaultCode::Device, "the device gave no answer")))?;
        Ok(wire::ScoreResponse { log_probs: score::log_probs(&predictions)?, forwards })
    }

    async fn embed_texts(&self, texts: Vec<String>) -> Result<wire::EmbedResponse, Fault> {
        let ready = self.ready()?;
        let embedder = ready.embedder.as_ref();
        let embedder = embedder.ok_or_else(|| Fault::new(FaultCode::NoModel, "no encoder of texts is loaded"))?;
        if texts.is_empty() {
            return Err(Fault::new(FaultCode::Parameter, "there is no text"));
        }
        self.check_texts(&texts)?;
        let made = self.shared.device.embed(texts).await?;
        Ok(vectors(embedder.dimensions, &made))
    }
}

/// The model that is served.
fn served(ready: &Ready) -> Result<&Served, Fault> {
    ready.model.as_ref().map_err(|reason| Fault::new(FaultCode::NoModel, reason.clone()))
}

/// A fault on its way out of a call.
fn failed(fault: Fault) -> Status {
    metrics::count_fault(&fault);
    status::from_fault(&fault)
}

#[tonic::async_trait]
impl InferenceService for Inference {
    type VocabularyStream =
        std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<wire::VocabularyResponse, Status>> + Send>>;
    type SessionStream = ReceiverStream<Result<wire::StepResponse, Status>>;

    async fn describe(
        &self,
        _request: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        Ok(Response::new(self.describe_now().into()))
    }

    async fn vocabulary(
        &self,
        _request: Request<wire::VocabularyRequest>,
    ) -> Result<Response<Self::VocabularyStream>, Status> {
        let ready = self.ready().map_err(failed)?;
        let pieces = vocabulary_pieces(served(&ready).map_err(failed)?.tokenizer.vocabulary(), PIECE_BYTES);
        Ok(Response::new(Box::pin(tokio_stream::iter(pieces).map(Ok))))
    }

    async fn encode(&self, request: Request<wire::EncodeRequest>) -> Result<Response<wire::EncodeResponse>, Status> {
        let texts = self.encode_texts(request.into_inner().texts).await.map_err(failed)?;
        Ok(Response::new(wire::EncodeResponse { texts: texts.into_iter().map(Into::into).collect() }))
    }

    async fn decode(&self, request: Request<wire::DecodeRequest>) -> Result<Response<wire::DecodeResponse>, Status> {
        let ready = self.ready().map_err(failed)?;
        let served = served(&ready).map_err(failed)?;
        let tokens = request.into_inner().tokens;
        let known = tokens.iter().try_for_each(|token| crate::session::known_token(*token, &served.rules.model));
        known.map_err(failed)?;
        Ok(Response::new(wire::DecodeResponse { text: served.tokenizer.vocabulary().decode(&tokens) }))
    }

    async fn session(
        &self,
        request: Request<Streaming<wire::StepRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let ready = self.ready().map_err(failed)?;
        served(&ready).map_err(failed)?;
        let stream = stream::open(self.clone(), ready, request.into_inner()).map_err(failed)?;
        Ok(Response::new(stream))
    }

    async fn score(&self, request: Request<wire::ScoreRequest>) -> Result<Response<wire::ScoreResponse>, Status> {
        let scoring = Scoring::try_from(request.into_inner());
        let scoring = scoring.map_err(|error| failed(stream::unreadable(&error)))?;
        self.score_tokens(scoring).await.map(Response::new).map_err(failed)
    }

    async fn embed(&self, request: Request<wire::EmbedRequest>) -> Result<Response<wire::EmbedResponse>, Status> {
        self.embed_texts(request.into_inner().texts).await.map(Response::new).map_err(failed)
    }
}
