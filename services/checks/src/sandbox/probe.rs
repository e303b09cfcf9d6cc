//! Tries, in a finished sandbox, what must not work and what must. A protection counts only when it held.

use std::{
    fs::File,
    net::{TcpStream, UdpSocket},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use super::plan::{Ending, Plan, Protection};

/// Tries everything once. Exit 0 says that all was refused.
///
/// `others` is how many threads of the user the bound on processes was raised by; they may have ended meanwhile.
pub(super) fn try_what_must_not_work(plan: &Plan, others: u64) -> Ending {
    let enabled = |protection| !plan.disabled.contains(&protection);
    let held = [
        (Protection::Seccomp, "a network socket could be opened", enabled(Protection::Seccomp) && sockets_work()),
        (
            Protection::Landlock,
            "a file outside could be opened",
            enabled(Protection::Landlock) && outside_reachable(plan),
        ),
    ];
    for (protection, broken, works) in held {
        if works {
            return Ending::NotConfined { step: format!("{protection:?}").to_lowercase(), error: broken.into() };
        }
    }
    if let Err(error) = File::create("probe") {
        return Ending::NotConfined { step: "writing to the workspace".into(), error: error.to_string() };
    }
    if threads_unbounded(plan.bounds.processes + others) {
        return Ending::NotConfined { step: "bounding processes".into(), error: "the bound did not hold".into() };
    }
    Ending::Exited(0)
}

fn sockets_work() -> bool {
    let address = ([127, 0, 0, 1], 9).into();
    let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
    !UdpSocket::bind("127.0.0.1:0").is_err_and(|error| refused(&error))
        || !TcpStream::connect_timeout(&address, Duration::from_millis(1)).is_err_and(|error| refused(&error))
}

/// The plan lies outside of what the command may see; the process's own name is a file that it owns, and may not write.
fn outside_reachable(plan: &Plan) -> bool {
    File::open(plan.folder.join(super::process::PLAN)).is_ok()
        || File::options().write(true).open("/proc/self/comm").is_ok()
}

fn threads_unbounded(bound: u64) -> bool {
    let gate = Arc::new(Mutex::new(()));
    let held = gate.lock();
    let mut started = 0;
    // Threads wait at the lock, so that they are there all at once; they end when it is released.
    while started <= bound {
        let gate = Arc::clone(&gate);
        if thread::Builder::new().stack_size(64 << 10).spawn(move || drop(gate.lock())).is_err() {
            break;
        }
        started += 1;
    }
    drop(held);
    started > bound
}
