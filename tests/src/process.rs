//! The project's own binaries as processes of a test: started, awaited, killed, and never left behind.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// How long a service may take until it answers.
const READY: Duration = Duration::from_secs(60);

/// A running binary, its standard error kept in a file. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Child,
    log: PathBuf,
}

/// The path of one of the workspace's binaries, built beside the running test.
///
/// # Errors
/// When it was not built, with the command that builds it.
pub fn binary(name: &str) -> Result<PathBuf> {
    let mut folder = std::env::current_exe().context("find the running test")?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    ensure!(path.is_file(), "{} is not built; run `cargo build --workspace --bins --tests`", path.display());
    Ok(path)
}

/// A port that nobody listened on a moment ago.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Service {
    /// Starts `binary` with `arguments` and `environment` only added to what a service needs; logs go to `logs`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, arguments: &[String], environment: &[(String, String)], logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}-{}.log", free_port()?));
        let child = Command::new(binary(name)?)
            .args(arguments)
            .envs(environment.iter().map(|(key, value)| (key, value)))
            .current_dir(logs)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Returns once something listens on `address`.
    ///
    /// # Errors
    /// When the process ends first, or takes too long; with the end of its log.
    pub fn wait_listening(&mut self, address: SocketAddr) -> Result<()> {
        let started = Instant::now();
        while std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} before it listened on {address}:\n{}", self.name, self.log_tail());
            }
            ensure!(started.elapsed() < READY, "{} does not listen on {address}:\n{}", self.name, self.log_tail());
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the machine does not say.
    pub fn alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// `SIGKILL`, and wait.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// `SIGTERM`; true when it exited 0 within `limit`.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn terminate(&mut self, limit: Duration) -> Result<bool> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status()?.success(), "signal {}", self.name);
        let started = Instant::now();
        while started.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok(false)
    }

    /// Resident memory in bytes, by the kernel.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kilobytes << 10)
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
