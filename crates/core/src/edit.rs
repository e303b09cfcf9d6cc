//! Byte edits of one file: the truth of every patch.

use serde::{Deserialize, Serialize};

use crate::Sha256;

/// A half-open range of bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span never runs backwards");
        Self { start, end }
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether it covers no byte (an insertion point).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies inside this span.
    #[must_use]
    pub fn contains(&self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a byte, or are insertions at one point, or one is an insertion strictly inside the other.
    #[must_use]
    pub fn conflicts(&self, other: Span) -> bool {
        if self.is_empty() && other.is_empty() {
            return self.start == other.start;
        }
        self.start < other.end && other.start < self.end
    }
}

/// One replacement: `span` of the base text, which holds text of digest `old_sha256`, becomes `new_text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub old_sha256: Sha256,
    pub new_text: String,
    /// The syntax node replaced: its kind in the grammar, or `insertion` / `lines` where no single node is.
    pub node_kind: String,
    /// Where the node stands, by names from the outside in: `Class.method`, or empty at module level.
    pub node_path: String,
}

/// Edits of one file, sorted by position and free of overlap.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Edits(Vec<Edit>);

/// Why a set of edits cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditsError {
    #[error("bytes {}..{} lie outside the file of {length} bytes", span.start, span.end)]
    OutOfBounds { span: Span, length: usize },
    #[error("bytes {}..{} cut a character in two", span.start, span.end)]
    NotOnCharacter { span: Span },
    #[error("edits at bytes {}..{} and {}..{} overlap", first.start, first.end, second.start, second.end)]
    Overlap { first: Span, second: Span },
    #[error("bytes {}..{} no longer hold the text the edit was made for", span.start, span.end)]
    Stale { span: Span },
}

impl Edits {
    /// Sorts `edits` and checks them against `base`: bounds, character boundaries, overlap, and the hash of each old text.
    pub fn new(base: &str, edits: Vec<Edit>) -> Result<Self, EditsError> {
        for edit in &edits {
            let span = edit.span;
            if span.start > span.end || span.end > base.len() {
                return Err(EditsError::OutOfBounds { span, length: base.len() });
            }
            let old = base.get(span.start..span.end).ok_or(EditsError::NotOnCharacter { span })?;
            if Sha256::of(old.as_bytes()) != edit.old_sha256 {
                return Err(EditsError::Stale { span });
            }
        }
        Self::without_base(edits)
    }

    /// Sorts `edits` and checks only that they do not overlap: for edits received without the text they are for.
    pub fn without_base(mut edits: Vec<Edit>) -> Result<Self, EditsError> {
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        for pair in edits.windows(2) {
            if let [first, second] = pair
                && (first.span.conflicts(second.span) || first.span.end > second.span.start)
            {
                return Err(EditsError::Overlap { first: first.span, second: second.span });
            }
        }
        Ok(Self(edits))
    }

    /// The edits, by position.
    #[must_use]
    pub fn as_slice(&self) -> &[Edit] {
        &self.0
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `base` with every edit applied. `base` must be the text these edits were checked against.
    #[must_use]
    pub fn apply(&self, base: &str) -> String {
        let grown: usize = self.0.iter().map(|edit| edit.new_text.len()).sum();
        let mut text = String::with_capacity(base.len() + grown);
        let mut copied = 0;
        for edit in &self.0 {
            text.push_str(&base[copied..edit.span.start]);
            text.push_str(&edit.new_text);
            copied = edit.span.end;
        }
        text.push_str(&base[copied..]);
        text
    }

    /// The edits that turn the result of [`Edits::apply`] on `base` back into `base`.
    #[must_use]
    pub fn reverse(&self, base: &str) -> Self {
        let mut shift = 0_isize;
        let reversed = self.0.iter().map(|edit| {
            let start = edit.span.start.wrapping_add_signed(shift);
            shift += edit.new_text.len() as isize - edit.span.len() as isize;
            Edit {
                span: Span::new(start, start + edit.new_text.len()),
                old_sha256: Sha256::of(edit.new_text.as_bytes()),
                new_text: base[edit.span.start..edit.span.end].to_owned(),
                node_kind: edit.node_kind.clone(),
                node_path: edit.node_path.clone(),
            }
        });
        Self(reversed.collect())
    }

    /// The edits of both, or the overlap between them. Both must have been checked against `base`.
    pub fn union(&self, other: &Self, base: &str) -> Result<Self, EditsError> {
        Self::new(base, self.0.iter().chain(&other.0).cloned().collect())
    }
}

impl Edit {
    /// An edit of `span` of `base`, its hash taken from there.
    #[must_use]
    pub fn of(
        base: &str,
        span: Span,
        new_text: impl Into<String>,
        node_kind: impl Into<String>,
        node_path: impl Into<String>,
    ) -> Self {
        Self {
            span,
            old_sha256: Sha256::of(&base.as_bytes()[span.start..span.end]),
            new_text: new_text.into(),
            node_kind: node_kind.into(),
            node_path: node_path.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edit(base: &str, start: usize, end: usize, new: &str) -> Edit {
        Edit::of(base, Span::new(start, end), new, "lines", "")
    }

    #[test]
    fn overlapping_edits_are_refused_and_adjacent_ones_are_not() {
        let base = "abcdef";
        assert!(Edits::new(base, vec![edit(base, 0, 3, "x"), edit(base, 2, 4, "y")]).is_err());
        assert!(Edits::new(base, vec![edit(base, 2, 2, "x"), edit(base, 2, 2, "y")]).is_err());
        let edits = Edits::new(base, vec![edit(base, 3, 4, "y"), edit(base, 0, 3, "x")]);
        assert_eq!(edits.map(|edits| edits.apply(base)), Ok("xyef".into()));
    }

    #[test]
    fn a_moved_base_is_stale() {
        assert_eq!(Edits::new("abd", vec![edit("abc", 0, 3, "x")]), Err(EditsError::Stale { span: Span::new(0, 3) }));
    }

    proptest! {
        #[test]
        fn reversing_restores_the_bytes(base in "[aä\n]{0,40}", cuts in proptest::collection::vec((0usize..50, "[xyzü]{0,5}"), 0..6)) {
            let mut points: Vec<usize> = cuts.iter().map(|cut| cut.0.min(base.len())).filter(|at| base.is_char_boundary(*at)).collect();
            points.sort_unstable();
            points.dedup();
            let edits: Vec<Edit> = points.chunks_exact(2).zip(&cuts).map(|(pair, cut)| edit(&base, pair[0], pair[1], &cut.1)).collect();
            let edits = Edits::new(&base, edits).expect("cut points are sorted and on characters");
            let changed = edits.apply(&base);
            let reverse = edits.reverse(&base);
            prop_assert_eq!(Edits::new(&changed, reverse.as_slice().to_vec()).map(|r| r.apply(&changed)), Ok(base));
        }
    }
}
