//! Candidates from a model: which holes, what the model sees around them, decoding, and the gates after each fill.

mod context;
mod decoding;
mod fills;
mod holes;
mod model;

use std::sync::Arc;

use reweave_core::{Candidate, Edit, Edits, Plan, Proposer, Refusal, RefusalCode, Score, Span, Technique, Unit};
use reweave_decode::{length::Extent, problem::Problem};
use reweave_syntax::{Choices, ParsedFile, layout, unit::UnitHole};

use crate::{engine::Work, item::blocking};
use decoding::{Attempt, Decoder, Effort};
use fills::{Accepted, Tally};
pub(crate) use model::{Models, Mounted};

/// Other fills of each hole that are kept beside the best.
const RIVALS_MAX: usize = 8;

/// What a model puts into the holes of `plan`, each fill past the gates, best first.
pub(crate) async fn candidates(
    work: &mut Work,
    base: &Arc<ParsedFile>,
    plan: Plan<'_>,
    technique: Technique,
) -> Result<Vec<Candidate>, Refusal> {
    let mounted = work.mounted().await?;
    let proposer = mounted.proposer(technique)?;
    work.techniques.model = Some(mounted.provenance());
    let holes = holes::of(base, plan)?;
    let mut filling = Filling { mounted, base: Arc::clone(base), proposer, done: Vec::new() };
    for (index, hole) in holes.iter().enumerate() {
        let accepted = filling.fill(work, plan, hole, index).await?;
        filling.done.push(accepted);
    }
    filling.combined()
}

/// The filling of a request's holes, in the order of the text: each sees what was put into those before it.
struct Filling {
    mounted: Arc<Mounted>,
    base: Arc<ParsedFile>,
    proposer: Proposer,
    /// Of each hole so far, what passed the gates; at least one.
    done: Vec<Vec<Accepted>>,
}

impl Filling {
    /// The fills of one hole that pass the gates; refused where none does.
    async fn fill(
        &self,
        work: &mut Work,
        plan: Plan<'_>,
        hole: &UnitHole,
        index: usize,
    ) -> Result<Vec<Accepted>, Refusal> {
        let effort = Effort::of(work);
        let mut problem = self.problem(plan, hole, &effort).await?;
        let mut tally = Tally::default();
        for round in 0..=effort.preset.repair_rounds {
            let seed = work.seed.wrapping_add(u64::from(round) << 32).wrapping_add(index as u64);
            let attempt = Attempt { proposer: self.proposer, seed, one_line: self.is_one_line(hole) };
            let decoder = Decoder::new(&self.mounted, &problem, &effort, attempt)?;
            let decoded = decoding::run(work, &self.mounted, decoder, index).await?;
            tally.decoded(&decoded);
            let (base, hole, mounted, proposer) =
                (Arc::clone(&self.base), hole.clone(), Arc::clone(&self.mounted), self.proposer);
            let sifted = blocking(move || fills::sift(&base, &hole, &mounted, proposer, decoded)).await?;
            let accepted = tally.sifted(sifted);
            if !accepted.is_empty() {
                return Ok(accepted);
            }
            // Without draws another round would say the same.
            if !effort.differs_by_seed() {
                break;
            }
            problem.hole.lengths.rotate_left(1);
        }
        Err(tally.refusal(&self.base, hole, self.proposer))
    }

    async fn problem(&self, plan: Plan<'_>, hole: &UnitHole, effort: &Effort) -> Result<Problem, Refusal> {
        let (text, span) = self.as_filled(hole);
        let around = context::around(&self.mounted, &text, span, effort.window).await?;
        let told = context::instruction(&self.mounted, plan).await?;
        let choices = Choices::of(&self.base, hole);
        let extent = if choices.is_some() { Extent::Token } else { extent(hole.unit) };
        let size = context::Size { extent, lengths: effort.preset.lengths, window: effort.window };
        context::problem(&self.mounted, around, told, choices, size).await
    }

    /// Whether a fill of `hole` ends with its line, as what stands there does.
    fn is_one_line(&self, hole: &UnitHole) -> bool {
        let is_small = match hole.unit {
            Unit::Expression | Unit::Arguments | Unit::Type | Unit::Import | Unit::Signature => true,
            Unit::Operator | Unit::Name | Unit::Literal => true,
            Unit::Definition | Unit::Body | Unit::Statement | Unit::Lines | Unit::Docstring | Unit::Comment => false,
        };
        is_small && !self.base.slice(hole.span).contains('\n')
    }

    /// The file with the best fills of the holes before, and where `hole` stands in it.
    fn as_filled(&self, hole: &UnitHole) -> (String, Span) {
        let edits =
            self.done.iter().filter_map(|fills| fills.first()).map(|fill| fill.edit.clone()).collect::<Vec<_>>();
        let shift: isize = edits.iter().map(|edit| edit.new_text.len() as isize - edit.span.len() as isize).sum();
        let start = hole.span.start.wrapping_add_signed(shift);
        let edits = Edits::new(self.base.text(), edits).unwrap_or_default();
        (edits.apply(self.base.text()), Span::new(start, start + hole.span.len()))
    }

    /// The best fill of every hole together, then with each rival in the place of the best.
    fn combined(self) -> Result<Vec<Candidate>, Refusal> {
        let best: Vec<&Accepted> = self.done.iter().filter_map(|fills| fills.first()).collect();
        let mut choices = vec![best.clone()];
        for (hole, fills) in self.done.iter().enumerate() {
            for rival in fills.iter().skip(1).take(RIVALS_MAX) {
                let mut other = best.clone();
                other[hole] = rival;
                choices.push(other);
            }
        }
        choices.iter().map(|fills| self.candidate(fills)).collect()
    }

    fn candidate(&self, fills: &[&Accepted]) -> Result<Candidate, Refusal> {
        let edits: Vec<Edit> = fills.iter().map(|fill| fill.edit.clone()).collect();
        let edits = Edits::new(self.base.text(), edits)
            .map_err(|error| Refusal::new(RefusalCode::Internal, format!("the fills do not fit together: {error}")))?;
        let mean =
            |part: fn(&Accepted) -> f64| fills.iter().map(|fill| part(fill)).sum::<f64>() / fills.len().max(1) as f64;
        let sum = |part: fn(&Accepted) -> f64| fills.iter().map(|fill| part(fill)).sum::<f64>();
        let score = |name: &str, value| Score { name: name.to_owned(), value };
        let described: Vec<&str> = fills.iter().map(|fill| fill.description.as_str()).collect();
        Ok(Candidate {
            description: described.join("; "),
            prior: mean(|fill| fill.score).exp().clamp(0.0, 1.0),
            scores: vec![
                score("mean_log_prob", mean(|fill| fill.mean_log_prob)),
                score("tokens", sum(|fill| fill.tokens as f64)),
                score("forwards", sum(|fill| fill.forwards as f64)),
            ],
            ..Candidate::of_edits(self.base.file().path.clone(), edits, self.proposer, "fill")
        })
    }
}

/// How much text a part of a program is, when nothing more is known of it.
fn extent(unit: Unit) -> Extent {
    match unit {
        Unit::Operator | Unit::Name | Unit::Literal => Extent::Token,
        Unit::Expression | Unit::Arguments | Unit::Type => Extent::Expression,
        Unit::Statement | Unit::Signature | Unit::Import | Unit::Comment | Unit::Docstring => Extent::Statement,
        Unit::Definition | Unit::Body | Unit::Lines => Extent::Block,
    }
}

/// The end of a line in this file.
fn line_end(base: &ParsedFile) -> &'static str {
    layout::line_end(base.text())
}
