//! How many one-function defects mutation repairs within 20, 100 and 500 runs, with the given tests as oracle.
//!
//! `cargo run -p reweave-rewrite --example repair_bench -- FILE.jsonl [--json OUT]`, FILE in the shape of HumanEvalFix: `prompt`,
//! `buggy_solution`, `test`, `bug_type`. Every execution counts as a run, the traced one of the buggy program included.

#![expect(clippy::print_stdout, reason = "the report is the output")]

mod report;
mod task;

use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use report::Row;
use task::Worker;

/// Most runs per task.
const RUNS_MAX: usize = 500;
/// Tasks worked on at once.
const THREADS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (file, json) = match arguments.as_slice() {
        [file] => (file, None),
        [file, flag, out] if flag == "--json" => (file, Some(out)),
        _ => return Err("usage: repair_bench FILE.jsonl [--json OUT]".into()),
    };
    let text = fs::read_to_string(file)?;
    let tasks = text.lines().map(serde_json::from_str).collect::<Result<Vec<task::Task>, _>>()?;
    let rows = run_all(&tasks)?;
    report::print(&rows);
    if let Some(out) = json {
        fs::write(out, serde_json::to_string_pretty(&report::document(&rows))?)?;
    }
    Ok(())
}

fn run_all(tasks: &[task::Task]) -> Result<Vec<Row>, Box<dyn Error>> {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let handles: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| -> Result<(), String> {
                    let mut worker = Worker::start().map_err(|error| error.to_string())?;
                    while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let row = task::solve(task, &mut worker, RUNS_MAX).map_err(|error| error.to_string())?;
                        rows.lock().map_err(|error| error.to_string())?.push(row);
                    }
                    Ok(())
                })
            })
            .collect();
        handles.into_iter().try_for_each(|handle| handle.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    let mut rows = rows.into_inner()?;
    rows.sort_by(|a, b| a.task.cmp(&b.task));
    Ok(rows)
}
