//! Patches, on their way out.

use reweave_core::{
    CheckResult, Edit, FileChange, FileKind, GateResult, HunkProvenance, MaskedSpan, Mode, ModelProvenance, Patch,
    Provenance, Risk, Score, TechniqueReport, Validation,
};

use crate::wire::outcome as wire;

impl From<Patch> for wire::Patch {
    fn from(patch: Patch) -> Self {
        Self {
            can_apply: patch.can_apply(),
            risk_score: number(patch.risk_score()),
            files: patch.files.into_iter().map(file).collect(),
            unified_diff: patch.unified_diff,
            masked_spans: patch.masked_spans.into_iter().map(masked_span).collect(),
            validation: Some(validation(patch.validation)),
            checks: patch.checks.into_iter().map(check).collect(),
            not_checked: patch.not_checked,
            risk: Some(risk(patch.risk)),
            provenance: Some(provenance(patch.provenance)),
        }
    }
}

/// Rounded to 6 decimals, so that every JSON parser, exact or not, reads back the number that was digested.
fn number(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn file(file: FileChange) -> wire::FileChange {
    let mode = |mode: Option<Mode>| mode.map_or("", Mode::as_str).into();
    wire::FileChange {
        path: file.path.into(),
        kind: file.kind.as_str().into(),
        renamed_from: match file.kind {
            FileKind::Renamed { from } => from.into(),
            FileKind::Edited | FileKind::Created | FileKind::Deleted => String::new(),
        },
        mode_before: mode(file.modes.before),
        mode_after: mode(file.modes.after),
        base_sha256: file.base_sha256.to_string(),
        result_sha256: file.result_sha256.to_string(),
        edits: file.edits.as_slice().iter().map(edit).collect(),
        original_code: file.original_code,
        generated_code: file.generated_code,
    }
}

fn edit(edit: &Edit) -> wire::Edit {
    wire::Edit {
        start: edit.span.start as u64,
        end: edit.span.end as u64,
        old_sha256: edit.old_sha256.to_string(),
        new_text: edit.new_text.clone(),
        node_kind: edit.node_kind.clone(),
        node_path: edit.node_path.clone(),
    }
}

fn masked_span(masked: MaskedSpan) -> wire::MaskedSpan {
    wire::MaskedSpan {
        path: masked.path.into(),
        start: masked.span.start as u64,
        end: masked.span.end as u64,
        node_kind: masked.node_kind,
        node_path: masked.node_path,
    }
}

fn validation(validation: Validation) -> wire::Validation {
    let gate = |GateResult { gate, passed, reason }| wire::GateResult { gate, passed, reason };
    wire::Validation {
        syntax_valid: validation.syntax_valid,
        errors: validation.errors,
        gates: validation.gates.into_iter().map(gate).collect(),
        bytes_changed_outside: validation.bytes_changed_outside,
    }
}

fn check(check: CheckResult) -> wire::CheckResult {
    wire::CheckResult {
        name: check.name.into(),
        command: check.command,
        status: check.status.as_str().into(),
        judged_by: check.judged_by.as_str().into(),
        base: check.base.as_str().into(),
        target: check.target,
        exit_code: check.exit_code,
        passed: check.passed,
        failing: check.failing,
        newly_failing: check.newly_failing,
    }
}

fn risk(risk: Risk) -> wire::Risk {
    let parts = risk.parts.into_iter();
    wire::Risk {
        score: number(risk.score),
        parts: parts
            .map(|part| wire::RiskPart { name: part.name, value: number(part.value), reason: part.reason })
            .collect(),
    }
}

fn provenance(provenance: Provenance) -> wire::Provenance {
    wire::Provenance {
        version: provenance.version,
        seed: provenance.seed,
        hunks: provenance.hunks.into_iter().map(hunk).collect(),
        candidates: provenance.candidates,
        runs: provenance.runs,
        techniques: provenance.techniques.into_iter().map(technique).collect(),
        model: provenance.model.map(model),
    }
}

fn technique(report: TechniqueReport) -> wire::TechniqueReport {
    wire::TechniqueReport { technique: report.technique.as_str().into(), result: report.result }
}

fn model(model: ModelProvenance) -> wire::ModelProvenance {
    let ModelProvenance { name, architecture, digest, dtype } = model;
    wire::ModelProvenance { name, architecture, digest: digest.to_string(), dtype }
}

fn hunk(hunk: HunkProvenance) -> wire::HunkProvenance {
    let score = |Score { name, value }| wire::Score { name, value: number(value) };
    wire::HunkProvenance {
        path: hunk.path.into(),
        start: hunk.span.start as u64,
        end: hunk.span.end as u64,
        proposer: hunk.proposer.as_str().into(),
        operator: hunk.operator,
        description: hunk.description,
        scores: hunk.scores.into_iter().map(score).collect(),
    }
}
