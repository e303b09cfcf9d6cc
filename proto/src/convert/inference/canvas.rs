//! Canvases, whose masked positions travel as indices.

use reweave_decode::protocol::{Canvas, Role, Segment};

use super::{Malformed, name_of, named};
use crate::wire::inference as wire;

impl From<Canvas> for wire::Canvas {
    fn from(canvas: Canvas) -> Self {
        Self { segments: canvas.segments.into_iter().map(Into::into).collect() }
    }
}

impl From<Segment> for wire::Segment {
    fn from(segment: Segment) -> Self {
        let masked = (0_u32..).zip(&segment.cells).filter(|(_, cell)| cell.is_none()).map(|(index, _)| index);
        Self {
            role: role(segment.role),
            masked: masked.collect(),
            tokens: segment.cells.into_iter().map(Option::unwrap_or_default).collect(),
        }
    }
}

pub(super) fn role(role: Role) -> String {
    name_of(&Role::ALL, role)
}

pub(super) fn receive(canvas: wire::Canvas, at: &str) -> Result<Canvas, Malformed> {
    let segments = canvas.segments.into_iter().enumerate();
    let segments = segments.map(|(index, segment)| receive_segment(segment, &format!("{at}.segments[{index}]")));
    Ok(Canvas { segments: segments.collect::<Result<_, _>>()? })
}

fn receive_segment(segment: wire::Segment, at: &str) -> Result<Segment, Malformed> {
    let role = named(&Role::ALL, &segment.role, &format!("{at}.role"))?;
    if !segment.masked.is_sorted_by(|before, after| before < after) {
        return Err(Malformed::new(format!("{at}.masked"), "is not ascending"));
    }
    let mut cells: Vec<_> = segment.tokens.into_iter().map(Some).collect();
    for index in segment.masked {
        let cell = cells.get_mut(index as usize);
        *cell.ok_or_else(|| Malformed::new(format!("{at}.masked"), format!("{index} lies outside the segment")))? =
            None;
    }
    Ok(Segment { role, cells })
}
