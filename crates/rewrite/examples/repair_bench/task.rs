//! One task: trace the buggy program, propose, run candidates in order.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use reweave_core::{Diagnostic, FileText, Language, LineRange};
use reweave_rewrite::mutate::{self, Focus, LineSuspicion};
use reweave_syntax::{ParsedFile, gates};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::report::Row;

const WORKER: &str = include_str!("worker.py");

#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    pub(crate) task_id: String,
    prompt: String,
    buggy_solution: String,
    test: String,
    bug_type: String,
}

/// A Python process that runs programs in forks of itself.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut child =
            Command::new("python3").args(["-c", WORKER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, input, output })
    }

    fn ask(&mut self, program: &str, test: &str, trace: bool) -> Result<Value, Box<dyn Error>> {
        writeln!(self.input, "{}", json!({"program": program, "test": test, "trace": trace}))?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The worker may be gone already; there is nothing left to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Spends up to `runs` executions on `task`.
pub(crate) fn solve(task: &Task, worker: &mut Worker, runs: usize) -> Result<Row, Box<dyn Error>> {
    let program = format!("{}{}", task.prompt, task.buggy_solution);
    let traced = worker.ask(&program, &task.test, true)?;
    let mut row = Row { task: task.task_id.clone(), bug_type: task.bug_type.clone(), ..Row::default() };
    if traced["passed"] == true {
        return Err(format!("{} passes as it is", task.task_id).into());
    }
    let file = FileText { path: "candidate.py".parse()?, text: program.clone() };
    let parsed = ParsedFile::parse(Language::Python, file).map_err(|refusal| refusal.reason)?;
    let first = task.prompt.lines().count() as u32 + 1;
    let lines = LineRange { start: first, end: program.lines().count() as u32 };
    let start = Instant::now();
    let candidates = mutate::propose(&parsed, &focus(&traced, lines), 10_000).map_err(|refusal| refusal.reason)?;
    row.propose_us = start.elapsed().as_micros() as u64;
    row.candidates = candidates.len();
    let mut spent = 1;
    for candidate in candidates {
        let report = gates::check(&parsed, &candidate);
        if let Some(gate) = report.refused {
            let reason = report.reason().unwrap_or_default();
            row.refused.push(format!("{}: {} ({reason})", gate.as_str(), candidate.description));
            continue;
        }
        if spent == runs {
            break;
        }
        spent += 1;
        if worker.ask(&report.result, &task.test, false)?["passed"] == true {
            row.solved_at = Some(spent);
            row.operator = candidate.operator.to_owned();
            row.description = candidate.description;
            break;
        }
    }
    row.runs = spent;
    Ok(row)
}

/// What one traced run tells: lines by passing and failing statements of the test, the error, the words it used.
fn focus(traced: &Value, lines: LineRange) -> Focus {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    let rows = traced["coverage"].as_array().into_iter().flatten();
    let coverage = rows
        .map(|row| LineSuspicion { line: number(&row[0]), failing: number(&row[1]), passing: number(&row[2]) })
        .collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let error = &traced["error"];
    let diagnostics = error.is_object().then(|| Diagnostic {
        line: number(&error["line"]),
        column: None,
        code: text(&error["code"]),
        message: text(&error["message"]),
    });
    Focus {
        lines: Some(lines),
        diagnostics: diagnostics.into_iter().collect(),
        coverage,
        words: traced["words"].as_array().into_iter().flatten().map(text).collect(),
    }
}
