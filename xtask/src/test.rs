//! `cargo xtask test`: set-up, a build, one `cargo test` over the workspace, then what came of it in a few lines.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::layout::Layout;
use crate::setup::{self, Purpose, postgres};

/// Runs every test; `arguments` go to `cargo test`. True when all passed.
///
/// # Errors
/// When the machine lacks something or cargo cannot be started.
pub(crate) fn run(layout: &Layout, arguments: &[String]) -> anyhow::Result<bool> {
    setup::run(layout, Purpose::Test)?;
    let started = Instant::now();
    if !build(layout).status().context("starting cargo")?.success() {
        return Ok(false);
    }
    let mut child = cargo_test(layout, arguments).stdout(Stdio::piped()).spawn().context("starting cargo")?;
    let output = child.stdout.take().expect("the output is piped");
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("reading the output of cargo test")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(&line);
    }
    let status = child.wait()?;
    println!("\n{}", tally.summary(status.success(), started.elapsed()));
    Ok(status.success())
}

/// Tests of the whole pod start its binaries, which `cargo test` alone builds only for tests of the same package. With
/// the tests in the same build, features are resolved as they will be then, and nothing is built twice.
fn build(layout: &Layout) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&layout.root).args(["build", "--workspace", "--bins", "--tests"]);
    command
}

/// The environment tells the tests where set-up put what they need.
fn cargo_test(layout: &Layout, arguments: &[String]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&layout.root).args(["test", "--workspace", "--no-fail-fast"]).args(arguments);
    command.env("REWEAVE_TEST_TOOLS", layout.tools());
    command.env("REWEAVE_TEST_PULSAR", layout.pulsar());
    command.env("REWEAVE_TEST_ENCODER", layout.encoder());
    command.env("REWEAVE_TEST_PROTOC", layout.protoc().join("bin/protoc"));
    if let Some(folder) = postgres::programs() {
        command.env("REWEAVE_TEST_POSTGRES", folder);
    }
    command
}

/// What the test programs reported.
#[derive(Debug, Default)]
struct Tally {
    programs: u32,
    passed: u32,
    failed: Vec<String>,
    ignored: u32,
}

impl Tally {
    fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.programs += 1;
            self.passed += count(counts, "passed");
            self.ignored += count(counts, "ignored");
        } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.failed.push(name.to_owned());
        }
    }

    fn summary(&self, success: bool, took: Duration) -> String {
        let verdict = if success { "PASSED" } else { "FAILED" };
        let mut text = format!(
            "{verdict}: {} passed, {} failed, {} ignored in {} test programs, {:.0} s with the build",
            self.passed,
            self.failed.len(),
            self.ignored,
            self.programs,
            took.as_secs_f64()
        );
        for name in &self.failed {
            text.push_str(&format!("\n  failed: {name}"));
        }
        if !success && self.failed.is_empty() {
            text.push_str("\n  no test failed by name: see the build error or crash above");
        }
        text
    }
}

/// The number before `word` in `ok. 12 passed; 0 failed; …`.
fn count(counts: &str, word: &str) -> u32 {
    let part = counts.split([';', '.']).find_map(|part| part.trim().strip_suffix(word));
    part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_add_up_and_failures_are_named() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test code::tests::codes_are_distinct ... ok",
            "test scenarios::a_rename_arrives ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 40 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ] {
            tally.read(line);
        }
        let summary = tally.summary(false, Duration::from_secs(90));
        assert_eq!(
            summary,
            "FAILED: 42 passed, 1 failed, 1 ignored in 2 test programs, 90 s with the build\n  \
             failed: scenarios::a_rename_arrives"
        );
    }

    #[test]
    fn a_build_error_is_not_reported_as_zero_failures_alone() {
        let summary = Tally::default().summary(false, Duration::ZERO);
        assert!(summary.starts_with("FAILED") && summary.contains("build error"), "{summary}");
    }
}
