//! Refusals, alone and as the end of a checks session.

use reweave_core::{Evidence, EvidenceKind, Refusal, RefusalCode};

use super::{Malformed, named};
use crate::wire::{checks::SessionError, outcome as wire};

/// A refusal that ends a checks session.
#[must_use]
pub fn session_error(refusal: Refusal) -> SessionError {
    let wire::Refusal { code, reason, evidence, next_command } = refusal.into();
    SessionError { code, reason, evidence, next_command }
}

/// The refusal that ended a checks session.
pub fn read_session_error(error: SessionError) -> Result<Refusal, Malformed> {
    let SessionError { code, reason, evidence, next_command } = error;
    receive(wire::Refusal { code, reason, evidence, next_command }, "error")
}

impl From<Refusal> for wire::Refusal {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.to_string(),
            reason: refusal.reason,
            evidence: refusal.evidence.into_iter().map(send_evidence).collect(),
            next_command: refusal.next_command,
        }
    }
}

impl TryFrom<wire::Refusal> for Refusal {
    type Error = Malformed;

    fn try_from(refusal: wire::Refusal) -> Result<Self, Malformed> {
        receive(refusal, "refusal")
    }
}

fn send_evidence(evidence: Evidence) -> wire::Evidence {
    wire::Evidence {
        kind: evidence.kind.as_str().into(),
        detail: evidence.detail,
        file: evidence.file.map(String::from).unwrap_or_default(),
        line: evidence.line.unwrap_or_default(),
    }
}

pub(super) fn receive(refusal: wire::Refusal, at: &str) -> Result<Refusal, Malformed> {
    let unknown = |()| Malformed::new(format!("{at}.code"), format!("`{}` is not a refusal code", refusal.code));
    let code: RefusalCode = refusal.code.parse().map_err(unknown)?;
    let evidence = refusal.evidence.into_iter().enumerate().map(|(index, evidence)| {
        let at = format!("{at}.evidence[{index}]");
        Ok(Evidence {
            kind: named(&EvidenceKind::ALL, &evidence.kind, &format!("{at}.kind"))?,
            detail: evidence.detail,
            file: match evidence.file.as_str() {
                "" => None,
                file => Some(super::parsed(file, &format!("{at}.file"))?),
            },
            line: (evidence.line > 0).then_some(evidence.line),
        })
    });
    Ok(Refusal {
        code,
        evidence: evidence.collect::<Result<_, Malformed>>()?,
        reason: refusal.reason,
        next_command: refusal.next_command,
    })
}
