//! Patches, on receipt.

use std::collections::BTreeSet;

use reweave_core::{
    BaseStatus, CheckResult, CheckStatus, Edit, Edits, FileChange, FileKind, GateResult, HunkProvenance, JudgedBy,
    MaskedSpan, Mode, ModelProvenance, Modes, Patch, Proposer, Provenance, RelativePath, Risk, RiskPart, Score, Sha256,
    Span, Technique, TechniqueReport, Validation,
};

use crate::{
    convert::{Malformed, named, parsed},
    wire::outcome as wire,
};

pub(super) fn receive(patch: wire::Patch, at: &str) -> Result<Patch, Malformed> {
    let missing = |field: &str| Malformed::new(format!("{at}.{field}"), "it is missing");
    let received = Patch {
        files: each(patch.files, &format!("{at}.files"), file)?,
        unified_diff: patch.unified_diff,
        masked_spans: each(patch.masked_spans, &format!("{at}.masked_spans"), masked_span)?,
        validation: validation(patch.validation.ok_or_else(|| missing("validation"))?),
        checks: each(patch.checks, &format!("{at}.checks"), check)?,
        not_checked: patch.not_checked,
        risk: risk(patch.risk.ok_or_else(|| missing("risk"))?),
        provenance: provenance(patch.provenance.ok_or_else(|| missing("provenance"))?, at)?,
    };
    check_paths(&received.files, at)?;
    if received.can_apply() != patch.can_apply {
        return Err(Malformed::new(format!("{at}.can_apply"), "it does not follow from the gates and checks"));
    }
    Ok(received)
}

/// Files are changed all at once, so that none can be spoken of twice.
fn check_paths(files: &[FileChange], at: &str) -> Result<(), Malformed> {
    let mut seen = BTreeSet::new();
    for (index, file) in files.iter().enumerate() {
        let before = file.path_before().filter(|before| **before != file.path);
        for path in before.into_iter().chain([&file.path]) {
            if !seen.insert(path) {
                return Err(Malformed::new(format!("{at}.files[{index}].path"), format!("`{path}` is changed twice")));
            }
        }
    }
    Ok(())
}

fn each<W, T>(items: Vec<W>, at: &str, one: impl Fn(W, &str) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
    items.into_iter().enumerate().map(|(index, item)| one(item, &format!("{at}[{index}]"))).collect()
}

fn span(start: u64, end: u64, at: &str) -> Result<Span, Malformed> {
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => Ok(Span::new(start, end)),
        _ => Err(Malformed::new(at, format!("bytes {start}..{end} are no span"))),
    }
}

fn file(file: wire::FileChange, at: &str) -> Result<FileChange, Malformed> {
    let kind = kind(&file, at)?;
    let base_sha256: Sha256 = parsed(&file.base_sha256, &format!("{at}.base_sha256"))?;
    let edits = each(file.edits, &format!("{at}.edits"), edit)?;
    // The base text may have been cut to keep the event small; then only the spans can be checked.
    let edits = if Sha256::of(file.original_code.as_bytes()) == base_sha256 {
        Edits::new(&file.original_code, edits)
    } else if file.original_code.is_empty() {
        Edits::without_base(edits)
    } else {
        return Err(Malformed::new(format!("{at}.original_code"), "it does not have the base's SHA-256"));
    };
    let change = FileChange {
        kind,
        modes: Modes {
            before: mode(&file.mode_before, &format!("{at}.mode_before"))?,
            after: mode(&file.mode_after, &format!("{at}.mode_after"))?,
        },
        path: parsed(&file.path, &format!("{at}.path"))?,
        base_sha256,
        result_sha256: parsed(&file.result_sha256, &format!("{at}.result_sha256"))?,
        edits: edits.map_err(|error| Malformed::new(format!("{at}.edits"), error))?,
        original_code: file.original_code,
        generated_code: file.generated_code,
    };
    change.check().map_err(|error| Malformed::new(format!("{at}.kind"), error))?;
    Ok(change)
}

