//! Progress events.

use reweave_core::{Denoising, Glyph, Progress, SpecId, Stage};

use super::{Malformed, named, parsed};
use crate::wire::outcome::{self as wire, ProgressEvent};

/// A step of the work on `spec_id`, as a message.
#[must_use]
pub fn progress(spec_id: SpecId, progress: Progress) -> ProgressEvent {
    ProgressEvent {
        spec_id: spec_id.to_string(),
        stage: progress.stage.as_str().into(),
        message: progress.message,
        done: progress.done,
        total: progress.total,
        denoising: progress.denoising.map(send_denoising),
    }
}

/// The spec and the step that a message stands for.
pub fn read_progress(event: ProgressEvent) -> Result<(SpecId, Progress), Malformed> {
    let spec_id = parsed(&event.spec_id, "spec_id")?;
    let stage = named(&Stage::ALL, &event.stage, "stage")?;
    let denoising = event.denoising.map(read_denoising);
    Ok((spec_id, Progress { stage, message: event.message, done: event.done, total: event.total, denoising }))
}

fn send_denoising(denoising: Denoising) -> wire::Denoising {
    let glyph = |glyph| match glyph {
        Glyph::Masked => wire::Glyph::default(),
        Glyph::New(text) => wire::Glyph { text, filled: true, new: true },
        Glyph::Kept(text) => wire::Glyph { text, filled: true, new: false },
    };
    let Denoising { hole, step, steps, glyphs } = denoising;
    wire::Denoising { hole, step, steps, glyphs: glyphs.into_iter().map(glyph).collect() }
}

fn read_denoising(denoising: wire::Denoising) -> Denoising {
    let glyph = |glyph: wire::Glyph| match (glyph.filled, glyph.new) {
        (false, _) => Glyph::Masked,
        (true, true) => Glyph::New(glyph.text),
        (true, false) => Glyph::Kept(glyph.text),
    };
    let wire::Denoising { hole, step, steps, glyphs } = denoising;
    Denoising { hole, step, steps, glyphs: glyphs.into_iter().map(glyph).collect() }
}
