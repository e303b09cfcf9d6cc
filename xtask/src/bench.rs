//! `cargo xtask bench inference`: our infilling beside a plain Python loop over transformers, on the same random weights.
//!
//! Both programs are loaded once and take turns, hole by hole, so that a busy machine is busy for both. Of the reference a few
//! steps are timed and multiplied: each of its steps is one forward pass, whatever it commits.

mod measured;
mod peer;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::json;

use crate::layout::Layout;
use crate::setup::{self, Purpose};
use measured::{Measured, Ours};
use peer::Peer;

/// Masks of a hole, and how many times faster than the reference it is to be filled.
const GOALS: &[(usize, f64)] = &[(8, 10.0), (24, 3.5), (64, 1.25)];
const POSITIONS: usize = 512;
const STEPS: usize = 64;
/// Steps of a device that is made up, in milliseconds.
const IDLE_STEPS_MS: [u64; 3] = [0, 3, 10];
/// Of the seed of the random weights, as `examples/infill.rs` has it.
const SEED: u64 = 7;

/// What is asked of the bench.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// A network of a hundredth of the size, and fewer repetitions.
    pub(crate) quick: bool,
    /// Of each of the two programs; one for each core where nothing is said. On a machine that does other work too, one
    /// thread disturbs the comparison least.
    pub(crate) threads: Option<NonZeroUsize>,
    /// Where to write the figures.
    pub(crate) json: Option<PathBuf>,
}

/// How it is measured.
struct Setting {
    shape: &'static str,
    repetitions: usize,
    steps_timed: usize,
    threads: usize,
}

impl Setting {
    fn of(request: &Request) -> Self {
        let threads = request.threads.or(std::thread::available_parallelism().ok()).map_or(1, usize::from);
        match request.quick {
            true => Self { shape: "quick", repetitions: 3, steps_timed: 4, threads },
            false => Self { shape: "coder_half_b", repetitions: 3, steps_timed: 4, threads },
        }
    }
}

