//! Steps: deltas, asks and options.

use reweave_decode::protocol::{Ask, Attention, CanvasId, Delta, Guidance, Options, Role, Step};

use super::{Malformed, canvas, name_of, named};
use crate::wire::inference::{self as wire, delta::Change};

impl From<Step> for wire::StepRequest {
    fn from(step: Step) -> Self {
        Self {
            id: step.id,
            deltas: step.deltas.into_iter().map(Into::into).collect(),
            asks: step.asks.into_iter().map(Into::into).collect(),
            options: Some(step.options.into()),
        }
    }
}

/// A step that asks for nothing may leave its options out.
impl TryFrom<wire::StepRequest> for Step {
    type Error = Malformed;

    fn try_from(request: wire::StepRequest) -> Result<Self, Malformed> {
        let options = match request.options {
            Some(options) => read_options(options)?,
            None if request.asks.is_empty() => Options::greedy(Attention::AllVisible, 1),
            None => return Err(Malformed::new("options", "there are none")),
        };
        let deltas = request.deltas.into_iter().enumerate();
        Ok(Self {
            id: request.id,
            deltas: deltas
                .map(|(index, delta)| read_delta(delta, &format!("deltas[{index}]")))
                .collect::<Result<_, _>>()?,
            asks: request.asks.into_iter().map(Into::into).collect(),
            options,
        })
    }
}

impl From<Delta> for wire::Delta {
    fn from(delta: Delta) -> Self {
        let range = |position, count| wire::Range { position, count };
        let (canvas, change) = match delta {
            Delta::Open { canvas, content } => (canvas, Change::Open(content.into())),
            Delta::Set { canvas, position, token } => (canvas, Change::Set(wire::Set { position, token })),
            Delta::Unset { canvas, position } => (canvas, Change::Unset(position)),
            Delta::Insert { canvas, position, count } => (canvas, Change::Insert(range(position, count))),
            Delta::Delete { canvas, position, count } => (canvas, Change::Delete(range(position, count))),
            Delta::Fork { canvas, copy } => (canvas, Change::Fork(copy)),
            Delta::Truncate { canvas, length } => (canvas, Change::Truncate(length)),
            Delta::Drop { canvas } => (canvas, Change::Drop(wire::Drop {})),
        };
        Self { canvas, change: Some(change) }
    }
}

fn read_delta(delta: wire::Delta, at: &str) -> Result<Delta, Malformed> {
    let canvas: CanvasId = delta.canvas;
    let change = delta.change.ok_or_else(|| Malformed::new(at, "says no change"))?;
    Ok(match change {
        Change::Open(content) => Delta::Open { canvas, content: canvas::receive(content, &format!("{at}.open"))? },
        Change::Set(wire::Set { position, token }) => Delta::Set { canvas, position, token },
        Change::Unset(position) => Delta::Unset { canvas, position },
        Change::Insert(wire::Range { position, count }) => Delta::Insert { canvas, position, count },
        Change::Delete(wire::Range { position, count }) => Delta::Delete { canvas, position, count },
        Change::Fork(copy) => Delta::Fork { canvas, copy },
        Change::Truncate(length) => Delta::Truncate { canvas, length },
        Change::Drop(wire::Drop {}) => Delta::Drop { canvas },
    })
}

impl From<Ask> for wire::Ask {
    fn from(ask: Ask) -> Self {
        let list = |(position, tokens)| wire::AllowList { position, tokens };
        Self {
            canvas: ask.canvas,
            positions: ask.positions,
            allow: ask.allow.into_iter().map(list).collect(),
            seed: ask.seed,
        }
    }
}

impl From<wire::Ask> for Ask {
    fn from(ask: wire::Ask) -> Self {
        let list = |wire::AllowList { position, tokens }| (position, tokens);
        Self {
            canvas: ask.canvas,
            positions: ask.positions,
            allow: ask.allow.into_iter().map(list).collect(),
            seed: ask.seed,
        }
    }
}

impl From<Options> for wire::Options {
    fn from(options: Options) -> Self {
        Self {
            top_k: options.top_k,
            temperature: options.temperature,
            top_p: options.top_p,
            seed: options.seed,
            suppressed: options.suppressed,
            end_allowed: options.end_allowed,
            guidance: Some(options.guidance.into()),
            attention: name_of(&Attention::ALL, options.attention),
        }
    }
}

fn read_options(options: wire::Options) -> Result<Options, Malformed> {
    Ok(Options {
        top_k: options.top_k,
        temperature: options.temperature,
        top_p: options.top_p,
        seed: options.seed,
        suppressed: options.suppressed,
        end_allowed: options.end_allowed,
        guidance: guidance(options.guidance, "options.guidance")?,
        attention: named(&Attention::ALL, &options.attention, "options.attention")?,
    })
}

impl From<Guidance> for wire::Guidance {
    fn from(guidance: Guidance) -> Self {
        Self { scale: guidance.scale, dropped: guidance.dropped.into_iter().map(canvas::role).collect() }
    }
}

pub(super) fn guidance(guidance: Option<wire::Guidance>, at: &str) -> Result<Guidance, Malformed> {
    let Some(guidance) = guidance else { return Ok(Guidance::off()) };
    let dropped = guidance.dropped.iter().enumerate();
    let dropped = dropped.map(|(index, role)| named(&Role::ALL, role, &format!("{at}.dropped[{index}]")));
    Ok(Guidance { scale: guidance.scale, dropped: dropped.collect::<Result<_, _>>()? })
}
