//! `reweave eval holes`: random holes of source files, refilled by a model through the whole engine. Whatever the model is,
//! each patch that comes out must parse; how often none does is what is measured.

mod draw;
mod tally;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reweave_core::{
    Budget, EditRequest, ExitCode, Generation, HoleRequest, InlineFile, Language, Preset, Source, Spec, SpecId,
    SpecKind, Technique,
};
use serde_json::json;
use tonic::transport::Channel;

use self::{
    draw::{Drawn, Files},
    tally::Tallies,
};
use super::report::Report;
use crate::{
    model::{self, ModelArgs},
    pod::{self, Show},
    settings::{Local, Settings},
};

/// Which files, how many holes, which model.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, or folders that are searched for files of a known extension.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Holes in all, spread evenly over the languages found and the kinds of holes.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Chooses files and holes, and seeds the model's draws.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    model: ModelArgs,
    /// How the holes are filled: diffusion or autoregressive.
    #[arg(long, value_name = "NAME", default_value = "diffusion", value_parser = model::technique)]
    technique: Technique,
    #[arg(long, value_name = "NAME", default_value = "fast", value_parser = model::preset)]
    preset: Preset,
    /// Only these languages; may be given several times.
    #[arg(long = "language", value_name = "NAME", value_parser = crate::source::language)]
    languages: Vec<Language>,
    /// Write the figures as JSON to this file; `-` prints them instead of the table.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
}

/// Refills holes and prints a row a kind; exits 1 when a patch broke the file or a hole ended without a reason.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode> {
    let Some(model) = arguments.model.host(settings).await? else {
        bail!("a model is needed: give --model DIR or --ngram PATH")
    };
    let pod = pod::synthesis(settings, &Local::default(), Some(model.channel.clone()))?;
    let measured = measured(arguments, &pod.channel).await;
    pod.close().await;
    model.close().await;
    measured
}

async fn measured(arguments: &Arguments, channel: &Channel) -> Result<ExitCode> {
    let wanted = |language| arguments.languages.is_empty() || arguments.languages.contains(&language);
    let files = Files::found(crate::source::files(&arguments.paths, wanted), arguments.seed);
    if files.is_empty() {
        bail!("no source file of a known language lies there");
    }
    let bar = ProgressBar::new(arguments.count.into())
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} holes, {eta} left")?.progress_chars("=> "));
    let mut tallies = Tallies::default();
    for (number, drawn) in files.holes().take(arguments.count as usize).enumerate() {
        let spec = spec(&drawn, arguments, number);
        let id = SpecId::of("urn:reweave:eval", &format!("{} {number}", arguments.seed));
        let event = pod::synthesize(channel.clone(), id, spec, Show::Nothing).await.context("refill a hole")?;
        tallies.add(&drawn, &event);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let to_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    if let Some(path) = &arguments.json {
        let path = if to_stdout { Path::new("/dev/stdout") } else { path };
        report(&tallies, arguments).write(path)?;
    }
    if !to_stdout {
        writeln!(anstream::stdout(), "{}", tallies.table())?;
    }
    Ok(if tallies.kept() { ExitCode::Done } else { ExitCode::Refused })
}

fn spec(drawn: &Drawn, arguments: &Arguments, number: usize) -> Spec {
    let file = InlineFile {
        path: drawn.path.clone(),
        content: drawn.text.as_bytes().to_vec(),
        sha256: reweave_core::Sha256::of(drawn.text.as_bytes()),
    };
    let edit = EditRequest {
        file_path: drawn.path.clone(),
        language: drawn.language,
        lines: None,
        diagnostics: Vec::new(),
        holes: vec![HoleRequest { place: drawn.place.clone(), unit: Some(drawn.unit) }],
        instruction: String::new(),
        checks: Vec::new(),
        target_checks: Vec::new(),
        max_edits: 1,
        priority: 0,
    };
    Spec {
        source: Source::Inline(vec![file]),
        kind: SpecKind::Edit(edit),
        seed: arguments.seed.wrapping_add(number as u64),
        generation: Generation {
            techniques: vec![arguments.technique],
            preset: Some(arguments.preset),
            ..Generation::default()
        },
        budget: Budget::default(),
        deadline_unix_ms: None,
    }
}

fn report(tallies: &Tallies, arguments: &Arguments) -> Report {
    let model = arguments.model.model.as_deref().map_or_else(|| "ngram".into(), |folder| folder.display().to_string());
    Report {
        bench: "holes",
        seed: arguments.seed,
        setting: json!({
            "count": arguments.count,
            "technique": arguments.technique.as_str(),
            "preset": arguments.preset.as_str(),
            "model": model,
        }),
        summary: tallies.summary(),
        rows: tallies.rows(),
    }
}
