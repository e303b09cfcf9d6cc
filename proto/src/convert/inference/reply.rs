//! Replies: predictions in packed arrays.

use reweave_decode::protocol::{Allowed, Answer, Fault, Prediction, Reply, Scored, Shaped};

use super::{Malformed, Stepped, read_fault, same_length};
use crate::wire::inference as wire;

/// Values of `drawn` and of `shaped` for each position.
const DRAWN: usize = 4;
const SHAPED: usize = 3;

/// The answer to a step of which nothing was done.
#[must_use]
pub fn failed_step(id: u64, fault: Fault) -> wire::StepResponse {
    wire::StepResponse { id, fault: Some(fault.into()), ..Default::default() }
}

/// The step that a message answers, and how.
pub fn read_step_response(response: wire::StepResponse) -> Result<(u64, Stepped), Malformed> {
    if let Some(fault) = response.fault {
        return Ok((response.id, Err(read_fault(fault, "fault")?)));
    }
    let answers = response.answers.into_iter().enumerate();
    let answers = answers.map(|(index, answer)| read_answer(answer, &format!("answers[{index}]")));
    let answers = answers.collect::<Result<_, _>>()?;
    Ok((response.id, Ok(Reply { step: response.id, answers, forwards: response.forwards })))
}

impl From<Reply> for wire::StepResponse {
    fn from(reply: Reply) -> Self {
        let answers = reply.answers.into_iter().map(Into::into).collect();
        Self { id: reply.step, answers, forwards: reply.forwards, fault: None }
    }
}

impl From<Answer> for wire::Answer {
    fn from(answer: Answer) -> Self {
        let empty = Self { canvas: answer.canvas, ..Self::default() };
        match answer.predictions {
            Ok(predictions) => pack(empty, predictions),
            Err(fault) => Self { fault: Some(fault.into()), ..empty },
        }
    }
}

fn pack(mut answer: wire::Answer, predictions: Vec<Prediction>) -> wire::Answer {
    // Without guidance the branches' values are the log-probabilities once more, and are left out.
    let guided = predictions.iter().flat_map(|prediction| &prediction.top).any(is_guided);
    for prediction in predictions {
        answer.positions.push(prediction.position);
        answer.top_counts.push(u32::try_from(prediction.top.len()).unwrap_or(u32::MAX));
        for scored in prediction.top {
            answer.top_tokens.push(scored.token);
            answer.top_log_probs.push(scored.log_prob);
            if guided {
                answer.top_conditional.push(scored.conditional);
                answer.top_unconditional.push(scored.unconditional);
            }
        }
        let (drawn, shaped) = (prediction.drawn, prediction.shaped);
        answer.drawn_tokens.push(drawn.token);
        answer.drawn.extend([drawn.log_prob, drawn.conditional, drawn.unconditional, prediction.entropy]);
        answer.shaped.extend([shaped.probability, shaped.margin, shaped.entropy]);
        answer.allowed.extend(prediction.allowed.map(|allowed| wire::Allowed {
            position: prediction.position,
            log_probs: allowed.log_probs,
            mass: allowed.mass,
        }));
    }
    answer
}

fn is_guided(scored: &Scored) -> bool {
    let bits = scored.log_prob.to_bits();
    scored.conditional.to_bits() != bits || scored.unconditional.to_bits() != bits
}

fn read_answer(answer: wire::Answer, at: &str) -> Result<Answer, Malformed> {
    let canvas = answer.canvas;
    if let Some(fault) = answer.fault {
        return Ok(Answer { canvas, predictions: Err(read_fault(fault, &format!("{at}.fault"))?) });
    }
    check_lengths(&answer, at)?;
    let mut predictions = Vec::with_capacity(answer.positions.len());
    let mut start = 0;
    for (index, position) in answer.positions.iter().enumerate() {
        let end = start + answer.top_counts[index] as usize;
        let top = (start..end).map(|entry| read_top(&answer, entry)).collect();
        predictions.push(read_prediction(&answer, index, *position, top));
        start = end;
    }
    read_allowed(answer.allowed, &mut predictions, at)?;
    Ok(Answer { canvas, predictions: Ok(predictions) })
}

/// Every array has the length that positions and counts give it, so that the rest may index.
fn check_lengths(answer: &wire::Answer, at: &str) -> Result<(), Malformed> {
    let positions = answer.positions.len();
    let top = answer.top_counts.iter().map(|count| *count as usize).sum();
    let field = |name: &str| format!("{at}.{name}");
    same_length(field("top_counts"), answer.top_counts.len(), positions)?;
    same_length(field("top_tokens"), answer.top_tokens.len(), top)?;
    same_length(field("top_log_probs"), answer.top_log_probs.len(), top)?;
    let guided = if answer.top_conditional.is_empty() { 0 } else { top };
    same_length(field("top_conditional"), answer.top_conditional.len(), guided)?;
    same_length(field("top_unconditional"), answer.top_unconditional.len(), guided)?;
    same_length(field("drawn_tokens"), answer.drawn_tokens.len(), positions)?;
    same_length(field("drawn"), answer.drawn.len(), positions * DRAWN)?;
    same_length(field("shaped"), answer.shaped.len(), positions * SHAPED)
}

fn read_top(answer: &wire::Answer, entry: usize) -> Scored {
    let log_prob = answer.top_log_probs[entry];
    Scored {
        token: answer.top_tokens[entry],
        log_prob,
        conditional: answer.top_conditional.get(entry).copied().unwrap_or(log_prob),
        unconditional: answer.top_unconditional.get(entry).copied().unwrap_or(log_prob),
    }
}

fn read_prediction(answer: &wire::Answer, index: usize, position: u32, top: Vec<Scored>) -> Prediction {
    let drawn = &answer.drawn[index * DRAWN..][..DRAWN];
    let shaped = &answer.shaped[index * SHAPED..][..SHAPED];
    Prediction {
        position,
        top,
        drawn: Scored {
            token: answer.drawn_tokens[index],
            log_prob: drawn[0],
            conditional: drawn[1],
            unconditional: drawn[2],
        },
        shaped: Shaped { probability: shaped[0], margin: shaped[1], entropy: shaped[2] },
        entropy: drawn[3],
        allowed: None,
    }
}

/// Allow-lists come in the order of the positions.
fn read_allowed(lists: Vec<wire::Allowed>, predictions: &mut [Prediction], at: &str) -> Result<(), Malformed> {
    let mut rest = predictions.iter_mut();
    for wire::Allowed { position, log_probs, mass } in lists {
        let prediction = rest.find(|prediction| prediction.position == position);
        let unknown =
            || Malformed::new(format!("{at}.allowed"), format!("{position} is out of order or not a position"));
        prediction.ok_or_else(unknown)?.allowed = Some(Allowed { log_probs, mass });
    }
    Ok(())
}
