//! The one shape of every evaluation: `{bench, commit, seed, machine, setting, summary, rows}`.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use reweave_chassis::git;
use serde_json::{Map, Value, json};

/// An evaluation with its setting, so that somebody else can repeat it.
pub(super) struct Report {
    pub(super) bench: &'static str,
    pub(super) seed: u64,
    pub(super) setting: Value,
    pub(super) summary: Map<String, Value>,
    pub(super) rows: Vec<Value>,
}

impl Report {
    /// Writes the report to `path`.
    pub(super) fn write(self, path: &Path) -> Result<()> {
        let machine = json!({
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "cores": std::thread::available_parallelism().map_or(1, usize::from),
        });
        let document = json!({
            "bench": self.bench,
            "commit": commit(),
            "version": env!("CARGO_PKG_VERSION"),
            "seed": self.seed,
            "machine": machine,
            "setting": self.setting,
            "summary": self.summary,
            "rows": self.rows,
        });
        let text = serde_json::to_string_pretty(&document).context("write the report as JSON")?;
        fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
    }
}

/// The commit of the repository whose root we are in; empty elsewhere.
fn commit() -> String {
    git::head(Path::new(".")).unwrap_or_default().chars().take(12).collect()
}

/// The value below which `share` (0 to 1) of `values` lies; 0 of none.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    values.get((last * share).round() as usize).copied().unwrap_or(0.0)
}
