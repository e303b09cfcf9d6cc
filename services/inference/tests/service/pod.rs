//! A service in this process and a client of it.

use reweave_chassis::model::{Error, Model as Client, Timeouts};
use reweave_decode::{
    protocol::{Ask, Attention, Canvas, Delta, FaultCode, Options, Role, Segment, Step},
    scripted::Scripted,
};
use reweave_inference::{Config, Inference, Loaded};

pub(crate) async fn serving(config: Config, backend: Scripted) -> (Inference, Client) {
    let inference = Inference::start(config, move |_| Loaded::scripted(backend)).unwrap();
    inference.loaded().await;
    let client = Client::new(inference.channel(), Timeouts::default());
    (inference, client)
}

pub(crate) async fn client(backend: Scripted) -> Client {
    serving(Config::default(), backend).await.1
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
