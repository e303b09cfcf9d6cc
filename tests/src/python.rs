//! The independent client: `pulsar-client` in Python, out of the project's own virtual environment.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde::Deserialize;
use serde_json::json;

use crate::events::Event;

/// A message as the Python client read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub properties: BTreeMap<String, String>,
    pub key: Option<String>,
    pub payload: Vec<u8>,
}

/// A client that reads a topic from its beginning until it is dropped.
#[derive(Debug)]
pub struct Follower {
    child: Child,
    messages: Receiver<Result<Message>>,
}

/// Publishes `events`, `batch` of them at most in one entry of the broker; 0 for none but single ones.
///
/// # Errors
/// When one was not acknowledged by the broker.
pub fn publish(url: &str, topic: &str, batch: usize, events: &[Event]) -> Result<()> {
    let mut child = script("publish.py", url, topic)?
        .args(["--batch", &batch.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("the input is piped")?;
    for event in events {
        let line = json!({"properties": event.properties, "payload_base64": BASE64.encode(&event.payload)});
        writeln!(input, "{line}").context("the publisher ended early")?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the publisher ended with {}", output.status);
    let sent: Sent = serde_json::from_slice(&output.stdout)?;
    ensure!(sent.stored == events.len(), "{} of {} stored: {:?}", sent.stored, events.len(), sent.failures);
    Ok(())
}

/// Reads `topic` from its beginning to its end.
///
/// # Errors
/// When the client fails.
pub fn collect(url: &str, topic: &str) -> Result<Vec<Message>> {
    let output = script("collect.py", url, topic)?.stdout(Stdio::piped()).output()?;
    ensure!(output.status.success(), "the collector ended with {}", output.status);
    output.stdout.lines().map(|line| read(&line?)).collect()
}

impl Follower {
    /// Begins to read `topic`.
    ///
    /// # Errors
    /// When the client cannot be started.
    pub fn start(url: &str, topic: &str) -> Result<Self> {
        let mut child = script("collect.py", url, topic)?.arg("--follow").stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("the output is piped")?).lines();
        // Unbounded, but the topic is as long as the test makes it.
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(read(&line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, messages })
    }

    /// The next message, unless none comes in `patience`.
    ///
    /// # Errors
    /// When the client ended.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Message>> {
        match self.messages.recv_timeout(patience) {
            Ok(message) => message.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the client ended with {}", self.child.wait()?),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask setup` put the Python tools, or where `cargo xtask test` says.
#[must_use]
pub fn tools() -> PathBuf {
    let made = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.reweave/venv/bin");
    std::env::var_os("REWEAVE_TEST_TOOLS").map_or_else(made, PathBuf::from)
}

#[derive(Debug, Deserialize)]
struct Sent {
    stored: usize,
    failures: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    properties: BTreeMap<String, String>,
    key: Option<String>,
    payload_base64: String,
}

fn script(name: &str, url: &str, topic: &str) -> Result<Command> {
    let python = tools().join("python");
    ensure!(python.is_file(), "no Python with pulsar-client at {}; get it with: cargo xtask setup", python.display());
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name));
    command.args(["--url", url, "--topic", topic]);
    Ok(command)
}

fn read(line: &str) -> Result<Message> {
    let line: Line = serde_json::from_str(line).with_context(|| format!("read {line}"))?;
    Ok(Message {
        properties: line.properties,
        key: line.key.filter(|key| !key.is_empty()),
        payload: BASE64.decode(line.payload_base64)?,
    })
}
