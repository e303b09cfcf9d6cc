//! Plans and edit requests.

use reweave_core::{
    CheckName, Diagnostic, EditRequest, EvidenceKind, Language, LineRange, OperatorCall, RefactorPlan, Refusal,
    RefusalCode, RelativePath, limits,
};

use super::{Field, generation, source};
use crate::wire::spec as wire;

pub(super) fn refactor(plan: wire::RefactorPlan, at: &Field) -> Result<RefactorPlan, Refusal> {
    let file_path = source::path(plan.file_path, &at.at("file_path"))?;
    let language = language(&plan.language, &file_path, at)?;
    let (checks, target_checks) = checks(plan.checks, plan.target_checks, at)?;
    Ok(RefactorPlan {
        edit_targets: names(plan.edit_targets, limits::EDIT_TARGETS_MAX, &at.at("edit_targets"))?,
        intent: at.at("intent").text(plan.intent)?,
        condition: at.at("condition").text(plan.condition)?,
        context: at.at("context").text(plan.context)?,
        priority: plan.priority,
        operator: plan.operator.map(|call| operator(call, &at.at("operator"))).transpose()?,
        file_path,
        language,
        checks,
        target_checks,
    })
}

pub(super) fn edit(edit: wire::EditRequest, at: &Field) -> Result<EditRequest, Refusal> {
    let file_path = source::path(edit.file_path, &at.at("file_path"))?;
    let language = language(&edit.language, &file_path, at)?;
    let (checks, target_checks) = checks(edit.checks, edit.target_checks, at)?;
    Ok(EditRequest {
        lines: edit.lines.map(|lines| line_range(lines, &at.at("lines"))).transpose()?,
        diagnostics: diagnostics(edit.diagnostics, &at.at("diagnostics"))?,
        holes: generation::holes(edit.holes, &at.at("holes"))?,
        instruction: at.at("instruction").text(edit.instruction)?,
        max_edits: if edit.max_edits == 0 { limits::MAX_EDITS_DEFAULT } else { edit.max_edits },
        priority: edit.priority,
        file_path,
        language,
        checks,
        target_checks,
    })
}

fn operator(call: wire::OperatorCall, at: &Field) -> Result<OperatorCall, Refusal> {
    let name = at.at("name").name(call.name)?;
    let at = at.at("parameters");
    at.count(call.parameters.len(), 0, limits::PARAMETERS_MAX)?;
    let parameters = call.parameters.into_iter().map(|(key, value)| {
        let key = at.name(key)?;
        let value = at.at(&key).text(value)?;
        Ok((key, value))
    });
    Ok(OperatorCall { name, parameters: parameters.collect::<Result<_, Refusal>>()? })
}

/// The language named, or the one the file's extension tells.
fn language(name: &str, path: &RelativePath, at: &Field) -> Result<Language, Refusal> {
    let (found, field, problem) = if name.is_empty() {
        let found = path.extension().and_then(Language::by_extension);
        (found, at.at("file_path"), format!("`{path}` has an extension of no supported language"))
    } else {
        (Language::by_name(name), at.at("language"), format!("`{}` is not supported", name.escape_debug()))
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = Language::ALL.iter().map(Language::name).collect();
        Refusal::new(RefusalCode::LanguageUnsupported, problem)
            .with(EvidenceKind::Field, format!("field {field}"))
            .with(EvidenceKind::Suggestion, format!("supported: {}", known.join(", ")))
            .next(format!("set `{}` to one of them", at.at("language")))
    })
}

/// `checks` and `target_checks`, each name valid and given once; both together are bounded.
fn checks(checks: Vec<String>, targets: Vec<String>, at: &Field) -> Result<(Vec<CheckName>, Vec<CheckName>), Refusal> {
    at.at("checks").count(checks.len() + targets.len(), 0, limits::CHECKS_MAX)?;
    Ok((check_names(checks, &at.at("checks"))?, check_names(targets, &at.at("target_checks"))?))
}

fn check_names(given: Vec<String>, at: &Field) -> Result<Vec<CheckName>, Refusal> {
    let mut names: Vec<CheckName> = Vec::with_capacity(given.len());
    for (index, name) in given.iter().enumerate() {
        let at = at.index(index);
        let name = at.parsed(name)?;
        if names.contains(&name) {
            return Err(at.invalid(format_args!("names the check `{name}` a second time")));
        }
        names.push(name);
    }
    Ok(names)
}

fn names(given: Vec<String>, max: usize, at: &Field) -> Result<Vec<String>, Refusal> {
    at.count(given.len(), 0, max)?;
    given.into_iter().enumerate().map(|(index, name)| at.index(index).name(name)).collect()
}

pub(super) fn line_range(lines: wire::LineRange, at: &Field) -> Result<LineRange, Refusal> {
    if lines.start_line == 0 {
        return Err(at.at("start_line").invalid("is 0, and lines count from 1"));
    }
    if lines.end_line < lines.start_line {
        let problem = format_args!("is {}, before `start_line` {}", lines.end_line, lines.start_line).to_string();
        return Err(at.at("end_line").invalid(problem));
    }
    Ok(LineRange { start: lines.start_line, end: lines.end_line })
}

fn diagnostics(given: Vec<wire::Diagnostic>, at: &Field) -> Result<Vec<Diagnostic>, Refusal> {
    at.count(given.len(), 0, limits::DIAGNOSTICS_MAX)?;
    let read = |(index, diagnostic): (usize, wire::Diagnostic)| {
        let at = at.index(index);
        if diagnostic.line == 0 {
            return Err(at.at("line").invalid("is 0, and lines count from 1"));
        }
        Ok(Diagnostic {
            line: diagnostic.line,
            column: (diagnostic.column > 0).then_some(diagnostic.column),
            code: at.at("code").text(diagnostic.code)?,
            message: at.at("message").text(diagnostic.message)?,
        })
    };
    given.into_iter().enumerate().map(read).collect()
}
