//! `cargo xtask demo --models`: a tiny model of each kind on real libtorch fills holes of a file, in sight.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use super::outcome::Facts;
use crate::layout::Layout;
use crate::process;
use crate::setup::{self, Purpose};

/// A kind of model, which is also the name of its spec.
const KINDS: [&str; 2] = ["diffusion", "autoregressive"];

/// Sets up libtorch, builds, makes the models, and fills holes with each. True when each gave a patch by its technique.
///
/// # Errors
/// When the machine lacks something, the build fails, or an example cannot be read.
pub(crate) fn run(layout: &Layout, started: Instant) -> anyhow::Result<bool> {
    setup::run(layout, Purpose::Models)?;
    let set_up = started.elapsed();
    let reweave = super::build(layout, &["reweave-cli", "reweave-network"])?;
    let built = started.elapsed();
    let mut rows = Vec::new();
    for kind in KINDS {
        rows.push((kind, fill(layout, &reweave, kind)?));
    }
    println!();
    for (kind, problem) in &rows {
        println!("{kind:16} {}", problem.as_deref().unwrap_or("a patch, as expected"));
    }
    println!("{}", super::table::times(set_up, built, started.elapsed()));
    Ok(rows.iter().all(|(_, problem)| problem.is_none()))
}

/// Makes a model of `kind`, shows it filling, and says how the outcome differs from a patch by its technique.
fn fill(layout: &Layout, reweave: &Path, kind: &str) -> anyhow::Result<Option<String>> {
    let model = layout.models().join(format!("random-{kind}"));
    shown(reweave, &["models", "random", &model.to_string_lossy(), "--kind", kind])?;
    let workspace = fresh_workspace(layout)?;
    let spec = layout.examples().join("models").join(format!("{kind}.yaml"));
    let (spec, workspace, model) = (spec.to_string_lossy(), workspace.to_string_lossy(), model.to_string_lossy());
    let arguments = [&*spec, "--workspace", &*workspace, "--model", &*model];
    shown(reweave, &[&["watch"], arguments.as_slice()].concat())?;
    let mut again = Command::new(reweave);
    again.arg("run").args(arguments).arg("--json").stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = again.output().context("starting reweave")?;
    let facts = Facts::read(&output.stdout).with_context(|| format!("no outcome, status {}", output.status))?;
    let by_technique = facts.proposers.iter().any(|proposer| proposer.starts_with(kind));
    Ok((facts.outcome != "patch" || !by_technique).then(|| {
        format!("UNEXPECTED: {} by {}", facts.outcome, facts.proposers.into_iter().collect::<Vec<_>>().join(", "))
    }))
}

/// Runs `reweave` as a user would, with its command line above it.
fn shown(reweave: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    println!("\n$ reweave {}\n", arguments.join(" "));
    let status = Command::new(reweave).args(arguments).stdin(Stdio::null()).status().context("starting reweave")?;
    ensure!(status.code() == Some(0), "reweave {} ended with {status}", arguments[0]);
    Ok(())
}

fn fresh_workspace(layout: &Layout) -> anyhow::Result<PathBuf> {
    let copy = layout.made.join("demo").join("models");
    process::remove(&copy)?;
    std::fs::create_dir_all(&copy)?;
    std::fs::copy(layout.examples().join("models/shop.py"), copy.join("shop.py")).context("copying the example")?;
    Ok(copy)
}
