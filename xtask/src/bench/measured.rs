//! What was measured of holes of one size, as a table and as JSON.

use anyhow::Context;
use serde_json::{Value, json};

/// Repetitions of one size, ours and the reference's in turn.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) masks: usize,
    goal: f64,
    pub(super) ours: Vec<Ours>,
    /// Seconds of a whole run.
    pub(super) reference: Vec<f64>,
}

/// One hole of ours, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ours {
    seconds: f64,
    /// Of the whole: the blocks of the network, its output head, and from logits to predictions.
    parts: [f64; 3],
    passes: u64,
}

impl Ours {
    pub(super) fn read(answer: &Value) -> anyhow::Result<Self> {
        let number = |field: &str| answer[field].as_f64().with_context(|| format!("no `{field}` in {answer}"));
        let parts = [number("blocks")?, number("head")?, number("choice")?];
        Ok(Self { seconds: number("seconds")?, parts, passes: number("passes")? as u64 })
    }
}

impl Measured {
    pub(super) fn new(masks: usize, goal: f64) -> Self {
        Self { masks, goal, ours: Vec::new(), reference: Vec::new() }
    }

    /// How many times faster: by the medians, and by the minima, which other work on the machine disturbs least.
    pub(super) fn ratios(&self) -> [f64; 2] {
        let (reference, ours) = (spread(&self.reference), spread(&self.seconds()));
        [reference[1] / ours[1], reference[0] / ours[0]]
    }

    /// The ratios by name.
    pub(super) fn summary(&self) -> [(String, Value); 2] {
        let [median, least] = self.ratios();
        [
            (format!("ratio_{}_masks", self.masks), json!(median)),
            (format!("ratio_of_minima_{}_masks", self.masks), json!(least)),
        ]
    }

    pub(super) fn json(&self) -> Value {
        let range = |values: &[f64]| {
            let [min, median, max] = spread(values);
            json!({"min": min, "median": median, "max": max})
        };
        let [blocks, head, choice, engine] = self.shares();
        json!({
            "masks": self.masks,
            "passes": self.passes(),
            "seconds": range(&self.seconds()),
            "reference_seconds": range(&self.reference),
            "ratio": self.ratios()[0],
            "ratio_of_minima": self.ratios()[1],
            "goal": self.goal,
            "shares": {"blocks": blocks, "head": head, "choice": choice, "engine": engine},
        })
    }

    fn seconds(&self) -> Vec<f64> {
        self.ours.iter().map(|ours| ours.seconds).collect()
    }

    fn passes(&self) -> u64 {
        self.ours.iter().map(|ours| ours.passes).max().unwrap_or(0)
    }

    /// Of our time: blocks, head, choice, and the rest, which is decoder and session.
    fn shares(&self) -> [f64; 4] {
        let whole: f64 = self.seconds().iter().sum();
        let part = |index: usize| self.ours.iter().map(|ours| ours.parts[index]).sum::<f64>() / whole;
        let [blocks, head, choice] = [part(0), part(1), part(2)];
        [blocks, head, choice, 1.0 - blocks - head - choice]
    }

    fn line(&self) -> String {
        let three = |values: &[f64]| {
            let [min, median, max] = spread(values);
            format!("{min:7.2} {median:7.2} {max:7.2}")
        };
        let [blocks, head, choice, engine] = self.shares().map(|share| share * 100.0);
        let [median, minima] = self.ratios();
        format!(
            "{:5}  {:6}  {}  {}  {median:6.2} {minima:6.2} {:5.2}  {blocks:6.1} {head:5.1} {choice:6.1} {engine:6.1}",
            self.masks,
            self.passes(),
            three(&self.seconds()),
            three(&self.reference),
            self.goal,
        )
    }
}

/// As printed: a line for each size.
pub(super) fn table(rows: &[Measured]) -> String {
    let mut text =
        "\n               ours, s                  reference, s             times faster         where our time goes, %\n"
            .to_owned();
    text.push_str(
        "masks  passes      min  median     max      min  median     max  median minima  goal  blocks  head choice engine\n",
    );
    for row in rows {
        text.push_str(&row.line());
        text.push('\n');
    }
    text
}

/// Minimum, median, maximum.
fn spread(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    [0, last / 2, last].map(|index| sorted.get(index).copied().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let ours = |seconds: f64| Ours { seconds, parts: [seconds * 0.7, seconds * 0.1, seconds * 0.1], passes: 8 };
        let mut measured = Measured::new(8, 10.0);
        measured.ours = vec![ours(3.0), ours(1.0), ours(2.0)];
        measured.reference = vec![20.0, 30.0, 22.0];
        measured
    }

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        assert_eq!(measured().ratios(), [11.0, 20.0]);
        let json = measured().json();
        assert_eq!(
            (json["seconds"]["min"].as_f64(), json["reference_seconds"]["max"].as_f64()),
            (Some(1.0), Some(30.0))
        );
    }

    #[test]
    fn what_is_in_no_part_is_the_engines() {
        let [blocks, _, _, engine] = measured().shares();
        assert!((blocks - 0.7).abs() < 1e-9 && (engine - 0.1).abs() < 1e-9);
        let row = table(&[measured()]);
        assert!(row.lines().last().unwrap().contains("11.00  20.00 10.00"), "{row}");
    }

    #[test]
    fn an_answer_without_a_field_names_it() {
        let error = Ours::read(&json!({"seconds": 1.0, "blocks": 0.5, "head": 0.1})).unwrap_err();
        assert!(error.to_string().starts_with("no `choice`"), "{error}");
    }
}
