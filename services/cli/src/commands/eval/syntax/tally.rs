//! What was counted in a language, and how it is shown.

use std::{collections::BTreeMap, path::Path};

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Map, Value, json};

use super::spoiled::{self, Spoiled};
use crate::commands::eval::report::quantile;

/// Mispredicted substitutions of each kind that a report holds for a language.
const EXAMPLES_MAX: usize = 100;
/// Broken promises that are told one by one.
const TOLD_MAX: usize = 20;

/// Counts of one file, or of all files of a language.
#[derive(Debug, Default)]
pub(super) struct Tally {
    files: u64,
    pub(super) bytes: u64,
    /// Files that were refused, by reason.
    refused: BTreeMap<String, u64>,
    /// Nodes masked and put back.
    pub(super) masked: u64,
    substitutions: u64,
    /// Predicted valid; of these, valid for tree-sitter and for the strict parser.
    predicted: u64,
    predicted_in_tree: u64,
    predicted_in_strict: u64,
    /// Valid for tree-sitter, whatever was predicted; of these, predicted.
    tree_valid: u64,
    pub(super) accepted: u64,
    pub(super) spoiled: Spoiled,
    broken: Vec<String>,
    /// Predictions that were wrong, and some that were not made though they would have been right.
    wrong: Vec<Value>,
    missed: Vec<Value>,
    pub(super) strict_parse_ms: Vec<f64>,
    pub(super) tree_parse_ms: Vec<f64>,
    pub(super) predict_us: Vec<f64>,
    pub(super) ladder_ms: Vec<f64>,
}

impl Tally {
    pub(super) fn of_one_file() -> Self {
        Self { files: 1, ..Self::default() }
    }

