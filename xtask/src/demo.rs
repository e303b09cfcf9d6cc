//! `cargo xtask demo`: the committed specs over real files, each outcome compared with what is expected.

mod case;
pub(crate) mod models;
mod outcome;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::layout::Layout;
use crate::setup::{self, Purpose};
use crate::{process, sha256};
use case::Case;
use outcome::Facts;
use table::Row;

/// Sets up, builds, runs every case and prints the table. True when every outcome is the expected one.
///
/// # Errors
/// When the machine lacks something, the build fails, or an example cannot be read.
pub(crate) fn run(layout: &Layout, started: Instant) -> anyhow::Result<bool> {
    setup::run(layout, Purpose::Demo)?;
    let set_up = started.elapsed();
    let reweave = Reweave { program: build(layout, &["reweave-cli"])?, tools: layout.tools() };
    let built = started.elapsed();
    let cases = case::read_all(&layout.examples())?;
    show_first(layout, &reweave, &cases)?;
    let rows = cases.iter().map(|case| run_case(layout, &reweave, case)).collect::<anyhow::Result<Vec<Row>>>()?;
    println!("\n{}", table::render(&rows));
    println!("{}", table::times(set_up, built, started.elapsed()));
    Ok(rows.iter().all(|row| row.problems.is_empty()))
}

/// The program under demonstration.
struct Reweave {
    program: PathBuf,
    tools: PathBuf,
}

impl Reweave {
    fn run(&self, spec: &Path, workspace: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("run").arg(spec).arg("--workspace").arg(workspace);
        // A list in the environment is written as in TOML, where a string looks as in JSON.
        let tools = serde_json::json!([self.tools]).to_string();
        command.env("REWEAVE_CHECKS__TOOL_PATHS", tools).stdin(Stdio::null());
        command
    }
}

/// Builds `packages` and says where the program `reweave` lies.
fn build(layout: &Layout, packages: &[&str]) -> anyhow::Result<PathBuf> {
    eprintln!("Building {} (minutes the first time)", packages.join(" and "));
    let mut command = Command::new("cargo");
    command.args(["build", "--message-format=json-render-diagnostics"]);
    command.args(packages.iter().flat_map(|package| ["--package", package]));
    let output = command.current_dir(&layout.root).stderr(Stdio::inherit()).output().context("starting cargo")?;
    ensure!(output.status.success(), "cargo build ended with {}", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().find_map(executable).context("cargo built no program called reweave")
}

/// Of one of cargo's messages, the path of the program called `reweave`.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let named = message.pointer("/target/name")?.as_str()? == "reweave";
    let path = message.get("executable")?.as_str()?;
    named.then(|| path.into())
}

/// What a user would see of the first case: stages, diff, checks and risk.
fn show_first(layout: &Layout, reweave: &Reweave, cases: &[Case]) -> anyhow::Result<()> {
    let Some(case) = cases.first() else { return Ok(()) };
    let workspace = fresh_copy(layout, case)?;
    println!("\n$ reweave run {} --workspace {}\n", case.spec_shown(), case.workspace_shown());
    reweave.run(&case.spec, &workspace).status().context("starting reweave")?;
    Ok(())
}

fn run_case(layout: &Layout, reweave: &Reweave, case: &Case) -> anyhow::Result<Row> {
    let workspace = fresh_copy(layout, case)?;
    let before = digests(&workspace)?;
    let began = Instant::now();
    let output = reweave.run(&case.spec, &workspace).arg("--json").output().context("starting reweave")?;
    let took = began.elapsed();
    eprintln!("  ran   {} ({} ms)", case.name, took.as_millis());
    let mut row = judge(case, &output, took);
    if digests(&workspace)? != before {
        row.problems.push("the workspace was changed without --write".to_owned());
    }
    Ok(row)
}

fn judge(case: &Case, output: &Output, took: Duration) -> Row {
    let exit_code = output.status.code();
    match Facts::read(&output.stdout) {
        Ok(facts) => Row::new(case, took, case.expected.problems(exit_code, &facts), facts),
        Err(error) => {
            let told = String::from_utf8_lossy(&output.stderr);
            let problem = format!("no outcome (exit code {exit_code:?}): {error:#}\n{}", told.trim());
            Row::new(case, took, vec![problem], Facts::default())
        }
    }
}

fn fresh_copy(layout: &Layout, case: &Case) -> anyhow::Result<PathBuf> {
    let copy = layout.made.join("demo").join(case.stem());
    process::remove(&copy)?;
    process::copy_folder(&case.workspace, &copy)?;
    Ok(copy)
}

/// Of every file in a flat workspace, in the order of names.
fn digests(workspace: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let entries = std::fs::read_dir(workspace).with_context(|| format!("reading {}", workspace.display()))?;
    let mut digests = Vec::new();
    for entry in entries {
        let path = entry?.path();
        ensure!(path.is_file(), "{} is not a file: the workspace was changed or is not flat", path.display());
        digests.push((path.clone(), sha256::of_file(&path)?));
    }
    digests.sort();
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_program_is_found_among_cargos_messages() {
        let library = r#"{"reason":"compiler-artifact","target":{"name":"reweave_cli"},"executable":null}"#;
        let program = r#"{"reason":"compiler-artifact","target":{"name":"reweave"},"executable":"/t/debug/reweave"}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable("not a message"), None);
        assert_eq!(executable(program), Some("/t/debug/reweave".into()));
    }

    #[test]
    fn every_file_of_a_workspace_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.py"), "x = 1\n").unwrap();
        let before = digests(folder.path()).unwrap();
        std::fs::write(folder.path().join("a.py"), "x = 2\n").unwrap();
        assert_ne!(digests(folder.path()).unwrap(), before);
    }
}
