//! A real Pulsar for the tests that need one: a standalone server on free ports, with data folders of its own.
//!
//! The server's parent is a small shell that waits on a pipe from the test program: however the program ends, the pipe
//! closes, and the shell kills the server by its process id and removes the data.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::sync::OnceCell;

/// A busy machine with two cores needs most of a minute; more means that something is wrong.
const START_TIMEOUT: Duration = Duration::from_secs(180);
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Another program may take a free port between our finding it and the server's binding it.
const START_ATTEMPTS: u32 = 3;

/// Runs the server in `$folder` until standard input ends (then the data goes too) or says `keep`.
const KEEPER: &str = r#"
"$@" >>"$folder/out.log" 2>&1 </dev/null &
server=$!
word=
read -r word
kill -9 "$server" 2>/dev/null
wait "$server" 2>/dev/null
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// A running standalone server. Dropping it ends it and removes its data.
#[derive(Debug)]
pub struct PulsarServer {
    home: PathBuf,
    folder: PathBuf,
    ports: Ports,
    keeper: Option<Child>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    broker: u16,
    web: u16,
    bookie: u16,
}

impl PulsarServer {
    /// Starts a server and waits until it is healthy.
    ///
    /// # Errors
    /// Says how to get Java or the server when one is missing, and shows the end of the server's log when it fails.
    pub async fn start() -> anyhow::Result<Self> {
        let home = home()?;
        let mut attempt = 1;
        loop {
            let folder = tempfile::Builder::new().prefix("reweave-pulsar-").tempdir()?.keep();
            let mut server = Self { home: home.clone(), folder, ports: Ports::free()?, keeper: None };
            match server.launch().await {
                Ok(()) => return Ok(server),
                Err(error) if attempt == START_ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// The one server of this test program, for tests that keep to topics of their own and kill nothing.
    ///
    /// # Errors
    /// As [`PulsarServer::start`].
    pub async fn shared() -> anyhow::Result<&'static Self> {
        static SHARED: OnceCell<PulsarServer> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("pulsar://127.0.0.1:{}", self.ports.broker)
    }

    /// Where the admin REST API is.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.web)
    }

    /// Kills the server as a crash would; its data stays.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn kill9(&mut self) -> anyhow::Result<()> {
        let mut keeper = self.keeper.take().context("the server is not running")?;
        keeper.stdin.take().context("the keeper has an input")?.write_all(b"keep\n")?;
        keeper.wait()?;
        Ok(())
    }

    /// Starts a killed server again on the same ports and data, and waits until it is healthy.
    ///
    /// # Errors
    /// As [`PulsarServer::start`].
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        ensure!(self.keeper.is_none(), "the server is running; kill it first");
        self.launch().await
    }

    async fn launch(&mut self) -> anyhow::Result<()> {
        self.keeper = Some(self.spawn()?);
        let deadline = Instant::now() + START_TIMEOUT;
        let health = format!("{}/admin/v2/brokers/health", self.admin_url());
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        loop {
            let answer = client.get(&health).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let log = fs::read_to_string(self.folder.join("out.log")).unwrap_or_default();
            let failed = log.contains("Failed to start pulsar service") || log.contains("Address already in use");
            if failed || Instant::now() > deadline {
                self.keeper = None;
                let tail: Vec<_> = log.lines().rev().take(15).collect();
                let tail: Vec<_> = tail.into_iter().rev().collect();
                bail!("the Pulsar server did not become healthy; the end of its log:\n{}", tail.join("\n"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let settings = self.folder.join("standalone.conf");
        fs::write(&settings, self.settings()?)?;
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(self.home.join("bin/pulsar"));
        command.args(["standalone", "--no-functions-worker", "--no-stream-storage"]);
        command.args(["--bookkeeper-port", &self.ports.bookie.to_string()]);
        command.arg("--metadata-dir").arg(self.folder.join("metadata"));
        command.arg("--bookkeeper-dir").arg(self.folder.join("bookkeeper"));
        command.env("folder", &self.folder);
        command.env("PULSAR_STANDALONE_CONF", settings).env("PULSAR_LOG_DIR", self.folder.join("logs"));
        command.env("PULSAR_MEM", "-Xms256m -Xmx768m -XX:MaxDirectMemorySize=768m").env("PULSAR_GC", "-XX:+UseG1GC");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("starting a shell for the Pulsar server")
    }

    fn settings(&self) -> anyhow::Result<String> {
        let shipped = self.home.join("conf/standalone.conf");
        let shipped = fs::read_to_string(&shipped).with_context(|| format!("reading {}", shipped.display()))?;
        let ours = [
            ("brokerServicePort", self.ports.broker.to_string()),
            ("webServicePort", self.ports.web.to_string()),
            ("bindAddress", "127.0.0.1".to_owned()),
            ("advertisedAddress", "127.0.0.1".to_owned()),
        ];
        let is_ours = |line: &str| ours.iter().any(|(name, _)| line.split('=').next() == Some(*name));
        let mut settings: String =
            shipped.lines().filter(|line| !is_ours(line)).flat_map(|line| [line, "\n"]).collect();
        settings.extend(ours.iter().map(|(name, value)| format!("{name}={value}\n")));
        Ok(settings)
    }
}

impl Drop for PulsarServer {
    fn drop(&mut self) {
        match self.keeper.take() {
            Some(mut keeper) => {
                drop(keeper.stdin.take());
                // Nothing can be done about a failure here; the keeper ends by itself.
                drop(keeper.wait());
            }
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

impl Ports {
    fn free() -> anyhow::Result<Self> {
        // All three are held at once, so that they differ.
        let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
        let mut ports = Vec::new();
        for listener in &held {
            let listener = listener.as_ref().map_err(|error| anyhow::anyhow!("finding a free port: {error}"))?;
            ports.push(listener.local_addr()?.port());
        }
        Ok(Self { broker: ports[0], web: ports[1], bookie: ports[2] })
    }
}

/// The unpacked server: where `cargo xtask test` says, or where `cargo xtask setup` puts it.
fn home() -> anyhow::Result<PathBuf> {
    let made = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.reweave/pulsar");
    let home = std::env::var_os("REWEAVE_TEST_PULSAR").map_or_else(made, PathBuf::from);
    ensure!(
        home.join("bin/pulsar").is_file(),
        "no Pulsar server in {}; get it with: cargo xtask setup",
        home.display()
    );
    let java = std::env::var_os("JAVA_HOME").map_or_else(|| "java".into(), |home| Path::new(&home).join("bin/java"));
    let found = Command::new(&java).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(
        found.is_ok_and(|status| status.success()),
        "no Java ({}); get it with: apt-get install openjdk-17-jre-headless",
        java.display()
    );
    Ok(home)
}
