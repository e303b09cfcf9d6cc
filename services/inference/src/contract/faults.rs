//! What cannot be answered is a fault of the right kind, and never a guess.

use reweave_decode::protocol::{Attention, FaultCode, Options, Query};

use super::subject::{LENGTH, Subject};

type Spoil = fn(&mut Options);

pub(super) fn options_out_of_range(subject: &mut Subject<'_>) {
    let bound = subject.description.bounds.top_k_max;
    let vocabulary = subject.description.vocabulary;
    let wrong: [(FaultCode, Spoil); 11] = [
        (FaultCode::TopK, |options| options.top_k = 0),
        (FaultCode::Parameter, |options| options.temperature = f32::NAN),
        (FaultCode::Parameter, |options| options.temperature = -0.1),
        (FaultCode::Parameter, |options| options.temperature = 100.5),
        (FaultCode::Parameter, |options| options.temperature = f32::INFINITY),
        (FaultCode::Parameter, |options| options.top_p = 0.0),
        (FaultCode::Parameter, |options| options.top_p = 1.1),
        (FaultCode::Parameter, |options| options.top_p = f32::NAN),
        (FaultCode::Parameter, |options| options.guidance.scale = f32::INFINITY),
        (FaultCode::Parameter, |options| options.guidance.scale = f32::NEG_INFINITY),
        (FaultCode::Parameter, |options| options.guidance.scale = f32::NAN),
    ];
    for (code, spoil) in wrong {
        let mut query = subject.query(LENGTH, 1);
        spoil(&mut query.options);
        refused(subject, &query, code);
    }
    let mut query = subject.query(LENGTH, 1);
    query.options.top_k = bound + 1;
    refused(subject, &query, FaultCode::TopK);
    let mut query = subject.query(LENGTH, 1);
    query.options.suppressed = vec![vocabulary];
    refused(subject, &query, FaultCode::Token);
}

pub(super) fn nothing_left(subject: &mut Subject<'_>) {
    let id = subject.token(1);
    let mut query = subject.query(LENGTH, 2);
    query.allow[0] = Some(Vec::new());
    refused(subject, &query, FaultCode::NothingAllowed);
    query.allow[0] = Some(vec![id]);
    query.options.suppressed = vec![id];
    refused(subject, &query, FaultCode::NothingAllowed);
    query.allow[0] = None;
    query.options.suppressed = subject.text().to_vec();
    refused(subject, &query, FaultCode::NothingAllowed);
    query.options.suppressed = Vec::new();
    query.allow[0] = Some(vec![subject.description.vocabulary]);
    refused(subject, &query, FaultCode::Token);
}

pub(super) fn positions_outside(subject: &mut Subject<'_>) {
    let query = subject.query(LENGTH, 3);
    let outside = subject.query_at(query.conditional.cells, vec![LENGTH + 5], query.options);
    refused(subject, &outside, FaultCode::Position);
}

pub(super) fn masked_without_a_mask(subject: &mut Subject<'_>) {
    let mut query = subject.query(LENGTH, 4);
    query.conditional.cells[1] = None;
    match (subject.description.mask, subject.attention) {
        (None, Attention::Causal) => refused(subject, &query, FaultCode::Unsupported),
        (Some(_), _) | (None, Attention::AllVisible) => {
            let outcome = subject.ask(std::slice::from_ref(&query)).pop();
            let answered = outcome.is_some_and(|outcome| outcome.is_ok());
            subject
                .holds(answered == subject.description.mask.is_some(), "a masked position without a mask is answered");
        }
    }
}

fn refused(subject: &mut Subject<'_>, query: &Query, code: FaultCode) {
    let outcome = subject.ask(std::slice::from_ref(query)).pop();
    let found = outcome.map(|outcome| outcome.map_err(|fault| fault.code).map(|_| ()));
    subject.holds(found == Some(Err(code)), &format!("{:?} gave {found:?}, not {code:?}", query.options));
}
