//! Inputs that are missing, too large or out of place.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use reweave_checks::sandbox::Protection;
use reweave_core::Sha256;
use reweave_proto::wire::{checks as wire, checks::session_request::Message as Asked, spec};

use crate::kit::Kit;

#[tokio::test]
async fn an_unknown_check_is_refused_with_the_names_that_are_known() {
    let error = Kit::new(&[]).refused("typecheck").await;
    assert_eq!(error.code, "checks.unknown");
    assert_eq!(error.evidence[0].detail, "known checks: pytest, ruff");
}

#[tokio::test]
async fn a_missing_tool_is_refused_with_where_it_was_looked_for_and_how_to_get_it() {
    let mut kit = Kit::new(&[]);
    kit.config.path = vec!["/usr/bin".into()];
    kit.config.tool_paths = vec!["/nowhere".into()];
    let error = kit.refused("pytest").await;
    assert_eq!(error.code, "checks.tool_missing");
    assert_eq!(error.evidence[0].detail, "looked for `pytest` in /nowhere, /usr/bin");
    assert_eq!(error.next_command, "python3 -m venv .venv && .venv/bin/pip install pytest");
}

#[tokio::test]
async fn a_program_of_the_workspace_that_is_not_there_is_refused() {
    let mut kit = Kit::new(&[]);
    kit.add("own", &["./run-tests"]);
    let error = kit.refused("own").await;
    assert_eq!(error.code, "checks.tool_missing");
    kit.write("run-tests", "#!/usr/bin/env python3\nprint('ran')\n");
    let script = kit.workspace.path().join("run-tests");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(kit.run("own").await.log_tail, "ran\n");
}

#[tokio::test]
async fn the_workspaces_own_environment_is_used_and_not_copied() {
    let kit = Kit::new(&[("a.py", "")]);
    let made = std::process::Command::new("/usr/bin/python3")
        .args(["-m", "venv", "--without-pip"])
        .arg(kit.workspace.path().join(".venv"))
        .status();
    assert!(made.unwrap().success());
    let mut kit = kit;
    kit.add("own", &["python", "-c", "import sys, os; print(sys.prefix, flush=True); os.mkdir(sys.prefix + '/x')"]);
    let mut session = kit.session().await;
    assert_eq!(session.opened().await.files, 1);
    let report = session.run(&["own"]).await.remove(0);
    let venv = kit.workspace.path().canonicalize().unwrap().join(".venv");
    assert!(report.log_tail.starts_with(&venv.display().to_string()), "{}", report.log_tail);
    assert_eq!(report.status, "failed", "the environment was written to");
    assert!(!venv.join("x").exists());
}

#[tokio::test]
async fn a_read_only_workspace_is_no_obstacle() {
    // What is already read-only for everyone, root included.
    let readable = PathBuf::from("/sys/kernel/mm/transparent_hugepage");
    let mut kit = Kit::new(&[]).shell("write", "echo x > new && cat new");
    kit.config.local_workspace = Some(readable);
    let report = kit.run("write").await;
    assert_eq!((report.status.as_str(), report.log_tail.as_str()), ("passed", "x\n"));
}

#[tokio::test]
async fn a_workspace_over_a_bound_is_refused() {
    let many: Vec<String> = (0..20).map(|index| format!("f{index}")).collect();
    let files: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
    let mut kit = Kit::new(&files);
    kit.config.workspace_files_max = 19;
    let error = kit.session().await.error().await;
    assert_eq!((error.code.as_str(), error.evidence[0].detail.as_str()), ("workspace.too_large", "more than 19 files"));

    let mut kit = Kit::new(&[("a", &"x".repeat(1 << 20)), ("b", "x")]);
    kit.config.workspace_bytes_max = 1 << 20;
    let error = kit.session().await.error().await;
    assert_eq!((error.code.as_str(), error.evidence[0].detail.as_str()), ("workspace.too_large", "more than 1 MiB"));
    kit.config.workspace_bytes_max += 1;
    assert_eq!(kit.session().await.opened().await.bytes, (1 << 20) + 1);
}

