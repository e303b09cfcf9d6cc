//! What the demo reads from an outcome event (`proto/reweave/outcome/v1/outcome.proto`, as JSON).

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use serde_json::Value;

/// The facts of one outcome.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// `patch`, `unchanged`, a refusal's code, or `batch: ` and one of these per item.
    pub(super) outcome: String,
    /// Why it was refused, one entry per refusal.
    pub(super) reasons: Vec<String>,
    pub(super) diff: String,
    pub(super) proposers: BTreeSet<String>,
    pub(super) runs: Option<u64>,
    pub(super) checks: Vec<String>,
    pub(super) risk: Option<f64>,
    /// What every patch must have and this one has not.
    pub(super) broken_promises: Vec<String>,
}

impl Facts {
    /// Reads the event that `reweave run --json` prints.
    pub(super) fn read(json: &[u8]) -> anyhow::Result<Self> {
        let event: Value = serde_json::from_slice(json).context("standard output is not one JSON document")?;
        let mut facts = Self::default();
        facts.outcome = match event.get("batch") {
            Some(batch) => {
                let items = batch.get("items").and_then(Value::as_array).context("a batch has no items")?;
                let items: Vec<String> = items.iter().map(|item| facts.item(item)).collect::<anyhow::Result<_>>()?;
                if let Some(combined) = batch.get("combined") {
                    facts.patch(combined);
                }
                format!("batch: {}", items.join(", "))
            }
            None => {
                if let Some(patch) = event.get("patch") {
                    facts.patch(patch);
                }
                facts.item(&event)?
            }
        };
        Ok(facts)
    }

    fn item(&mut self, item: &Value) -> anyhow::Result<String> {
        if item.get("patch").is_some() {
            return Ok("patch".to_owned());
        }
        if item.get("unchanged").is_some() {
            return Ok("unchanged".to_owned());
        }
        let Some(refusal) = item.get("refusal") else { bail!("neither patch nor refusal: {item}") };
        self.reasons.push(refusal.get("reason").and_then(Value::as_str).unwrap_or("no reason").to_owned());
        Ok(refusal.get("code").and_then(Value::as_str).context("a refusal has no code")?.to_owned())
    }

    fn patch(&mut self, patch: &Value) {
        self.diff = patch.get("unified_diff").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.runs = Some(patch.pointer("/provenance/runs").map_or(0, number));
        self.risk = patch.get("risk_score").and_then(Value::as_f64).or(Some(0.0));
        for hunk in list(patch, "/provenance/hunks") {
            let word = |field| hunk.get(field).and_then(Value::as_str).unwrap_or("?");
            self.proposers.insert(format!("{} {}", word("proposer"), word("operator")));
        }
        for check in list(patch, "/checks") {
            let word = |field| check.get(field).and_then(Value::as_str).unwrap_or("?");
            self.checks.push(format!("{} {}", word("name"), word("status")));
        }
        self.hold_to_promises(patch);
    }

    /// A field with its default value may be left out in JSON.
    fn hold_to_promises(&mut self, patch: &Value) {
        let holds = |pointer| patch.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
        if !holds("/can_apply") {
            self.broken_promises.push("can_apply is false".to_owned());
        }
        if !holds("/validation/syntax_valid") {
            self.broken_promises.push("validation.syntax_valid is false".to_owned());
        }
        let outside = patch.pointer("/validation/bytes_changed_outside").map_or(0, number);
        if outside != 0 {
            self.broken_promises.push(format!("{outside} bytes changed outside the masked spans"));
        }
    }
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// 64-bit numbers are strings in the JSON mapping of protocol buffers.
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = r#"{"spec_id": "ab", "patch": {
        "unified_diff": "+import re\n", "can_apply": true, "risk_score": 0.12, "validation": {"syntax_valid": true},
        "checks": [{"name": "pytest", "status": "passed"}],
        "provenance": {"runs": 3, "hunks": [{"proposer": "mutation", "operator": "missing_import"}]}}}"#;

    #[test]
    fn a_patch_is_read_with_its_proposer_runs_checks_and_risk() {
        let facts = Facts::read(PATCH.as_bytes()).unwrap();
        assert_eq!((facts.outcome.as_str(), facts.runs, facts.risk), ("patch", Some(3), Some(0.12)));
        assert_eq!(facts.checks, ["pytest passed"]);
        assert!(facts.proposers.contains("mutation missing_import"));
        assert!(facts.broken_promises.is_empty());
    }

    #[test]
    fn a_patch_that_cannot_apply_or_reaches_outside_breaks_a_promise() {
        let outside = PATCH.replace(r#""syntax_valid": true"#, r#""syntax_valid": true, "bytes_changed_outside": "4""#);
        assert_eq!(Facts::read(outside.as_bytes()).unwrap().broken_promises.len(), 1);
        let unfit = PATCH.replace(r#""can_apply": true, "#, "");
        assert_eq!(Facts::read(unfit.as_bytes()).unwrap().broken_promises, ["can_apply is false"]);
    }

    #[test]
    fn a_batch_names_what_came_of_each_item() {
        let batch =
            r#"{"batch": {"items": [{"patch": {}}, {"refusal": {"code": "batch.overlap", "reason": "taken"}}]}}"#;
        let facts = Facts::read(batch.as_bytes()).unwrap();
        assert_eq!(facts.outcome, "batch: patch, batch.overlap");
        assert_eq!(facts.reasons, ["taken"]);
    }

    #[test]
    fn what_is_no_outcome_is_an_error() {
        assert!(Facts::read(b"").is_err());
        assert!(Facts::read(br#"{"spec_id": "ab"}"#).is_err());
    }
}