fn kind(file: &wire::FileChange, at: &str) -> Result<FileKind, Malformed> {
    let kind = match file.kind.as_str() {
        "edited" => FileKind::Edited,
        "created" => FileKind::Created,
        "deleted" => FileKind::Deleted,
        "renamed" => {
            let from: RelativePath = parsed(&file.renamed_from, &format!("{at}.renamed_from"))?;
            return Ok(FileKind::Renamed { from });
        }
        other => return Err(Malformed::new(format!("{at}.kind"), format!("`{other}` is not one of the known values"))),
    };
    match file.renamed_from.as_str() {
        "" => Ok(kind),
        _ => Err(Malformed::new(format!("{at}.renamed_from"), "only a renamed file was elsewhere")),
    }
}

fn mode(text: &str, at: &str) -> Result<Option<Mode>, Malformed> {
    if text.is_empty() { Ok(None) } else { named(&Mode::ALL, text, at).map(Some) }
}

fn edit(edit: wire::Edit, at: &str) -> Result<Edit, Malformed> {
    Ok(Edit {
        span: span(edit.start, edit.end, at)?,
        old_sha256: parsed(&edit.old_sha256, &format!("{at}.old_sha256"))?,
        new_text: edit.new_text,
        node_kind: edit.node_kind,
        node_path: edit.node_path,
    })
}

fn masked_span(masked: wire::MaskedSpan, at: &str) -> Result<MaskedSpan, Malformed> {
    Ok(MaskedSpan {
        path: parsed(&masked.path, &format!("{at}.path"))?,
        span: span(masked.start, masked.end, at)?,
        node_kind: masked.node_kind,
        node_path: masked.node_path,
    })
}

fn validation(validation: wire::Validation) -> Validation {
    let gate = |wire::GateResult { gate, passed, reason }| GateResult { gate, passed, reason };
    Validation {
        syntax_valid: validation.syntax_valid,
        errors: validation.errors,
        gates: validation.gates.into_iter().map(gate).collect(),
        bytes_changed_outside: validation.bytes_changed_outside,
    }
}

fn check(check: wire::CheckResult, at: &str) -> Result<CheckResult, Malformed> {
    Ok(CheckResult {
        name: parsed(&check.name, &format!("{at}.name"))?,
        command: check.command,
        status: named(&CheckStatus::ALL, &check.status, &format!("{at}.status"))?,
        judged_by: named(&JudgedBy::ALL, &check.judged_by, &format!("{at}.judged_by"))?,
        base: named(&BaseStatus::ALL, &check.base, &format!("{at}.base"))?,
        target: check.target,
        exit_code: check.exit_code,
        passed: check.passed,
        failing: check.failing,
        newly_failing: check.newly_failing,
    })
}

fn risk(risk: wire::Risk) -> Risk {
    let part = |wire::RiskPart { name, value, reason }| RiskPart { name, value, reason };
    Risk { score: risk.score, parts: risk.parts.into_iter().map(part).collect() }
}

fn provenance(provenance: wire::Provenance, at: &str) -> Result<Provenance, Malformed> {
    Ok(Provenance {
        version: provenance.version,
        seed: provenance.seed,
        hunks: each(provenance.hunks, &format!("{at}.provenance.hunks"), hunk)?,
        candidates: provenance.candidates,
        runs: provenance.runs,
        techniques: each(provenance.techniques, &format!("{at}.provenance.techniques"), technique)?,
        model: provenance.model.map(|model| self::model(model, &format!("{at}.provenance.model"))).transpose()?,
    })
}

fn technique(report: wire::TechniqueReport, at: &str) -> Result<TechniqueReport, Malformed> {
    let technique = named(&Technique::ALL, &report.technique, &format!("{at}.technique"))?;
    Ok(TechniqueReport { technique, result: report.result })
}

fn model(model: wire::ModelProvenance, at: &str) -> Result<ModelProvenance, Malformed> {
    let wire::ModelProvenance { name, architecture, digest, dtype } = model;
    Ok(ModelProvenance { name, architecture, digest: parsed(&digest, &format!("{at}.digest"))?, dtype })
}

fn hunk(hunk: wire::HunkProvenance, at: &str) -> Result<HunkProvenance, Malformed> {
    let score = |wire::Score { name, value }| Score { name, value };
    Ok(HunkProvenance {
        path: parsed(&hunk.path, &format!("{at}.path"))?,
        span: span(hunk.start, hunk.end, at)?,
        proposer: named(&Proposer::ALL, &hunk.proposer, &format!("{at}.proposer"))?,
        operator: hunk.operator,
        description: hunk.description,
        scores: hunk.scores.into_iter().map(score).collect(),
    })
}
