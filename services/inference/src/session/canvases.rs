//! The canvases a session holds, and how deltas change them: all of a step's, or none.

use std::collections::BTreeMap;

use reweave_decode::protocol::{Canvas, CanvasId, Delta, Fault, FaultCode, Role, TokenId};

use super::{Rules, at_most, known_token, special};

/// Canvases by the caller's numbers.
#[derive(Debug, Default)]
pub(super) struct Canvases {
    by_id: BTreeMap<CanvasId, Canvas>,
    /// Of all of them.
    positions: usize,
}

/// Each canvas that was touched, as it was; `None` where there was none.
type Before = BTreeMap<CanvasId, Option<Canvas>>;

impl Canvases {
    pub(super) fn get(&self, id: CanvasId) -> Result<&Canvas, Fault> {
        self.by_id.get(&id).ok_or_else(|| unknown(id))
    }

    pub(super) fn positions(&self) -> usize {
        self.positions
    }

    pub(super) fn apply(&mut self, deltas: &[Delta], rules: &Rules) -> Result<(), Fault> {
        let mut before = Before::new();
        for (index, delta) in deltas.iter().enumerate() {
            let id = changed(delta);
            before.entry(id).or_insert_with(|| self.by_id.get(&id).cloned());
            if let Err(fault) = self.change(delta, rules) {
                self.restore(before);
                return Err(Fault::new(fault.code, format!("delta {index}: {}", fault.message)));
            }
        }
        Ok(())
    }

    fn restore(&mut self, before: Before) {
        for (id, canvas) in before {
            _ = self.take(id);
            if let Some(canvas) = canvas {
                self.put(id, canvas);
            }
        }
    }

    fn change(&mut self, delta: &Delta, rules: &Rules) -> Result<(), Fault> {
        match delta {
            Delta::Open { canvas, content } => {
                check_content(content, rules)?;
                self.add(*canvas, content.clone(), rules)
            }
            Delta::Fork { canvas, copy } => {
                let content = self.get(*canvas)?.clone();
                self.add(*copy, content, rules)
            }
            Delta::Drop { canvas } => self.take(*canvas).map(drop).ok_or_else(|| unknown(*canvas)),
            Delta::Set { canvas, position, token } => self.set(*canvas, *position, Some(*token), rules),
            Delta::Unset { canvas, position } => self.set(*canvas, *position, None, rules),
            Delta::Insert { canvas, position, count } => self.insert(*canvas, *position, *count, rules),
            Delta::Delete { canvas, position, count } => {
                let content = self.get_mut(*canvas)?;
                let length = content.len();
                let deleted = content.delete(*position as usize, *count as usize);
                deleted.ok_or_else(|| outside(u64::from(*position) + u64::from(*count), length))?;
                self.positions -= *count as usize;
                Ok(())
            }
            Delta::Truncate { canvas, length } => {
                let content = self.get_mut(*canvas)?;
                let before = content.len();
                content.truncate(*length as usize);
                let after = content.len();
                self.positions -= before - after;
                Ok(())
            }
        }
    }

    fn add(&mut self, id: CanvasId, content: Canvas, rules: &Rules) -> Result<(), Fault> {
        if self.by_id.contains_key(&id) {
            return Err(Fault::new(FaultCode::Canvas, format!("the session holds canvas {id} already")));
        }
        at_most("canvases", self.by_id.len() + 1, rules.model.bounds.canvases_max as usize)?;
        self.room_for(content.len(), rules)?;
        self.put(id, content);
        Ok(())
    }

    fn set(&mut self, id: CanvasId, position: u32, token: Option<TokenId>, rules: &Rules) -> Result<(), Fault> {
        let content = self.get_mut(id)?;
        let length = content.len();
        let role = content.role_at(position as usize).ok_or_else(|| outside(position.into(), length))?;
        if let Some(token) = token {
            check_token(token, role, rules)?;
        }
        if let Some(cell) = content.cell_mut(position as usize) {
            *cell = token;
        }
        Ok(())
    }

    fn insert(&mut self, id: CanvasId, position: u32, count: u32, rules: &Rules) -> Result<(), Fault> {
        let count = count as usize;
        let length = self.get(id)?.len();
        check_length(length.saturating_add(count), rules)?;
        self.room_for(count, rules)?;
        let inserted = self.get_mut(id)?.insert(position as usize, count);
        inserted.ok_or_else(|| outside(position.into(), length))?;
        self.positions += count;
        Ok(())
    }

    fn room_for(&self, more: usize, rules: &Rules) -> Result<(), Fault> {
        let positions = self.positions.saturating_add(more);
        at_most("positions of all canvases", positions, rules.limits.session_positions_max)
    }

    fn get_mut(&mut self, id: CanvasId) -> Result<&mut Canvas, Fault> {
        self.by_id.get_mut(&id).ok_or_else(|| unknown(id))
    }

    fn put(&mut self, id: CanvasId, content: Canvas) {
        self.positions += content.len();
        self.by_id.insert(id, content);
    }

    fn take(&mut self, id: CanvasId) -> Option<Canvas> {
        let content = self.by_id.remove(&id)?;
        self.positions -= content.len();
        Some(content)
    }
}

/// The canvas that is another one afterwards.
fn changed(delta: &Delta) -> CanvasId {
    match delta {
        Delta::Fork { copy, .. } => *copy,
        Delta::Open { canvas, .. }
        | Delta::Set { canvas, .. }
        | Delta::Unset { canvas, .. }
        | Delta::Insert { canvas, .. }
        | Delta::Delete { canvas, .. }
        | Delta::Truncate { canvas, .. }
        | Delta::Drop { canvas } => *canvas,
    }
}

fn check_content(content: &Canvas, rules: &Rules) -> Result<(), Fault> {
    at_most("segments", content.segments.len(), rules.limits.segments_max)?;
    check_length(content.len(), rules)?;
    for segment in &content.segments {
        for token in segment.cells.iter().flatten() {
            check_token(*token, segment.role, rules)?;
        }
    }
    Ok(())
}

fn check_length(length: usize, rules: &Rules) -> Result<(), Fault> {
    let max = rules.model.bounds.positions_max;
    if length <= max as usize {
        return Ok(());
    }
    Err(Fault::new(FaultCode::TooLong, format!("a canvas of {length} positions, where {max} may be")))
}

/// Special tokens belong to the model's own format. The mask stands nowhere: a masked position is one without a token.
fn check_token(token: TokenId, role: Role, rules: &Rules) -> Result<(), Fault> {
    known_token(token, &rules.model)?;
    if rules.model.mask == Some(token) {
        return Err(special(token, "is the mask; a masked position is one that is not set"));
    }
    if role != Role::Control && rules.model.specials.binary_search(&token).is_ok() {
        return Err(special(token, "where only text may stand"));
    }
    Ok(())
}

fn unknown(id: CanvasId) -> Fault {
    Fault::new(FaultCode::Canvas, format!("the session holds no canvas {id}"))
}

fn outside(position: u64, length: usize) -> Fault {
    Fault::new(FaultCode::Position, format!("position {position} lies outside the canvas of {length}"))
}
