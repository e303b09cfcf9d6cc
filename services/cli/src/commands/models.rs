//! `reweave models`: what a model folder is, whether it runs, and what is missing.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use owo_colors::OwoColorize;
use reweave_core::ExitCode;
use reweave_inference::folder::{self, Network, Report, tiny};

/// What to do with model folders.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say what a folder holds, whether the inference service can load it, and how much memory it takes.
    Inspect {
        /// The folder, as Hugging Face lays it out.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a tiny model with random weights: for trying out a pipeline, never for code.
    Random {
        /// The folder to write; files of a model that are there are replaced.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[arg(long, value_enum, default_value_t = Kind::Diffusion)]
        kind: Kind,
        /// Seed of the weights.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
    },
}

/// What a model is made to predict.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Masked positions, in the architecture of Dream.
    Diffusion,
    /// The next token, in the architecture of Qwen2, with the marks of fill-in-the-middle.
    Autoregressive,
}

/// Looks at a folder, or writes one.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.what {
        What::Inspect { folder, json } => inspect(folder, *json),
        What::Random { folder, kind, seed } => {
            let plan = match kind {
                Kind::Diffusion => tiny::Plan::diffusion(*seed),
                Kind::Autoregressive => tiny::Plan::autoregressive(*seed),
            };
            tiny::write(folder, &plan).with_context(|| format!("write a model to {}", folder.display()))?;
            inspect(folder, false)
        }
    }
}

/// Says what a folder is; exits 1 when it does not run.
fn inspect(folder: &Path, json: bool) -> Result<ExitCode> {
    let report = folder::inspect(folder);
    if json {
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(anstream::stdout(), "{}", shown(&report))?;
    }
    Ok(if report.runs { ExitCode::Done } else { ExitCode::Refused })
}

fn shown(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    for (name, value) in rows(report) {
        table.add_row([name.to_owned(), value]);
    }
    let verdict =
        if report.runs { "it runs".green().bold().to_string() } else { "it does not run".red().bold().to_string() };
    let mut out = format!("{} {verdict}\n", report.name.bold());
    if !table.is_empty() {
        out += &format!("{table}\n");
    }
    for problem in &report.problems {
        out += &format!("  {} {problem}\n", "problem:".red());
    }
    for note in &report.notes {
        out += &format!("  {} {note}\n", "note:".yellow());
    }
    out
}

fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Some(network) = &report.network {
        rows.extend(network_rows(network));
    }
    if let Some(weights) = &report.weights {
        let size = gigabytes(weights.bytes);
        rows.push(("weights", format!("{} tensors in {} file(s), {size}", weights.tensors, weights.files)));
    }
    if let Some(tokenizer) = &report.tokenizer {
        let id = |id: Option<u32>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        let middle = tokenizer.fill_in_middle.map_or_else(|| "none".to_owned(), |ids| format!("{ids:?}"));
        let (mask, end) = (id(tokenizer.mask), id(tokenizer.end));
        rows.push(("tokens", format!("mask {mask} · end {end} · fill-in-the-middle {middle}")));
    }
    if let Some(digest) = &report.digest {
        rows.push(("digest", digest.clone()));
    }
    rows
}

fn network_rows(network: &Network) -> [(&'static str, String); 5] {
    let shift =
        if network.shifted { "output row i predicts position i + 1" } else { "output row i predicts position i" };
    let heads = format!("{} heads, {} of keys and values", network.heads, network.kv_heads);
    [
        ("architecture", format!("{} · {} · {shift}", network.architecture, network.objective)),
        ("shape", format!("{} layers of {} · {heads}", network.layers, network.hidden)),
        ("vocabulary", format!("{} · up to {} positions", network.vocabulary, network.positions_max)),
        ("parameters", format!("{:.1} M", network.parameters as f64 / 1e6)),
        ("memory", format!("{} in f32 · {} in bf16", gigabytes(network.memory_f32), gigabytes(network.memory_bf16))),
    ]
}

fn gigabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
