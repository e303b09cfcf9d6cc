//! A whole pod on a real broker: checks, synthesis and gateway, each a process that can be killed and started again.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    process::{Service, binary, free_port},
    pulsar::PulsarServer,
    python,
};

/// The parts of a pod, in the order they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Checks,
    Synthesis,
    Gateway,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Checks, Self::Synthesis, Self::Gateway];

    fn binary(self) -> &'static str {
        match self {
            Self::Checks => "reweave-checks",
            Self::Synthesis => "reweave-synthesis",
            Self::Gateway => "reweave-gateway",
        }
    }
}

/// Three processes with one configuration file. Dropping it kills them and removes what they wrote.
#[derive(Debug)]
pub struct Pod {
    folder: TempDir,
    addresses: BTreeMap<Part, SocketAddr>,
    overrides: Vec<(Part, String)>,
    running: BTreeMap<Part, Service>,
}

impl Pod {
    /// Creates the topics on `server` and starts every part, with `overrides` (`section.field=value`) of each.
    ///
    /// # Errors
    /// When a part does not start.
    pub fn start(server: &PulsarServer, workspaces: &[(&str, &Path)], overrides: &[(Part, &str)]) -> Result<Self> {
        let mut addresses = BTreeMap::new();
        for part in Part::ALL {
            addresses.insert(part, SocketAddr::from(([127, 0, 0, 1], free_port()?)));
        }
        let overrides = overrides.iter().map(|(part, setting)| (*part, (*setting).to_owned())).collect();
        let mut pod =
            Self { folder: tempfile::tempdir()?, addresses: addresses.clone(), overrides, running: BTreeMap::new() };
        fs::create_dir(pod.logs())?;
        fs::write(pod.configuration(), pod.settings(server, workspaces))?;
        pod.init()?;
        for part in Part::ALL {
            pod.revive(part, &[])?;
            pod.part(part)?.wait_listening(addresses[&part])?;
        }
        Ok(pod)
    }

    /// Starts a part that does not run, with `more` overrides for this life only, and does not wait for it: it may be
    /// made to end at once.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn revive(&mut self, part: Part, more: &[String]) -> Result<()> {
        let service = self.launch(part, self.addresses[&part], more)?;
        self.running.insert(part, service);
        Ok(())
    }

    /// Starts another gateway beside the first, with the address of its HTTP door.
    ///
    /// # Errors
    /// When it does not come to listen.
    pub fn start_replica(&self) -> Result<(Service, SocketAddr)> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let mut service = self.launch(Part::Gateway, address, &[])?;
        service.wait_listening(address)?;
        Ok((service, address))
    }

    /// `SIGKILL`.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn kill(&mut self, part: Part) -> Result<()> {
        self.part(part)?.kill()
    }

    /// Whether a part still runs.
    ///
    /// # Errors
    /// When the machine does not say.
    pub fn alive(&mut self, part: Part) -> Result<bool> {
        self.part(part)?.alive()
    }

    /// `SIGTERM` to every part, gateway first; the first that did not exit 0 within `limit`.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn terminate(&mut self, limit: Duration) -> Result<Option<Part>> {
        for part in Part::ALL.into_iter().rev() {
            if !self.part(part)?.terminate(limit)? {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// The address of the gateway's HTTP door.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses[&Part::Gateway])
    }

    /// Everything that any of its processes logged, the dead ones included.
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn log(&self) -> Result<String> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(self.logs())?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).with_context(|| path.display().to_string())).collect()
    }

    fn launch(&self, part: Part, address: SocketAddr, more: &[String]) -> Result<Service> {
        let listen = match part {
            Part::Checks | Part::Synthesis => format!("server.listen={address}"),
            Part::Gateway => format!("gateway.http.listen={address}"),
        };
        let mut arguments = vec!["--config".to_owned(), self.configuration().display().to_string()];
        let always = self.overrides.iter().filter(|(of, _)| *of == part).map(|(_, setting)| setting);
        for setting in std::iter::once(&listen).chain(always).chain(more) {
            arguments.extend(["--set".to_owned(), setting.clone()]);
        }
        Service::start(part.binary(), &arguments, &[], &self.logs())
    }

    /// Resident memory of a part, in bytes.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resident_bytes(&mut self, part: Part) -> Result<u64> {
        self.part(part)?.resident_bytes()
    }

    fn part(&mut self, part: Part) -> Result<&mut Service> {
        self.running.get_mut(&part).with_context(|| format!("{part:?} was not started"))
    }

    fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("pod.toml")
    }

    fn init(&self) -> Result<()> {
        let configuration = self.configuration();
        let output =
            Command::new(binary(Part::Gateway.binary())?).arg("--config").arg(configuration).arg("init").output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "init ended with {}: {said}", output.status);
        Ok(())
    }

    fn settings(&self, server: &PulsarServer, workspaces: &[(&str, &Path)]) -> String {
        let folder = self.folder.path().display();
        let workspaces: String =
            workspaces.iter().map(|(name, path)| format!("{name} = \"{}\"\n", path.display())).collect();
        let (checks, synthesis) = (self.addresses[&Part::Checks], self.addresses[&Part::Synthesis]);
        let (url, admin_url, tools) = (server.url(), server.admin_url(), python::tools());
        format!(
            r#"
[gateway]
ledger.path = "{folder}/ledger.db"
synthesis.uri = "http://{synthesis}"
bus.url = "{url}"
bus.admin_url = "{admin_url}"
bus.rebuild_pause_max_ms = 1000
bus.retry.delays_ms = [200, 500, 1000]
http.rate_per_second = 1000
[synthesis]
checks_address = "http://{checks}"
[synthesis.workspaces]
{workspaces}
[checks]
tool_paths = ["{}"]
[checks.workspaces]
{workspaces}"#,
            tools.display()
        )
    }
}
