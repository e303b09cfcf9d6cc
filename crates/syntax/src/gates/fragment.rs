//! The two gates that look at new texts alone. What they doubt, the strict parse of the result decides.

use reweave_core::Language;

use super::fill::Fit;
use super::{Judged, Verdict};
use crate::strict;

/// Whether every fill is of a kind that leads the parser on as the node it replaces.
pub(super) fn goto_type(judged: &Judged<'_>) -> Verdict {
    let doubts = judged.fills.iter().filter_map(|fill| match &fill.fit {
        Fit::Doubtful(doubt) => Some(doubt),
        Fit::Admitted(_) | Fit::Comment | Fit::NoNode => None,
    });
    let of_nodes = judged.fills.iter().filter(|fill| !matches!(fill.fit, Fit::NoNode)).count();
    let admitted = format!("{of_nodes} of {} edits replace one node, each by a kind that fits", judged.fills.len());
    settle(judged, doubts.map(String::as_str).next(), admitted)
}

/// Whether every fill that is a node by itself is one for the strict parser too.
pub(super) fn fragment(judged: &Judged<'_>) -> Verdict {
    let fragments = judged.fills.iter().filter_map(|fill| match &fill.fit {
        Fit::Admitted(wrapped) => Some(wrapped),
        Fit::Comment | Fit::Doubtful(_) | Fit::NoNode => None,
    });
    let language = judged.base.language();
    let (mut parsed, mut doubt) = (0, None);
    let mut last = None;
    for wrapped in fragments {
        parsed += 1;
        if last != Some(wrapped) {
            doubt = doubt.or_else(|| strict_error(language, wrapped));
            last = Some(wrapped);
        }
    }
    settle(judged, doubt.as_deref(), format!("{parsed} of {} new texts parse by themselves", judged.fills.len()))
}

/// A doubt refuses only what the strict parse of the whole result finds wrong too.
fn settle(judged: &Judged<'_>, doubt: Option<&str>, passed: String) -> Verdict {
    match (doubt, judged.gained_error()) {
        (None, _) => Ok(passed),
        (Some(doubt), None) => Ok(format!("{doubt}; the whole result parses")),
        (Some(doubt), Some(error)) => Err(format!("{doubt}; {error}")),
    }
}

/// What the strict parser has against a text read by itself.
pub(super) fn strict_error(language: Language, wrapped: &str) -> Option<String> {
    match strict::read(language, wrapped) {
        Ok(reading) => {
            reading.errors.first().map(|error| format!("the new text does not parse by itself: {}", error.message))
        }
        Err(_) => Some("the new text is too deep or too complex to parse by itself".to_owned()),
    }
}
