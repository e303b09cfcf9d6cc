//! The arithmetic behind a session. Implemented by the torch network of `services/network`, by the scripted backend and by
//! the n-gram model, all under one suite of contract tests.

use super::{Attention, Cell, Description, Fault, Options, Prediction, TokenId};

/// One branch of one canvas, ready to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// As the model reads them; masked positions are `None`.
    pub cells: Vec<Cell>,
    /// Positions of predicted tokens within `cells`, in the order they were asked for.
    pub wanted: Vec<usize>,
}

/// What is asked of one canvas. The session has validated it against the model's description.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub conditional: Branch,
    /// Only where guidance needs it: absent at scale 1.
    pub unconditional: Option<Branch>,
    /// Positions as the caller counts them, one for each wanted one: what predictions are labelled and draws are seeded with.
    pub positions: Vec<u32>,
    /// One for each wanted position; `None` where any text may stand.
    pub allow: Vec<Option<Vec<TokenId>>>,
    pub options: Options,
}

impl Query {
    /// Queries that may share a forward pass have equal keys.
    #[must_use]
    pub fn attention(&self) -> Attention {
        self.options.attention
    }
}

/// A model that predicts tokens.
pub trait Backend: Send {
    fn description(&self) -> &Description;

    /// Predicts for each query on its own: a batch gives what its members would give alone, and a query that fails leaves the
    /// others undisturbed. One result for each query, in order.
    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>>;
}
