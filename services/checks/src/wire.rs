//! Between the wire and this crate's own types: converted at the first and last line of a handler.

use reweave_core::{CheckName, Refusal, RefusalCode};
use reweave_proto::wire::checks as wire;

use crate::{
    native::{Fault, ParserDescription, Verdict},
    report::{FileCoverage, Finding, Report},
    runner::{Description, Opened, Request},
    workspace::Overlay,
};

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
        Self { checks: description.checks.into_iter().map(check).collect(), sandbox, unavailable, parsers: Vec::new() }
    }
}

impl From<ParserDescription> for wire::ParserDescription {
    fn from(described: ParserDescription) -> Self {
        let get_it = described.version.as_ref().err().copied().unwrap_or_default().to_owned();
        Self {
            language: described.language.name().to_owned(),
            parser: described.parser.to_owned(),
            version: described.version.unwrap_or_default(),
            get_it,
        }
    }
}

impl From<Verdict> for wire::ParseResponse {
    fn from(verdict: Verdict) -> Self {
        let parser = verdict.parser.to_owned();
        match verdict.reading {
            Ok(reading) => {
                let errors = reading.errors.into_iter().map(parse_error).collect();
                Self { parser, unavailable: String::new(), error_count: reading.count, errors }
            }
            Err(unavailable) => Self { parser, unavailable, error_count: 0, errors: Vec::new() },
        }
    }
}

fn parse_error(fault: Fault) -> wire::ParseError {
    let Fault { line, column, offset, message } = fault;
    wire::ParseError { line, column, offset: offset as u64, message }
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
            judged_by: report.judged_by.as_str().to_owned(),
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

fn in_words(refusal: &Refusal) -> String {
    let evidence = refusal.evidence.iter().map(|evidence| evidence.detail.as_str());
    std::iter::once(refusal.reason.as_str()).chain(evidence).collect::<Vec<_>>().join("; ")
}
