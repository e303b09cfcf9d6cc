//! What the fills came to.

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Map, Value, json};

use super::attempt::{Filled, Length};
use crate::commands::eval::report::quantile;

/// One hole.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) task: String,
    pub(super) filled: Filled,
    pub(super) exact: bool,
    /// `None` where no test was run.
    pub(super) passed: Option<bool>,
}

/// All holes of one way to choose a length.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rows: Vec<Row>,
}

impl Tally {
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn rows(&self, length: Length) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(move |row| {
            json!({
                "task": row.task,
                "length": length.name(),
                "tokens": row.filled.tokens,
                "valid": row.filled.valid,
                "exact": row.exact,
                "passed": row.passed,
                "forwards": row.filled.forwards,
                "milliseconds": row.filled.milliseconds,
            })
        })
    }

    fn share(&self, holds: impl Fn(&Row) -> bool) -> f64 {
        self.rows.iter().filter(|row| holds(row)).count() as f64 / self.rows.len().max(1) as f64
    }

    fn passed(&self) -> Option<f64> {
        self.rows.iter().any(|row| row.passed.is_some()).then(|| self.share(|row| row.passed == Some(true)))
    }

    fn mean(&self, value: impl Fn(&Filled) -> f64) -> f64 {
        self.rows.iter().map(|row| value(&row.filled)).sum::<f64>() / self.rows.len().max(1) as f64
    }

    fn milliseconds(&self) -> [f64; 3] {
        let mut times: Vec<f64> = self.rows.iter().map(|row| row.filled.milliseconds).collect();
        [0.0, 0.5, 1.0].map(|share| quantile(&mut times, share))
    }
}

pub(super) fn table(tallies: &[(Length, Tally)]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["length", "holes", "pass@1 %", "exact %", "valid %", "tokens", "forwards", "ms min/median/max"]);
    for (length, tally) in tallies {
        let percent = |share: f64| format!("{:.1}", share * 100.0);
        let [low, middle, high] = tally.milliseconds();
        table.add_row([
            length.name().to_owned(),
            tally.rows.len().to_string(),
            tally.passed().map_or_else(|| "-".to_owned(), percent),
            percent(tally.share(|row| row.exact)),
            percent(tally.share(|row| row.filled.valid)),
            format!("{:.1}", tally.mean(|filled| filled.tokens as f64)),
            format!("{:.1}", tally.mean(|filled| filled.forwards as f64)),
            format!("{low:.1} / {middle:.1} / {high:.1}"),
        ]);
    }
    table
}

pub(super) fn summary(tallies: &[(Length, Tally)]) -> Map<String, Value> {
    let mut summary = Map::new();
    for (length, tally) in tallies {
        let [low, middle, high] = tally.milliseconds();
        let values = [
            ("pass_at_1", json!(tally.passed())),
            ("exact", json!(tally.share(|row| row.exact))),
            ("valid", json!(tally.share(|row| row.filled.valid))),
            ("tokens", json!(tally.mean(|filled| filled.tokens as f64))),
            ("forwards", json!(tally.mean(|filled| filled.forwards as f64))),
            ("ms_min", json!(low)),
            ("ms_p50", json!(middle)),
            ("ms_max", json!(high)),
        ];
        summary.extend(values.map(|(name, value)| (format!("{}_{name}", length.name()), value)));
    }
    summary
}
