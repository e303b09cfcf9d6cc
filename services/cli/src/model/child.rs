//! `reweave-inference` as a child on a Unix socket: started where its binary lies, started again when it dies, ended with us.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use reweave_chassis::client;
use tempfile::TempDir;
use tokio::process::{Child as Process, Command};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::settings::Settings;

const BINARY: &str = "reweave-inference";
/// How the service is built.
pub(crate) const GET_INFERENCE: &str = "cargo xtask setup --models && cargo build -p reweave-network";
/// Deaths in a row after which the child is given up.
const DEATHS_MAX: u32 = 6;
/// A child that lived this long died of something new: its deaths are counted from 1 again.
const LIVED_LONG: Duration = Duration::from_secs(60);
/// Wait after the first death; it doubles after each further one.
const BACKOFF: Duration = Duration::from_millis(500);
/// How long the child may drain once it is told to end.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// The child, and the task that keeps it alive.
#[derive(Debug)]
pub(crate) struct Child {
    address: String,
    client: client::ClientConfig,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    /// How the last start ended, once no other is to follow.
    ended: Arc<Mutex<Option<String>>>,
    _socket: TempDir,
}

impl Child {
    /// Starts the service on `folder`.
    pub(crate) fn start(folder: &Path, settings: &Settings) -> Result<Self> {
        let folder = folder.canonicalize().with_context(|| format!("open the model folder {}", folder.display()))?;
        let binary =
            inference_binary().with_context(|| format!("`{BINARY}` is not found; get it with: {GET_INFERENCE}"))?;
        let socket = tempfile::Builder::new().prefix("reweave-").tempdir().context("make a folder for the socket")?;
        let address = format!("unix:{}", socket.path().join("inference.sock").display());
        let start = Start { binary, folder, address: address.clone() };
        let (stop, ended) = (CancellationToken::new(), Arc::new(Mutex::new(None)));
        let first = start.spawn().with_context(|| format!("start {}", start.binary.display()))?;
        let kept = keep(start, first, stop.clone(), Arc::clone(&ended));
        let client = settings.synthesis.model_client.clone();
        Ok(Self { address, client, stop, task: tokio::spawn(kept), ended, _socket: socket })
    }

    /// A channel to it, which connects again after a death.
    pub(crate) fn channel(&self) -> Result<Channel> {
        Ok(client::lazy_channel(&self.address, &self.client)?)
    }

    /// Why it is not started any more.
    pub(crate) fn gave_up(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells it to end, and waits for it.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        _ = self.task.await;
    }
}

/// How the child is started.
struct Start {
    binary: PathBuf,
    folder: PathBuf,
    address: String,
}

impl Start {
    fn spawn(&self) -> std::io::Result<Process> {
        let set = |field: &str, value: &str| format!("{field}={value}");
        let own = [
            set("network.model_folder", &self.folder.display().to_string()),
            set("server.listen", &self.address),
            set("server.exit_with_parent", "true"),
            set("telemetry.filter", "warn"),
        ];
        Command::new(&self.binary)
            .args(own.iter().flat_map(|field| ["--set", field]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Starts the child again whenever it dies, with growing waits, until `stop`.
async fn keep(start: Start, first: Process, stop: CancellationToken, ended: Arc<Mutex<Option<String>>>) {
    let (mut child, mut deaths) = (first, 0);
    loop {
        let began = tokio::time::Instant::now();
        let status = tokio::select! {
            status = child.wait() => status,
            () = stop.cancelled() => return end(child).await,
        };
        deaths = if began.elapsed() > LIVED_LONG { 1 } else { deaths + 1 };
        let how = how(status);
        // A configuration that was refused is refused again.
        let is_refused = how.contains("exit status: 64");
        if deaths >= DEATHS_MAX || is_refused {
            tracing::error!(how, "the inference service is given up");
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
            return;
        }
        tracing::warn!(how, deaths, "the inference service died and is started again; models pause, all else goes on");
        tokio::select! {
            () = tokio::time::sleep(wait(deaths)) => {}
            () = stop.cancelled() => return,
        }
        match start.spawn() {
            Ok(started) => child = started,
            Err(error) => {
                *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                return;
            }
        }
    }
}

/// The wait before the next start.
fn wait(deaths: u32) -> Duration {
    BACKOFF * 2_u32.pow(deaths.saturating_sub(1).min(DEATHS_MAX))
}

async fn end(mut child: Process) {
    // Asked first, so that it drains; killed when it does not.
    if let Some(id) = child.id() {
        _ = Command::new("kill").arg(id.to_string()).stderr(Stdio::null()).status().await;
    }
    if tokio::time::timeout(DRAIN_MAX, child.wait()).await.is_err() {
        _ = child.kill().await;
    }
}

fn how(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Where the service lies: beside this command, or on the path.
pub(crate) fn inference_binary() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(BINARY)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = beside.into_iter().chain(std::env::split_paths(&path).map(|folder| folder.join(BINARY)));
    places.find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_before_a_start_doubles_with_each_death_from_any_count() {
        let waits = [0, 1, 2, 3, u32::MAX].map(|deaths| wait(deaths).as_millis());
        assert_eq!(waits, [500, 500, 1_000, 2_000, 32_000]);
    }
}
