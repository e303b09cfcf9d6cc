//! Log-probabilities of tokens that are known, by steps that allow nothing but these tokens.
//!
//! Masked: every scored position is masked, so that none sees its own token. Causal: each is predicted from what stands
//! before it.

use reweave_decode::protocol::{
    Ask, Attention, Canvas, Delta, Estimator, Fault, FaultCode, Objective, Options, Prediction, Query, Scoring, Step,
    TokenId,
};

use crate::session::{Rules, Session};

/// The one canvas of the step.
const CANVAS: u32 = 0;

/// The query that scores, checked like any caller's.
///
/// # Errors
/// Those of a step, and `Position` where a scored position holds no token.
pub(crate) fn query(scoring: Scoring, rules: &Rules) -> Result<Query, Fault> {
    let Scoring { mut canvas, positions, estimator, guidance } = scoring;
    let tokens = tokens(&canvas, &positions)?;
    check_estimator(estimator, rules)?;
    let attention = match estimator {
        Estimator::Causal => Attention::Causal,
        Estimator::Masked => {
            hide(&mut canvas, &positions);
            Attention::AllVisible
        }
    };
    let end_allowed = rules.model.end.is_some_and(|end| tokens.contains(&end));
    let allow = positions.iter().zip(tokens).map(|(position, token)| (*position, vec![token])).collect();
    let step = Step {
        id: 0,
        deltas: vec![Delta::Open { canvas: CANVAS, content: canvas }],
        asks: vec![Ask { canvas: CANVAS, positions, allow, seed: None }],
        options: Options { guidance, end_allowed, ..Options::greedy(attention, 1) },
    };
    let planned = Session::default().step(step, rules)?.pop();
    planned.expect("one ask gives one query").query
}

/// What the predictions say of the scored tokens.
pub(crate) fn log_probs(predictions: &[Prediction]) -> Result<Vec<f32>, Fault> {
    let one =
        |prediction: &Prediction| prediction.allowed.as_ref().and_then(|allowed| allowed.log_probs.first()).copied();
    let all: Option<Vec<f32>> = predictions.iter().map(one).collect();
    all.ok_or_else(|| Fault::new(FaultCode::Device, "the device left an allow-list unanswered"))
}

/// A model of masked positions whose rows are not shifted never learned to predict the next token.
fn check_estimator(estimator: Estimator, rules: &Rules) -> Result<(), Fault> {
    let next_token = rules.model.shifted || rules.model.objective == Objective::Autoregressive;
    match estimator {
        Estimator::Causal if !next_token => {
            Err(Fault::new(FaultCode::Unsupported, "the model predicts masked positions only, not the next token"))
        }
        Estimator::Causal | Estimator::Masked => Ok(()),
    }
}

fn tokens(canvas: &Canvas, positions: &[u32]) -> Result<Vec<TokenId>, Fault> {
    let cells: Vec<_> = canvas.cells().collect();
    let token = |position: &u32| {
        let cell = cells.get(*position as usize).copied().flatten();
        cell.ok_or_else(|| Fault::new(FaultCode::Position, format!("position {position} holds no token to score")))
    };
    positions.iter().map(token).collect()
}

fn hide(canvas: &mut Canvas, positions: &[u32]) {
    for position in positions {
        if let Some(cell) = canvas.cell_mut(*position as usize) {
            *cell = None;
        }
    }
}
