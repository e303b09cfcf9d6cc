//! What stands beside a query changes nothing.

use reweave_decode::protocol::{Attention, FaultCode, Prediction, Query};

use super::subject::{LENGTH, NEAR, Subject};

pub(super) fn answers_are_in_order(subject: &mut Subject<'_>) {
    let none = subject.ask(&[]);
    subject.holds(none.is_empty(), "nothing was asked and something answered");
    let batch = [subject.query(LENGTH, 1), subject.query(LENGTH + 3, 2)];
    for (query, outcome) in batch.iter().zip(subject.ask(&batch)) {
        let positions: Option<Vec<u32>> = outcome.ok().map(|all| all.iter().map(|one| one.position).collect());
        subject.holds(positions.as_ref() == Some(&query.positions), "positions are not those that were asked for");
    }
}

pub(super) fn positions_are_the_callers(subject: &mut Subject<'_>) {
    let query = subject.query(LENGTH, 1);
    let mut elsewhere = query.clone();
    elsewhere.positions.iter_mut().for_each(|position| *position += 1_000);
    let moved = subject.alone(&elsewhere);
    let back = |one: &Prediction| Prediction { position: one.position - 1_000, ..one.clone() };
    subject.holds(moved.iter().all(|one| one.position >= 1_000), "the label is the canvas's own position");
    let plain = subject.alone(&query);
    subject.same(&moved.iter().map(back).collect::<Vec<_>>(), &plain);
}

pub(super) fn a_batch_is_its_members(subject: &mut Subject<'_>) {
    let mut batch: Vec<Query> = (0..7).map(|salt| subject.query(6 + 5 * salt, salt)).collect();
    batch.push(subject.guided(3.0, 7));
    compare(subject, &batch);
}

pub(super) fn an_unpadded_batch_is_its_members(subject: &mut Subject<'_>) {
    let batch: Vec<Query> = (0..8).map(|salt| subject.query(LENGTH, salt)).collect();
    compare(subject, &batch);
}

fn compare(subject: &mut Subject<'_>, batch: &[Query]) {
    let together = subject.ask(batch);
    for (query, outcome) in batch.iter().zip(together) {
        let alone = subject.alone(query);
        match outcome {
            Ok(predictions) => subject.same(&predictions, &alone),
            Err(fault) => subject.holds(false, &fault.to_string()),
        }
    }
}

pub(super) fn samples_are_samples_alone(subject: &mut Subject<'_>) {
    let sample = |subject: &Subject<'_>, seed| {
        let mut query = subject.query(LENGTH, 1);
        (query.options.temperature, query.options.seed) = (1.5, seed);
        query
    };
    let batch: Vec<Query> = (0..8).map(|seed| sample(subject, seed)).collect();
    compare(subject, &batch);
    let outcomes = subject.ask(&batch);
    let drawn = |outcome: &Result<Vec<Prediction>, _>| -> Vec<u32> {
        outcome.iter().flatten().map(|one: &Prediction| one.drawn.token).collect()
    };
    let first = drawn(&outcomes[0]);
    subject.holds(outcomes.iter().any(|outcome| drawn(outcome) != first), "eight seeds drew the same");
}

pub(super) fn a_failure_is_alone(subject: &mut Subject<'_>) {
    let mut wrong = subject.query(LENGTH, 2);
    wrong.options.top_k = 0;
    let batch = [subject.query(LENGTH, 1), wrong, subject.query(LENGTH + 4, 3)];
    let outcomes = subject.ask(&batch);
    subject.holds(outcomes[1].as_ref().is_err_and(|fault| fault.code == FaultCode::TopK), "the failure is not told");
    for index in [0, 2] {
        let alone = subject.alone(&batch[index]);
        let beside = outcomes[index].as_deref().unwrap_or_default();
        subject.same(beside, &alone);
    }
}

/// The draw too: its seed and its position decide.
pub(super) fn positions_are_independent(subject: &mut Subject<'_>) {
    let mut query = subject.query(LENGTH, 4);
    query.options.temperature = 1.0;
    let all = subject.alone(&query);
    // The last wanted position stays the last, as causal models are fed no more than what precedes it.
    let some: Vec<usize> = (0..all.len()).filter(|index| (all.len() - 1 - index).is_multiple_of(2)).collect();
    let pick = |index: &usize| all[*index].clone();
    let wanted = some.iter().map(|index| query.conditional.wanted[*index]).collect();
    let fewer = subject.query_at(query.conditional.cells.clone(), wanted, query.options.clone());
    let alone = subject.alone(&fewer);
    subject.same(&alone, &some.iter().map(pick).collect::<Vec<_>>());
}

pub(super) fn later_tokens(subject: &mut Subject<'_>) {
    let mut query = subject.query(LENGTH, 5);
    // One position is wanted, and the token after it is another.
    let at = match subject.attention {
        Attention::AllVisible => LENGTH - LENGTH / 3 - 1,
        Attention::Causal => query.conditional.wanted[0],
    };
    query = subject.query_at(query.conditional.cells, vec![at], query.options);
    let mut other = query.clone();
    other.conditional.cells[at + 1] = Some(subject.token(999));
    subject.holds(query.conditional.cells != other.conditional.cells, "the model has too few ids of text");
    let (first, second) = (subject.alone(&query), subject.alone(&other));
    match subject.attention {
        Attention::Causal => subject.same(&first, &second),
        Attention::AllVisible => {
            let moved = (first[0].top[0].log_prob - second[0].top[0].log_prob).abs() > NEAR
                || first[0].top[0].token != second[0].top[0].token;
            subject.holds(moved, "a token after the hole changes nothing");
        }
    }
}
