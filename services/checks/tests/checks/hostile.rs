//! Commands that hang, multiply, grow, print, delete, look around and stay.

use std::{fs, time::Duration};

use reweave_proto::wire::checks as wire;

use crate::{
    kit::Kit,
    watch::{marker, running_with, until},
};

#[tokio::test]
async fn a_command_that_works_passes_and_says_by_what_it_was_judged() {
    let report = Kit::new(&[("a.txt", "hello")]).shell("cat", "cat a.txt").run("cat").await;
    assert_eq!(
        (report.status.as_str(), report.judged_by.as_str(), report.exit_code),
        ("passed", "exit_status", Some(0))
    );
    assert_eq!((report.log_tail.as_str(), report.log_bytes), ("hello", 5));
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_with_all_it_started() {
    let mut kit = Kit::new(&[]).shell("hang", &format!("sleep {0} & sleep {0}", marker(1)));
    kit.config.limits.timeout_ms = 300;
    let report = kit.run("hang").await;
    assert_eq!((report.status.as_str(), report.limit.as_str()), ("timed_out", "time 300 ms"));
    assert_eq!(running_with(&marker(1)), 0);
}

#[tokio::test]
async fn a_fork_bomb_meets_the_bound_on_processes_and_leaves_nothing() {
    let bomb =
        format!("import os, time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(0.01)\n# {}", marker(2));
    let mut kit = Kit::new(&[]).python("bomb", &bomb);
    kit.config.limits.timeout_ms = 1_500;
    kit.config.limits.processes = 40;
    let mut session = kit.session().await;
    session.opened().await;
    session.ask(run("bomb")).await;
    let (mut most, isolated) = (0, kit.isolated());
    let report = loop {
        tokio::select! {
            reports = session.result() => break reports.into_iter().next().unwrap(),
            () = tokio::time::sleep(Duration::from_millis(50)) => most = most.max(running_with(&marker(2))),
        }
    };
    if isolated {
        // The kernel compares before it counts, so each processor that forks at the same moment may pass the bound by one.
        let processors = std::thread::available_parallelism().unwrap().get();
        assert!((20..=40 + processors).contains(&most), "{most} processes at once");
        assert_eq!((report.status.as_str(), report.limit.as_str()), ("timed_out", "time 1500 ms, processes 40"));
    } else {
        // The kernel's bound counts what else the user runs, so a bound on the run ends it, too.
        assert!(report.limit.ends_with("processes 40"), "{} {}", report.status, report.limit);
    }
    assert_eq!(running_with(&marker(2)), 0);
}

#[tokio::test]
async fn a_daemon_that_left_its_session_does_not_survive_the_command() {
    let daemon = format!("setsid sh -c 'setsid sleep {} & ' </dev/null >/dev/null 2>&1; sleep 0.2", marker(3));
    let report = Kit::new(&[]).shell("daemon", &daemon).run("daemon").await;
    assert_eq!(report.status, "passed");
    assert_eq!(running_with(&marker(3)), 0);
}

#[tokio::test]
async fn a_gigabyte_of_output_is_cut_off_and_fills_nothing() {
    let mut kit = Kit::new(&[]).shell("print", "head -c 1073741824 /dev/zero | tr '\\0' 'x'");
    kit.config.limits.output_bytes = 4 << 20;
    let report = kit.run("print").await;
    assert_eq!((report.status.as_str(), report.limit.as_str()), ("killed", "output 4 MiB"));
    assert_eq!(report.log_tail.len(), kit.config.limits.log_tail_bytes);
    assert!((4 << 20..5 << 20).contains(&report.log_bytes), "{}", report.log_bytes);
}

#[tokio::test]
async fn output_within_the_limit_is_counted_in_full_and_kept_at_its_end() {
    let report = Kit::new(&[]).shell("print", "seq 1 200000").run("print").await;
    assert_eq!((report.status.as_str(), report.log_bytes), ("passed", 1_288_895));
    assert!(report.log_tail.ends_with("199999\n200000\n"));
}

#[tokio::test]
async fn memory_over_the_limit_ends_the_command() {
    let hog = "a = []\nwhile True: a.append(bytearray(1 << 20))";
    let mut kit = Kit::new(&[]).python("hog", hog);
    kit.config.limits.memory_bytes = 64 << 20;
    let report = kit.run("hog").await;
    assert_eq!((report.status.as_str(), report.limit.as_str()), ("killed", "memory 64 MiB"));
}

#[tokio::test]
async fn memory_of_all_processes_together_counts() {
    let hogs =
        "import os, time\nfor _ in range(4): os.fork()\na = bytearray(os.urandom(1) * (16 << 20))\ntime.sleep(60)";
    let mut kit = Kit::new(&[]).python("hogs", hogs);
    kit.config.limits.memory_bytes = 128 << 20;
    let report = kit.run("hogs").await;
    assert_eq!((report.status.as_str(), report.limit.as_str()), ("killed", "memory 128 MiB"));
}

#[tokio::test]
async fn memory_shared_between_processes_counts_once() {
    let shared =
        "import os, time\na = bytearray(os.urandom(1) * (64 << 20))\nfor _ in range(3): os.fork()\ntime.sleep(0.3)";
    let mut kit = Kit::new(&[]).python("shared", shared);
    kit.config.limits.memory_bytes = 192 << 20;
    let report = kit.run("shared").await;
    assert_eq!((report.status.as_str(), report.limit.as_str()), ("passed", ""));
}

#[tokio::test]
async fn address_space_over_the_limit_is_not_given() {
    let mut kit = Kit::new(&[]).python("reserve", "import mmap\nmmap.mmap(-1, 1 << 32)");
    kit.config.limits.address_space_bytes = 1 << 30;
    let report = kit.run("reserve").await;
    assert_eq!((report.status.as_str(), report.failing), ("failed", vec!["exit status 1".to_owned()]));
}

#[tokio::test]
async fn disk_over_the_limit_is_not_given_and_is_named() {
    let mut kit = Kit::new(&[]).shell("fill", "head -c 30000000 /dev/zero > big");
    kit.config.limits.disk_bytes = 8 << 20;
    let report = kit.run("fill").await;
    // Without a file system of its own, what was written is measured, and ends the run.
    let status = if kit.isolated() { "failed" } else { "killed" };
    assert_eq!((report.status.as_str(), report.limit.as_str()), (status, "disk 8 MiB"));
}

#[tokio::test]
async fn a_workspace_that_deletes_itself_harms_neither_the_original_nor_the_next_run() {
    let kit = Kit::new(&[("a.py", "1\n"), ("b/c.py", "2\n")])
        .shell("delete", "rm -rf -- * && ls -A")
        .shell("see", "cat a.py b/c.py");
    let mut session = kit.session().await;
    session.opened().await;
    let reports = session.run(&["delete", "see"]).await;
    assert_eq!((reports[0].status.as_str(), reports[0].log_tail.as_str()), ("passed", ""));
    assert_eq!((reports[1].status.as_str(), reports[1].log_tail.as_str()), ("passed", "1\n2\n"));
    assert_eq!(fs::read_to_string(kit.workspace.path().join("b/c.py")).unwrap(), "2\n");
}

#[tokio::test]
async fn what_a_run_writes_is_not_there_in_the_next() {
    let kit = Kit::new(&[("a", "old")]).shell("write", "test ! -e new && echo changed > a && touch new");
    let mut session = kit.session().await;
    session.opened().await;
    for _ in 0..2 {
        assert_eq!(session.run(&["write"]).await[0].status, "passed");
    }
}

#[tokio::test]
async fn there_is_no_network() {
    let script = "import socket\n\
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):\n\
        \x20 for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n\
        \x20  try: socket.socket(family, kind)\n\
        \x20  except PermissionError: continue\n\
        \x20  raise SystemExit(f'{family} {kind} opened')\n\
        a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'";
    let report = Kit::new(&[]).python("network", script).run("network").await;
    assert_eq!(report.status, "passed", "{}", report.log_tail);
}

#[tokio::test]
async fn system_calls_that_reach_outside_are_refused() {
    let script = "import ctypes, errno\n\
        libc = ctypes.CDLL(None, use_errno=True)\n\
        # ptrace, mount, unshare, keyctl, bpf, userfaultfd, io_uring_setup, memfd_create on x86-64\n\
        for call, want in {101: 1, 165: 1, 272: 1, 250: 1, 321: 1, 323: 1, 425: 1, 319: 1, 435: errno.ENOSYS}.items():\n\
        \x20 result = libc.syscall(call, 0, 0, 0, 0, 0)\n\
        \x20 assert result == -1 and ctypes.get_errno() == want, (call, result, ctypes.get_errno())\n";
    let report = Kit::new(&[]).python("calls", script).run("calls").await;
    assert_eq!(report.status, if cfg!(target_arch = "x86_64") { "passed" } else { "failed" }, "{}", report.log_tail);
}

#[tokio::test]
async fn files_outside_are_neither_read_nor_written() {
    let secret = tempfile::tempdir().unwrap();
    let path = secret.path().join("secret");
    fs::write(&path, "hidden").unwrap();
    let (read, write) = (format!("cat {}", path.display()), format!("echo x > {}/new", secret.path().display()));
    let kit = Kit::new(&[])
        .shell("read", &read)
        .shell("write", &write)
        .shell("shadow", "cat /etc/shadow")
        .shell("usr", "touch /usr/x || touch /x || touch /etc/x || touch /proc/sys/kernel/hostname")
        .shell("folders", &format!("ls {}", kit_parent()));
    for check in ["read", "write", "shadow", "usr"] {
        let report = kit.run(check).await;
        assert_eq!(report.status, "failed", "{check}: {}", report.log_tail);
        assert!(!report.log_tail.contains("hidden"));
    }
    assert_eq!(fs::read_dir(secret.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_link_out_of_the_workspace_leads_nowhere() {
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("secret"), "hidden").unwrap();
    let kit = Kit::new(&[]).shell("follow", "cat file || cat folder/secret");
    std::os::unix::fs::symlink(secret.path().join("secret"), kit.workspace.path().join("file")).unwrap();
    std::os::unix::fs::symlink(secret.path(), kit.workspace.path().join("folder")).unwrap();
    let report = kit.run("follow").await;
    assert_eq!(report.status, "failed");
    assert!(!report.log_tail.contains("hidden"));
}

#[tokio::test]
async fn only_named_variables_of_the_environment_are_seen() {
    let mut kit = Kit::new(&[]).shell("environment", "env");
    kit.config.environment.insert("SHOWN".into(), "yes".into());
    let report = kit.run("environment").await;
    let names: Vec<&str> = report.log_tail.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.contains(&"SHOWN") && names.contains(&"PATH") && names.contains(&"HOME"));
    for cargo in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO"] {
        assert!(!names.contains(&cargo), "{cargo} is visible");
    }
}

#[tokio::test]
async fn nobody_elses_processes_are_seen_and_the_user_owns_nothing_outside() {
    let kit =
        Kit::new(&[]).shell("look", "id -u; ls /proc 2>/dev/null | grep -c '^[0-9]'; cat /proc/1/environ | wc -c");
    let report = kit.run("look").await;
    let lines: Vec<u32> = report.log_tail.lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert!(lines[0] >= 1000 && lines[1] <= 5 && lines[2] == 0, "{}", report.log_tail);
}

#[tokio::test]
async fn dropping_the_session_ends_the_run_and_removes_the_copy() {
    let kit = Kit::new(&[("a", "1")]).shell("hang", &format!("sleep {}", marker(4)));
    let mut session = kit.session().await;
    session.opened().await;
    assert_eq!(kit.folders().len(), 1);
    session.ask(run("hang")).await;
    until(|| running_with(&marker(4)) > 0).await;
    drop(session);
    until(|| running_with(&marker(4)) == 0 && kit.folders().is_empty()).await;
}

#[tokio::test]
async fn a_killed_run_leaves_no_folder() {
    let mut kit = Kit::new(&[]).shell("hang", "mkdir deep; chmod 000 deep; sleep 60");
    kit.config.limits.timeout_ms = 200;
    assert_eq!(kit.run("hang").await.status, "timed_out");
    until(|| kit.folders().is_empty()).await;
}

fn run(check: &str) -> wire::session_request::Message {
    wire::session_request::Message::Run(wire::Run { checks: vec![check.into()], ..wire::Run::default() })
}

fn kit_parent() -> String {
    std::env::temp_dir().display().to_string()
}
