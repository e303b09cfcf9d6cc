//! Candidates in the order they are tried.

use reweave_core::Candidate;

/// The candidates of one search, best first.
#[derive(Debug)]
pub(crate) struct Pool {
    candidates: Vec<Candidate>,
    /// Indices into `candidates`, by rank.
    order: Vec<usize>,
    next: usize,
}

impl Pool {
    /// Ranks `candidates`: higher prior first; then earlier in the file, then the smaller change, then the given order.
    pub(crate) fn new(candidates: Vec<Candidate>) -> Self {
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|a, b| {
            let (first, second) = (&candidates[*a], &candidates[*b]);
            let by_prior = second.prior.total_cmp(&first.prior);
            by_prior.then_with(|| place(first).cmp(&place(second))).then(a.cmp(b))
        });
        Self { candidates, order, next: 0 }
    }

    /// The next candidate by rank, with its index in the given list.
    pub(crate) fn take(&mut self) -> Option<(usize, &Candidate)> {
        let index = *self.order.get(self.next)?;
        self.next += 1;
        Some((index, &self.candidates[index]))
    }

    pub(crate) fn get(&self, index: usize) -> &Candidate {
        &self.candidates[index]
    }

    /// Candidates that were not taken yet, by rank.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &Candidate> {
        self.order[self.next..].iter().map(|index| &self.candidates[*index])
    }
}

/// Start of the first edit, and bytes touched before and after.
fn place(candidate: &Candidate) -> (usize, usize) {
    let edits = candidate.edits.as_slice();
    let start = edits.first().map_or(0, |edit| edit.span.start);
    (start, edits.iter().map(|edit| edit.span.len() + edit.new_text.len()).sum())
}
