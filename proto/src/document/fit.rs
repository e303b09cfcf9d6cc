//! Keeping an outcome under its size limit, and saying what that cost.

use reweave_core::{EvidenceKind, ItemResult, Outcome, OutcomeEvent, Patch, Refusal, RefusalCode, RunFacts};

/// Bytes kept free for run facts when the size of the deterministic part decides whether copies of the code are cut: that
/// decision is part of what is digested, so it must not depend on how long a log was.
const RUN_BYTES: usize = 64 << 10;
/// Most cuts that are still named when even the run facts had to be cut.
const CUTS_MAX: usize = 16;

/// `event`, cut until its JSON is at most `bytes_max` long: logs first, then copies of the code, never the edits or the
/// diff. `run.cut` names what was cut. What is still too large becomes a refusal that says so.
#[must_use]
pub fn fit(mut event: OutcomeEvent, bytes_max: usize) -> OutcomeEvent {
    let too_many_copies = deterministic_len(&event) + RUN_BYTES > bytes_max;
    if !too_many_copies && len(&event) <= bytes_max {
        return event;
    }
    cut_logs(&mut event.run);
    if too_many_copies {
        cut_copies(&mut event);
    }
    if deterministic_len(&event) + RUN_BYTES > bytes_max {
        event.outcome = too_large(deterministic_len(&event), bytes_max).into();
    }
    if len(&event) > bytes_max {
        event.run = bare(event.run);
    }
    event
}

/// The length of the event's JSON, which is longer than its binary form.
fn len(event: &OutcomeEvent) -> usize {
    super::outcome_json(event).to_string().len()
}

fn deterministic_len(event: &OutcomeEvent) -> usize {
    len(&OutcomeEvent { run: RunFacts::default(), ..event.clone() })
}

fn cut_logs(run: &mut RunFacts) {
    for check in &mut run.check_runs {
        if !check.log_tail.is_empty() {
            check.log_tail.clear();
            let on = if check.on_base { "base" } else { "patch" };
            run.cut.push(format!("log of {} on {on}", check.name));
        }
    }
}

fn cut_copies(event: &mut OutcomeEvent) {
    let mut cut = |patch: &mut Patch| {
        for file in &mut patch.files {
            for (copy, name) in
                [(&mut file.original_code, "original_code"), (&mut file.generated_code, "generated_code")]
            {
                let cut = format!("{name} of {}", file.path);
                // Items of a batch and their combination carry the same files.
                if !std::mem::take(copy).is_empty() && !event.run.cut.contains(&cut) {
                    event.run.cut.push(cut);
                }
            }
        }
    };
    match &mut event.outcome {
        Outcome::Patch(patch) => cut(patch),
        Outcome::Batch(batch) => {
            let items = batch.items.iter_mut().filter_map(|item| match item {
                ItemResult::Patch(patch) => Some(patch),
                ItemResult::Refusal(_) | ItemResult::Unchanged(_) => None,
            });
            items.chain(&mut batch.combined).for_each(cut);
        }
        Outcome::Refusal(_) | Outcome::Unchanged(_) => {}
    }
}

fn bare(mut run: RunFacts) -> RunFacts {
    run.cut.truncate(CUTS_MAX);
    run.cut.push("stages, check runs and sandbox".into());
    RunFacts { stages: Vec::new(), check_runs: Vec::new(), sandbox: Vec::new(), ..run }
}

fn too_large(bytes: usize, bytes_max: usize) -> Refusal {
    Refusal::new(RefusalCode::OutcomeTooLarge, "the patch was found, and is larger than an outcome event may be")
        .with(EvidenceKind::Limit, format!("{bytes} of at most {bytes_max} bytes, without copies of the code"))
        .next("narrow the spec, split the batch, or run it with `reweave run`, which has no such limit")
}

#[cfg(test)]
mod tests;
