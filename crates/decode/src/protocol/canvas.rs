//! A text with holes, in tokens.

use super::TokenId;

/// One position: a token, or `None` where the model is to predict one. Holes are positions, never a token id: a source
/// that spells the mask token keeps it.
pub type Cell = Option<TokenId>;

/// What a part of a canvas is there for. Guidance drops segments by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Control tokens of the model's own format, such as the marks of fill-in-the-middle.
    Control,
    Instruction,
    Retrieved,
    /// The code before the hole.
    Before,
    Hole,
    /// The code after the hole.
    After,
}

impl Role {
    /// Every role with its name.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Control, "control"),
        (Self::Instruction, "instruction"),
        (Self::Retrieved, "retrieved"),
        (Self::Before, "before"),
        (Self::Hole, "hole"),
        (Self::After, "after"),
    ];
}

/// A run of cells with one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub role: Role,
    pub cells: Vec<Cell>,
}

impl Segment {
    /// A segment of known tokens.
    #[must_use]
    pub fn known(role: Role, tokens: &[TokenId]) -> Self {
        Self { role, cells: tokens.iter().copied().map(Some).collect() }
    }

    /// A hole of `length` masked positions.
    #[must_use]
    pub fn hole(length: usize) -> Self {
        Self { role: Role::Hole, cells: vec![None; length] }
    }
}

/// Segments in the order in which the model reads them. Positions count cells from 0 over all segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canvas {
    pub segments: Vec<Segment>,
}

impl Canvas {
    /// The number of positions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.cells.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every cell, in order.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        self.segments.iter().flat_map(|segment| segment.cells.iter().copied())
    }

    /// The positions without a token, ascending.
    pub fn masked(&self) -> impl Iterator<Item = usize> + '_ {
        self.cells().enumerate().filter(|(_, cell)| cell.is_none()).map(|(position, _)| position)
    }

    /// The cell at `position`; `None` past the end.
    pub fn cell_mut(&mut self, position: usize) -> Option<&mut Cell> {
        let mut left = position;
        for segment in &mut self.segments {
            if left < segment.cells.len() {
                return segment.cells.get_mut(left);
            }
            left -= segment.cells.len();
        }
        None
    }

    /// What the segment is there for that holds `position`; `None` past the end.
    #[must_use]
    pub fn role_at(&self, position: usize) -> Option<Role> {
        let mut left = position;
        for segment in &self.segments {
            if left < segment.cells.len() {
                return Some(segment.role);
            }
            left -= segment.cells.len();
        }
        None
    }

    /// Puts `count` masked positions before `position`, into the segment that holds it, or at the end of the last one.
    /// `None` when `position` lies past the end or there is no segment.
    pub fn insert(&mut self, position: usize, count: usize) -> Option<()> {
        let (segment, at) = self.place(position)?;
        self.segments[segment].cells.splice(at..at, std::iter::repeat_n(None, count));
        Some(())
    }

    /// Takes `count` positions out from `position` on; `None`, and nothing happens, when there are not as many.
    pub fn delete(&mut self, position: usize, count: usize) -> Option<()> {
        if position.checked_add(count)? > self.len() {
            return None;
        }
        let mut start = 0;
        for segment in &mut self.segments {
            let end = start + segment.cells.len();
            let (from, to) = (position.clamp(start, end) - start, (position + count).clamp(start, end) - start);
            segment.cells.drain(from..to);
            start = end;
        }
        Some(())
    }

    /// Keeps the first `length` positions.
    pub fn truncate(&mut self, length: usize) {
        let mut left = length;
        for segment in &mut self.segments {
            segment.cells.truncate(left);
            left -= segment.cells.len();
        }
    }

    /// This canvas without the segments of `dropped` roles, and for each of its own positions the place in the result.
    #[must_use]
    pub fn without(&self, dropped: &[Role]) -> (Self, Vec<Option<usize>>) {
        let (mut kept, mut places, mut next) = (Self::default(), Vec::with_capacity(self.len()), 0);
        for segment in &self.segments {
            let stays = !dropped.contains(&segment.role);
            places.extend((0..segment.cells.len()).map(|at| stays.then_some(next + at)));
            if stays {
                next += segment.cells.len();
                kept.segments.push(segment.clone());
            }
        }
        (kept, places)
    }

    /// The segment and the index in it at which something put before `position` goes.
    fn place(&self, position: usize) -> Option<(usize, usize)> {
        let mut start = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            let end = start + segment.cells.len();
            let last = index + 1 == self.segments.len();
            if position < end || (last && position == end) {
                return Some((index, position - start));
            }
            start = end;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas() -> Canvas {
        let known = |role, tokens: &[u32]| Segment::known(role, tokens);
        Canvas {
            segments: vec![
                known(Role::Instruction, &[7]),
                known(Role::Before, &[1, 2]),
                Segment::hole(2),
                known(Role::After, &[3]),
            ],
        }
    }

    fn cells(canvas: &Canvas) -> Vec<Cell> {
        canvas.cells().collect()
    }

    #[test]
    fn a_position_is_found_in_the_segment_that_holds_it() {
        let mut canvas = canvas();
        assert_eq!(
            [2, 3, 5, 6].map(|at| canvas.role_at(at)),
            [Some(Role::Before), Some(Role::Hole), Some(Role::After), None]
        );
        *canvas.cell_mut(4).unwrap() = Some(9);
        assert_eq!(cells(&canvas), [Some(7), Some(1), Some(2), None, Some(9), Some(3)]);
        assert_eq!(canvas.cell_mut(6), None);
    }

    #[test]
    fn what_is_inserted_into_the_hole_grows_the_hole() {
        let mut canvas = canvas();
        canvas.insert(4, 1).unwrap();
        assert_eq!(canvas.segments[2].cells.len(), 3);
        assert_eq!(cells(&canvas), [Some(7), Some(1), Some(2), None, None, None, Some(3)]);
        assert_eq!(canvas.insert(8, 1), None);
        canvas.insert(7, 1).unwrap();
        assert_eq!(canvas.segments[3].cells, [Some(3), None]);
    }

    #[test]
    fn a_deletion_may_cross_segments_and_is_whole_or_not_at_all() {
        let mut canvas = canvas();
        assert_eq!(canvas.delete(5, 2), None);
        assert_eq!(canvas.delete(usize::MAX, 2), None);
        assert_eq!(canvas.len(), 6);
        canvas.delete(2, 2).unwrap();
        assert_eq!(cells(&canvas), [Some(7), Some(1), None, Some(3)]);
        canvas.truncate(2);
        assert_eq!(cells(&canvas), [Some(7), Some(1)]);
    }

    #[test]
    fn dropping_a_role_renumbers_what_stays() {
        let (kept, places) = canvas().without(&[Role::Instruction]);
        assert_eq!(cells(&kept), [Some(1), Some(2), None, None, Some(3)]);
        assert_eq!(places, [None, Some(0), Some(1), Some(2), Some(3), Some(4)]);
    }
}
