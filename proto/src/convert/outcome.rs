//! Outcome events and their digest.

mod patch_in;
mod patch_out;

use prost::Message as _;
use reweave_core::{BatchResult, CheckRun, ItemResult, Outcome, OutcomeEvent, RunFacts, Sha256, StageTime};

use super::{Malformed, parsed, refusal};
use crate::wire::outcome as wire;

/// `event` as a message, digest included.
#[must_use]
pub fn outcome(event: OutcomeEvent) -> wire::OutcomeEvent {
    let mut message = wire::OutcomeEvent {
        spec_id: event.spec_id.to_string(),
        outcome: Some(event.outcome.into()),
        run: None,
        digest: String::new(),
    };
    message.digest = Sha256::of(&message.encode_to_vec()).to_string();
    message.run = Some(event.run.into());
    message
}

/// The digest that `event` has to carry: SHA-256 of its binary encoding without `run` and `digest`.
///
/// The encoding is deterministic: fields in the order of their numbers, defaults left out, and no maps in the message.
#[must_use]
pub fn digest(event: &wire::OutcomeEvent) -> Sha256 {
    let bare = wire::OutcomeEvent { run: None, digest: String::new(), ..event.clone() };
    Sha256::of(&bare.encode_to_vec())
}

impl From<OutcomeEvent> for wire::OutcomeEvent {
    fn from(event: OutcomeEvent) -> Self {
        outcome(event)
    }
}

/// Verifies the digest, too: a message that was changed on the way is malformed.
impl TryFrom<wire::OutcomeEvent> for OutcomeEvent {
    type Error = Malformed;

    fn try_from(event: wire::OutcomeEvent) -> Result<Self, Malformed> {
        if digest(&event).to_string() != event.digest {
            return Err(Malformed::new("digest", "it is not the digest of this outcome"));
        }
        let outcome = event.outcome.ok_or_else(|| Malformed::new("outcome", "there is none"))?;
        Ok(Self {
            spec_id: parsed(&event.spec_id, "spec_id")?,
            outcome: receive(outcome)?,
            run: receive_run(event.run.unwrap_or_default())?,
        })
    }
}

impl From<Outcome> for wire::outcome_event::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Patch(patch) => Self::Patch(patch.into()),
            Outcome::Refusal(refusal) => Self::Refusal(refusal.into()),
            Outcome::Unchanged(reason) => Self::Unchanged(wire::Unchanged { reason }),
            Outcome::Batch(batch) => Self::Batch(wire::BatchResult {
                items: batch.items.into_iter().map(send_item).collect(),
                combined: batch.combined.map(Into::into),
            }),
        }
    }
}

fn send_item(item: ItemResult) -> wire::ItemResult {
    let result = match item {
        ItemResult::Patch(patch) => wire::item_result::Result::Patch(patch.into()),
        ItemResult::Refusal(refusal) => wire::item_result::Result::Refusal(refusal.into()),
        ItemResult::Unchanged(reason) => wire::item_result::Result::Unchanged(wire::Unchanged { reason }),
    };
    wire::ItemResult { result: Some(result) }
}

impl From<RunFacts> for wire::RunFacts {
    fn from(run: RunFacts) -> Self {
        let stage = |StageTime { stage, duration_us }| wire::StageTime { stage, duration_us };
        Self {
            started_unix_ms: run.started_unix_ms,
            duration_us: run.duration_us,
            host: run.host,
            stages: run.stages.into_iter().map(stage).collect(),
            check_runs: run.check_runs.into_iter().map(send_check_run).collect(),
            sandbox: run.sandbox,
            cut: run.cut,
        }
    }
}

fn send_check_run(run: CheckRun) -> wire::CheckRun {
    wire::CheckRun {
        name: run.name.into(),
        on_base: run.on_base,
        duration_us: run.duration_us,
        log_tail: run.log_tail,
        log_bytes: run.log_bytes,
    }
}

fn receive(outcome: wire::outcome_event::Outcome) -> Result<Outcome, Malformed> {
    use wire::outcome_event::Outcome as Wire;
    Ok(match outcome {
        Wire::Patch(patch) => Outcome::Patch(patch_in::receive(patch, "patch")?),
        Wire::Refusal(refusal) => Outcome::Refusal(refusal::receive(refusal, "refusal")?),
        Wire::Unchanged(unchanged) => Outcome::Unchanged(unchanged.reason),
        Wire::Batch(batch) => Outcome::Batch(BatchResult {
            items: batch.items.into_iter().enumerate().map(receive_item).collect::<Result<_, _>>()?,
            combined: batch.combined.map(|patch| patch_in::receive(patch, "batch.combined")).transpose()?,
        }),
    })
}

fn receive_item((index, item): (usize, wire::ItemResult)) -> Result<ItemResult, Malformed> {
    use wire::item_result::Result as Wire;
    let at = format!("batch.items[{index}]");
    Ok(match item.result.ok_or_else(|| Malformed::new(&at, "there is no result"))? {
        Wire::Patch(patch) => ItemResult::Patch(patch_in::receive(patch, &format!("{at}.patch"))?),
        Wire::Refusal(refusal) => ItemResult::Refusal(refusal::receive(refusal, &format!("{at}.refusal"))?),
        Wire::Unchanged(unchanged) => ItemResult::Unchanged(unchanged.reason),
    })
}

fn receive_run(run: wire::RunFacts) -> Result<RunFacts, Malformed> {
    let stage = |wire::StageTime { stage, duration_us }| StageTime { stage, duration_us };
    Ok(RunFacts {
        started_unix_ms: run.started_unix_ms,
        duration_us: run.duration_us,
        host: run.host,
        stages: run.stages.into_iter().map(stage).collect(),
        check_runs: run.check_runs.into_iter().enumerate().map(receive_check_run).collect::<Result<_, _>>()?,
        sandbox: run.sandbox,
        cut: run.cut,
    })
}

fn receive_check_run((index, run): (usize, wire::CheckRun)) -> Result<CheckRun, Malformed> {
    Ok(CheckRun {
        name: parsed(&run.name, &format!("run.check_runs[{index}].name"))?,
        on_base: run.on_base,
        duration_us: run.duration_us,
        log_tail: run.log_tail,
        log_bytes: run.log_bytes,
    })
}
