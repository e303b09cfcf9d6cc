//! A private Postgres server for a test: its own data folder and Unix socket, no TCP port, stopped when dropped.
//!
//! Included by path from the gateway's own tests and from the pod's scenarios, which must not depend on each other.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The Debian package that has the server.
pub const PACKAGE: &str = "postgresql";
const START_MAX: Duration = Duration::from_secs(60);

/// A running server. Dropping it stops the server and removes its data.
#[derive(Debug)]
pub struct Postgres {
    binaries: PathBuf,
    folder: tempfile::TempDir,
    account: Option<String>,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no Postgres server found; install it with `apt-get install {PACKAGE}`")]
    NotFound,
    #[error("root cannot run Postgres, and there is no account `postgres` or `nobody` to run it as")]
    NoAccount,
    #[error("cannot {action}")]
    Io { action: &'static str, source: io::Error },
    #[error("`{program}` failed: {output}")]
    Failed { program: String, output: String },
}

impl Postgres {
    /// Whether a server can be started here.
    pub fn installed() -> bool {
        binaries().is_some()
    }

    /// Makes a database cluster and starts it.
    pub fn start() -> Result<Self, Error> {
        let binaries = binaries().ok_or(Error::NotFound)?;
        let folder = tempfile::Builder::new()
            .prefix("reweave-postgres")
            .tempdir()
            .map_err(|source| Error::Io { action: "make a folder", source })?;
        let account = account(folder.path())?;
        let server = Self { binaries, folder, account };
        server.run("initdb", &["-A", "trust", "-U", "reweave", "--no-sync", "-D", &server.path("data")])?;
        let options = format!("-k {} -c listen_addresses='' -c fsync=off", server.path(""));
        let wait = START_MAX.as_secs().to_string();
        let (data, log) = (server.path("data"), server.path("log"));
        server.run("pg_ctl", &["-D", &data, "-l", &log, "-o", &options, "-t", &wait, "-w", "start"])?;
        Ok(server)
    }

    /// The URL of a new, empty database.
    pub fn database(&self, name: &str) -> Result<String, Error> {
        self.run("createdb", &["-h", &self.path(""), "-U", "reweave", name])?;
        let socket: String = self.path("").replace('/', "%2F");
        Ok(format!("postgres://reweave@{socket}/{name}"))
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string().trim_end_matches('/').to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), Error> {
        let path = self.binaries.join(program);
        let mut command = match &self.account {
            None => Command::new(path),
            Some(account) => {
                let mut command = Command::new(runuser());
                command.args(["-u", account, "--"]).arg(path);
                command
            }
        };
        // The server inherits these, so pipes would never end.
        let output = fs::File::create(self.folder.path().join("output"))
            .map_err(|source| Error::Io { action: "make a log", source })?;
        let errors = output.try_clone().map_err(|source| Error::Io { action: "make a log", source })?;
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .status()
            .map_err(|source| Error::Io { action: "start a program of Postgres", source })?;
        if status.success() {
            return Ok(());
        }
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        Err(Error::Failed { program: program.to_owned(), output: format!("{}{}", read("output"), read("log")) })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let started = Instant::now();
        if let Err(error) = self.run("pg_ctl", &["-D", &self.path("data"), "-m", "immediate", "-w", "stop"]) {
            let stop =
                format!("the server in {} was not stopped after {:?}: {error}", self.path(""), started.elapsed());
            // A second panic would hide why the test failed.
            assert!(std::thread::panicking(), "{stop}");
        }
    }
}

/// The program that changes the account; its folder is often missing from the path of who is not an administrator.
fn runuser() -> &'static Path {
    let folders = ["/usr/sbin/runuser", "/sbin/runuser"].map(Path::new);
    folders.into_iter().find(|program| program.exists()).unwrap_or(Path::new("runuser"))
}

/// The folder named by `REWEAVE_TEST_POSTGRES`, or that of the newest server that Debian's packages installed.
fn binaries() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("REWEAVE_TEST_POSTGRES") {
        return Some(PathBuf::from(folder)).filter(|folder| folder.join("initdb").exists());
    }
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop()
}

/// Postgres refuses to run as root: the account to run it as, given the folder, or none when we are not root.
fn account(folder: &Path) -> Result<Option<String>, Error> {
    let owner = fs::metadata(folder).map_err(|source| Error::Io { action: "read the folder", source })?;
    if owner.uid() != 0 {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some((user, group)) = ids(name) {
            chown(folder, Some(user), Some(group))
                .map_err(|source| Error::Io { action: "give the folder away", source })?;
            return Ok(Some(name.to_owned()));
        }
    }
    Err(Error::NoAccount)
}

fn ids(name: &str) -> Option<(u32, u32)> {
    let number = |flag| -> Option<u32> {
        let Output { status, stdout, .. } = Command::new("id").args([flag, name]).output().ok()?;
        status.success().then(|| String::from_utf8(stdout).ok()?.trim().parse().ok()).flatten()
    };
    number("-u").zip(number("-g"))
}
