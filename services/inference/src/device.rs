//! The one thread that owns the device: backend and encoder are loaded on it, called on it, and dropped on it.
//!
//! Callers put jobs into a bounded line; a full line is a fault and not a wait. A job whose caller has gone is dropped
//! before it costs anything. A backend that panics faults the queries it was given, and the thread goes on.

mod line;
mod run;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use reweave_decode::{
    ngram::Ngram,
    protocol::{Backend, Embedder, Fault, FaultCode, Prediction, Query},
    scripted::Scripted,
};
use tokio::sync::{oneshot, watch};

use crate::{Encoder, Tokenizer, batch::Budget, config::Config, session::Rules};
use line::{Job, Line};

/// What came of one query.
pub type Outcome = Result<Vec<Prediction>, Fault>;

/// What a service has once it has loaded. A part that is missing leaves the others working.
pub struct Loaded {
    /// Or why there is none, and what to do about it.
    pub model: Result<Model, String>,
    pub encoder: Option<Box<dyn Encoder>>,
}

/// A model and its tokenizer, which agree on every id.
pub struct Model {
    pub backend: Box<dyn Backend>,
    pub tokenizer: Tokenizer,
}

/// Tells callers how far the loading is.
#[derive(Debug)]
pub struct Progress(watch::Sender<State>);

/// What callers see of the device.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// How far.
    Loading(String),
    Ready(Arc<Ready>),
}

/// What was loaded, without what belongs to the thread.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) model: Result<Served, String>,
    pub(crate) embedder: Option<Embedder>,
}

/// The part of a model that callers share.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) rules: Rules,
    pub(crate) tokenizer: Tokenizer,
}

/// The way to the thread. When it is dropped, the thread ends after what it is at.
#[derive(Debug)]
pub(crate) struct Device {
    line: Arc<Line>,
    state: watch::Receiver<State>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Loaded {
    /// The n-gram model with its own tokenizer.
    #[must_use]
    pub fn ngram(model: Ngram) -> Self {
        let tokenizer = Tokenizer::ngram(model.vocabulary());
        Self { model: Ok(Model { backend: Box::new(model), tokenizer }), encoder: None }
    }

    /// The scripted model, whose tokens are bytes.
    #[must_use]
    pub fn scripted(model: Scripted) -> Self {
        let tokenizer = Tokenizer::longest_match(Scripted::vocabulary());
        let model = tokenizer.map(|tokenizer| Model { backend: Box::new(model), tokenizer });
        Self { model: model.map_err(|error| error.to_string()), encoder: None }
    }

    /// Nothing, for this reason, which says what to do about it.
    #[must_use]
    pub fn nothing(reason: impl Into<String>) -> Self {
        Self { model: Err(reason.into()), encoder: None }
    }
}

impl Progress {
    /// Says how far the loading is, as in `12 of 24 layers`.
    pub fn say(&self, how_far: impl Into<String>) {
        self.0.send_replace(State::Loading(how_far.into()));
    }
}

impl Device {
    /// Starts the thread, which calls `load` first.
    pub(crate) fn start(
        config: &Config,
        load: impl FnOnce(&Progress) -> Loaded + Send + 'static,
    ) -> std::io::Result<Self> {
        let line = Arc::new(Line::new(config.waiting_max.get() as usize));
        let (progress, state) = watch::channel(State::Loading("the model is being loaded".into()));
        let budget = Budget {
            positions_max: config.batch_positions_max.get() as usize,
            rows_max: config.batch_rows_max.get() as usize,
        };
        let (config, theirs) = (config.clone(), Arc::clone(&line));
        let thread = thread::Builder::new().name("device".into()).spawn(move || {
            run::run(&config, load, &Progress(progress), &theirs, budget);
        })?;
        Ok(Self { line, state, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Resolves once loading has come to an end, whatever end.
    pub(crate) async fn loaded(&self) {
        // The sender lives as long as the thread; if that has ended, there is nothing to wait for.
        _ = self.state.clone().wait_for(|state| matches!(state, State::Ready(_))).await;
    }

    /// Jobs in the line, and how many may be.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.line.waiting()
    }

    /// One outcome for each query, in order. The queries share one kind of attention. Dropping the future drops the job.
    pub(crate) async fn predict(&self, queries: Vec<Query>) -> Result<Vec<Outcome>, Fault> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answered) = oneshot::channel();
        self.line.push(Job::predict(queries, reply))?;
        answered.await.map_err(|_| closing())
    }

    /// A vector for each text. Dropping the future drops the job.
    pub(crate) async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Fault> {
        let (reply, answered) = oneshot::channel();
        self.line.push(Job::embed(texts, reply))?;
        answered.await.map_err(|_| closing())?
    }

    /// Takes no more jobs, drops those that wait, and gives the thread to whoever wants to see its end.
    pub(crate) fn close(&self) -> Option<JoinHandle<()>> {
        self.line.close();
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.line.close();
    }
}

fn closing() -> Fault {
    Fault::new(FaultCode::Device, "the service is shutting down")
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("model", &self.model).field("encoder", &self.encoder.is_some()).finish()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("description", self.backend.description()).finish_non_exhaustive()
    }
}
