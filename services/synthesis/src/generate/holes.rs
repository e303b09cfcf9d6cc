//! Which parts of the file a request wants refilled.

use reweave_core::{
    Diagnostic, EditRequest, EvidenceKind, Place, Plan, RefactorPlan, Refusal, RefusalCode, Unit, limits,
};
use reweave_syntax::{ParsedFile, unit, unit::UnitHole};

/// The holes of `plan`, in the order of the text and apart from each other.
pub(super) fn of(base: &ParsedFile, plan: Plan<'_>) -> Result<Vec<UnitHole>, Refusal> {
    let mut holes = match plan {
        Plan::Refactor(plan) => bodies(base, plan)?,
        Plan::Edit(edit) if !edit.holes.is_empty() => named(base, edit)?,
        Plan::Edit(edit) => pointed_at(base, edit)?,
    };
    holes.sort_by_key(|hole| (hole.span.start, hole.span.end));
    holes.dedup_by(|second, first| second.span == first.span);
    if let Some(pair) = holes.windows(2).find(|pair| pair[0].span.end > pair[1].span.start) {
        let line = base.line(pair[1].span.start);
        return Err(Refusal::new(RefusalCode::SpecInvalid, format!("two holes share line {line}"))
            .with(EvidenceKind::Field, "field edit.holes")
            .next("name holes that lie apart"));
    }
    match holes.len() {
        0 => Err(Refusal::new(RefusalCode::NoCandidate, "nothing in the request says what a model is to refill")
            .with(EvidenceKind::Field, "fields edit.holes, edit.diagnostics and edit.lines are empty")
            .next("add `holes: [{target: NAME, unit: body}]` to the edit")),
        count if count > limits::HOLES_MAX => {
            Err(Refusal::new(RefusalCode::SpecInvalid, format!("the request's places hold {count} holes"))
                .with(EvidenceKind::Limit, format!("at most {}", limits::HOLES_MAX))
                .next("name fewer or narrower places"))
        }
        _ => Ok(holes),
    }
}

/// A plan without an operator: the bodies of its targets, to be written anew as the intent says.
fn bodies(base: &ParsedFile, plan: &RefactorPlan) -> Result<Vec<UnitHole>, Refusal> {
    let body = |name: &String| unit::holes(base, &Place::Target(name.clone()), Some(Unit::Body));
    Ok(plan.edit_targets.iter().map(body).collect::<Result<Vec<_>, _>>()?.concat())
}

fn named(base: &ParsedFile, edit: &EditRequest) -> Result<Vec<UnitHole>, Refusal> {
    let holes = edit.holes.iter().map(|hole| unit::holes(base, &hole.place, hole.unit));
    Ok(holes.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The expressions that diagnostics point at; the statements of the lines, where there is no diagnostic.
fn pointed_at(base: &ParsedFile, edit: &EditRequest) -> Result<Vec<UnitHole>, Refusal> {
    if edit.diagnostics.is_empty() {
        let Some(lines) = edit.lines else { return Ok(Vec::new()) };
        let place = Place::Lines { first: lines.start, last: lines.end };
        return unit::holes(base, &place, Some(Unit::Statement)).or_else(|_| unit::holes(base, &place, None));
    }
    let holes = edit.diagnostics.iter().map(|diagnostic| at(base, diagnostic));
    Ok(holes.collect::<Result<Vec<_>, _>>()?.concat())
}

fn at(base: &ParsedFile, diagnostic: &Diagnostic) -> Result<Vec<UnitHole>, Refusal> {
    match diagnostic.column {
        Some(column) => unit::holes(base, &Place::At { line: diagnostic.line, column }, None),
        None => {
            let line = Place::Lines { first: diagnostic.line, last: diagnostic.line };
            unit::holes(base, &line, Some(Unit::Statement)).or_else(|_| unit::holes(base, &line, None))
        }
    }
}
