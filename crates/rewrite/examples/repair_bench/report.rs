//! What the bench prints and writes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What came of one task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) task: String,
    pub(crate) bug_type: String,
    pub(crate) candidates: usize,
    pub(crate) propose_us: u64,
    /// Executions spent, the traced one included.
    pub(crate) runs: usize,
    /// The execution that passed.
    pub(crate) solved_at: Option<usize>,
    pub(crate) operator: String,
    pub(crate) description: String,
    /// Gate and description of each candidate that the gates refused.
    pub(crate) refused: Vec<String>,
}

const STEPS: [usize; 3] = [20, 100, 500];

fn share(rows: &[Row], runs: usize) -> f64 {
    let solved = rows.iter().filter(|row| row.solved_at.is_some_and(|at| at <= runs)).count();
    100.0 * solved as f64 / rows.len().max(1) as f64
}

fn median(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

pub(crate) fn print(rows: &[Row]) {
    for row in rows {
        let at = row.solved_at.map_or_else(|| format!("- of {}", row.runs), |at| at.to_string());
        println!("{:<12} {:>9}  {:<16} {:<20} {}", row.task, at, row.bug_type, row.operator, row.description);
    }
    println!("\n{} tasks", rows.len());
    for runs in STEPS {
        println!("solved within {runs:>3} runs: {:.1} %", share(rows, runs));
    }
    let solved: Vec<usize> = rows.iter().filter_map(|row| row.solved_at).collect();
    println!("median runs of the solved: {}", median(solved));
    println!("median candidates: {}", median(rows.iter().map(|row| row.candidates).collect()));
    println!("median time to propose: {} us", median(rows.iter().map(|row| row.propose_us as usize).collect()));
    println!("refused by the gates: {}", rows.iter().map(|row| row.refused.len()).sum::<usize>());
    println!("\n{:<22} {:>5} {:>5} {:>5} {:>5}", "operator", 20, 100, 500, "all");
    print_groups(rows, |row| &row.operator);
    println!("\n{:<22} {:>5} {:>5} {:>5} {:>5}", "bug type", 20, 100, 500, "all");
    print_groups(rows, |row| &row.bug_type);
}

fn print_groups(rows: &[Row], group: impl Fn(&Row) -> &str) {
    let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(group(row)).or_default().push(row);
    }
    for (name, rows) in groups {
        let within = |runs| rows.iter().filter(|row| row.solved_at.is_some_and(|at| at <= runs)).count();
        let name = if name.is_empty() { "(unsolved)" } else { name };
        println!("{name:<22} {:>5} {:>5} {:>5} {:>5}", within(20), within(100), within(500), rows.len());
    }
}

/// The report as a document: `{bench, setting, summary, rows}`.
pub(crate) fn document(rows: &[Row]) -> Value {
    let summary: BTreeMap<String, f64> =
        STEPS.iter().map(|runs| (format!("solved_percent_{runs}"), share(rows, *runs))).collect();
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({"task": row.task, "bug_type": row.bug_type, "solved_at": row.solved_at, "runs": row.runs,
                   "operator": row.operator, "description": row.description, "candidates": row.candidates,
                   "refused": row.refused})
        })
        .collect();
    json!({"bench": "repair", "setting": {"runs_max": crate::RUNS_MAX}, "summary": summary, "rows": rows})
}
