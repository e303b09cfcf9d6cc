//! `reweave eval syntax`: for every file, is masking reversible, is the prediction of the typed holes right, do the gates
//! keep their word, and how long does it take?

mod corruption;
mod measure;
mod native;
mod spoiled;
mod tally;

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reweave_core::{ExitCode, Language};
use serde_json::json;
use tokio::runtime::Handle;

use self::{measure::Trials, native::Native, tally::Tally};
use super::report::Report;
use crate::{
    pod,
    settings::{Local, Settings},
    source,
};

/// Which files, and how much is tried on each.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, or folders that are searched for files of a known extension.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Substitutions, and corruptions, tried on each file.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    trials: u32,
    /// Most files looked at in each language; of more, every so manieth is taken.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    files_max: usize,
    /// Chooses nodes and donors; the same seed gives the same trials.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only these languages; may be given several times.
    #[arg(long = "language", value_name = "NAME", value_parser = crate::source::language)]
    languages: Vec<Language>,
    /// Write the figures as JSON to this file; `-` prints them instead of the table.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
}

/// Measures every file and prints a row a language; exits 1 when one broke a promise.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode> {
    let pod = pod::checks(settings, &Local::default())?;
    let native = Native::new(pod.compiler(), Handle::current());
    let code = measured(arguments, &native);
    pod.close().await;
    code
}

fn measured(arguments: &Arguments, native: &Native) -> Result<ExitCode> {
    let files = files(arguments);
    let progress = ProgressBar::new(files.len() as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} files, {eta} left {wide_msg}")?.progress_chars("=> "),
    );
    let tallies = measure_all(&files, trials(arguments, native), &progress);
    progress.finish_and_clear();
    let kept = tallies.values().all(Tally::kept);
    let to_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    if let Some(path) = &arguments.json {
        report(&tallies, arguments).write(if to_stdout { Path::new("/dev/stdout") } else { path })?;
    }
    if !to_stdout {
        writeln!(anstream::stdout(), "{}", tally::table(&tallies))?;
        let spoiled = tallies.iter().map(|(language, tally)| (*language, &tally.spoiled));
        writeln!(anstream::stdout(), "spoiled in one place, judged by the language's own compiler:")?;
        writeln!(anstream::stdout(), "{}", spoiled::table(spoiled))?;
        for line in tallies.values().flat_map(Tally::broken) {
            writeln!(anstream::stdout(), "{line}")?;
        }
    }
    Ok(if kept { ExitCode::Done } else { ExitCode::Refused })
}

fn trials<'a>(arguments: &Arguments, native: &'a Native) -> Trials<'a> {
    Trials { count: arguments.trials, seed: arguments.seed, native }
}

fn report(tallies: &BTreeMap<&'static str, Tally>, arguments: &Arguments) -> Report {
    Report {
        bench: "syntax",
        seed: arguments.seed,
        setting: json!({"trials": arguments.trials, "files_max": arguments.files_max}),
        summary: tally::summary(tallies),
        rows: tallies.iter().map(|(language, tally)| tally.row(language)).collect(),
    }
}

fn measure_all(
    files: &[(Language, PathBuf)],
    trials: Trials<'_>,
    progress: &ProgressBar,
) -> BTreeMap<&'static str, Tally> {
    let tallies = Mutex::new(BTreeMap::<&'static str, Tally>::new());
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((language, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let tally = measure::file(*language, path, trials);
            let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
            tallies.entry(language.name()).or_default().add(tally);
            progress.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            // As small a stack as the services' own threads have: what overflows there shall overflow here.
            let spawned = std::thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, work);
            if let Err(error) = spawned {
                tracing::warn!(%error, "one worker less");
            }
        }
    });
    tallies.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Every file asked for, in the order of paths, thinned to the most that are looked at in its language.
fn files(arguments: &Arguments) -> Vec<(Language, PathBuf)> {
    let wanted = |language| arguments.languages.is_empty() || arguments.languages.contains(&language);
    let mut found = BTreeMap::<&'static str, Vec<(Language, PathBuf)>>::new();
    for (language, path) in source::files(&arguments.paths, wanted) {
        found.entry(language.name()).or_default().push((language, path));
    }
    let thinned = found.into_values().flat_map(|files| {
        let step = files.len().div_ceil(arguments.files_max.max(1)).max(1);
        files.into_iter().step_by(step)
    });
    thinned.collect()
}
