//! The real `reweave` binary, run on a folder made for the test.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::binary;

/// A workspace, and the specs that are run on it, beside it.
#[derive(Debug)]
pub struct Bench {
    folder: TempDir,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    /// A workspace with `files`.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn new(files: &[(&str, &[u8])]) -> Result<Self> {
        let bench = Self { folder: tempfile::tempdir()? };
        fs::create_dir(bench.workspace())?;
        for (path, bytes) in files {
            fs::write(bench.workspace().join(path), bytes)?;
        }
        Ok(bench)
    }

    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// The bytes of a file of the workspace.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        Ok(fs::read(self.workspace().join(path))?)
    }

    /// `reweave run` on `spec` with `arguments`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, spec: &[u8], arguments: &[&str]) -> Result<Ran> {
        let path = self.folder.path().join("spec.yaml");
        fs::write(&path, spec)?;
        let mut command = self.command()?;
        command.arg("run").arg(path).arg("--workspace").arg(self.workspace()).args(arguments);
        ended(command, b"")
    }

    /// `reweave run --json` on `spec`: the exit code and the outcome event.
    ///
    /// # Errors
    /// When what it prints is not JSON.
    pub fn run_json(&self, spec: &[u8], arguments: &[&str]) -> Result<(Option<i32>, Value)> {
        let ran = self.run(spec, &[&["--json"], arguments].concat())?;
        let event = serde_json::from_str(&ran.stdout).with_context(|| format!("{ran:?}"))?;
        Ok((ran.code, event))
    }

    /// Any command of `reweave`, with `input` on its standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn reweave(&self, arguments: &[&str], input: &[u8]) -> Result<Ran> {
        let mut command = self.command()?;
        command.args(arguments);
        ended(command, input)
    }

    /// Any command of `reweave` where `PATH` leads nowhere.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn reweave_without_tools(&self, arguments: &[&str], input: &[u8]) -> Result<Ran> {
        let mut command = self.command()?;
        command.args(arguments).env("PATH", self.folder.path().join("nowhere"));
        ended(command, input)
    }

    /// `git apply --check` of `diff` on the workspace.
    ///
    /// # Errors
    /// With what git says against it.
    pub fn git_takes(&self, diff: &str) -> Result<()> {
        let mut git = Command::new("git");
        git.current_dir(self.workspace())
            .args(["apply", "--check", "-"])
            .env("GIT_CEILING_DIRECTORIES", self.folder.path());
        let ran = ended(git, diff.as_bytes())?;
        ensure!(ran.code == Some(0), "{}\n{diff}", ran.stderr);
        Ok(())
    }

    /// `reweave` in the folder beside the workspace, with standard output and error in pipes.
    fn command(&self) -> Result<Command> {
        let mut command = Command::new(binary("reweave")?);
        command.current_dir(self.folder.path());
        Ok(command)
    }

    /// Runs `arguments` of `reweave` where the workspace is a bind mount that cannot be written, whoever asks.
    ///
    /// # Errors
    /// When the machine has no mount namespaces for its users.
    pub fn reweave_read_only(&self, arguments: &[&str]) -> Result<Ran> {
        const SCRIPT: &str = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@""#;
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT]).arg(self.workspace());
        command.arg(binary("reweave")?).args(arguments).current_dir(self.folder.path());
        ended(command, b"")
    }

    /// The path of the last spec.
    #[must_use]
    pub fn spec(&self) -> String {
        self.folder.path().join("spec.yaml").display().to_string()
    }

    /// Beside the workspace.
    #[must_use]
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }
}

fn ended(mut command: Command, input: &[u8]) -> Result<Ran> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // A command that does not read its input closes the pipe.
    let _ = child.stdin.take().context("the input is piped")?.write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output()?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).context("it printed something that is not UTF-8");
    Ok(Ran { code: status.code(), stdout: text(stdout)?, stderr: text(stderr)? })
}
