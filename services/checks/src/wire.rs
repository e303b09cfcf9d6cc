//! Between the wire and this crate's own types: converted at the first and last line of a handler.

use reweave_core::{CheckName, InlineFile, JudgedBy, Refusal, RefusalCode, Sha256, Source};
use reweave_proto::wire::{checks as wire, outcome, spec};

use crate::{
    report::{FileCoverage, Finding, Report},
    runner::{Description, Opened, Request},
    workspace::Overlay,
};

/// Where the code comes from.
pub(crate) fn source(source: Option<spec::Source>) -> Result<Source, Refusal> {
    let invalid = |reason: String| Refusal::new(RefusalCode::SpecInvalid, reason);
    match source.map(|source| source.from) {
        None => Ok(Source::Local),
        Some(None) => Err(invalid("the source is empty".into())),
        Some(Some(spec::source::From::Workspace(workspace))) => Ok(Source::Workspace {
            name: workspace.name.try_into().map_err(|error: reweave_core::InvalidName| invalid(error.to_string()))?,
            revision: (!workspace.revision.is_empty()).then_some(workspace.revision),
        }),
        Some(Some(spec::source::From::Inline(inline))) => {
            inline.files.into_iter().map(inline_file).collect::<Result<_, _>>().map(Source::Inline)
        }
    }
}

fn inline_file(file: spec::InlineFile) -> Result<InlineFile, Refusal> {
    let path: reweave_core::RelativePath = file
        .path
        .try_into()
        .map_err(|error: reweave_core::RelativePathError| Refusal::new(RefusalCode::PathOutside, error.to_string()))?;
    let sha256 = Sha256::of(file.content.as_bytes());
    if file.sha256.parse() != Ok(sha256) {
        return Err(Refusal::new(
            RefusalCode::DigestMismatch,
            format!("`{path}` does not have the SHA-256 given for it"),
        ));
    }
    Ok(InlineFile { path, content: file.content.into_bytes(), sha256 })
}

/// A run as asked for.
pub(crate) fn request(run: wire::Run) -> Result<Request, Refusal> {
    let invalid = |reason: String| Refusal::new(RefusalCode::SpecInvalid, reason);
    let checks =
        run.checks.into_iter().map(|name| CheckName::try_from(name).map_err(|error| invalid(error.to_string())));
    let overlay = run.overlay.into_iter().map(|overlay| {
        let path = overlay.path.try_into().map_err(|error: reweave_core::RelativePathError| {
            Refusal::new(RefusalCode::PathOutside, error.to_string())
        })?;
        Ok(Overlay { path, content: overlay.content })
    });
    Ok(Request {
        checks: checks.collect::<Result<_, _>>()?,
        overlay: overlay.collect::<Result<_, Refusal>>()?,
        fail_fast: run.fail_fast,
        coverage: run.coverage,
    })
}

impl From<Description> for wire::DescribeResponse {
    fn from(description: Description) -> Self {
        let check = |check: crate::runner::CheckDescription| wire::CheckDescription {
            name: check.name.into(),
            command: check.command,
            adapter: check.adapter.as_str().to_owned(),
            available: check.available,
        };
        let (sandbox, unavailable) = match description.sandbox {
            Ok(active) => (active, String::new()),
            Err(refusal) => (Vec::new(), in_words(&refusal)),
        };
        Self { checks: description.checks.into_iter().map(check).collect(), sandbox, unavailable }
    }
}

impl From<Opened> for wire::Opened {
    fn from(opened: Opened) -> Self {
        Self { sandbox: opened.sandbox, files: opened.files, bytes: opened.bytes }
    }
}

impl From<Report> for wire::CheckReport {
    fn from(report: Report) -> Self {
        Self {
            name: report.name.into(),
            command: report.command,
            status: report.status.as_str().to_owned(),
            judged_by: judged_by(report.judged_by).to_owned(),
            exit_code: report.exit_code,
            passed: report.passed,
            failing: report.failing,
            duration_us: u64::try_from(report.duration.as_micros()).unwrap_or(u64::MAX),
            log_tail: report.log_tail,
            log_bytes: report.log_bytes,
            coverage: report.coverage.into_iter().map(coverage).collect(),
            findings: report.findings.into_iter().map(finding).collect(),
            limit: report.limit.unwrap_or_default(),
        }
    }
}

fn judged_by(judged_by: JudgedBy) -> &'static str {
    match judged_by {
        JudgedBy::Report => "report",
        JudgedBy::ExitStatus => "exit_status",
    }
}

fn coverage(coverage: FileCoverage) -> wire::FileCoverage {
    let lines = coverage.lines.into_iter();
    let line = |line: crate::report::LineCoverage| wire::LineCoverage {
        line: line.line,
        failing: line.failing,
        passing: line.passing,
    };
    wire::FileCoverage { path: coverage.path, lines: lines.map(line).collect() }
}

fn finding(finding: Finding) -> wire::Finding {
    wire::Finding {
        path: finding.path,
        line: finding.line,
        column: finding.column,
        code: finding.code,
        message: finding.message,
    }
}

/// The end of a session, refused.
pub(crate) fn error(refusal: Refusal) -> wire::SessionError {
    let evidence = |evidence: reweave_core::Evidence| outcome::Evidence {
        kind: evidence.kind.as_str().to_owned(),
        detail: evidence.detail,
        file: evidence.file.map(Into::into).unwrap_or_default(),
        line: evidence.line.unwrap_or_default(),
    };
    wire::SessionError {
        code: refusal.code.as_str().to_owned(),
        reason: refusal.reason,
        evidence: refusal.evidence.into_iter().map(evidence).collect(),
        next_command: refusal.next_command,
    }
}

fn in_words(refusal: &Refusal) -> String {
    let evidence = refusal.evidence.iter().map(|evidence| evidence.detail.as_str());
    std::iter::once(refusal.reason.as_str()).chain(evidence).collect::<Vec<_>>().join("; ")
}