/// Sets up, builds, measures and prints. Always true: goals are reported, not enforced, since a busy machine misses them.
///
/// # Errors
/// When the machine lacks something, the build fails, or one of the two programs ends early.
pub(crate) fn inference(layout: &Layout, request: &Request) -> anyhow::Result<bool> {
    setup::run(layout, Purpose::Bench)?;
    let program = build(layout, "reweave-network", "infill")?;
    let idle = build(layout, "reweave-inference", "idle")?;
    let setting = Setting::of(request);
    let folder = weights(layout, &program, setting.shape)?;
    let (mut ours, mut reference) = (ours(&program, &folder, &setting)?, reference(layout, &folder, &setting)?);
    println!(
        "{} parameters in bf16 on {}; {POSITIONS} positions, {STEPS} steps, {} threads each, {} repetitions; of the reference \
         {} steps are timed and multiplied",
        ours.greeting["parameters"],
        ours.device(),
        setting.threads,
        setting.repetitions,
        setting.steps_timed
    );
    ensure!(
        ours.greeting["parameters"] == reference.greeting["parameters"],
        "the two programs loaded different networks"
    );
    // What is paged in, allocated and tuned at the first pass is no part of either.
    ours.ask(GOALS[0].0)?;
    reference.ask(GOALS[0].0)?;
    let mut rows = Vec::new();
    for (masks, goal) in GOALS {
        rows.push(measure(&mut ours, &mut reference, (*masks, *goal), setting.repetitions)?);
    }
    println!("{}", measured::table(&rows));
    // They would share the cores with what is measured next.
    let device = ours.device().to_owned();
    drop((ours, reference));
    let idle = idle_shares(&idle)?;
    if let Some(path) = &request.json {
        let text = format!("{:#}\n", report(layout, (&rows, &idle), &setting, &device));
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(true)
}

fn measure(ours: &mut Peer, reference: &mut Peer, goal: (usize, f64), repetitions: usize) -> anyhow::Result<Measured> {
    let mut measured = Measured::new(goal.0, goal.1);
    for repetition in 1..=repetitions {
        eprintln!("  {} masks, repetition {repetition} of {repetitions}", goal.0);
        measured.ours.push(Ours::read(&ours.ask(goal.0)?)?);
        let steps = reference.ask(goal.0)?;
        let steps: Vec<f64> =
            steps["seconds"].as_array().into_iter().flatten().filter_map(|step| step.as_f64()).collect();
        ensure!(!steps.is_empty(), "the reference timed no step");
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        measured.reference.push(mean * STEPS as f64);
    }
    Ok(measured)
}

/// The share of its time that a device waits for the engine, at several lengths of a step; prints a line for each.
fn idle_shares(program: &Path) -> anyhow::Result<Vec<serde_json::Value>> {
    println!("device idle while the engine decides, over the service in one process: 8 canvases, guidance on");
    let mut rows = Vec::new();
    for milliseconds in IDLE_STEPS_MS {
        let output = Command::new(program).arg(milliseconds.to_string()).output().context("starting the bench")?;
        ensure!(output.status.success(), "measuring idle time ended with {}", output.status);
        let row: serde_json::Value = serde_json::from_slice(&output.stdout).context("reading the idle share")?;
        let share = row["idle"].as_f64().context("no idle share")?;
        println!("  steps of {milliseconds:2} ms: {:5.1} %", share * 100.0);
        rows.push(row);
    }
    println!("  goal: at most 15 % at 3 ms\n");
    Ok(rows)
}

fn build(layout: &Layout, package: &str, example: &str) -> anyhow::Result<PathBuf> {
    eprintln!("Building {example} of {package} (minutes the first time)");
    let mut command = Command::new("cargo");
    command.args(["build", "--package", package, "--example", example]);
    command.arg("--message-format=json-render-diagnostics").current_dir(&layout.root);
    let output = command.stderr(Stdio::inherit()).output().context("starting cargo")?;
    ensure!(output.status.success(), "cargo build ended with {}", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().find_map(|message| built(message, example)).context("cargo built no such example")
}

/// Of one of cargo's messages, the path of the program `name`.
fn built(message: &str, name: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let named = message.pointer("/target/name")?.as_str()? == name;
    let path = message.get("executable")?.as_str()?;
    named.then(|| path.into())
}

/// A folder with random weights, made once.
fn weights(layout: &Layout, program: &Path, shape: &str) -> anyhow::Result<PathBuf> {
    let folder = layout.models().join(format!("random-{shape}"));
    let stamp = folder.join("whole");
    if !stamp.is_file() {
        eprintln!("Writing random weights to {}", folder.display());
        let status = Command::new(program).args(["make", shape]).arg(&folder).status().context("starting the bench")?;
        ensure!(status.success(), "writing random weights ended with {status}");
        std::fs::write(stamp, "")?;
    }
    Ok(folder)
}

fn ours(program: &Path, folder: &Path, setting: &Setting) -> anyhow::Result<Peer> {
    let mut command = Command::new(program);
    command.arg("serve").arg(folder).args([POSITIONS, STEPS, setting.threads].map(|number| number.to_string()));
    Peer::start("ours", command)
}

fn reference(layout: &Layout, folder: &Path, setting: &Setting) -> anyhow::Result<Peer> {
    let mut command = Command::new(layout.reference().join("bin/python"));
    command.arg(layout.root.join("services/network/benches/reference.py")).arg(folder);
    command.args([POSITIONS, setting.steps_timed, setting.threads].map(|number| number.to_string()));
    Peer::start("the reference", command)
}

fn report(
    layout: &Layout,
    (rows, idle): (&[Measured], &[serde_json::Value]),
    setting: &Setting,
    device: &str,
) -> serde_json::Value {
    let commit = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&layout.root).output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let shares = idle.iter().map(|row| (format!("idle_at_{}_ms", row["step_ms"]), row["idle"].clone()));
    let summary: serde_json::Map<_, _> = rows.iter().flat_map(Measured::summary).chain(shares).collect();
    json!({
        "bench": "inference",
        "commit": commit,
        "seed": SEED,
        "machine": {"cores": std::thread::available_parallelism().map_or(1, usize::from), "architecture": std::env::consts::ARCH, "device": device},
        "setting": {
            "shape": setting.shape, "dtype": "bf16", "positions": POSITIONS, "steps": STEPS, "threads": setting.threads,
            "repetitions": setting.repetitions, "reference_steps_timed": setting.steps_timed,
        },
        "summary": summary,
        "rows": rows.iter().map(Measured::json).chain(idle.iter().cloned()).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_example_is_found_among_cargos_messages() {
        let other = r#"{"reason":"compiler-artifact","target":{"name":"reweave_network"},"executable":null}"#;
        let example =
            r#"{"reason":"compiler-artifact","target":{"name":"infill"},"executable":"/t/debug/examples/infill"}"#;
        assert_eq!(built(other, "infill"), None);
        assert_eq!(built(example, "infill"), Some("/t/debug/examples/infill".into()));
    }
}
