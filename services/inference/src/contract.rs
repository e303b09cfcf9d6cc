//! What every [`Backend`] must do: one suite for the torch network, the scripted and the n-gram model.
//!
//! A rule panics with what it found. Numbers are compared to 1e-5, so the suite is for models in f32.

mod batches;
mod draws;
mod faults;
mod guiding;
mod lists;
mod subject;

use reweave_decode::protocol::{Attention, Backend};

use subject::Subject;

/// One promise of a backend.
type Rule = fn(&mut Subject<'_>);

/// Every rule by its name.
const RULES: &[(&str, Rule)] = &[
    ("each query is answered in order, and no query by nothing", batches::answers_are_in_order),
    ("predictions carry the caller's positions", batches::positions_are_the_callers),
    ("a batch gives what its members give alone", batches::a_batch_is_its_members),
    ("queries of one length, unpadded, give what they give alone", batches::an_unpadded_batch_is_its_members),
    ("samples in a batch are samples alone", batches::samples_are_samples_alone),
    ("a query that fails leaves the others undisturbed", batches::a_failure_is_alone),
    ("a position does not change with what else is wanted", batches::positions_are_independent),
    ("all visible sees what comes after, causal does not", batches::later_tokens),
    ("the best ids come first and as many as were asked for", lists::best_first),
    ("an allow-list reports all of its ids in its order", lists::allow_lists_are_reported),
    ("nothing outside an allow-list is drawn", lists::allow_lists_bind_draws),
    ("suppressed and special ids are never predicted", lists::suppressed_ids_are_never_predicted),
    ("the end of text is predicted where it is allowed", lists::the_end_may_be_allowed),
    ("probabilities are probabilities", lists::probabilities_are_probabilities),
    ("temperature 0 draws the best", draws::zero_temperature_draws_the_best),
    ("the same seed draws the same, another seed another", draws::seeds_decide),
    ("a nucleus too small for two draws the best", draws::a_small_nucleus_draws_the_best),
    ("scale 1 is the conditional branch", guiding::scale_one_is_conditional),
    ("scale 0 is the unconditional branch", guiding::scale_zero_is_unconditional),
    ("any other scale is the formula", guiding::scales_follow_the_formula),
    ("options out of range are faults", faults::options_out_of_range),
    ("lists that leave nothing are faults", faults::nothing_left),
    ("a position outside is a fault", faults::positions_outside),
    ("a masked position needs a mask", faults::masked_without_a_mask),
];

/// Holds `backend` to every rule under one kind of attention.
///
/// # Panics
/// With the rule that is broken, and how.
pub fn check(backend: &mut dyn Backend, attention: Attention) {
    for (name, rule) in RULES {
        let mut subject = Subject::new(backend, attention, name);
        rule(&mut subject);
    }
}

#[cfg(test)]
mod tests;
