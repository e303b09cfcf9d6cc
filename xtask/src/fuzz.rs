//! `cargo xtask fuzz`: cargo-fuzz on the targets of `fuzz/`, beginning with the committed corpus.
//!
//! What it finds stays below `.reweave/fuzz`; a finding becomes a seed of the corpus, which `cargo test` replays.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::environment::{Lacking, Missing, program};
use crate::layout::Layout;

/// The targets there are: a binary of `fuzz/`, and a corpus of the same name.
pub(crate) const TARGETS: [&str; 2] = ["mask_splice", "gates_apply_undo"];
/// How long one target runs when nothing else is said.
pub(crate) const SECONDS_DEFAULT: u64 = 60;
/// Longest input.
const BYTES_MAX: u32 = 4_096;
/// Longest time that one input may take.
const INPUT_SECONDS_MAX: u32 = 20;
/// Our code has no `unsafe`, and the sanitizer does not see into the grammars; without it, ten times as many inputs run.
const NO_SANITIZER: [&str; 2] = ["-s", "none"];

/// Runs `only`, or every target, each for `seconds`. True when nothing was found.
///
/// # Errors
/// When the machine lacks the nightly compiler or cargo-fuzz, or a target cannot be built.
pub(crate) fn run(layout: &Layout, only: Option<&str>, seconds: u64) -> anyhow::Result<bool> {
    let missing = missing();
    if !missing.is_empty() {
        return Err(Lacking::new(missing).into());
    }
    let mut sound = true;
    for target in TARGETS.iter().filter(|target| only.is_none_or(|only| only == **target)) {
        println!("fuzzing {target} for {seconds} s");
        sound &= fuzz(layout, target, seconds)?;
    }
    Ok(sound)
}

fn fuzz(layout: &Layout, target: &str, seconds: u64) -> anyhow::Result<bool> {
    // New inputs go to a folder of their own; the committed corpus is only read.
    let found = layout.made.join("fuzz").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("making {}", found.display()))?;
    let build = cargo_fuzz(layout, "build", target).status().context("starting cargo fuzz")?;
    if !build.success() {
        bail!("the target {target} does not build");
    }
    let status = command(layout, target, &found, seconds).status().context("starting cargo fuzz")?;
    println!("{target}: {}", if status.success() { "nothing found" } else { "FOUND SOMETHING, see above" });
    Ok(status.success())
}

fn command(layout: &Layout, target: &str, found: &Path, seconds: u64) -> Command {
    let mut command = cargo_fuzz(layout, "run", target);
    command.arg(found).arg(layout.root.join("fuzz/corpus").join(target)).arg("--");
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={BYTES_MAX}"),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-artifact_prefix={}/finding-", found.display()),
        "-print_final_stats=1".to_owned(),
    ]);
    command
}

/// `cargo +nightly fuzz ACTION TARGET`. The toolchain is chosen by rustup, so its own choice for us is taken back.
fn cargo_fuzz(layout: &Layout, action: &str, target: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz", action]).args(NO_SANITIZER).arg(target);
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").current_dir(&layout.root);
    command
}

fn missing() -> Vec<Missing> {
    let nightly = Command::new("rustup")
        .args(["run", "nightly", "rustc", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let mut missing = Vec::new();
    if !nightly.is_ok_and(|status| status.success()) {
        missing.push(("a nightly compiler", "rustup toolchain install nightly --profile minimal"));
    }
    if program("cargo-fuzz").is_none() {
        missing.push(("cargo-fuzz", "cargo install cargo-fuzz --locked"));
    }
    let named = |(what, command): (&str, &str)| Missing {
        what: what.to_owned(),
        needed_for: "cargo xtask fuzz",
        command: command.to_owned(),
    };
    missing.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_binary_with_a_corpus() {
        let layout = Layout::of_this_repository();
        let manifest = std::fs::read_to_string(layout.root.join("fuzz/Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for target in TARGETS {
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
            assert!(layout.root.join("fuzz/corpus").join(target).is_dir(), "{target}");
        }
    }
}
