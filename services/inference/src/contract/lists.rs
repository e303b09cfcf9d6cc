//! Which ids are reported, and which may be drawn.

use reweave_decode::protocol::{Prediction, TokenId};

use super::subject::{LENGTH, Subject};

pub(super) fn best_first(subject: &mut Subject<'_>) {
    let open = subject.text().len();
    for top_k in [1, 2, subject.description.bounds.top_k_max] {
        let mut query = subject.query(LENGTH, 1);
        query.options.top_k = top_k;
        for one in subject.alone(&query) {
            subject.holds(one.top.len() == open.min(top_k as usize), "not as many ids as were asked for");
            let order = |pair: &[reweave_decode::protocol::Scored]| {
                let (left, right) = (pair[0], pair[1]);
                left.log_prob > right.log_prob || (left.log_prob == right.log_prob && left.token != right.token)
            };
            subject.holds(one.top.windows(2).all(order), "a better id stands behind a worse one");
        }
    }
}

pub(super) fn allow_lists_are_reported(subject: &mut Subject<'_>) {
    let ids = [subject.token(3), subject.token(1), subject.token(2), subject.token(3)];
    let mut query = subject.query(LENGTH, 2);
    let plain = subject.alone(&subject.full(query.clone()));
    query.allow[0] = Some(ids.to_vec());
    let listed = subject.alone(&query);
    let allowed = listed[0].allowed.clone().unwrap_or_else(|| panic!("an allow-list is not reported"));
    subject.holds(allowed.log_probs.len() == ids.len(), "not every id of the list is reported");
    for (id, log_prob) in ids.iter().zip(&allowed.log_probs) {
        subject.near(*log_prob, raw(subject, &plain[0], *id));
    }
    let mut distinct = ids.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mass: f32 = distinct.iter().map(|id| raw(subject, &plain[0], *id).exp()).sum();
    subject.near(allowed.mass, mass);
    subject.holds(listed[1..].iter().all(|one| one.allowed.is_none()), "a position without a list reports one");
    let unlisted = subject.alone(&subject.query(LENGTH, 2));
    for (listed, unlisted) in listed[0].top.iter().zip(&unlisted[0].top) {
        subject.holds(listed.token == unlisted.token, "a list changes what is best");
        subject.near(listed.log_prob, unlisted.log_prob);
    }
}

/// The log-probability of one id, of a prediction that reports every id of text.
fn raw(subject: &Subject<'_>, full: &Prediction, id: TokenId) -> f32 {
    let place = subject.text().binary_search(&id).unwrap_or_else(|_| panic!("token {id} is not text"));
    full.allowed.as_ref().map_or(f32::NAN, |allowed| allowed.log_probs[place])
}

pub(super) fn allow_lists_bind_draws(subject: &mut Subject<'_>) {
    let ids = vec![subject.token(3), subject.token(8)];
    for seed in 0..8 {
        let mut query = subject.query(LENGTH, 3);
        query.allow = vec![Some(ids.clone()); query.positions.len()];
        (query.options.temperature, query.options.seed) = (5.0, seed);
        for one in subject.alone(&query) {
            subject.holds(ids.contains(&one.drawn.token), "an id outside the list was drawn");
        }
    }
    let mut only = subject.query(LENGTH, 3);
    only.allow[0] = Some(vec![ids[1]]);
    let one = subject.alone(&only).remove(0);
    subject.holds(one.drawn.token == ids[1], "the one id of a list was not drawn");
    subject.near(one.shaped.probability, 1.0);
    subject.near(one.shaped.entropy, 0.0);
}

pub(super) fn suppressed_ids_are_never_predicted(subject: &mut Subject<'_>) {
    let mut query = subject.query(LENGTH, 4);
    query.options.top_k = subject.description.bounds.top_k_max;
    let best: Vec<TokenId> = subject.alone(&query).iter().flat_map(|one| &one.top).map(|top| top.token).collect();
    let specials = subject.description.specials.clone();
    let special = |id: &TokenId| specials.binary_search(id).is_ok();
    subject.holds(!best.iter().any(special), "a special id is among the best");
    query.options.suppressed = subject.alone(&query).iter().map(|one| one.top[0].token).collect();
    query.options.suppressed.dedup();
    for seed in 0..4 {
        (query.options.temperature, query.options.seed) = (2.0, seed);
        for one in subject.alone(&query) {
            let ids = one.top.iter().chain([&one.drawn]).map(|scored| scored.token);
            let banned = |id: TokenId| special(&id) || query.options.suppressed.contains(&id);
            subject.holds(!ids.into_iter().any(banned), "a suppressed or special id was predicted");
        }
    }
}

pub(super) fn the_end_may_be_allowed(subject: &mut Subject<'_>) {
    let Some(end) = subject.description.end else { return };
    let mut query = subject.query(LENGTH, 5);
    query.options.end_allowed = true;
    query.allow[0] = Some(vec![end]);
    let open = subject.alone(&query).remove(0);
    subject.holds(open.drawn.token == end, "the end is not drawn although it is all that is allowed");
    subject.holds(open.drawn.log_prob.is_finite(), "the end has no probability although it is allowed");
    query.options.end_allowed = false;
    let closed = subject.ask(std::slice::from_ref(&query)).pop();
    subject.holds(closed.is_some_and(|outcome| outcome.is_err()), "the end is drawn although it is not allowed");
}

pub(super) fn probabilities_are_probabilities(subject: &mut Subject<'_>) {
    let query = subject.full(subject.query(LENGTH, 6));
    for one in subject.alone(&query) {
        let sum: f32 = one.allowed.iter().flat_map(|allowed| &allowed.log_probs).map(|log_prob| log_prob.exp()).sum();
        subject.within(sum, 1.0, 1e-3);
        let entropy: f32 = one.allowed.iter().flat_map(|allowed| &allowed.log_probs).map(|log| -log * log.exp()).sum();
        subject.within(one.entropy, entropy, 1e-3);
        subject.holds(one.top.iter().all(|top| top.log_prob <= 0.0), "a log-probability is above 0");
        let shaped = one.shaped;
        subject.holds((0.0..=1.0 + 1e-6).contains(&shaped.probability), "a probability is none");
        subject.holds((0.0..=shaped.probability + 1e-6).contains(&shaped.margin), "the margin exceeds the best");
        subject.holds(shaped.entropy >= 0.0, "an entropy is below 0");
    }
}
