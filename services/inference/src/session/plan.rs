//! From an ask to a query: which branches to run, at which of their positions, with which rules.

use reweave_decode::protocol::{Ask, Attention, Branch, Canvas, Fault, FaultCode, Options, Query, TokenId};

use super::{Planned, Rules, at_most, canvases::Canvases, known_token, special};

/// `positions_left` is what the step may still read.
pub(super) fn plan(
    canvases: &Canvases,
    ask: Ask,
    options: &Options,
    rules: &Rules,
    positions_left: &mut usize,
) -> Planned {
    let canvas = ask.canvas;
    let query = canvases.get(canvas).and_then(|content| {
        let query = query(content, ask, options, rules)?;
        let reads = query.conditional.cells.len() + query.unconditional.as_ref().map_or(0, |other| other.cells.len());
        at_most("positions left to read in this step", reads, *positions_left)?;
        *positions_left -= reads;
        Ok(query)
    });
    Planned { canvas, query }
}

fn query(content: &Canvas, ask: Ask, options: &Options, rules: &Rules) -> Result<Query, Fault> {
    let attention = options.attention;
    check_attention(attention, rules)?;
    check_positions(&ask.positions, content.len(), attention)?;
    let wanted: Vec<usize> = ask.positions.iter().map(|position| *position as usize).collect();
    let conditional = branch(content, wanted.clone(), attention, rules)?;
    let unconditional = unguided(content, &wanted, options).transpose()?;
    let unconditional = unconditional.map(|(kept, places)| branch(&kept, places, attention, rules)).transpose()?;
    Ok(Query {
        conditional,
        unconditional,
        allow: allow_lists(ask.allow, &ask.positions, options, rules)?,
        positions: ask.positions,
        options: Options { seed: ask.seed.unwrap_or(options.seed), ..options.clone() },
    })
}

/// Whether a model gives the next token is for its backend to say.
fn check_attention(attention: Attention, rules: &Rules) -> Result<(), Fault> {
    match attention {
        Attention::AllVisible if rules.model.mask.is_none() => {
            Err(Fault::new(FaultCode::Unsupported, "the model has no mask: it predicts nothing but the next token"))
        }
        Attention::AllVisible | Attention::Causal => Ok(()),
    }
}

fn check_positions(positions: &[u32], length: usize, attention: Attention) -> Result<(), Fault> {
    let fault = |message| Err(Fault::new(FaultCode::Position, message));
    // Under causal attention the position past the end is the next.
    let end = match attention {
        Attention::AllVisible => length,
        Attention::Causal => length + 1,
    };
    if positions.is_empty() {
        return fault("no position is wanted".into());
    }
    if let Some(pair) = positions.windows(2).find(|pair| pair[0] >= pair[1]) {
        return fault(format!("position {} is wanted after {}: they must ascend", pair[1], pair[0]));
    }
    match positions.last() {
        Some(last) if *last as usize >= end => fault(format!("position {last} is not below {end}")),
        Some(_) | None => Ok(()),
    }
}

/// What the unconditional branch sees, and where the wanted positions lie in it. `None` where guidance changes nothing.
fn unguided(content: &Canvas, wanted: &[usize], options: &Options) -> Option<Result<(Canvas, Vec<usize>), Fault>> {
    let dropped = &options.guidance.dropped;
    let changes = content.segments.iter().any(|segment| dropped.contains(&segment.role) && !segment.cells.is_empty());
    if options.guidance.scale == 1.0 || !changes {
        return None;
    }
    let (kept, places) = content.without(dropped);
    let end = kept.len();
    let place = |position: &usize| match places.get(*position) {
        Some(place) => place.ok_or_else(|| position_fault(*position, "lies in a segment that guidance drops")),
        None => Ok(end),
    };
    let found: Result<Vec<usize>, Fault> = wanted.iter().map(place).collect();
    Some(found.map(|found| (kept, found)))
}

/// Under causal attention nothing from the last wanted position on is read.
fn branch(content: &Canvas, wanted: Vec<usize>, attention: Attention, rules: &Rules) -> Result<Branch, Fault> {
    let read = match attention {
        Attention::AllVisible => content.len(),
        Attention::Causal => wanted.last().copied().unwrap_or(0),
    };
    let cells: Vec<_> = content.cells().take(read).collect();
    if rules.model.mask.is_none() && cells.contains(&None) {
        return Err(Fault::new(FaultCode::Unsupported, "a masked position, and the model has no mask"));
    }
    Ok(Branch { cells, wanted })
}

fn allow_lists(
    lists: Vec<(u32, Vec<TokenId>)>,
    positions: &[u32],
    options: &Options,
    rules: &Rules,
) -> Result<Vec<Option<Vec<TokenId>>>, Fault> {
    let mut allow = vec![None; positions.len()];
    for (position, tokens) in lists {
        let index = positions.binary_search(&position);
        let index = index.map_err(|_| position_fault(position as usize, "has an allow-list and is not wanted"))?;
        if tokens.is_empty() {
            let message = format!("the allow-list of position {position} is empty");
            return Err(Fault::new(FaultCode::NothingAllowed, message));
        }
        tokens.iter().try_for_each(|token| check_allowed(*token, options, rules))?;
        if allow[index].replace(tokens).is_some() {
            return Err(position_fault(position as usize, "has two allow-lists"));
        }
    }
    Ok(allow)
}

fn check_allowed(token: TokenId, options: &Options, rules: &Rules) -> Result<(), Fault> {
    known_token(token, &rules.model)?;
    let is_end = options.end_allowed && rules.model.end == Some(token);
    if !is_end && rules.model.specials.binary_search(&token).is_ok() {
        return Err(special(token, "in an allow-list"));
    }
    Ok(())
}

fn position_fault(position: usize, problem: &str) -> Fault {
    Fault::new(FaultCode::Position, format!("position {position} {problem}"))
}
