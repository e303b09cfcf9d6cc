//! Watches a command from within the sandbox: time, memory, processes, disk; and ends all of it, whatever it started.
//!
//! The command is started by the confined main thread. Watching is done by threads that were started before, because
//! Landlock and seccomp confine a thread and what it starts: without namespaces these need `/proc`, which the command
//! must not see.

use std::{
    io::Read,
    process::Command,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{WaitStatus, waitpid},
    },
    unistd::Pid,
};

use super::{
    census::{self, Census},
    plan::{Answer, Ending, Identity, Isolation, Plan},
    root,
};

/// Between two looks at memory, processes and disk.
const LOOK: Duration = Duration::from_millis(20);
/// Measuring what was written means walking over it, so it is done less often.
const LOOKS_PER_DISK_LOOK: u32 = 16;
/// Longest time that ending a process tree may take without a process namespace.
const KILL_MAX: Duration = Duration::from_secs(10);
/// Threads of the supervising process itself, which the bound on processes counts in.
const OWN_THREADS: u64 = 4;
/// The space below which a file system of bounded size counts as full.
const SPACE_MIN: u64 = 64 << 10;

enum Event {
    Started(Pid),
    Ended(Pid, Ending),
    ServiceGone,
}

/// The watching threads, waiting for a command.
#[derive(Debug)]
pub(super) struct Supervisor {
    started: Sender<Event>,
    reap: Sender<()>,
    watch: JoinHandle<Option<Answer>>,
}

impl Supervisor {
    /// Starts the threads. Must come before the main thread confines itself.
    pub(super) fn start(plan: &Plan) -> std::io::Result<Self> {
        if plan.isolation == Isolation::Floor {
            nix::sys::prctl::set_child_subreaper(true)?;
        }
        let (events, received) = mpsc::channel();
        let (reap, begin) = mpsc::channel();
        let (control, reaper) = (events.clone(), events.clone());
        thread::Builder::new().spawn(move || wait_for_service(&control))?;
        thread::Builder::new().spawn(move || begin.recv().is_ok().then(|| wait_for_children(&reaper)))?;
        let watched = plan.clone();
        let watch = thread::Builder::new().spawn(move || watch(&watched, &received))?;
        Ok(Self { started: events, reap, watch })
    }

    /// Starts the command and waits for its end and that of all it started.
    pub(super) fn run(self, mut command: Command) -> Answer {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Answer::ended(Ending::Unstartable(format!("{program}: {error}"))),
        };
        let pid = Pid::from_raw(child.id().cast_signed());
        let told = self.started.send(Event::Started(pid)).is_ok() && self.reap.send(()).is_ok();
        let answer = if told { self.watch.join().ok().flatten() } else { None };
        answer.unwrap_or_else(|| std::process::exit(1))
    }
}

/// Threads that the bound on processes has to be raised by, because it counts them too.
pub(super) fn threads_of_user(plan: &Plan) -> u64 {
    match (plan.isolation, plan.identity) {
        (Isolation::Floor, Identity::Own) => census::threads_of_own_user(),
        (Isolation::Floor | Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. }, _) => OWN_THREADS,
    }
}

/// Returns when the service closes the socket: nothing is ever written to it.
fn wait_for_service(events: &Sender<Event>) {
    let mut byte = [0];
    while matches!(std::io::stdin().lock().read(&mut byte), Ok(1..)) {}
    let _ = events.send(Event::ServiceGone);
}

fn wait_for_children(events: &Sender<Event>) {
    loop {
        let (pid, ending) = match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, Ending::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Ending::Signaled(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => return,
        };
        if events.send(Event::Ended(pid, ending)).is_err() {
            return;
        }
    }
}

fn watch(plan: &Plan, events: &Receiver<Event>) -> Option<Answer> {
    let mut watch = Watch { plan, command: None, deadline: None, processes_reached: false, looks: 0 };
    let ending = loop {
        match events.recv_timeout(LOOK) {
            Ok(Event::Started(pid)) => watch.started(pid),
            Ok(Event::Ended(pid, ending)) if watch.command == Some(pid) => break Some(ending),
            Ok(Event::Ended(..)) => {}
            Ok(Event::ServiceGone) | Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(ending) = watch.look() {
            break Some(ending);
        }
    };
    let disk_reached = disk_full(plan);
    end_all(plan);
    let ending = match (ending, plan.isolation) {
        (Some(Ending::Exited(_)), Isolation::Floor) if disk_reached => Some(Ending::DiskReached),
        (ending, _) => ending,
    };
    match ending {
        Some(ending) => Some(Answer { ending, processes_reached: watch.processes_reached, disk_reached, landlock: 0 }),
        None => std::process::exit(1),
    }
}

struct Watch<'a> {
    plan: &'a Plan,
    command: Option<Pid>,
    deadline: Option<Instant>,
    processes_reached: bool,
    looks: u32,
}

impl Watch<'_> {
    fn started(&mut self, pid: Pid) {
        self.command = Some(pid);
        self.deadline = Some(Instant::now() + Duration::from_millis(self.plan.bounds.timeout_ms));
    }

    /// The bound that was passed, if one was.
    fn look(&mut self) -> Option<Ending> {
        if Instant::now() >= self.deadline? {
            return Some(Ending::TimedOut);
        }
        let census = census(self.plan);
        self.processes_reached |= census.threads >= self.plan.bounds.processes;
        if census.resident_bytes > self.plan.bounds.memory_bytes
            && census.proportional_bytes() > self.plan.bounds.memory_bytes
        {
            return Some(Ending::MemoryReached);
        }
        self.looks += 1;
        (self.plan.isolation == Isolation::Floor).then(|| self.look_without_namespaces(&census)).flatten()
    }

    /// Bounds that only namespaces make hold by themselves.
    fn look_without_namespaces(&self, census: &Census) -> Option<Ending> {
        if census.threads > self.plan.bounds.processes {
            return Some(Ending::ProcessesReached);
        }
        let full = self.looks.is_multiple_of(LOOKS_PER_DISK_LOOK) && disk_full(self.plan);
        full.then_some(Ending::DiskReached)
    }
}

fn census(plan: &Plan) -> Census {
    match plan.isolation {
        Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. } => Census::of_namespace(),
        Isolation::Floor => Census::of_descendants(),
    }
}

fn disk_full(plan: &Plan) -> bool {
    match plan.isolation {
        Isolation::Namespaces { .. } | Isolation::UserNamespaces { .. } => {
            let space = nix::sys::statvfs::statvfs(root::TEMPORARY);
            space.is_ok_and(|space| {
                space.blocks_available() * space.fragment_size() < SPACE_MIN || space.files_available() == 0
            })
        }
        Isolation::Floor => {
            let written =
                [&plan.workspace.at, &plan.folder.join("tmp")].map(|path| crate::workspace::tree::bytes(path));
            written.iter().sum::<u64>() > plan.bounds.disk_bytes
        }
    }
}

/// Ends everything the command left. In a process namespace the exit of its first process, this one, does that.
fn end_all(plan: &Plan) {
    let since = Instant::now();
    while plan.isolation == Isolation::Floor && since.elapsed() < KILL_MAX {
        let left = census::descendants();
        if left.is_empty() {
            return;
        }
        for pid in left {
            // It may have ended by itself since.
            let _ = kill(pid, Signal::SIGKILL);
        }
        thread::sleep(Duration::from_millis(2));
    }
}
