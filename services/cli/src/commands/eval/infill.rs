//! `reweave eval infill`: the HumanEval-Infilling tasks, filled by a model at a fixed length, at selected lengths and at the
//! length of the right answer; valid, equal to the reference, and passing the hidden tests.

mod attempt;
mod judge;
mod tally;
mod task;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reweave_core::{ExitCode, Preset};
use serde_json::json;

use self::{
    attempt::{Filler, Length},
    judge::Judge,
    tally::{Row, Tally},
    task::Task,
};
use super::report::Report;
use crate::{
    model::{self, ModelArgs},
    pod,
    settings::{Local, Settings},
};

/// Which tasks, which model, how long the holes are.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Tasks in the format of HumanEval-Infilling: JSON lines, plain or gzipped.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// How holes get their length: one that is given, the best of several, or that of the reference solution.
    #[arg(long = "length", value_name = "HOW,…", value_delimiter = ',', value_enum, default_values_t = Length::ALL)]
    lengths: Vec<Length>,
    /// Tokens of a hole of fixed length.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    fixed: u32,
    #[arg(long, value_name = "NAME", default_value = "fast", value_parser = model::preset)]
    preset: Preset,
    /// Only every so manieth task.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Leave the tests out: validity and exact match only.
    #[arg(long)]
    no_tests: bool,
    /// Write the figures as JSON to this file; `-` prints them instead of the table.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
}

/// Fills every task and prints a row for each way to choose a length.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode> {
    let tasks: Vec<Task> = task::read(&arguments.data)?.into_iter().step_by(arguments.every as usize).collect();
    if tasks.is_empty() {
        bail!("{} holds no task", arguments.data.display());
    }
    let Some(model) = arguments.model.host(settings).await? else {
        bail!("a model is needed: give --model DIR or --ngram PATH")
    };
    let pod = pod::checks(settings, &Local::default())?;
    let measured = async {
        let filler = Filler::new(model.client(settings), arguments.preset, arguments.seed).await?;
        let judge = if arguments.no_tests { None } else { Some(Judge::open(&pod.channel).await?) };
        measure(arguments, &tasks, &filler, judge).await
    };
    let measured = measured.await;
    pod.close().await;
    model.close().await;
    show(arguments, tasks.len(), measured?)
}

async fn measure(
    arguments: &Arguments,
    tasks: &[Task],
    filler: &Filler,
    mut judge: Option<Judge>,
) -> Result<Vec<(Length, Tally)>> {
    let total = tasks.len() * arguments.lengths.len();
    let bar = ProgressBar::new(total as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} holes, {eta} left {wide_msg}")?.progress_chars("=> "),
    );
    let mut tallies: Vec<(Length, Tally)> =
        arguments.lengths.iter().map(|length| (*length, Tally::default())).collect();
    for task in tasks {
        for (length, tally) in &mut tallies {
            let filled = filler.fill(task, *length, arguments.fixed as usize).await?;
            let passed = match &mut judge {
                Some(judge) if filled.valid => Some(judge.passes(task, &filled.text).await?),
                Some(_) => Some(false),
                None => None,
            };
            tally.add(Row { task: task.task_id.clone(), exact: filled.is_exact(task), passed, filled });
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(tallies)
}

fn show(arguments: &Arguments, tasks: usize, tallies: Vec<(Length, Tally)>) -> Result<ExitCode> {
    let to_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    if let Some(path) = &arguments.json {
        let path = if to_stdout { Path::new("/dev/stdout") } else { path };
        report(arguments, tasks, &tallies).write(path)?;
    }
    if !to_stdout {
        writeln!(anstream::stdout(), "{}", tally::table(&tallies))?;
    }
    Ok(ExitCode::Done)
}

fn report(arguments: &Arguments, tasks: usize, tallies: &[(Length, Tally)]) -> Report {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let model = match &arguments.model.model {
        Some(folder) => name(folder),
        None => {
            format!("ngram of {}", arguments.model.ngram.iter().map(|path| name(path)).collect::<Vec<_>>().join(", "))
        }
    };
    Report {
        bench: "infill",
        seed: arguments.seed,
        setting: json!({
            "data": name(&arguments.data),
            "tasks": tasks,
            "model": model,
            "preset": arguments.preset.as_str(),
            "fixed": arguments.fixed,
        }),
        summary: tally::summary(tallies),
        rows: tallies.iter().flat_map(|(length, tally)| tally.rows(*length)).collect(),
    }
}
