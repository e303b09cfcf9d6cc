//! What engine and device say to each other, whatever carries it: the domain types of `reweave.inference.v1`.
//!
//! A session holds canvases; a [`Step`] changes them by deltas and asks for predictions; a [`Reply`] answers for each
//! canvas. A [`Backend`] is the arithmetic behind it and knows neither sessions nor canvases.

mod backend;
mod canvas;
mod description;
mod fault;
mod service;
mod step;

pub use backend::{Backend, Branch, Query};
pub use canvas::{Canvas, Cell, Role, Segment};
pub use description::{Bounds, Description, FillInMiddle, Objective};
pub use fault::{Fault, FaultCode};
pub use service::{Embedder, Encoded, Estimator, Load, Scores, Scoring, Served};
pub use step::{
    Allowed, Answer, Ask, Attention, CanvasId, Delta, Guidance, Options, Prediction, Reply, Scored, Shaped, Step,
};

/// An index into the model's vocabulary.
pub type TokenId = u32;
