//! Which waiting queries go through the network together. Pure: a policy over lengths and turns.
//!
//! The job whose turn is lowest goes first and names the kind of attention; every other job of that kind adds one query at a
//! time, in the order of turns, until the budget is spent. A job that was served and is not done goes to the end of the
//! line. So no job waits for more batches than there are jobs before it, however much any of them asks for.

use std::collections::VecDeque;

use reweave_decode::protocol::{Attention, Query};

/// What one batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Rows times the longest of them: what the device works through, padding included.
    pub positions_max: usize,
    /// Branches.
    pub rows_max: usize,
}

/// How much of the network a query takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Branches, 1 or 2.
    pub rows: usize,
    /// Positions of the longer branch.
    pub length: usize,
}

/// The part of a job that has not been run, as the policy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub attention: Attention,
    /// Of each query, in order; never empty.
    pub costs: VecDeque<Cost>,
}

/// How many of a job's next queries go into the batch; jobs by their place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    pub job: usize,
    pub queries: usize,
}

impl Cost {
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let other = query.unconditional.as_ref();
        Self {
            rows: 1 + usize::from(other.is_some()),
            length: query.conditional.cells.len().max(other.map_or(0, |branch| branch.cells.len())),
        }
    }
}

/// The next batch out of the `line`, which is in the order of turns. Not empty unless the line is; within the budget unless
/// its only query exceeds it.
#[must_use]
pub fn choose<'a>(line: impl IntoIterator<Item = &'a Waiting>, budget: Budget) -> Vec<Pick> {
    let mut jobs = line.into_iter().enumerate();
    let Some((_, first)) = jobs.next() else { return Vec::new() };
    let same = jobs.filter(|(_, waiting)| waiting.attention == first.attention);
    let mut open: Vec<(usize, &Waiting)> = std::iter::once((0, first)).chain(same).collect();
    let mut batch = Filling { budget, rows: 0, longest: 0 };
    let mut picks: Vec<Pick> = Vec::new();
    for round in 0.. {
        open.retain(|(_, waiting)| waiting.costs.len() > round);
        open.retain(|(job, waiting)| {
            let taken = batch.take(waiting.costs[round]);
            if taken && round == 0 {
                picks.push(Pick { job: *job, queries: 0 });
            }
            taken
        });
        if open.is_empty() {
            break;
        }
        for pick in picks.iter_mut().filter(|pick| open.iter().any(|(job, _)| *job == pick.job)) {
            pick.queries += 1;
        }
    }
    picks
}

/// A batch in the making.
struct Filling {
    budget: Budget,
    rows: usize,
    longest: usize,
}

impl Filling {
    /// Whether the query was taken in.
    fn take(&mut self, cost: Cost) -> bool {
        let (rows, longest) = (self.rows + cost.rows, self.longest.max(cost.length));
        let fits = rows <= self.budget.rows_max && rows.saturating_mul(longest) <= self.budget.positions_max;
        if !fits && self.rows > 0 {
            return false;
        }
        (self.rows, self.longest) = (rows, longest);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: Budget = Budget { positions_max: 100, rows_max: 6 };

    fn cost() -> impl Strategy<Value = Cost> {
        (1..3_usize, 1..150_usize).prop_map(|(rows, length)| Cost { rows, length })
    }

    fn waiting() -> impl Strategy<Value = Waiting> {
        let attention = proptest::sample::select(&[Attention::AllVisible, Attention::Causal][..]);
        (attention, proptest::collection::vec_deque(cost(), 1..12))
            .prop_map(|(attention, costs)| Waiting { attention, costs })
    }

    /// Runs the line dry as the device does; for each job the number of the batch that served it first.
    fn drain(jobs: Vec<Waiting>) -> Vec<usize> {
        let total: usize = jobs.iter().map(|job| job.costs.len()).sum();
        let mut first = vec![usize::MAX; jobs.len()];
        let mut line: VecDeque<(usize, Waiting)> = jobs.into_iter().enumerate().collect();
        for batch in 0..=total {
            let picks = choose(line.iter().map(|(_, waiting)| waiting), BUDGET);
            if line.is_empty() {
                assert_eq!(picks, []);
                return first;
            }
            check(&line, &picks);
            let mut served = VecDeque::new();
            for pick in picks.iter().rev() {
                let (number, mut waiting) = line.remove(pick.job).unwrap();
                first[number] = first[number].min(batch);
                waiting.costs.drain(..pick.queries);
                if !waiting.costs.is_empty() {
                    served.push_front((number, waiting));
                }
            }
            line.extend(served);
        }
        panic!("every batch serves at least one query");
    }

    fn check(line: &VecDeque<(usize, Waiting)>, picks: &[Pick]) {
        assert_eq!(picks[0].job, 0, "the first in the line is always served");
        assert!(picks.iter().all(|pick| pick.queries > 0));
        assert!(picks.windows(2).all(|pair| pair[0].job < pair[1].job));
        let taken = |pick: &Pick| line[pick.job].1.costs.iter().take(pick.queries).copied().collect::<Vec<_>>();
        let costs: Vec<Cost> = picks.iter().flat_map(taken).collect();
        let rows: usize = costs.iter().map(|cost| cost.rows).sum();
        let longest = costs.iter().map(|cost| cost.length).max().unwrap();
        assert!(costs.len() == 1 || (rows <= BUDGET.rows_max && rows * longest <= BUDGET.positions_max));
        assert!(picks.iter().all(|pick| line[pick.job].1.attention == line[0].1.attention));
    }

    proptest! {
        #[test]
        fn no_job_waits_for_more_batches_than_there_are_jobs_before_it(jobs in proptest::collection::vec(waiting(), 0..9)) {
            for (place, batch) in drain(jobs).into_iter().enumerate() {
                prop_assert!(batch <= place, "job {place} was served first in batch {batch}");
            }
        }
    }

    fn job(attention: Attention, lengths: &[usize]) -> Waiting {
        let cost = |length: &usize| Cost { rows: 1, length: *length };
        Waiting { attention, costs: lengths.iter().map(cost).collect() }
    }

    #[test]
    fn a_job_that_asks_for_much_leaves_room_for_one_that_asks_for_little() {
        let line = [job(Attention::AllVisible, &[10; 50]), job(Attention::AllVisible, &[10])];
        let picks = choose(&line, BUDGET);
        assert_eq!(picks, [Pick { job: 0, queries: 5 }, Pick { job: 1, queries: 1 }]);
    }

    #[test]
    fn padding_is_paid_for() {
        let line = [job(Attention::AllVisible, &[10, 10]), job(Attention::AllVisible, &[90])];
        assert_eq!(choose(&line, BUDGET), [Pick { job: 0, queries: 2 }]);
    }

    #[test]
    fn kinds_of_attention_do_not_mix_and_a_long_canvas_goes_alone() {
        let line = [job(Attention::Causal, &[10]), job(Attention::AllVisible, &[10]), job(Attention::Causal, &[10])];
        assert_eq!(choose(&line, BUDGET), [Pick { job: 0, queries: 1 }, Pick { job: 2, queries: 1 }]);
        let line = [job(Attention::Causal, &[1_000, 10]), job(Attention::Causal, &[10])];
        assert_eq!(choose(&line, BUDGET), [Pick { job: 0, queries: 1 }]);
    }
}