#[tokio::test]
async fn pipes_sockets_and_hostile_names_do_not_stop_the_copy() {
    let kit = Kit::new(&[("-rf", "1"), (" ", "2"), ("a\nb", "3"), (".git/config", "x"), ("node_modules/x", "x")])
        .shell("list", "ls -A1 --quoting-style=c; readlink loop dangling");
    nix::unistd::mkfifo(&kit.workspace.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(kit.workspace.path().join("socket")).unwrap();
    symlink("loop", kit.workspace.path().join("loop")).unwrap();
    symlink("/nowhere", kit.workspace.path().join("dangling")).unwrap();
    let report = kit.run("list").await;
    assert_eq!(report.log_tail, "\" \"\n\"-rf\"\n\"a\\nb\"\n\"dangling\"\n\"loop\"\nloop\n/nowhere\n");
}

#[tokio::test]
async fn files_carried_by_the_request_are_a_workspace() {
    let kit = Kit::new(&[]).shell("cat", "cat a/b.py");
    let mut session = kit.session_on(Some(inline("a/b.py", "print(1)\n", true))).await;
    assert_eq!(session.opened().await.files, 1);
    assert_eq!(session.run(&["cat"]).await[0].log_tail, "print(1)\n");
    let error = kit.session_on(Some(inline("a.py", "x", false))).await.error().await;
    assert_eq!(error.code, "source.digest_mismatch");
    let error = kit.session_on(Some(inline("../a.py", "x", true))).await.error().await;
    assert_eq!(error.code, "source.path_outside");
}

#[tokio::test]
async fn a_named_workspace_must_be_known_and_at_its_revision() {
    let mut kit = Kit::new(&[("a", "named")]).shell("cat", "cat a");
    kit.config.workspaces.insert("shop".parse().unwrap(), kit.workspace.path().to_owned());
    kit.config.local_workspace = None;
    let mut session = kit.session_on(Some(named("shop", ""))).await;
    session.opened().await;
    assert_eq!(session.run(&["cat"]).await[0].log_tail, "named");
    assert_eq!(kit.session_on(Some(named("bank", ""))).await.error().await.code, "workspace.unknown");
    assert_eq!(kit.session_on(Some(named("shop", "0123456"))).await.error().await.code, "workspace.unavailable");
    assert_eq!(kit.session_on(None).await.error().await.code, "workspace.unavailable");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    kit.write(".git/HEAD", commit);
    kit.session_on(Some(named("shop", "0123456"))).await.opened().await;
    kit.session_on(Some(named("shop", commit))).await.opened().await;
}

#[tokio::test]
async fn a_replacement_does_not_go_through_a_link_to_the_outside() {
    let outside = tempfile::tempdir().unwrap();
    let kit = Kit::new(&[]).shell("true", "true");
    symlink(outside.path(), kit.workspace.path().join("out")).unwrap();
    for path in ["out/new.py", "out", "../x", "/etc/x", ".git/hooks/x"] {
        let mut session = kit.session().await;
        session.opened().await;
        let overlay = vec![wire::Overlay { path: path.into(), content: b"x".to_vec() }];
        session.ask(Asked::Run(wire::Run { checks: vec!["true".into()], overlay, ..wire::Run::default() })).await;
        assert_eq!(session.error().await.code, "source.path_outside", "{path}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn requests_out_of_order_end_the_session() {
    let kit = Kit::new(&[]).shell("true", "true");
    let mut session = kit.session().await;
    session.opened().await;
    session.ask(Asked::Open(wire::Open { source: None })).await;
    assert_eq!(session.error().await.code, "spec.invalid");
}

#[tokio::test]
async fn more_sessions_than_may_be_are_refused() {
    let mut kit = Kit::new(&[]);
    kit.config.sessions_max = 1;
    let client = kit.client().await;
    let mut first = crate::kit::Session::start(client.clone()).await;
    first.ask(Asked::Open(wire::Open { source: None })).await;
    first.opened().await;
    let mut second = crate::kit::Session::start(client).await;
    assert_eq!(second.error().await.code, "service.resource_exhausted");
}

#[tokio::test]
async fn below_the_floor_nothing_is_run() {
    for protection in [Protection::Landlock, Protection::Seccomp] {
        let mut kit = Kit::new(&[]);
        kit.config.disabled_protections = vec![protection];
        assert_eq!(kit.session().await.error().await.code, "checks.sandbox_unavailable");
        let described = kit.client().await.describe(wire::DescribeRequest {}).await.unwrap().into_inner();
        assert!(described.sandbox.is_empty() && described.unavailable.contains("disabled"));
    }
}

#[tokio::test]
async fn what_is_active_is_told() {
    let kit = Kit::new(&[]);
    let described = kit.client().await.describe(wire::DescribeRequest {}).await.unwrap().into_inner();
    let active = |name: &str| described.sandbox.iter().any(|active| active == name);
    for protection in ["landlock", "seccomp", "resource_limits", "memory_watch", "time_limit", "output_limit"] {
        assert!(active(protection), "{:?}", described.sandbox);
    }
    for protection in ["mount_namespace", "pid_namespace", "network_namespace", "ipc_namespace", "uts_namespace"] {
        assert_eq!(active(protection), kit.isolated(), "{:?}", described.sandbox);
    }
    let names: Vec<_> = described.checks.iter().map(|check| (check.name.as_str(), check.adapter.as_str())).collect();
    assert_eq!(names, [("pytest", "pytest"), ("ruff", "ruff")]);
}

fn inline(path: &str, content: &str, right: bool) -> spec::Source {
    let sha256 = if right { Sha256::of(content.as_bytes()) } else { Sha256::of(b"else") };
    let file = spec::InlineFile { path: path.into(), content: content.into(), sha256: sha256.to_string() };
    spec::Source { from: Some(spec::source::From::Inline(spec::InlineFiles { files: vec![file] })) }
}

fn named(name: &str, revision: &str) -> spec::Source {
    let workspace = spec::Workspace { name: name.into(), revision: revision.into() };
    spec::Source { from: Some(spec::source::From::Workspace(workspace)) }
}
