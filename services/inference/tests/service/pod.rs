//! A service in this process and a client of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use reweave_chassis::model::{Error, Model as Client, Timeouts};
use reweave_decode::{
    protocol::{
        Ask, Attention, Backend, Canvas, Delta, Description, Fault, FaultCode, Options, Prediction, Query, Role,
        Segment, Step,
    },
    scripted::Scripted,
};
use reweave_inference::{Config, Inference, Loaded, Model, Tokenizer};

pub(crate) async fn serving(config: Config, loaded: Loaded) -> (Inference, Client) {
    let inference = Inference::start(config, move |_| loaded).expect("a thread can be had");
    inference.loaded().await;
    let client = client_of(&inference);
    (inference, client)
}

pub(crate) fn client_of(inference: &Inference) -> Client {
    Client::new(inference.channel(), Timeouts::default())
}

pub(crate) async fn client(model: Scripted) -> Client {
    serving(Config::default(), Loaded::scripted(model)).await.1
}

/// Any backend with the scripted model's byte tokenizer.
pub(crate) fn with_bytes(backend: impl Backend + 'static) -> Loaded {
    let tokenizer = Tokenizer::longest_match(Scripted::vocabulary()).expect("every byte is a token");
    Loaded { model: Ok(Model { backend: Box::new(backend), tokenizer }), encoder: None }
}

/// The defaults with one field changed.
pub(crate) fn config(field: &str, value: u64) -> Config {
    let mut fields = serde_json::to_value(Config::default()).expect("numbers serialise");
    assert!(fields.get(field).is_some(), "there is no field {field}");
    fields[field] = value.into();
    serde_json::from_value(fields).expect("the value is within its range")
}

/// Opens once, for good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<Passing>, Condvar)>);

#[derive(Debug, Default)]
struct Passing {
    open: bool,
    /// How often somebody has come to the gate.
    arrived: usize,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.passing().open = true;
        self.0.1.notify_all();
    }

    pub(crate) fn arrived(&self) -> usize {
        self.passing().arrived
    }

    fn pass(&self) {
        let mut passing = self.passing();
        passing.arrived += 1;
        drop(self.0.1.wait_while(passing, |passing| !passing.open).expect("nobody panics with it"));
    }

    fn passing(&self) -> MutexGuard<'_, Passing> {
        self.0.0.lock().expect("nobody panics with it")
    }
}

/// A scripted model that answers once its gate is open.
pub(crate) struct Gated(pub(crate) Scripted, pub(crate) Gate);

impl Backend for Gated {
    fn description(&self) -> &Description {
        self.0.description()
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        self.1.pass();
        self.0.predict(batch)
    }
}

pub(crate) fn tokens(text: &str) -> Vec<u32> {
    text.bytes().map(u32::from).collect()
}

/// `before`, a hole, `after`.
pub(crate) fn canvas(before: &str, hole: usize, after: &str) -> Canvas {
    Canvas {
        segments: vec![
            Segment::known(Role::Before, &tokens(before)),
            Segment::hole(hole),
            Segment::known(Role::After, &tokens(after)),
        ],
    }
}

pub(crate) fn open(canvas: u32, content: Canvas) -> Delta {
    Delta::Open { canvas, content }
}

pub(crate) fn ask(canvas: u32, positions: &[u32]) -> Ask {
    Ask { canvas, positions: positions.to_vec(), allow: Vec::new(), seed: None }
}

/// A step that takes the best ids, all positions visible.
pub(crate) fn step(id: u64, deltas: Vec<Delta>, asks: Vec<Ask>) -> Step {
    Step { id, deltas, asks, options: Options::greedy(Attention::AllVisible, 2) }
}

pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T, Error>) -> FaultCode {
    match answer {
        Err(Error::Fault(fault)) => fault.code,
        other => panic!("{other:?} is no fault"),
    }
}
