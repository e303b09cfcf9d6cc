//! Which lines two texts share. Lines end as git counts them: at `\n`; a `\r` before it belongs to the line.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput};

/// The lines of two texts, and where they differ.
pub(super) struct LineDiff<'a> {
    input: InternedInput<&'a str>,
    diff: Diff,
}

/// Lines that stand in both texts, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// First line in either text, 0-based.
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) count: usize,
}

impl<'a> LineDiff<'a> {
    /// Compares two texts line by line.
    pub(super) fn of(before: &'a str, after: &'a str) -> Self {
        let input = InternedInput::new(before, after);
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        Self { input, diff }
    }

    /// The places where lines differ, in the order of the text.
    pub(super) fn hunks(&self) -> impl Iterator<Item = Hunk> + '_ {
        self.diff.hunks()
    }

    /// Lines of the text before, line ends included.
    pub(super) fn before(&self, lines: Range<u32>) -> impl Iterator<Item = &'a str> + '_ {
        self.input.before[lines.start as usize..lines.end as usize].iter().map(|token| self.input.interner[*token])
    }

    /// Lines of the text after, line ends included.
    pub(super) fn after(&self, lines: Range<u32>) -> impl Iterator<Item = &'a str> + '_ {
        self.input.after[lines.start as usize..lines.end as usize].iter().map(|token| self.input.interner[*token])
    }

    /// Lines of the text before.
    pub(super) fn count_before(&self) -> u32 {
        u32::try_from(self.input.before.len()).expect("a file within the size limit has fewer lines than u32 holds")
    }

    /// Where lines stand in both texts, in the order of the text.
    pub(super) fn runs(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        let (mut before, mut after) = (0, 0);
        let end = self.input.before.len();
        let starts = self.hunks().map(|hunk| (hunk.before, hunk.after));
        for (old, new) in starts.map(|(old, new)| (to_usize(old), to_usize(new))).chain([(end..end, 0..0)]) {
            if old.start > before {
                runs.push(Run { before, after, count: old.start - before });
            }
            (before, after) = (old.end, new.end);
        }
        runs
    }
}

fn to_usize(lines: Range<u32>) -> Range<usize> {
    lines.start as usize..lines.end as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_both_texts_are_found_on_either_side_of_a_change() {
        let runs = LineDiff::of("a\nb\nc\nd\n", "x\na\nb\nd\n").runs();
        assert_eq!(runs, [Run { before: 0, after: 1, count: 2 }, Run { before: 3, after: 3, count: 1 }]);
        assert_eq!(LineDiff::of("", "a\n").runs(), []);
        assert_eq!(LineDiff::of("a\n", "a\n").runs(), [Run { before: 0, after: 0, count: 1 }]);
    }
}
