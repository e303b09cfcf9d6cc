//! Specs: every bound and shape that needs no file is checked here, once.

mod field;
mod generation;
mod plan;
mod send;
mod source;
#[cfg(test)]
mod tests;

use reweave_core::{Batch, BatchItem, Budget, Refusal, RefusalCode, Source, Spec, SpecKind, limits};

use crate::wire::spec as wire;
use field::Field;
pub use send::source;

/// Where a spec came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The command line, which has a workspace of its own: a source may be left out.
    Local,
    /// An event or HTTP: the spec says where its code comes from.
    Remote,
}

/// The spec that `message` asks for, or why it cannot be asked.
pub fn spec(message: wire::Spec, door: Door) -> Result<Spec, Refusal> {
    let root = Field::root();
    Ok(Spec {
        source: source::receive(message.source, door, &root.at("source"))?,
        kind: kind(message.kind, &root)?,
        seed: message.seed,
        generation: generation::receive(message.generation.unwrap_or_default(), &root.at("generation"))?,
        budget: budget(message.budget.unwrap_or_default()),
        deadline_unix_ms: message.deadline.map(|time| deadline(time, &root.at("deadline"))).transpose()?,
    })
}

/// Where a message says the code comes from: what [`source`] sends.
pub fn read_source(message: Option<wire::Source>, door: Door) -> Result<Source, Refusal> {
    source::receive(message, door, &Field::root().at("source"))
}

fn kind(kind: Option<wire::spec::Kind>, root: &Field) -> Result<SpecKind, Refusal> {
    use wire::spec::Kind as Wire;
    match kind {
        Some(Wire::Refactor(refactor)) => Ok(SpecKind::Refactor(plan::refactor(refactor, &root.at("refactor"))?)),
        Some(Wire::Edit(edit)) => Ok(SpecKind::Edit(plan::edit(edit, &root.at("edit"))?)),
        Some(Wire::Batch(batch)) => Ok(SpecKind::Batch(self::batch(batch, &root.at("batch"))?)),
        Some(Wire::Issue(issue)) => Ok(SpecKind::Issue(root.at("issue").at("text").required_text(issue.text)?)),
        None => Err(Refusal::new(RefusalCode::SpecInvalid, "the spec asks for nothing")
            .next("give exactly one of `refactor`, `edit`, `batch` and `issue`")),
    }
}

fn batch(batch: wire::Batch, at: &Field) -> Result<Batch, Refusal> {
    let at = at.at("items");
    at.count(batch.items.len(), 1, limits::BATCH_ITEMS_MAX)?;
    let items = batch.items.into_iter().enumerate().map(|(index, item)| {
        let at = at.index(index);
        match item.kind {
            Some(wire::batch_item::Kind::Refactor(refactor)) => {
                plan::refactor(refactor, &at.at("refactor")).map(BatchItem::Refactor)
            }
            Some(wire::batch_item::Kind::Edit(edit)) => plan::edit(edit, &at.at("edit")).map(BatchItem::Edit),
            None => Err(at.invalid("is neither a `refactor` nor an `edit`")),
        }
    });
    Ok(Batch { items: items.collect::<Result<_, Refusal>>()? })
}

/// What is not given gets its default; what is above the limit is cut to it, as the budget is a wish and not a promise.
fn budget(budget: wire::Budget) -> Budget {
    let default = Budget::default();
    Budget {
        runs: if budget.runs == 0 { default.runs } else { budget.runs.min(limits::RUNS_MAX) },
        candidates: if budget.candidates == 0 {
            default.candidates
        } else {
            budget.candidates.min(limits::CANDIDATES_MAX)
        },
        milliseconds: match budget.milliseconds {
            0 => default.milliseconds,
            given => given.min(limits::MILLISECONDS_MAX),
        },
    }
}

fn deadline(time: prost_types::Timestamp, at: &Field) -> Result<u64, Refusal> {
    let (Ok(seconds), Ok(nanos @ 0..1_000_000_000)) = (u64::try_from(time.seconds), u64::try_from(time.nanos)) else {
        return Err(at.invalid("is not a time after 1970"));
    };
    Ok(seconds.saturating_mul(1_000).saturating_add(nanos / 1_000_000))
}
