//! What came of spoiled files: whether the compiler's own parser refuses them, and who noticed.

use std::collections::BTreeMap;

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use reweave_core::Language;
use serde_json::{Value, json};

use super::native::{Native, Word};

/// Spoiled texts a language that the gates take and the compiler's parser refuses, as a report holds them.
const EXAMPLES_MAX: usize = 100;

/// Counts of one file, or of all files of a language.
#[derive(Debug, Default)]
pub(super) struct Spoiled {
    tried: u64,
    /// That tree-sitter takes and the strict parser does not.
    strict_only: u64,
    /// That every gate in process takes.
    accepted: u64,
    /// Judged by the compiler's own parser.
    judged: u64,
    invalid: u64,
    /// Of the invalid: seen by the strict gate, by any gate in process, and by any with the compiler's parser as the last.
    by_strict: u64,
    by_gates: u64,
    by_all: u64,
    /// Valid, and refused by the strict gate.
    strict_too_strict: u64,
    missed: Vec<Value>,
}

/// One spoiled text.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) word: Word,
    pub(super) tree_valid: bool,
    pub(super) strict_valid: bool,
    /// By every gate in process.
    pub(super) accepted: bool,
    /// Whether the gates ask the compiler's parser about patches in this language.
    pub(super) compiler_asked: bool,
}

impl Spoiled {
    /// Counts one; `example` describes it, for those that nobody in process noticed.
    pub(super) fn count(&mut self, trial: &Trial, example: impl FnOnce(&str) -> Value) {
        self.tried += 1;
        self.strict_only += u64::from(trial.tree_valid && !trial.strict_valid);
        self.accepted += u64::from(trial.accepted);
        match &trial.word {
            Word::Unknown => {}
            Word::Valid => {
                self.judged += 1;
                self.strict_too_strict += u64::from(!trial.strict_valid);
            }
            Word::Invalid(said) => {
                self.judged += 1;
                self.invalid += 1;
                self.by_strict += u64::from(!trial.strict_valid);
                self.by_gates += u64::from(!trial.accepted);
                self.by_all += u64::from(!trial.accepted || trial.compiler_asked);
                if trial.accepted && self.missed.len() < EXAMPLES_MAX {
                    self.missed.push(example(said));
                }
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.tried += other.tried;
        self.strict_only += other.strict_only;
        self.accepted += other.accepted;
        self.judged += other.judged;
        self.invalid += other.invalid;
        self.by_strict += other.by_strict;
        self.by_gates += other.by_gates;
        self.by_all += other.by_all;
        self.strict_too_strict += other.strict_too_strict;
        let room = EXAMPLES_MAX.saturating_sub(self.missed.len());
        self.missed.extend(other.missed.into_iter().take(room));
    }

    /// Whether nothing that the compiler's parser refuses would have been emitted.
    pub(super) fn kept(&self) -> bool {
        self.by_all == self.invalid
    }

    pub(super) fn row(&self) -> Value {
        json!({
            "tried": self.tried,
            "seen_by_strict_parser_only": self.strict_only,
            "accepted_by_gates_in_process": self.accepted,
            "judged_by_compiler": self.judged,
            "invalid_for_compiler": self.invalid,
            "caught_by_strict_parser": self.by_strict,
            "caught_by_gates_in_process": self.by_gates,
            "caught_with_compiler": self.by_all,
            "valid_for_compiler_and_refused_by_strict_parser": self.strict_too_strict,
            "missed_in_process": self.missed,
        })
    }
}

/// A row a language.
pub(super) fn table<'a>(rows: impl Iterator<Item = (&'a str, &'a Spoiled)>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "language",
        "spoiled",
        "only strict sees",
        "judge",
        "judged",
        "invalid",
        "caught in process",
        "caught with the judge",
        "refused though valid",
    ]);
    for (language, spoiled) in rows {
        let of_invalid = |caught: u64| match spoiled.invalid {
            0 => "-".to_owned(),
            invalid => format!("{caught} ({:.2} %)", caught as f64 / invalid as f64 * 100.0),
        };
        table.add_row([
            language.to_owned(),
            spoiled.tried.to_string(),
            spoiled.strict_only.to_string(),
            Language::by_name(language).and_then(Native::name).unwrap_or("none").to_owned(),
            spoiled.judged.to_string(),
            spoiled.invalid.to_string(),
            of_invalid(spoiled.by_gates),
            of_invalid(spoiled.by_all),
            spoiled.strict_too_strict.to_string(),
        ]);
    }
    table
}

/// The figures over all languages.
pub(super) fn summary<'a>(all: impl Iterator<Item = &'a Spoiled> + Clone) -> BTreeMap<&'static str, Value> {
    let sum = |count: fn(&Spoiled) -> u64| all.clone().map(count).sum::<u64>();
    BTreeMap::from([
        ("spoiled", json!(sum(|spoiled| spoiled.tried))),
        ("spoiled_invalid_for_compiler", json!(sum(|spoiled| spoiled.invalid))),
        ("spoiled_caught_in_process", json!(sum(|spoiled| spoiled.by_gates))),
        ("spoiled_caught_with_compiler", json!(sum(|spoiled| spoiled.by_all))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(word: Word, strict_valid: bool, accepted: bool, compiler_asked: bool) -> Trial {
        Trial { word, tree_valid: true, strict_valid, accepted, compiler_asked }
    }

    #[test]
    fn what_nobody_notices_breaks_the_promise_and_is_told() {
        let invalid = || Word::Invalid("line 1: no".into());
        let mut spoiled = Spoiled::default();
        spoiled.count(&trial(invalid(), false, false, false), |_| unreachable!("it was caught"));
        spoiled.count(&trial(invalid(), true, true, true), |said| json!(said));
        assert!(spoiled.kept(), "the compiler's parser is asked about patches in this language");
        spoiled.count(&trial(invalid(), true, true, false), |said| json!(said));
        assert!(!spoiled.kept());
        assert_eq!((spoiled.invalid, spoiled.by_gates, spoiled.by_all), (3, 1, 2));
        assert_eq!(spoiled.row()["missed_in_process"], json!(["line 1: no", "line 1: no"]));
    }

    #[test]
    fn what_nobody_judged_counts_for_nothing() {
        let mut spoiled = Spoiled::default();
        spoiled.count(&trial(Word::Unknown, true, true, false), |_| unreachable!("nobody knows"));
        assert!(spoiled.kept());
        assert_eq!((spoiled.tried, spoiled.judged), (1, 0));
    }
}
