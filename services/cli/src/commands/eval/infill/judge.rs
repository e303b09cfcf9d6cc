//! The hidden tests of a task, run by pytest in the sandbox of checks.

use anyhow::{Context, Result, bail};
use reweave_chassis::MESSAGE_BYTES_MAX;
use reweave_core::{InlineFile, RelativePath, Sha256, Source};
use reweave_proto::{
    convert,
    wire::checks::{
        Open, Overlay, Run, SessionRequest, SessionResponse, checks_service_client::ChecksServiceClient,
        session_request::Message as Asked, session_response::Message as Answer,
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use super::task::Task;

/// The file that pytest finds.
const FILE: &str = "test_infill.py";
/// Only its own report makes a pass.
const CHECK: &str = "pytest";

/// A workspace with one test file that is replaced for every fill.
pub(super) struct Judge {
    requests: mpsc::Sender<SessionRequest>,
    responses: Streaming<SessionResponse>,
}

impl Judge {
    pub(super) async fn open(checks: &Channel) -> Result<Self> {
        let path: RelativePath = FILE.parse().context("the file's name")?;
        let content = b"def test_nothing():\n    pass\n".to_vec();
        let file = InlineFile { path, sha256: Sha256::of(&content), content };
        let (requests, stream) = mpsc::channel(1);
        let opening = Open { source: convert::source(Source::Inline(vec![file])) };
        requests.send(SessionRequest { message: Some(Asked::Open(opening)) }).await.context("open a workspace")?;
        let mut client = ChecksServiceClient::new(checks.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let responses = client.session(ReceiverStream::new(stream)).await.context("open a workspace")?.into_inner();
        let mut judge = Self { requests, responses };
        match judge.answer().await? {
            Answer::Opened(_) => Ok(judge),
            Answer::Result(_) | Answer::Error(_) => bail!("the checks service answered out of turn"),
        }
    }

    /// Whether the function passes its tests with `fill` in the hole.
    pub(super) async fn passes(&mut self, task: &Task, fill: &str) -> Result<bool> {
        let Task { prompt, suffix, test, entry_point, .. } = task;
        let text = format!("{prompt}{fill}{suffix}\n\n{test}\n\ndef test_infill():\n    check({entry_point})\n");
        let overlay = vec![Overlay { path: FILE.to_owned(), content: text.into_bytes() }];
        let run = Run { checks: vec![CHECK.to_owned()], overlay, fail_fast: true, coverage: false };
        self.requests.send(SessionRequest { message: Some(Asked::Run(run)) }).await.context("run the tests")?;
        match self.answer().await? {
            Answer::Result(result) => {
                let report = result.reports.first().context("the tests left no report")?;
                Ok(report.status == "passed" && report.passed > 0)
            }
            Answer::Opened(_) | Answer::Error(_) => bail!("the checks service answered out of turn"),
        }
    }

    async fn answer(&mut self) -> Result<Answer> {
        let response = self.responses.message().await.context("listen to the checks service")?;
        match response.and_then(|response| response.message) {
            Some(Answer::Error(error)) => bail!("{} [{}]; next: {}", error.reason, error.code, error.next_command),
            Some(answer) => Ok(answer),
            None => bail!("the checks service ended without an answer"),
        }
    }
}
