//! `reweave-checks` as a process of its own.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reweave_chassis::client::{self, ClientConfig};
use reweave_proto::wire::{
    checks::{self as wire, checks_service_client::ChecksServiceClient, session_request::Message as Asked},
    spec,
};

use crate::{
    kit::{Kit, Session},
    watch::{marker, running_with, until},
};

/// The binary, killed when a test fails before its end.
struct Binary(Child);

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Binary {
    /// Serves the kit's workspace by the name `shop`, with a check that sleeps for `marker`.
    fn start(kit: &Kit, marker: &str) -> Self {
        let set = [
            format!("server.listen=unix:{}", socket(kit).display()),
            "server.drain_ms=500".to_owned(),
            format!("checks.work_folder={}", kit.work.path().display()),
            format!("checks.workspaces={{ shop = '{}' }}", kit.workspace.path().display()),
            format!("checks.commands.hang={{ command = ['sleep', '{marker}'], adapter = 'command' }}"),
            format!("checks.disabled_protections={}", if kit.isolated() { "[]" } else { "['namespaces']" }),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_reweave-checks"));
        command.args(set.iter().flat_map(|set| ["--set", set])).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }
}

fn socket(kit: &Kit) -> std::path::PathBuf {
    kit.workspace.path().join("socket")
}

/// A session whose check runs.
async fn hanging(kit: &Kit, marker: &str) -> Session {
    let config = ClientConfig { connect_attempts: 200, backoff_ms: 50, backoff_ms_max: 50, ..ClientConfig::default() };
    let channel = client::channel(&format!("unix:{}", socket(kit).display()), &config).await.unwrap();
    let mut session = Session::start(ChecksServiceClient::new(channel)).await;
    let workspace = spec::Workspace { name: "shop".into(), revision: String::new() };
    let source = Some(spec::Source { from: Some(spec::source::From::Workspace(workspace)) });
    session.ask(Asked::Open(wire::Open { source })).await;
    session.opened().await;
    session.ask(Asked::Run(wire::Run { checks: vec!["hang".into()], ..wire::Run::default() })).await;
    until(|| running_with(marker) > 0 && folders(kit.work.path()) == 1).await;
    session
}

fn folders(work: &Path) -> usize {
    fs::read_dir(work).unwrap().count()
}

#[tokio::test]
async fn a_killed_service_takes_its_commands_along_and_the_next_one_removes_its_copies() {
    let (kit, marker) = (Kit::new(&[("a", "1")]), format!("{}.5", marker(5)));
    let mut binary = Binary::start(&kit, &marker);
    let _session = hanging(&kit, &marker).await;
    binary.signal(Signal::SIGKILL);
    binary.0.wait().unwrap();
    // The marker is also in the arguments of the service itself, so what is counted is everything.
    until(|| running_with(&marker) == 0).await;
    assert_eq!(folders(kit.work.path()), 1);
    let again = Binary::start(&kit, &marker);
    until(|| folders(kit.work.path()) == 0).await;
    drop(again);
}

#[tokio::test]
async fn a_service_asked_to_stop_ends_what_runs_and_leaves_nothing() {
    let (kit, marker) = (Kit::new(&[("a", "1")]), format!("{}.6", marker(6)));
    let mut binary = Binary::start(&kit, &marker);
    let session = hanging(&kit, &marker).await;
    binary.signal(Signal::SIGTERM);
    drop(session);
    assert!(binary.0.wait().unwrap().success());
    assert_eq!((running_with(&marker), folders(kit.work.path())), (0, 0));
}

#[test]
fn a_bad_configuration_exits_64_and_names_the_field() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reweave-checks"));
    let output = command.args(["--set", "checks.limits.processes=0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("checks.limits.processes is 0"), "{said}");
}
