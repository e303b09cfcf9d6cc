//! What became of the holes, by kind and language, and whether the promise was kept.

use std::collections::BTreeMap;

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use reweave_core::{EvidenceKind, FileText, Outcome, OutcomeEvent, Patch, Refusal, Unit};
use reweave_syntax::ParsedFile;
use serde_json::{Map, Value, json};

use super::draw::Drawn;
use crate::commands::eval::report::quantile;

/// Kinds whose fills are a bounded set.
const BOUNDED: [Unit; 3] = [Unit::Name, Unit::Literal, Unit::Operator];

/// Refusals that a row holds word by word.
const EXAMPLES_MAX: usize = 20;

/// All counts.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    by_kind: BTreeMap<(&'static str, &'static str), Tally>,
    milliseconds: Vec<f64>,
    /// Patches whose file does not hold what a patch promises, each with what was wrong.
    broken: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    holes: u32,
    patches: u32,
    /// Refusals by code, and by the gates that their evidence names.
    refused: BTreeMap<String, u32>,
    /// The first refusals, each with its place and its evidence.
    examples: Vec<String>,
}

impl Tallies {
    pub(super) fn add(&mut self, drawn: &Drawn, event: &OutcomeEvent) {
        self.milliseconds.push(event.run.duration_us as f64 / 1e3);
        let tally = self.by_kind.entry((drawn.kind, drawn.language.name())).or_default();
        tally.holes += 1;
        match &event.outcome {
            Outcome::Patch(patch) => {
                tally.patches += 1;
                let what = broken(drawn, patch);
                self.broken.extend(what.map(|what| format!("{} {}: {what}", drawn.path, drawn.place)));
            }
            Outcome::Refusal(refusal) => {
                *tally.refused.entry(refusal.code.to_string()).or_default() += 1;
                if tally.examples.len() < EXAMPLES_MAX {
                    tally.examples.push(example(drawn, refusal));
                }
                for gate in refusal.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Gate) {
                    let name = gate.detail.split(':').next().unwrap_or_default();
                    *tally.refused.entry(format!("· {name}")).or_default() += 1;
                }
            }
            Outcome::Unchanged(_) | Outcome::Batch(_) => {
                self.broken.push(format!("{} {}: neither a patch nor a refusal", drawn.path, drawn.place));
            }
        }
    }

    /// Whether every patch was sound.
    pub(super) fn kept(&self) -> bool {
        self.broken.is_empty()
    }

    pub(super) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_header(["hole", "language", "holes", "patches", "refused", "%", "why (· gates that refused a fill)"]);
        for ((kind, language), tally) in self.with_sums() {
            let refused = tally.holes - tally.patches;
            let why: Vec<String> = tally.refused.iter().map(|(why, count)| format!("{why} {count}")).collect();
            table.add_row([
                kind.to_owned(),
                language.to_owned(),
                tally.holes.to_string(),
                tally.patches.to_string(),
                refused.to_string(),
                format!("{:.1}", share(&tally) * 100.0),
                why.join(", "),
            ]);
        }
        let mut times = self.milliseconds.clone();
        let [low, middle, high] = [0.0, 0.5, 1.0].map(|share| quantile(&mut times, share));
        let patches: u32 = self.by_kind.values().map(|tally| tally.patches).sum();
        let sound = patches as usize - self.broken.len().min(patches as usize);
        let mut out =
            format!("{table}\n{sound} of {patches} patches parse as their base did and change their hole alone\n");
        out += &format!("milliseconds a hole: {low:.0} / {middle:.0} / {high:.0} (min / median / max)\n");
        for what in &self.broken {
            out += &format!("broken: {what}\n");
        }
        out
    }

    pub(super) fn summary(&self) -> Map<String, Value> {
        let sums = self.sums();
        let mut summary = Map::new();
        for (kind, tally) in sums {
            summary.insert(format!("refused_{}", kind.replace(' ', "_")), json!(share(&tally)));
        }
        let of = |tallies: Vec<&Tally>| {
            let sum = |part: fn(&Tally) -> u32| tallies.iter().map(|tally| part(tally)).sum::<u32>();
            1.0 - f64::from(sum(|tally| tally.patches)) / f64::from(sum(|tally| tally.holes).max(1))
        };
        let bounded = self.by_kind.iter().filter(|((kind, _), _)| BOUNDED.iter().any(|unit| unit.name() == *kind));
        summary.insert("refused_bounded".into(), json!(of(bounded.map(|(_, tally)| tally).collect())));
        summary.insert("refused".into(), json!(of(self.by_kind.values().collect())));
        summary.insert("holes".into(), json!(self.by_kind.values().map(|tally| tally.holes).sum::<u32>()));
        summary.insert("patches".into(), json!(self.by_kind.values().map(|tally| tally.patches).sum::<u32>()));
        summary.insert("broken".into(), json!(self.broken.len()));
        let mut times = self.milliseconds.clone();
        for (name, share) in [("ms_min", 0.0), ("ms_p50", 0.5), ("ms_max", 1.0)] {
            summary.insert(name.into(), json!(quantile(&mut times, share)));
        }
        summary
    }

    pub(super) fn rows(&self) -> Vec<Value> {
        let row = |((kind, language), tally): (&(&str, &str), &Tally)| {
            json!({
                "hole": kind,
                "language": language,
                "holes": tally.holes,
                "patches": tally.patches,
                "refused": tally.refused,
                "examples": tally.examples,
            })
        };
        self.by_kind.iter().map(row).collect()
    }

    /// Every row, each kind followed by its sum.
    fn with_sums(&self) -> Vec<((&'static str, &'static str), Tally)> {
        let mut rows = Vec::new();
        for (kind, sum) in self.sums() {
            let of_kind = self.by_kind.iter().filter(|((own, _), _)| *own == kind);
            rows.extend(of_kind.map(|(key, tally)| (*key, tally.clone())));
            rows.push(((kind, "all"), sum));
        }
        rows
    }

    fn sums(&self) -> BTreeMap<&'static str, Tally> {
        let mut sums = BTreeMap::<&'static str, Tally>::new();
        for ((kind, _), tally) in &self.by_kind {
            let sum = sums.entry(kind).or_default();
            sum.holes += tally.holes;
            sum.patches += tally.patches;
            for (why, count) in &tally.refused {
                *sum.refused.entry(why.clone()).or_default() += count;
            }
        }
        sums
    }
}

fn example(drawn: &Drawn, refusal: &Refusal) -> String {
    let evidence: Vec<&str> = refusal.evidence.iter().map(|evidence| evidence.detail.as_str()).collect();
    format!("{} {}: {} ({})", drawn.path, drawn.place, refusal.reason, evidence.join("; "))
}

fn share(tally: &Tally) -> f64 {
    1.0 - f64::from(tally.patches) / f64::from(tally.holes.max(1))
}

/// What is wrong with a patch, seen from its text alone.
fn broken(drawn: &Drawn, patch: &Patch) -> Option<String> {
    let Some(file) = patch.files.first() else { return Some("it changes no file".to_owned()) };
    if file.original_code != drawn.text {
        return Some("its base is another text".to_owned());
    }
    if file.generated_code == drawn.text {
        return Some("it changes nothing".to_owned());
    }
    if patch.validation.bytes_changed_outside != 0 {
        return Some("bytes outside the hole have changed".to_owned());
    }
    let text = FileText { path: drawn.path.clone(), text: file.generated_code.clone() };
    match ParsedFile::parse(drawn.language, text) {
        Err(refusal) => Some(refusal.reason),
        Ok(parsed) => parsed.errors().first().map(|error| format!("line {}: {}", error.line, error.message)),
    }
}
