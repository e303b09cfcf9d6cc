//! A service in process, a workspace in a folder, and checks given as shell or Python scripts.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use reweave_chassis::{in_process, service::ConfigArgs};
use reweave_checks::{
    Config,
    config::{Command, Root},
    sandbox::{Launcher, Protection},
};
use reweave_proto::wire::{
    checks::{
        self as wire, checks_service_client::ChecksServiceClient, session_request::Message as Asked,
        session_response::Message as Answered,
    },
    spec,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, service::Routes, transport::Channel};

/// Bytes of a message, at most.
const MESSAGE_BYTES_MAX: usize = 32 << 20;

/// A service over a workspace of its own.
pub(crate) struct Kit {
    pub(crate) config: Config,
    pub(crate) workspace: tempfile::TempDir,
    /// Where the service keeps its copies.
    pub(crate) work: tempfile::TempDir,
}

impl Kit {
    /// A workspace of these files, and small limits.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let [workspace, work] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let root: Root = ConfigArgs::default().load().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut config = root.checks.validate(&BTreeMap::from([("PATH".to_owned(), path)])).unwrap();
        config.launcher = Launcher::At(env!("CARGO_BIN_EXE_reweave-checks").into());
        config.parsers.cache_folder = Some(env!("CARGO_TARGET_TMPDIR").into());
        config.work_folder = work.path().to_owned();
        config.local_workspace = Some(workspace.path().to_owned());
        config.limits.timeout_ms = 20_000;
        config.disabled_protections = disabled();
        // Without namespaces, another user has to come through here.
        fs::set_permissions(work.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let kit = Self { config, workspace, work };
        for (path, content) in files {
            kit.write(path, content);
        }
        kit
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.workspace.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Whether commands have a root of their own.
    pub(crate) fn isolated(&self) -> bool {
        !self.config.disabled_protections.contains(&Protection::Namespaces)
    }

    /// Makes pytest and ruff of the test environment available.
    pub(crate) fn with_tools(mut self) -> Self {
        self.config.tool_paths = vec![tools()];
        self
    }

    /// Adds a check that runs a shell script.
    pub(crate) fn shell(mut self, name: &str, script: &str) -> Self {
        self.add(name, &["/bin/sh", "-c", script]);
        self
    }

    /// Adds a check that runs a Python script.
    pub(crate) fn python(mut self, name: &str, script: &str) -> Self {
        self.add(name, &["/usr/bin/python3", "-c", script]);
        self
    }

    pub(crate) fn add(&mut self, name: &str, command: &[&str]) {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        self.config.commands.insert(name.parse().unwrap(), Command::by_exit_status(command).unwrap());
    }

    pub(crate) async fn client(&self) -> ChecksServiceClient<Channel> {
        let checks = reweave_checks::build(self.config.clone());
        let routes = Routes::new(checks.server(MESSAGE_BYTES_MAX));
        ChecksServiceClient::new(in_process::channel(routes)).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Opens the local workspace.
    pub(crate) async fn session(&self) -> Session {
        self.session_on(None).await
    }

    pub(crate) async fn session_on(&self, source: Option<spec::Source>) -> Session {
        let mut session = Session::start(self.client().await).await;
        session.ask(Asked::Open(wire::Open { source })).await;
        session
    }

    /// Opens the local workspace, runs one check on it and answers with the report.
    pub(crate) async fn run(&self, check: &str) -> wire::CheckReport {
        let mut session = self.session().await;
        session.opened().await;
        session.run(&[check]).await.remove(0)
    }

    /// Runs one check and answers with how the session was refused.
    pub(crate) async fn refused(&self, check: &str) -> wire::SessionError {
        let mut session = self.session().await;
        session.opened().await;
        session.ask(Asked::Run(wire::Run { checks: vec![check.into()], ..wire::Run::default() })).await;
        session.error().await
    }

    /// The private folders that the service has at the moment.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        fs::read_dir(self.work.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

/// A session, from the caller's side.
pub(crate) struct Session {
    requests: mpsc::Sender<wire::SessionRequest>,
    answers: Streaming<wire::SessionResponse>,
}

impl Session {
    pub(crate) async fn start(mut client: ChecksServiceClient<Channel>) -> Self {
        let (requests, stream) = mpsc::channel(4);
        let answers = client.session(ReceiverStream::new(stream)).await.unwrap().into_inner();
        Self { requests, answers }
    }

    pub(crate) async fn ask(&mut self, message: Asked) {
        self.requests.send(wire::SessionRequest { message: Some(message) }).await.unwrap();
    }

    async fn answer(&mut self) -> Option<Answered> {
        self.answers.message().await.unwrap().map(|answer| answer.message.unwrap())
    }

    pub(crate) async fn opened(&mut self) -> wire::Opened {
        match self.answer().await.unwrap() {
            Answered::Opened(opened) => opened,
            other => panic!("not opened: {other:?}"),
        }
    }

    pub(crate) async fn result(&mut self) -> Vec<wire::CheckReport> {
        match self.answer().await.unwrap() {
            Answered::Result(result) => result.reports,
            other => panic!("no result: {other:?}"),
        }
    }

    pub(crate) async fn error(&mut self) -> wire::SessionError {
        match self.answer().await.unwrap() {
            Answered::Error(error) => error,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) async fn run(&mut self, checks: &[&str]) -> Vec<wire::CheckReport> {
        self.run_with(checks, &[]).await
    }

    pub(crate) async fn run_with(&mut self, checks: &[&str], overlay: &[(&str, &str)]) -> Vec<wire::CheckReport> {
        let replace = |(path, content): &(&str, &str)| wire::Overlay {
            path: (*path).to_owned(),
            content: content.as_bytes().to_vec(),
        };
        let checks = checks.iter().map(|&check| check.to_owned()).collect();
        let overlay = overlay.iter().map(replace).collect();
        self.ask(Asked::Run(wire::Run { checks, overlay, ..wire::Run::default() })).await;
        self.result().await
    }
}

/// The whole suite runs without the protections that this variable names: `REWEAVE_TEST_DISABLED=namespaces,overlay`.
fn disabled() -> Vec<Protection> {
    let names = std::env::var("REWEAVE_TEST_DISABLED").unwrap_or_default();
    let named = |name: &str| match name {
        "namespaces" => Protection::Namespaces,
        "overlay" => Protection::Overlay,
        other => panic!("`{other}` is not a protection to leave out"),
    };
    names.split(',').filter(|name| !name.is_empty()).map(named).collect()
}

/// The folder of pytest and ruff that the tests use.
fn tools() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.reweave/venv/bin");
    let given = std::env::var_os("REWEAVE_TEST_TOOLS").map(PathBuf::from);
    let tools = given.unwrap_or(repository);
    assert!(tools.join("pytest").is_file(), "no pytest in {}: run `cargo xtask setup`", tools.display());
    tools.canonicalize().unwrap()
}
