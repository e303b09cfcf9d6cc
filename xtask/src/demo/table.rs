//! The table at the end of the demo.

use std::time::Duration;

use super::case::Case;
use super::outcome::Facts;

const HEADINGS: [&str; COLUMNS] = ["spec", "outcome", "proposer", "runs", "checks", "risk", "ms", ""];
const COLUMNS: usize = 8;

/// One case and what came of it.
#[derive(Debug)]
pub(super) struct Row {
    cells: [String; COLUMNS],
    /// How it differs from what was expected; empty when it does not.
    pub(super) problems: Vec<String>,
}

impl Row {
    pub(super) fn new(case: &Case, took: Duration, problems: Vec<String>, facts: Facts) -> Self {
        let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let cells = [
            case.name.clone(),
            or_dash(facts.outcome),
            or_dash(facts.proposers.into_iter().collect::<Vec<_>>().join(", ")),
            or_dash(facts.runs.map(|runs| runs.to_string()).unwrap_or_default()),
            or_dash(facts.checks.join(", ")),
            or_dash(facts.risk.map(|risk| format!("{risk:.2}")).unwrap_or_default()),
            took.as_millis().to_string(),
            if problems.is_empty() { "as expected".to_owned() } else { "UNEXPECTED".to_owned() },
        ];
        Self { cells, problems }
    }
}

/// The table, then every problem in full.
pub(super) fn render(rows: &[Row]) -> String {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row.cells[column].chars().count());
        cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
    });
    let mut text = line(&HEADINGS.map(str::to_owned), &widths);
    text.push_str(&line(&widths.map(|width| "-".repeat(width)), &widths));
    for row in rows {
        text.push_str(&line(&row.cells, &widths));
    }
    for row in rows {
        for problem in &row.problems {
            text.push_str(&format!("\n{}: {problem}\n", row.cells[0]));
        }
    }
    text
}

/// Where the time went, from the start of the command.
pub(super) fn times(set_up: Duration, built: Duration, end: Duration) -> String {
    format!(
        "{:.1} min in all: set-up {:.0} s, build {:.0} s, specs {:.0} s",
        end.as_secs_f64() / 60.0,
        set_up.as_secs_f64(),
        (built - set_up).as_secs_f64(),
        (end - built).as_secs_f64()
    )
}

fn line(cells: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, outcome: &str, problems: &[&str]) -> Row {
        let cells = [name, outcome, "-", "0", "-", "0.10", "12", ""].map(str::to_owned);
        Row { cells, problems: problems.iter().map(|problem| (*problem).to_owned()).collect() }
    }

    #[test]
    fn columns_line_up_and_problems_follow() {
        let text = render(&[row("a rename", "patch", &[]), row("a", "refactor.name_collision", &["exit code 0"])]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("proposer"), lines[2].find("-  "));
        assert_eq!(lines[0].find("outcome"), lines[3].find("refactor"));
        assert!(text.ends_with("\na: exit code 0\n"), "{text}");
    }

    #[test]
    fn the_times_add_up() {
        let text = times(Duration::from_secs(10), Duration::from_secs(100), Duration::from_secs(120));
        assert_eq!(text, "2.0 min in all: set-up 10 s, build 90 s, specs 20 s");
    }
}