    pub(super) fn refuse(&mut self, path: &Path, reason: &str) {
        tracing::debug!(path = %path.display(), reason, "refused");
        *self.refused.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn break_promise(&mut self, what: String) {
        self.broken.push(what);
    }

    pub(super) fn substituted(&mut self, predicted: bool, tree_valid: bool, strict_valid: bool) {
        self.substitutions += 1;
        self.predicted += u64::from(predicted);
        self.predicted_in_tree += u64::from(predicted && tree_valid);
        self.predicted_in_strict += u64::from(predicted && strict_valid);
        self.tree_valid += u64::from(tree_valid);
    }

    /// Keeps a substitution that was predicted otherwise than it came out, for a look at it.
    pub(super) fn exemplify(&mut self, predicted: bool, example: Value) {
        let examples = if predicted { &mut self.wrong } else { &mut self.missed };
        if examples.len() < EXAMPLES_MAX {
            examples.push(example);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        for (reason, count) in other.refused {
            *self.refused.entry(reason).or_default() += count;
        }
        self.masked += other.masked;
        self.substitutions += other.substitutions;
        self.predicted += other.predicted;
        self.predicted_in_tree += other.predicted_in_tree;
        self.predicted_in_strict += other.predicted_in_strict;
        self.tree_valid += other.tree_valid;
        self.accepted += other.accepted;
        self.spoiled.add(other.spoiled);
        self.broken.extend(other.broken);
        other.wrong.into_iter().for_each(|example| self.exemplify(true, example));
        other.missed.into_iter().for_each(|example| self.exemplify(false, example));
        self.strict_parse_ms.extend(other.strict_parse_ms);
        self.tree_parse_ms.extend(other.tree_parse_ms);
        self.predict_us.extend(other.predict_us);
        self.ladder_ms.extend(other.ladder_ms);
    }

    /// Whether no promise was broken.
    pub(super) fn kept(&self) -> bool {
        self.broken.is_empty() && self.spoiled.kept()
    }

    pub(super) fn broken(&self) -> impl Iterator<Item = &String> {
        self.broken.iter().take(TOLD_MAX)
    }

    pub(super) fn row(&self, language: &str) -> Value {
        let time = |values: &[f64]| {
            let mut values = values.to_vec();
            json!({
                "p50": quantile(&mut values, 0.5),
                "p95": quantile(&mut values, 0.95),
                "max": quantile(&mut values, 1.0),
            })
        };
        json!({
            "language": language,
            "files": self.files,
            "files_refused": self.refused,
            "bytes": self.bytes,
            "nodes_masked_and_put_back": self.masked,
            "substitutions": self.substitutions,
            "predicted_valid": self.predicted,
            "predicted_valid_for_tree_sitter": self.predicted_in_tree,
            "predicted_valid_for_strict_parser": self.predicted_in_strict,
            "valid_for_tree_sitter": self.tree_valid,
            "precision": self.precision(),
            "recall": self.recall(),
            "accepted_by_gates": self.accepted,
            "promises_broken": self.broken,
            "predicted_and_wrong": self.wrong,
            "right_and_not_predicted": self.missed,
            "spoiled": self.spoiled.row(),
            "strict_parse_ms": time(&self.strict_parse_ms),
            "tree_sitter_parse_ms": time(&self.tree_parse_ms),
            "prediction_us": time(&self.predict_us),
            "ladder_ms": time(&self.ladder_ms),
        })
    }

    /// Of the substitutions predicted valid, the share that tree-sitter parses.
    fn precision(&self) -> f64 {
        share(self.predicted_in_tree, self.predicted)
    }

    /// Of the substitutions that tree-sitter parses, the share that was predicted.
    fn recall(&self) -> f64 {
        share(self.predicted_in_tree, self.tree_valid)
    }
}

/// A row a language.
pub(super) fn table(tallies: &BTreeMap<&'static str, Tally>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "language",
        "files",
        "refused",
        "MB",
        "nodes",
        "put back",
        "tried",
        "predicted",
        "right",
        "right, strict",
        "recall",
        "predict µs",
        "ladder ms",
        "tree-sitter ms",
    ]);
    for (language, tally) in tallies {
        let median = |values: &[f64]| quantile(&mut values.to_vec(), 0.5);
        table.add_row([
            (*language).to_owned(),
            tally.files.to_string(),
            tally.refused.values().sum::<u64>().to_string(),
            format!("{:.1}", tally.bytes as f64 / 1e6),
            tally.masked.to_string(),
            if tally.broken.is_empty() { "all".to_owned() } else { format!("{} broken", tally.broken.len()) },
            tally.substitutions.to_string(),
            tally.predicted.to_string(),
            percent(tally.precision()),
            percent(share(tally.predicted_in_strict, tally.predicted)),
            percent(tally.recall()),
            format!("{:.1}", median(&tally.predict_us)),
            format!("{:.2}", median(&tally.ladder_ms)),
            format!("{:.2}", median(&tally.tree_parse_ms)),
        ]);
    }
    table
}

/// The figures over all languages.
pub(super) fn summary(tallies: &BTreeMap<&'static str, Tally>) -> Map<String, Value> {
    let sum = |count: fn(&Tally) -> u64| tallies.values().map(count).sum::<u64>();
    let predicted_in_tree = sum(|tally| tally.predicted_in_tree);
    let mut summary = Map::new();
    summary.insert("files".into(), json!(sum(|tally| tally.files)));
    summary.insert("nodes_masked_and_put_back".into(), json!(sum(|tally| tally.masked)));
    summary.insert("precision".into(), json!(share(predicted_in_tree, sum(|tally| tally.predicted))));
    summary.insert("recall".into(), json!(share(predicted_in_tree, sum(|tally| tally.tree_valid))));
    summary.insert("promises_broken".into(), json!(sum(|tally| tally.broken.len() as u64)));
    let spoiled = spoiled::summary(tallies.values().map(|tally| &tally.spoiled));
    summary.extend(spoiled.into_iter().map(|(name, value)| (name.to_owned(), value)));
    summary
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
