//! One hole of one task, decoded as the engine decodes, at a length that is chosen in one of three ways.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use reweave_chassis::model::Model;
use reweave_core::{FileText, Language, Preset};
use reweave_decode::{
    autoregressive::{self, Autoregressive},
    diffusion::{self, Diffusion},
    preset,
    problem::{Constraint, Control, Fill, Hole, Next, Problem},
    protocol::{Description, Objective},
    vocabulary::Vocabulary,
};
use reweave_syntax::ParsedFile;

use super::task::Task;

/// Lengths, in tokens, among which one is selected: nothing is known of the answer, so they cover what a hole of lines takes.
const SELECTED: [usize; 8] = [4, 8, 12, 16, 24, 32, 48, 64];
/// Most tokens that a model writes which writes until it stops.
const WRITTEN_MAX: u32 = 128;

/// How a hole gets its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Length {
    /// The same for every hole.
    Fixed,
    /// Several at once; the parser and the model's own probabilities choose.
    Selected,
    /// That of the reference solution: what a perfect choice would give.
    Oracle,
}

impl Length {
    pub(super) const ALL: [Self; 3] = [Self::Fixed, Self::Selected, Self::Oracle];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Selected => "selected",
            Self::Oracle => "oracle",
        }
    }
}

/// Fills holes with one model.
pub(super) struct Filler {
    model: Model,
    description: Description,
    vocabulary: Arc<Vocabulary>,
    preset: preset::Preset,
    seed: u64,
}

/// What was put into the hole.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    pub(super) text: String,
    /// The file parses with it.
    pub(super) valid: bool,
    pub(super) tokens: usize,
    pub(super) forwards: u64,
    pub(super) milliseconds: f64,
}

impl Filled {
    /// Whether it is the reference solution, blank ends of lines aside.
    pub(super) fn is_exact(&self, task: &Task) -> bool {
        let bare =
            |text: &str| text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        bare(&self.text) == bare(&task.canonical_solution)
    }
}

impl Filler {
    pub(super) async fn new(model: Model, preset: Preset, seed: u64) -> Result<Self> {
        let served = model.describe().await.context("ask the model what it is")?;
        let description = served.model.map_err(|reason| anyhow!("no model is served: {reason}"))?;
        let vocabulary = Arc::new(model.vocabulary(&description).await.context("read the vocabulary")?);
        let preset = preset::Preset::by_name(preset.as_str()).context("every preset has its row")?;
        Ok(Self { model, description, vocabulary, preset, seed })
    }

    /// Fills the hole of `task`: of all fills the best that parses, or the best if none does.
    pub(super) async fn fill(&self, task: &Task, length: Length, fixed: usize) -> Result<Filled> {
        let began = Instant::now();
        let texts = vec![task.prompt.clone(), task.canonical_solution.clone(), task.suffix.clone()];
        let mut encoded = self.model.encode(texts).await.context("turn the task into tokens")?.into_iter();
        let mut next = || encoded.next().map(|text| text.tokens).unwrap_or_default();
        let (before, reference, after) = (next(), next(), next());
        let lengths = match length {
            Length::Fixed => vec![fixed],
            Length::Selected => SELECTED.to_vec(),
            Length::Oracle => vec![reference.len().max(1)],
        };
        // The old text is left empty: the answer must not be seen, nor ruled out.
        let hole = Hole { old: Vec::new(), lengths, constraint: Constraint::Free };
        let control = Control::of(&self.description);
        let problem = Problem { control, instruction: vec![], retrieved: vec![], before, after, hole };
        let (fills, forwards) = self.decode(&problem).await?;
        let texts = fills.iter().filter_map(|fill| Some((fill, String::from_utf8(fill.text(&self.vocabulary)).ok()?)));
        let texts: Vec<(&Fill, String)> = texts.collect();
        let chosen = texts.iter().find(|(_, text)| parses(task, text)).or(texts.first());
        let milliseconds = began.elapsed().as_secs_f64() * 1e3;
        Ok(chosen.map_or_else(Filled::default, |(fill, text)| Filled {
            valid: parses(task, text),
            text: text.clone(),
            tokens: fill.tokens.len(),
            forwards,
            milliseconds,
        }))
    }

    async fn decode(&self, problem: &Problem) -> Result<(Vec<Fill>, u64)> {
        let mut session = self.model.session().await.context("open a session")?;
        if self.description.objective == Objective::Autoregressive {
            let settings = autoregressive::Settings::of(&self.preset, self.seed, WRITTEN_MAX);
            let mut decoder = Autoregressive::new(&self.description, problem, settings)?;
            loop {
                match decoder.poll() {
                    Next::Done(fills) => return Ok((fills, decoder.forwards())),
                    Next::Step(step) => drop(decoder.answer(&session.step(step).await?)?),
                }
            }
        }
        let settings = diffusion::Settings::of(&self.preset, self.seed);
        let mut decoder = Diffusion::new(&self.description, problem, settings)?;
        loop {
            match decoder.poll() {
                Next::Done(fills) => return Ok((fills, decoder.forwards())),
                Next::Step(step) => drop(decoder.answer(&session.step(step).await?)?),
            }
        }
    }
}

/// Whether the task's file parses with `fill` in its hole.
fn parses(task: &Task, fill: &str) -> bool {
    let text = format!("{}{fill}{}", task.prompt, task.suffix);
    let path = "infill.py".parse().expect("a relative path");
    ParsedFile::parse(Language::Python, FileText { path, text }).is_ok_and(|parsed| parsed.errors().is_empty())
}
