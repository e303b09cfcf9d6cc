//! The service's side of one run: starts the launcher, reads what the command prints or talks to it, waits for the answer.

use std::{
    fs, io,
    os::{fd::OwnedFd, unix::fs::chown},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::{UnixStream, unix::pipe},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

use super::{
    launcher,
    plan::{Answer, Ending, Identity, Plan, Purpose},
};
use crate::log::Log;

/// The plan's file in the run's folder.
pub(super) const PLAN: &str = "plan.json";
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How long after its time limit a run may take to end before the launcher itself is killed.
const GRACE: Duration = Duration::from_secs(15);

/// Bounds on what a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputBounds {
    pub(crate) bytes_max: u64,
    pub(crate) tail_bytes_max: usize,
}

/// A run that ended, with nothing of it left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) how: How,
    pub(crate) log: Log,
    pub(crate) duration: Duration,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum How {
    /// The launcher answered.
    Answered(Answer),
    /// It printed more than it may.
    OutputReached,
    /// The caller cancelled it.
    Cancelled,
    /// The launcher ended without an answer: the machine killed it, or it could not start.
    Silent,
}

/// Runs the plan to its end.
pub(crate) async fn run(
    launcher: &Path,
    plan: &Plan,
    output: OutputBounds,
    cancel: &CancellationToken,
) -> io::Result<Finished> {
    let since = Instant::now();
    write_plan(plan)?;
    let (ours, theirs) = UnixStream::pair()?;
    let (printed, printing) = io::pipe()?;
    let both = [printing.try_clone()?.into(), printing.into()];
    let child = start(launcher, plan, theirs, both)?;
    let (answering, control) = ours.into_split();
    let limit = Duration::from_millis(plan.bounds.timeout_ms) + GRACE;
    let run = Running { child, control: Some(control), limit };
    let printed = pipe::Receiver::from_owned_fd(OwnedFd::from(printed))?;
    let (how, log) = run.finish(answering, printed, output, cancel).await;
    Ok(Finished { how, log, duration: since.elapsed() })
}

/// Starts the plan's command, which stays as long as it is talked to; what it complains of goes to `complaints`.
pub(crate) fn converse(launcher: &Path, plan: &Plan, complaints: fs::File) -> io::Result<Conversation> {
    write_plan(plan)?;
    let (ours, theirs) = UnixStream::pair()?;
    let (stream, spoken) = UnixStream::pair()?;
    let output = [blocking(spoken)?, complaints.into()];
    Ok(Conversation { child: start(launcher, plan, theirs, output)?, control: ours, stream })
}

/// A command that is talked to. Dropping it ends it, for the launcher sees the socket closed.
#[derive(Debug)]
pub(crate) struct Conversation {
    child: Child,
    control: UnixStream,
    /// What the command reads and writes.
    pub(crate) stream: UnixStream,
}

impl Conversation {
    /// Ends the command and all it started. Answers with how it had ended before, if it had.
    pub(crate) async fn end(mut self) -> Option<Answer> {
        let (answering, control) = self.control.into_split();
        drop(control);
        let answer = tokio::time::timeout(GRACE, read_answer(answering)).await.ok().flatten();
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        answer
    }
}

fn write_plan(plan: &Plan) -> io::Result<()> {
    fs::create_dir_all(plan.folder.join("root"))?;
    let path = plan.folder.join(PLAN);
    fs::write(&path, serde_json::to_vec(plan)?)?;
    match plan.identity {
        Identity::Own => Ok(()),
        Identity::Throwaway(id) => chown(&path, Some(id), Some(id)),
    }
}

/// Starts the launcher, whose standard output and error are `output`.
fn start(launcher: &Path, plan: &Plan, control: UnixStream, output: [OwnedFd; 2]) -> io::Result<Child> {
    let [printing, complaining] = output;
    Command::new(launcher)
        .args(launcher::arguments(plan.folder.join(PLAN)))
        .env_clear()
        .stdin(Stdio::from(blocking(control)?))
        .stdout(Stdio::from(printing))
        .stderr(Stdio::from(complaining))
        .kill_on_drop(plan.purpose != Purpose::Conversation)
        .spawn()
}

/// The socket as a process expects its files to be.
fn blocking(socket: UnixStream) -> io::Result<OwnedFd> {
    let socket = socket.into_std()?;
    socket.set_nonblocking(false)?;
    Ok(socket.into())
}

struct Running {
    child: Child,
    /// Closing it ends the run.
    control: Option<tokio::net::unix::OwnedWriteHalf>,
    limit: Duration,
}

impl Running {
    async fn finish(
        mut self,
        answering: impl AsyncRead + Unpin,
        printed: pipe::Receiver,
        bounds: OutputBounds,
        cancel: &CancellationToken,
    ) -> (How, Log) {
        let mut log = Log::new(bounds.tail_bytes_max);
        let early = {
            let reading = read_output(printed, &mut log, bounds.bytes_max);
            tokio::pin!(reading);
            tokio::select! {
                within = &mut reading => (!within).then_some(How::OutputReached),
                () = cancel.cancelled() => Some(How::Cancelled),
                () = tokio::time::sleep(self.limit) => Some(How::Silent),
            }
        };
        if early.is_some() {
            self.control = None;
        }
        let answer = tokio::time::timeout(GRACE, read_answer(answering)).await.ok().flatten();
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            // Its end takes the first process of the sandbox along, and that everything else.
            let _ = self.child.kill().await;
        }
        (early.or(answer.map(How::Answered)).unwrap_or(How::Silent), log)
    }
}

/// Reads to the end. `false` when there was more than may be.
async fn read_output(mut printed: pipe::Receiver, log: &mut Log, bytes_max: u64) -> bool {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match printed.read(&mut buffer).await {
            Ok(0) | Err(_) => return true,
            Ok(length) => log.push(&buffer[..length]),
        }
        if log.bytes() > bytes_max {
            return false;
        }
    }
}

async fn read_answer(answering: impl AsyncRead + Unpin) -> Option<Answer> {
    let mut text = Vec::new();
    // A reset is how the socket of a killed launcher ends.
    let _ = answering.take(ANSWER_BYTES_MAX).read_to_end(&mut text).await;
    serde_json::from_slice(&text).ok()
}

impl Answer {
    /// Why the sandbox was not up, if it was not.
    pub(crate) fn not_confined(&self) -> Option<String> {
        match &self.ending {
            Ending::NotConfined { step, error } if error.is_empty() => Some(step.clone()),
            Ending::NotConfined { step, error } => Some(format!("{step}: {error}")),
            Ending::Exited(_)
            | Ending::Signaled(_)
            | Ending::TimedOut
            | Ending::MemoryReached
            | Ending::ProcessesReached
            | Ending::DiskReached
            | Ending::Unstartable(_) => None,
        }
    }
}
