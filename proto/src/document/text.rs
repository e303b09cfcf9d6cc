//! From bytes to text, with a clear no for what is not text.

use reweave_core::{EvidenceKind, Refusal, RefusalCode, limits};

/// The document's text without a byte order mark.
pub(super) fn read(bytes: &[u8]) -> Result<&str, Refusal> {
    if bytes.len() > limits::SPEC_BYTES_MAX {
        return Err(too_large(bytes.len()));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || looks_wide(bytes) {
        return Err(invalid("the document is UTF-16, and must be UTF-8").next("save the document as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        invalid("the document is not UTF-8 text")
            .with(EvidenceKind::Error, format!("byte {} is not valid", error.valid_up_to()))
            .next("save the document as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.find('\0') {
        return Err(invalid("the document is not text").with(EvidenceKind::Error, format!("byte {at} is 0")));
    }
    if text.trim().is_empty() {
        return Err(invalid("the document is empty").next("give one of `refactor`, `edit` and `batch`"));
    }
    Ok(text)
}

pub(super) fn too_large(bytes: usize) -> Refusal {
    let max = limits::SPEC_BYTES_MAX;
    Refusal::new(RefusalCode::SpecTooLarge, format!("the document is {bytes} bytes long, and may be {max}"))
        .with(EvidenceKind::Limit, format!("{bytes} of at most {max} bytes"))
        .next("name a workspace instead of carrying its files, or split the batch")
}

/// UTF-16 without a byte order mark: every other byte of the first ones is 0.
fn looks_wide(bytes: &[u8]) -> bool {
    let start = bytes.get(..4).unwrap_or_default();
    matches!(start, [0, a, 0, b] | [a, 0, b, 0] if *a != 0 && *b != 0)
}

fn invalid(reason: &str) -> Refusal {
    Refusal::new(RefusalCode::SpecInvalid, reason)
}
