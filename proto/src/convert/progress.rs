//! Progress events.

use reweave_core::{Progress, SpecId, Stage};

use super::{Malformed, named, parsed};
use crate::wire::outcome::ProgressEvent;

/// A step of the work on `spec_id`, as a message.
#[must_use]
pub fn progress(spec_id: SpecId, progress: Progress) -> ProgressEvent {
    ProgressEvent {
        spec_id: spec_id.to_string(),
        stage: progress.stage.as_str().into(),
        message: progress.message,
        done: progress.done,
        total: progress.total,
    }
}

/// The spec and the step that a message stands for.
pub fn read_progress(event: ProgressEvent) -> Result<(SpecId, Progress), Malformed> {
    let spec_id = parsed(&event.spec_id, "spec_id")?;
    let stage = named(&Stage::ALL, &event.stage, "stage")?;
    Ok((spec_id, Progress { stage, message: event.message, done: event.done, total: event.total }))
}
