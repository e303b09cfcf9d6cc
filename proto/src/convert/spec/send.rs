//! Specs, on their way to another service.

use reweave_core::{
    BatchItem, CheckName, EditRequest, InlineFile, LineRange, OperatorCall, RefactorPlan, Source, Spec, SpecKind,
};

use super::generation;
use crate::wire::spec as wire;

impl From<Spec> for wire::Spec {
    fn from(spec: Spec) -> Self {
        Self {
            source: source(spec.source),
            kind: Some(kind(spec.kind)),
            seed: spec.seed,
            generation: Some(generation::send(&spec.generation)),
            budget: Some(wire::Budget {
                runs: spec.budget.runs,
                candidates: spec.budget.candidates,
                milliseconds: spec.budget.milliseconds,
            }),
            deadline: spec.deadline_unix_ms.map(timestamp),
        }
    }
}

/// Where the code comes from; nothing for the local workspace, which has no name on the wire.
#[must_use]
pub fn source(source: Source) -> Option<wire::Source> {
    let from = match source {
        Source::Local => return None,
        Source::Inline(files) => {
            wire::source::From::Inline(wire::InlineFiles { files: files.into_iter().map(inline_file).collect() })
        }
        Source::Workspace { name, revision } => {
            wire::source::From::Workspace(wire::Workspace { name: name.into(), revision: revision.unwrap_or_default() })
        }
    };
    Some(wire::Source { from: Some(from) })
}

fn inline_file(file: InlineFile) -> wire::InlineFile {
    wire::InlineFile {
        path: file.path.into(),
        // Inline files come from a message, where they were text.
        content: String::from_utf8_lossy(&file.content).into_owned(),
        sha256: file.sha256.to_string(),
    }
}

fn kind(kind: SpecKind) -> wire::spec::Kind {
    match kind {
        SpecKind::Refactor(plan) => wire::spec::Kind::Refactor(refactor(plan)),
        SpecKind::Edit(request) => wire::spec::Kind::Edit(edit(request)),
        SpecKind::Batch(batch) => {
            wire::spec::Kind::Batch(wire::Batch { items: batch.items.into_iter().map(item).collect() })
        }
        SpecKind::Issue(text) => wire::spec::Kind::Issue(wire::Issue { text }),
    }
}

fn item(item: BatchItem) -> wire::BatchItem {
    let kind = match item {
        BatchItem::Refactor(plan) => wire::batch_item::Kind::Refactor(refactor(plan)),
        BatchItem::Edit(request) => wire::batch_item::Kind::Edit(edit(request)),
    };
    wire::BatchItem { kind: Some(kind) }
}

fn refactor(plan: RefactorPlan) -> wire::RefactorPlan {
    let operator =
        |OperatorCall { name, parameters }| wire::OperatorCall { name, parameters: parameters.into_iter().collect() };
    wire::RefactorPlan {
        file_path: plan.file_path.into(),
        edit_targets: plan.edit_targets,
        intent: plan.intent,
        condition: plan.condition,
        context: plan.context,
        language: plan.language.name().into(),
        priority: plan.priority,
        operator: plan.operator.map(operator),
        checks: texts(plan.checks),
        target_checks: texts(plan.target_checks),
    }
}

fn edit(edit: EditRequest) -> wire::EditRequest {
    let lines = |LineRange { start, end }| wire::LineRange { start_line: start, end_line: end };
    let diagnostic = |diagnostic: reweave_core::Diagnostic| wire::Diagnostic {
        line: diagnostic.line,
        column: diagnostic.column.unwrap_or_default(),
        code: diagnostic.code,
        message: diagnostic.message,
    };
    wire::EditRequest {
        language: edit.language.name().into(),
        file_path: edit.file_path.into(),
        lines: edit.lines.map(lines),
        diagnostics: edit.diagnostics.into_iter().map(diagnostic).collect(),
        checks: texts(edit.checks),
        target_checks: texts(edit.target_checks),
        instruction: edit.instruction,
        max_edits: edit.max_edits,
        priority: edit.priority,
        holes: edit.holes.into_iter().map(generation::send_hole).collect(),
    }
}

fn texts(names: Vec<CheckName>) -> Vec<String> {
    names.into_iter().map(String::from).collect()
}

fn timestamp(unix_ms: u64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: i64::try_from(unix_ms / 1_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(unix_ms % 1_000).expect("a remainder of 1000") * 1_000_000,
    }
}
