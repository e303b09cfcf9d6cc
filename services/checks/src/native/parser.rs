//! One helper: a process in the sandbox that is asked about one text after the other.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::io::BufReader;

use super::{Reading, protocol, tool::Start};
use crate::{
    sandbox::{
        Sandbox,
        plan::{Answer, Bind, Bounds, Ending, Isolation, Plan, Purpose, Workspace},
        process::Conversation,
        root,
    },
    workspace::folder::Folder,
};

/// Where a helper sees its program, when it has a root of its own.
const SEEN_AT: &str = "/run/reweave/parser";
/// Longest life of a helper; the next text gets a new one.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long a helper may take until it answers at all: a JVM on a busy machine takes seconds.
const START_MAX: Duration = Duration::from_secs(60);
/// How much of what a helper complained of is told, in bytes.
const COMPLAINTS_MAX: usize = 1 << 10;

/// A helper that runs.
#[derive(Debug)]
pub(super) struct Parser {
    conversation: Conversation,
    complaints: PathBuf,
    /// Gone with the helper.
    _folder: Folder,
}

/// Why a text was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the parser took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    #[error(transparent)]
    Protocol(#[from] protocol::Error),
}

impl Parser {
    /// Starts one in the sandbox.
    pub(super) fn start(sandbox: &Sandbox, start: &Start, work: &Path, memory_bytes: u64) -> io::Result<Self> {
        let folder = Folder::new(work, Sandbox::identity())?;
        let complaints = folder.path().join("complaints");
        let plan = plan(sandbox, &folder, start, memory_bytes)?;
        let conversation = sandbox.converse(&plan, fs::File::create(&complaints)?)?;
        Ok(Self { conversation, complaints, _folder: folder })
    }

    /// Waits until it answers.
    pub(super) async fn ready(&mut self) -> Result<(), Error> {
        self.ask(b"", START_MAX).await.map(drop)
    }

    /// Asks about one text. After an error that is not [`protocol::Error::GaveUp`] the helper is of no use any more.
    pub(super) async fn ask(&mut self, text: &[u8], limit: Duration) -> Result<Reading, Error> {
        let (output, mut input) = self.conversation.stream.split();
        let mut output = BufReader::new(output);
        let asking = protocol::ask(&mut input, &mut output, text);
        Ok(tokio::time::timeout(limit, asking).await.map_err(|_| Error::TimedOut(limit))??)
    }

    /// Ends it. Answers with what it or the sandbox had to say, if it had ended by itself.
    pub(super) async fn end(self) -> String {
        let Self { conversation, complaints, _folder } = self;
        let answer = conversation.end().await;
        let said = fs::read(complaints).unwrap_or_default();
        // A trace of calls begins with its cause.
        let said = String::from_utf8_lossy(&said[..said.len().min(COMPLAINTS_MAX)]);
        let ended = answer.as_ref().map(in_words).unwrap_or_default();
        [ended.as_str(), said.trim()].into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(": ")
    }
}

fn plan(sandbox: &Sandbox, folder: &Folder, start: &Start, memory_bytes: u64) -> io::Result<Plan> {
    let pristine = folder.owned("pristine")?;
    let replaced = folder.owned("replaced")?;
    let temporary = folder.owned("tmp")?;
    let program = folder.owned("parser")?;
    let file = program.join(start.name);
    fs::write(&file, &start.content)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    folder.give(&file)?;
    let (at, seen, home) = match sandbox.isolation {
        Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. } => {
            ("/workspace".into(), PathBuf::from(SEEN_AT), PathBuf::from(root::HOME))
        }
        Isolation::Floor => (pristine.clone(), program.clone(), temporary),
    };
    let own = Bind { from: program, to: seen.clone() };
    let shown = start.runner.as_ref().map_or_else(|| vec![own.clone()], |found| found.binds(own.clone()));
    Ok(Plan {
        folder: folder.path().to_owned(),
        workspace: Workspace { pristine, replaced, at },
        shown,
        written: Vec::new(),
        command: command(start, &seen.join(start.name)),
        environment: environment(start, &home),
        identity: folder.identity(),
        isolation: sandbox.isolation,
        bounds: bounds(memory_bytes),
        purpose: Purpose::Conversation,
        disabled: sandbox.disabled().to_vec(),
    })
}

fn command(start: &Start, file: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let runner = start.runner.iter().map(|found| text(&found.program));
    runner.chain(start.arguments.iter().cloned()).chain([text(file)]).collect()
}

fn environment(start: &Start, home: &Path) -> BTreeMap<String, String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let folders = start.runner.iter().flat_map(|found| &found.path).map(|folder| text(folder)).collect::<Vec<_>>();
    let usual = [("PATH", folders.join(":")), ("HOME", text(home)), ("TMPDIR", text(home)), ("LANG", "C.UTF-8".into())];
    let usual = usual.into_iter().map(|(name, value)| (name.to_owned(), value));
    usual.chain(start.environment.iter().cloned()).collect()
}

/// The address space is what a JVM reserves and never uses; the rest is little, for a parser writes nothing.
fn bounds(memory_bytes: u64) -> Bounds {
    Bounds {
        timeout_ms: u64::try_from(LIFE_MAX.as_millis()).unwrap_or(u64::MAX),
        memory_bytes,
        address_space_bytes: (16 << 30) + memory_bytes,
        processes: 64,
        open_files: 256,
        file_bytes: 1 << 20,
        disk_bytes: 16 << 20,
    }
}

fn in_words(answer: &Answer) -> String {
    match &answer.ending {
        Ending::Exited(code) => format!("it exited with {code}"),
        Ending::Signaled(signal) => format!("signal {signal} ended it"),
        Ending::TimedOut => "it had lived as long as it may".to_owned(),
        Ending::MemoryReached => "it took more memory than checks.parsers.memory_mib".to_owned(),
        Ending::ProcessesReached => "it started more threads than it may".to_owned(),
        Ending::DiskReached => "it wrote more than it may".to_owned(),
        Ending::Unstartable(reason) => format!("it could not be started: {reason}"),
        Ending::NotConfined { .. } => answer.not_confined().unwrap_or_default(),
    }
}
