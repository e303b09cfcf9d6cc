//! A program that answers each line with a line: one of the two that are measured.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context;
use serde_json::Value;

/// A running program; it is stopped when this is dropped.
#[derive(Debug)]
pub(super) struct Peer {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it says once it is loaded.
    pub(super) greeting: Value,
}

impl Peer {
    pub(super) fn start(name: &'static str, mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
        let input = child.stdin.take().context("the input is piped")?;
        let output = BufReader::new(child.stdout.take().context("the output is piped")?);
        let mut peer = Self { name, child, input, output, greeting: Value::Null };
        peer.greeting = peer.line()?;
        Ok(peer)
    }

    pub(super) fn device(&self) -> &str {
        self.greeting["device"].as_str().unwrap_or_default()
    }

    /// What it answers to a hole of `masks`.
    pub(super) fn ask(&mut self, masks: usize) -> anyhow::Result<Value> {
        writeln!(self.input, "{masks}").with_context(|| format!("{} has ended", self.name))?;
        self.input.flush()?;
        self.line()
    }

    fn line(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("{} answered `{}`", self.name, line.trim()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_answered_by_a_line_and_an_early_end_is_an_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo '{\"device\": \"cpu\"}'; read masks; echo \"{\\\"masks\\\": $masks}\""]);
        let mut peer = Peer::start("a shell", command).unwrap();
        assert_eq!(peer.device(), "cpu");
        assert_eq!(peer.ask(8).unwrap()["masks"], 8);
        peer.child.wait().unwrap();
        assert!(peer.ask(24).unwrap_err().to_string().starts_with("a shell"));
    }
}
