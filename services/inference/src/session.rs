//! A session's canvases, and what its steps ask of the device. Pure: it waits for nobody and calls nobody.
//!
//! A step is checked as a whole, then its deltas are applied, all or none; then each ask becomes a [`Query`] or a fault
//! of its canvas alone. Past this no query is checked again.

mod canvases;
mod plan;
#[cfg(test)]
mod tests;

use reweave_decode::{
    predict,
    protocol::{CanvasId, Description, Fault, FaultCode, Query, Step, TokenId},
};

use canvases::Canvases;

/// What steps are checked against.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its bounds are those of the service.
    pub model: Description,
    pub limits: Limits,
}

/// Bounds of a step or a session that are of no use to an engine; see `default.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub session_positions_max: usize,
    pub segments_max: usize,
    pub deltas_max: usize,
    pub asks_max: usize,
    pub step_positions_max: usize,
    pub allowed_max: usize,
}

/// One caller's canvases.
#[derive(Debug, Default)]
pub struct Session {
    canvases: Canvases,
    last: Option<u64>,
}

/// One ask of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub canvas: CanvasId,
    pub query: Result<Query, Fault>,
}

impl Session {
    /// Applies a step's deltas and says what to ask of the device, in the order of its asks.
    ///
    /// # Errors
    /// The fault of the whole step; its deltas have not been applied then.
    pub fn step(&mut self, step: Step, rules: &Rules) -> Result<Vec<Planned>, Fault> {
        self.advance(step.id)?;
        check(&step, rules)?;
        self.canvases.apply(&step.deltas, rules)?;
        let mut positions_left = rules.limits.step_positions_max;
        let plan = |ask| plan::plan(&self.canvases, ask, &step.options, rules, &mut positions_left);
        Ok(step.asks.into_iter().map(plan).collect())
    }

    /// Positions of all canvases.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.canvases.positions()
    }

    fn advance(&mut self, id: u64) -> Result<(), Fault> {
        if let Some(last) = self.last.filter(|last| *last >= id) {
            return Err(Fault::new(FaultCode::Parameter, format!("step id {id} does not come after {last}")));
        }
        self.last = Some(id);
        Ok(())
    }
}

/// What concerns the step as a whole.
fn check(step: &Step, rules: &Rules) -> Result<(), Fault> {
    at_most("deltas", step.deltas.len(), rules.limits.deltas_max)?;
    at_most("asks", step.asks.len(), rules.limits.asks_max)?;
    let wanted = step.asks.iter().map(|ask| ask.positions.len()).sum();
    at_most("wanted positions", wanted, rules.model.bounds.wanted_max as usize)?;
    let allowed = step.asks.iter().flat_map(|ask| &ask.allow).map(|(_, tokens)| tokens.len()).sum();
    at_most("allowed ids", allowed, rules.limits.allowed_max)?;
    if step.asks.is_empty() { Ok(()) } else { predict::check(&rules.model, &step.options) }
}

fn at_most(what: &str, given: usize, max: usize) -> Result<(), Fault> {
    if given <= max {
        return Ok(());
    }
    Err(Fault::new(FaultCode::TooMany, format!("{given} {what}, where {max} may be")))
}

pub(crate) fn known_token(token: TokenId, model: &Description) -> Result<(), Fault> {
    if token < model.vocabulary {
        return Ok(());
    }
    let message = format!("token {token} is not below the vocabulary's {}", model.vocabulary);
    Err(Fault::new(FaultCode::Token, message))
}

fn special(token: TokenId, place: &str) -> Fault {
    Fault::new(FaultCode::Special, format!("special token {token} {place}"))
}
