//! How an id is drawn.

use reweave_decode::protocol::Query;

use super::subject::{LENGTH, Subject};

pub(super) fn zero_temperature_draws_the_best(subject: &mut Subject<'_>) {
    let query = subject.query(LENGTH, 1);
    for one in subject.alone(&query) {
        subject.holds(one.drawn == one.top[0], "the best is not what is drawn");
        subject.near(one.shaped.probability, one.top[0].log_prob.exp());
    }
}

pub(super) fn seeds_decide(subject: &mut Subject<'_>) {
    let draw = |subject: &mut Subject<'_>, seed| -> Vec<u32> {
        let mut query = subject.query(LENGTH, 2);
        (query.options.temperature, query.options.seed) = (2.0, seed);
        subject.alone(&query).iter().map(|one| one.drawn.token).collect()
    };
    let first = draw(subject, 7);
    let again = draw(subject, 7);
    subject.holds(again == first, "the same seed drew something else");
    let other = (8..24).any(|seed| draw(subject, seed) != first);
    subject.holds(other, "seventeen seeds drew the same at temperature 2");
}

pub(super) fn a_small_nucleus_draws_the_best(subject: &mut Subject<'_>) {
    let mut query: Query = subject.query(LENGTH, 3);
    (query.options.temperature, query.options.top_p) = (1.0, 1e-6);
    for seed in 0..4 {
        query.options.seed = seed;
        for one in subject.alone(&query) {
            subject.holds(one.drawn.token == one.top[0].token, "an id outside the nucleus was drawn");
            subject.near(one.shaped.probability, 1.0);
        }
    }
}
