//! The client side of a checks session, and the conversion of its reports.

use std::time::Duration;

use reweave_core::{
    BaseStatus, CheckName, CheckResult, CheckRun, CheckStatus, EvidenceKind, JudgedBy, Refusal, RefusalCode,
    RelativePath, Source,
};
use reweave_proto::{
    convert,
    wire::checks::{
        CheckReport, Open, Overlay, Run, SessionError, SessionRequest, SessionResponse,
        checks_service_client::ChecksServiceClient, session_request::Message as Request,
        session_response::Message as Response,
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

/// An open session: one workspace, many runs. Dropping it ends whatever runs.
pub(crate) struct Session {
    requests: mpsc::Sender<SessionRequest>,
    responses: Streaming<SessionResponse>,
    /// Protections around the commands.
    pub(crate) sandbox: Vec<String>,
}

/// One check's result, and what it says about places.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) name: CheckName,
    pub(crate) command: Vec<String>,
    pub(crate) status: CheckStatus,
    pub(crate) judged_by: JudgedBy,
    pub(crate) exit_code: Option<i32>,
    pub(crate) passed: u32,
    pub(crate) failing: Vec<String>,
    pub(crate) duration: Duration,
    pub(crate) log_tail: String,
    pub(crate) log_bytes: u64,
    pub(crate) coverage: Vec<Coverage>,
    pub(crate) findings: Vec<Finding>,
    /// Which limit ended it; empty otherwise.
    pub(crate) limit: String,
}

/// How many failing and passing tests ran through a line.
#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) failing: u32,
    pub(crate) passing: u32,
}

/// A finding with a place.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// What to run on which files.
#[derive(Clone, Debug)]
pub(crate) struct Runs<'a> {
    pub(crate) checks: &'a [CheckName],
    pub(crate) overlay: Vec<(&'a RelativePath, &'a str)>,
    pub(crate) fail_fast: bool,
    pub(crate) coverage: bool,
}

impl Session {
    /// Opens a session on `source`.
    pub(crate) async fn open(checks: &ChecksServiceClient<Channel>, source: &Source) -> Result<Self, Refusal> {
        // One request is ever under way, so the queue never holds more than one.
        let (requests, stream) = mpsc::channel(1);
        send(&requests, Request::Open(Open { source: convert::source(source.clone()) })).await?;
        let responses =
            checks.clone().session(ReceiverStream::new(stream)).await.map_err(|status| unavailable(&status))?;
        let mut session = Self { requests, responses: responses.into_inner(), sandbox: Vec::new() };
        match session.receive().await? {
            Response::Opened(opened) => {
                session.sandbox = opened.sandbox;
                Ok(session)
            }
            Response::Result(_) | Response::Error(_) => Err(broken("the session answered out of turn")),
        }
    }

    /// Runs checks on the workspace with some files replaced.
    pub(crate) async fn run(&mut self, runs: Runs<'_>) -> Result<Vec<Report>, Refusal> {
        let run = Run {
            checks: runs.checks.iter().map(|name| name.to_string()).collect(),
            overlay: runs
                .overlay
                .into_iter()
                .map(|(path, text)| Overlay { path: path.to_string(), content: text.as_bytes().to_vec() })
                .collect(),
            fail_fast: runs.fail_fast,
            coverage: runs.coverage,
        };
        send(&self.requests, Request::Run(run)).await?;
        match self.receive().await? {
            Response::Result(result) => result.reports.into_iter().map(Report::try_from).collect(),
            Response::Opened(_) | Response::Error(_) => Err(broken("the session answered out of turn")),
        }
    }

    async fn receive(&mut self) -> Result<Response, Refusal> {
        let response = self.responses.message().await.map_err(|status| unavailable(&status))?;
        match response.and_then(|response| response.message) {
            Some(Response::Error(error)) => Err(refused(error)),
            Some(message) => Ok(message),
            None => Err(broken("the session ended without an answer")),
        }
    }
}

impl Report {
    /// As the search takes it, which adds what follows from the base and the plan.
    pub(crate) fn result(&self) -> CheckResult {
        CheckResult {
            name: self.name.clone(),
            command: self.command.clone(),
            status: self.status,
            judged_by: self.judged_by,
            base: BaseStatus::NotRun,
            target: false,
            exit_code: self.exit_code,
            passed: self.passed,
            failing: self.failing.clone(),
            newly_failing: Vec::new(),
        }
    }

    /// The part of it that is measured, for [`reweave_core::RunFacts`].
    pub(crate) fn facts(&self, on_base: bool) -> CheckRun {
        CheckRun {
            name: self.name.clone(),
            on_base,
            duration_us: u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            log_tail: self.log_tail.clone(),
            log_bytes: self.log_bytes,
        }
    }
}

impl TryFrom<CheckReport> for Report {
    type Error = Refusal;

    fn try_from(report: CheckReport) -> Result<Self, Refusal> {
        let status = CheckStatus::ALL.iter().find(|(_, name)| *name == report.status).map(|(status, _)| *status);
        let judged_by = match report.judged_by.as_str() {
            "report" => Some(JudgedBy::Report),
            "exit_status" => Some(JudgedBy::ExitStatus),
            _ => None,
        };
        let (Some(status), Some(judged_by), Ok(name)) = (status, judged_by, report.name.parse()) else {
            return Err(broken("the checks service sent a report this version cannot read"));
        };
        let coverage = report.coverage.into_iter().flat_map(|file| {
            let path = file.path;
            file.lines.into_iter().map(move |line| Coverage {
                path: path.clone(),
                line: line.line,
                failing: line.failing,
                passing: line.passing,
            })
        });
        Ok(Self {
            name,
            command: report.command,
            status,
            judged_by,
            exit_code: report.exit_code,
            passed: report.passed,
            failing: report.failing,
            duration: Duration::from_micros(report.duration_us),
            log_tail: report.log_tail,
            log_bytes: report.log_bytes,
            coverage: coverage.collect(),
            findings: report.findings.into_iter().map(Finding::from).collect(),
            limit: report.limit,
        })
    }
}

impl From<reweave_proto::wire::checks::Finding> for Finding {
    fn from(finding: reweave_proto::wire::checks::Finding) -> Self {
        Self {
            path: finding.path,
            line: finding.line,
            column: finding.column,
            code: finding.code,
            message: finding.message,
        }
    }
}

async fn send(requests: &mpsc::Sender<SessionRequest>, message: Request) -> Result<(), Refusal> {
    let request = SessionRequest { message: Some(message) };
    requests.send(request).await.map_err(|_| broken("the session ended before it was asked"))
}

fn refused(error: SessionError) -> Refusal {
    convert::read_session_error(error).unwrap_or_else(|malformed| {
        broken("the checks service refused in a way this version cannot read")
            .with(EvidenceKind::Error, malformed.to_string())
    })
}

fn unavailable(status: &tonic::Status) -> Refusal {
    Refusal::new(RefusalCode::ServiceUnavailable, "the checks service did not answer")
        .with(EvidenceKind::Error, format!("{}: {}", status.code(), status.message()))
        .next("see that reweave-checks runs and can be reached")
}

fn broken(what: &str) -> Refusal {
    Refusal::new(RefusalCode::ServiceUnavailable, what)
}
