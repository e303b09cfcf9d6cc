//! Who runs in the sandbox and how much memory they hold, read from `/proc`.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt,
};

use nix::unistd::{Pid, SysconfVar, geteuid, getpid, sysconf};

/// The processes of a sandbox, without its supervisor.
#[derive(Debug, Default)]
pub(super) struct Census {
    processes: Vec<i32>,
    pub(super) threads: u64,
    /// Memory in use, shared pages counted for every process that has them.
    pub(super) resident_bytes: u64,
}

/// What one line of `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    threads: u64,
    resident_pages: u64,
}

impl Census {
    /// Everyone that this process namespace shows.
    pub(super) fn of_namespace() -> Self {
        let own = getpid().as_raw();
        Self::of(all().filter(|process| process.pid != own))
    }

    /// Everyone that descends from this process, which adopts orphans.
    pub(super) fn of_descendants() -> Self {
        Self::of(tree().into_iter())
    }

    fn of(processes: impl Iterator<Item = Process>) -> Self {
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, i64::cast_unsigned);
        processes.fold(Self::default(), |mut census, process| {
            census.processes.push(process.pid);
            census.threads += process.threads;
            census.resident_bytes += process.resident_pages * page;
            census
        })
    }

    /// Memory in use, shared pages counted once in all. Costs a walk over the page tables.
    pub(super) fn proportional_bytes(&self) -> u64 {
        self.processes.iter().filter_map(|pid| proportional(*pid)).sum()
    }
}

/// Every process that descends from this one.
pub(super) fn descendants() -> Vec<Pid> {
    tree().iter().map(|process| Pid::from_raw(process.pid)).collect()
}

/// Threads that the own user runs on the machine.
pub(super) fn threads_of_own_user() -> u64 {
    let own = geteuid().as_raw();
    let owned =
        |process: &Process| fs::metadata(format!("/proc/{}", process.pid)).is_ok_and(|found| found.uid() == own);
    all().filter(owned).map(|process| process.threads).sum()
}

fn tree() -> Vec<Process> {
    let all: Vec<Process> = all().collect();
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in &all {
        children.entry(process.parent).or_default().push(*process);
    }
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut next = vec![getpid().as_raw()];
    while let Some(parent) = next.pop() {
        for child in children.get(&parent).into_iter().flatten().filter(|child| seen.insert(child.pid)) {
            found.push(*child);
            next.push(child.pid);
        }
    }
    found
}

fn all() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
}

/// Fields are counted from behind the program's name, which may hold spaces and parentheses.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        threads: fields.get(17)?.parse().ok()?,
        resident_pages: fields.get(21)?.parse().ok()?,
    })
}

fn proportional(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_ascii_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 5 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 100 8192 42 18446744073709551615";
        assert_eq!(parse(7, stat), Some(Process { pid: 7, parent: 5, threads: 3, resident_pages: 42 }));
    }

    #[test]
    fn a_process_that_ended_meanwhile_is_no_process() {
        assert_eq!(parse(7, ""), None);
    }
}
