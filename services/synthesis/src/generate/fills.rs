//! From decoded fills to those that pass the gates, and a count of why the others did not.

use std::collections::BTreeMap;

use reweave_core::{Candidate, Edit, Edits, EvidenceKind, Proposer, Refusal, RefusalCode};
use reweave_decode::problem::Fill;
use reweave_syntax::{ParsedFile, gates, unit::UnitHole};

use super::{decoding::Decoded, line_end, model::Mounted};

/// Longest text of a fill in a description, in characters.
const SHOWN_MAX: usize = 40;

/// A fill that passed the gates by itself.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) edit: Edit,
    pub(super) description: String,
    pub(super) mean_log_prob: f64,
    /// What the decoder ranks by.
    pub(super) score: f64,
    pub(super) tokens: usize,
    pub(super) forwards: u64,
}

/// What became of the fills of one decoding.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    accepted: Vec<Accepted>,
    /// Fills by what refused them, and the first reason.
    refused: BTreeMap<&'static str, (u32, String)>,
}

/// Holds each fill against the gates.
pub(super) fn sift(
    base: &ParsedFile,
    hole: &UnitHole,
    mounted: &Mounted,
    proposer: Proposer,
    decoded: Decoded,
) -> Sifted {
    let mut sifted = Sifted::default();
    for fill in &decoded.fills {
        match judge(base, hole, mounted, proposer, fill) {
            Ok(edit) => sifted.accepted.push(Accepted {
                description: described(base, hole, &edit, fill),
                mean_log_prob: mean(&fill.log_probs),
                score: f64::from(fill.score),
                tokens: fill.tokens.len(),
                forwards: decoded.forwards,
                edit,
            }),
            Err((gate, reason)) => {
                sifted.refused.entry(gate).or_insert((0, reason)).0 += 1;
            }
        }
    }
    sifted
}

/// The edit that a fill makes, or which gate refuses it and why.
fn judge(
    base: &ParsedFile,
    hole: &UnitHole,
    mounted: &Mounted,
    proposer: Proposer,
    fill: &Fill,
) -> Result<Edit, (&'static str, String)> {
    let text = String::from_utf8(fill.text(&mounted.vocabulary))
        .map_err(|error| ("not_text", format!("the tokens make no UTF-8: {error}")))?;
    let text = if line_end(base) == "\r\n" { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text };
    if text.trim().is_empty() {
        return Err(("empty_fill", "the fill is empty".to_owned()));
    }
    if text.trim() == base.slice(hole.span).trim() {
        return Err(("old_text", "the fill is what stood there".to_owned()));
    }
    let kind = hole.typed.as_ref().map_or(hole.unit.name(), |typed| typed.kind);
    let edit = Edit::of(base.text(), hole.span, text, kind, &*hole.node_path);
    let edits = Edits::new(base.text(), vec![edit.clone()]).map_err(|error| ("edit", error.to_string()))?;
    let candidate = Candidate::of_edits(base.file().path.clone(), edits, proposer, "fill");
    let report = gates::check(base, &candidate);
    match report.refused {
        None => Ok(edit),
        Some(gate) => Err((gate.as_str(), report.reason().unwrap_or_default().to_owned())),
    }
}

fn mean(log_probs: &[f32]) -> f64 {
    log_probs.iter().map(|log_prob| f64::from(*log_prob)).sum::<f64>() / log_probs.len().max(1) as f64
}

fn described(base: &ParsedFile, hole: &UnitHole, edit: &Edit, fill: &Fill) -> String {
    let shown = |text: &str| -> String {
        let line = text.lines().next().unwrap_or_default();
        let shown: String = line.chars().filter(|letter| !letter.is_control()).take(SHOWN_MAX).collect();
        if shown.len() < text.len() { format!("{shown}…") } else { shown }
    };
    let line = base.line(hole.span.start);
    let (old, new) = (shown(base.slice(hole.span)), shown(&edit.new_text));
    format!("refill the {} `{old}` at line {line} with `{new}` ({} tokens)", hole.unit.name(), fill.tokens.len())
}

/// What was tried on one hole, over all rounds.
#[derive(Debug, Default)]
pub(super) struct Tally {
    fills: u32,
    forwards: u64,
    faults: Vec<String>,
    refused: BTreeMap<&'static str, (u32, String)>,
}

impl Tally {
    pub(super) fn decoded(&mut self, decoded: &Decoded) {
        self.fills += decoded.fills.len() as u32;
        self.forwards += decoded.forwards;
        self.faults.extend(decoded.faults.iter().cloned());
    }

    /// Counts what was refused and hands on what was accepted.
    pub(super) fn sifted(&mut self, sifted: Sifted) -> Vec<Accepted> {
        for (gate, (count, reason)) in sifted.refused {
            self.refused.entry(gate).or_insert((0, reason)).0 += count;
        }
        sifted.accepted
    }

    /// Why the hole stays as it was.
    pub(super) fn refusal(&self, base: &ParsedFile, hole: &UnitHole, proposer: Proposer) -> Refusal {
        let line = base.line(hole.span.start);
        let code =
            if self.fills == 0 && !self.faults.is_empty() { RefusalCode::ModelFault } else { RefusalCode::NoneProven };
        let what = format!(
            "none of {} fills by {} of the {} at line {line} passes the gates",
            self.fills,
            proposer.as_str(),
            hole.unit.name()
        );
        let refusal = Refusal::new(code, what).at(
            EvidenceKind::Limit,
            format!("{} forwards", self.forwards),
            &base.file().path,
            line,
        );
        let refusal = self.refused.iter().fold(refusal, |refusal, (gate, (count, reason))| {
            refusal.with(EvidenceKind::Gate, format!("{gate}: {count} fills; the first: {reason}"))
        });
        let refusal = self.faults.first().into_iter().fold(refusal, |refusal, fault| {
            refusal.with(EvidenceKind::Error, format!("{} canvases failed; the first: {fault}", self.faults.len()))
        });
        refusal.next("raise generation.preset, name a smaller hole, or another seed")
    }
}
