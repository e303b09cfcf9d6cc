//! The gRPC door to a runner and to the compilers' parsers: `ChecksService`.

use std::{sync::Arc, time::Duration};

use reweave_core::{EvidenceKind, Language, Refusal, RefusalCode};
use reweave_proto::{
    convert::{Door, read_source, session_error},
    wire::checks::{
        self as wire,
        checks_service_server::{ChecksService, ChecksServiceServer},
        session_request::Message as Asked,
        session_response::Message as Answered,
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    native::Parsers,
    runner::{Runner, Workspace},
    wire as convert,
};

/// Answers of a session that may wait for their reader.
const ANSWERS: usize = 1;

/// How long sessions may take to end once they must.
const CLOSE_MAX: Duration = Duration::from_secs(30);

/// The service over any runner.
#[derive(Clone, Debug)]
pub struct Checks {
    runner: Arc<dyn Runner>,
    parsers: Parsers,
    sessions: Arc<Semaphore>,
    sessions_max: u32,
    closing: CancellationToken,
}

impl Checks {
    /// A service over `runner` and `parsers` with at most `sessions_max` workspaces open at once.
    #[must_use]
    pub fn new(runner: Arc<dyn Runner>, parsers: Parsers, sessions_max: u32) -> Self {
        let sessions = Arc::new(Semaphore::new(sessions_max as usize));
        Self { runner, parsers, sessions, sessions_max, closing: CancellationToken::new() }
    }

    /// The service as a tonic server.
    #[must_use]
    pub fn server(self, message_bytes_max: usize) -> ChecksServiceServer<Self> {
        ChecksServiceServer::new(self)
            .max_decoding_message_size(message_bytes_max)
            .max_encoding_message_size(message_bytes_max)
    }

    /// Ends every session and parser: what runs is killed, copies are removed. Returns when that is done.
    pub async fn close(&self) {
        self.closing.cancel();
        let ended = async { tokio::join!(self.parsers.close(), self.sessions.acquire_many(self.sessions_max)) };
        if tokio::time::timeout(CLOSE_MAX, ended).await.is_err() {
            tracing::error!("check sessions or parsers did not end in time");
        }
    }
}

type Answers = mpsc::Sender<Result<wire::SessionResponse, Status>>;

#[tonic::async_trait]
impl ChecksService for Checks {
    type SessionStream = ReceiverStream<Result<wire::SessionResponse, Status>>;

    async fn describe(
        &self,
        _request: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        let parsers = self.parsers.describe().await.into_iter().map(Into::into).collect();
        Ok(Response::new(wire::DescribeResponse { parsers, ..self.runner.describe().await.into() }))
    }

    async fn parse(&self, request: Request<wire::ParseRequest>) -> Result<Response<wire::ParseResponse>, Status> {
        let wire::ParseRequest { language, source } = request.into_inner();
        let language = Language::by_name(&language)
            .ok_or_else(|| Status::invalid_argument(format!("`{language}` is no language of specs")))?;
        let verdict = self.parsers.parse(language, source).await;
        crate::metrics::parsed(&verdict);
        Ok(Response::new(verdict.into()))
    }

    async fn session(
        &self,
        request: Request<Streaming<wire::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let (answers, stream) = mpsc::channel(ANSWERS);
        let permit = Arc::clone(&self.sessions).try_acquire_owned().ok();
        let session = Session { runner: Arc::clone(&self.runner), answers, cancel: self.closing.child_token(), permit };
        tokio::spawn(session.serve(request.into_inner()));
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

struct Session {
    runner: Arc<dyn Runner>,
    answers: Answers,
    cancel: CancellationToken,
    /// Held as long as the workspace is open.
    permit: Option<OwnedSemaphorePermit>,
}

impl Session {
    async fn serve(self, requests: Streaming<wire::SessionRequest>) {
        let reader_gone = self.cancel.clone();
        let answers = self.answers.clone();
        let watch = tokio::spawn(async move {
            answers.closed().await;
            reader_gone.cancel();
        });
        let answers = self.answers.clone();
        if let Err(refusal) = self.converse(requests).await {
            metrics::counter!(crate::metrics::SESSIONS_REFUSED, "code" => refusal.code.as_str()).increment(1);
            let message = Some(Answered::Error(session_error(refusal)));
            // Whoever stopped reading does not want the refusal either.
            let _ = answers.send(Ok(wire::SessionResponse { message })).await;
        }
        watch.abort();
    }

    async fn converse(self, mut requests: Streaming<wire::SessionRequest>) -> Result<(), Refusal> {
        if self.permit.is_none() {
            return Err(Refusal::new(RefusalCode::ResourceExhausted, "as many check sessions are open as may be")
                .next("try again, or raise checks.sessions_max"));
        }
        let mut workspace: Option<Box<dyn Workspace>> = None;
        while let Some(asked) = self.next(&mut requests).await? {
            let answered = match (asked, workspace.as_mut()) {
                (Asked::Open(_), Some(_)) => return Err(out_of_order("the session has opened its workspace already")),
                (Asked::Run(_), None) => return Err(out_of_order("the session has not opened a workspace")),
                (Asked::Open(open), None) => {
                    let opened = self.runner.open(read_source(open.source, Door::Local)?).await?;
                    let answer = Answered::Opened(opened.opened().into());
                    workspace = Some(opened);
                    answer
                }
                (Asked::Run(run), Some(open)) => match open.run(convert::request(run)?, &self.cancel).await? {
                    Some(reports) => {
                        reports.iter().for_each(crate::metrics::record);
                        Answered::Result(wire::RunResult { reports: reports.into_iter().map(Into::into).collect() })
                    }
                    None => break,
                },
            };
            if self.answers.send(Ok(wire::SessionResponse { message: Some(answered) })).await.is_err() {
                break;
            }
        }
        close(workspace).await;
        Ok(())
    }

    /// The next request; `None` when the session is over.
    async fn next(&self, requests: &mut Streaming<wire::SessionRequest>) -> Result<Option<Asked>, Refusal> {
        let received = tokio::select! {
            received = requests.message() => received,
            () = self.cancel.cancelled() => return Ok(None),
        };
        match received {
            Ok(None) => Ok(None),
            Ok(Some(request)) => request.message.map(Some).ok_or_else(|| out_of_order("the request is empty")),
            Err(status) if status.code() == tonic::Code::OutOfRange => {
                Err(Refusal::new(RefusalCode::SpecTooLarge, "the request is larger than checks.message_mib_max")
                    .with(EvidenceKind::Error, status.message()))
            }
            // The caller is gone; there is nobody to tell.
            Err(_) => Ok(None),
        }
    }
}

/// Removing a large copy takes long enough to keep it off the threads that serve others.
async fn close(workspace: Option<Box<dyn Workspace>>) {
    if tokio::task::spawn_blocking(move || drop(workspace)).await.is_err() {
        tracing::error!("closing a workspace panicked");
    }
}

fn out_of_order(reason: &str) -> Refusal {
    Refusal::new(RefusalCode::SpecInvalid, reason)
}
