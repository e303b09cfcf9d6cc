//! The section `checks` of a configuration, and what it means once validated.

use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf, time::Duration};

use reweave_chassis::{server::ServerConfig, service, telemetry::Telemetry};
use reweave_core::{CheckName, InvalidName, WorkspaceName};
use serde::{Deserialize, Serialize};

use crate::{
    adapter::Adapter,
    sandbox::{Launcher, Protection},
};

/// The compiled-in defaults, which are also the reference of every field.
pub const DEFAULTS: &str = include_str!("../default.toml");

const MIB: u64 = 1 << 20;

/// The root of the binary's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    pub telemetry: Telemetry,
    pub server: ServerConfig,
    pub checks: Section,
}

impl service::Config for Root {
    const DEFAULTS: &'static [&'static str] = &[reweave_chassis::DEFAULTS, DEFAULTS];

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn validate(&self) -> Result<(), reweave_chassis::config::Error> {
        let usable = self.checks.clone().validate(&BTreeMap::new());
        usable.map(drop).map_err(|error| reweave_chassis::config::Error::invalid("checks", service::chain(&error)))
    }
}

/// The section as written. Fields are described in `default.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub concurrent_runs: usize,
    pub sessions_max: u32,
    pub work_folder: PathBuf,
    pub tool_paths: Vec<PathBuf>,
    pub read_paths: Vec<PathBuf>,
    pub environment: Vec<String>,
    pub skip: Vec<String>,
    pub workspace_files_max: u32,
    pub workspace_mib_max: u64,
    pub disabled_protections: Vec<Protection>,
    pub limits: LimitsSection,
    pub parsers: ParsersSection,
    #[serde(default)]
    pub workspaces: BTreeMap<String, PathBuf>,
    #[serde(default)]
    pub commands: BTreeMap<String, CommandSection>,
}

/// What one run may use, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSection {
    pub timeout_ms: u64,
    pub memory_mib: u64,
    pub address_space_mib: u64,
    pub processes: u64,
    pub open_files: u64,
    pub file_mib: u64,
    pub disk_mib: u64,
    pub output_mib: u64,
    pub log_tail_kib: u64,
    pub report_mib: u64,
}

/// What the compilers' own parsers may use, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParsersSection {
    pub timeout_ms: u64,
    pub memory_mib: u64,
    pub waiting_max: usize,
    pub idle_ms: u64,
    pub cache_folder: PathBuf,
}

/// One check, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSection {
    pub command: Vec<String>,
    pub adapter: Adapter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// A section that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("checks.{field} is {value}, which is not within {} to {}", range.start(), range.end())]
    Range { field: &'static str, value: u64, range: RangeInclusive<u64> },
    #[error("checks.{field}")]
    Name { field: &'static str, source: InvalidName },
    #[error("checks.commands.{name}.command is empty")]
    EmptyCommand { name: CheckName },
    #[error("checks.{field}: `{path}` is not an absolute path")]
    RelativePath { field: &'static str, path: String },
    #[error("checks.skip does not hold `__pycache__`, so stale compiled files would be taken for current")]
    CompiledFilesKept,
}

/// What the service works with.
#[derive(Clone, Debug)]
pub struct Config {
    pub concurrent_runs: usize,
    pub sessions_max: u32,
    pub work_folder: PathBuf,
    pub tool_paths: Vec<PathBuf>,
    pub read_paths: Vec<PathBuf>,
    /// Variables that commands see.
    pub environment: BTreeMap<String, String>,
    pub skip: Vec<String>,
    pub workspace_files_max: u32,
    pub workspace_bytes_max: u64,
    pub disabled_protections: Vec<Protection>,
    pub limits: Limits,
    pub parsers: Parsers,
    pub workspaces: BTreeMap<WorkspaceName, PathBuf>,
    /// Checks by name. The command line adds its own before the service is built.
    pub commands: BTreeMap<CheckName, Command>,
    /// The workspace of the command line; never configured by a file.
    pub local_workspace: Option<PathBuf>,
    pub launcher: Launcher,
    /// Folders of `PATH`, where programs are looked for last.
    pub path: Vec<PathBuf>,
}

/// What one run may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub timeout_ms: u64,
    pub memory_bytes: u64,
    pub address_space_bytes: u64,
    pub processes: u64,
    pub open_files: u64,
    pub file_bytes: u64,
    pub disk_bytes: u64,
    pub output_bytes: u64,
    pub log_tail_bytes: usize,
    pub report_bytes: u64,
}

/// What the compilers' own parsers may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsers {
    pub timeout: Duration,
    pub memory_bytes: u64,
    /// Texts that may wait for a parser.
    pub waiting_max: usize,
    /// After this long without a question a parser is ended.
    pub idle: Duration,
    /// Where what was built for them is kept; nowhere when there is neither a folder nor a home.
    pub cache_folder: Option<PathBuf>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, never empty.
    pub command: Vec<String>,
    pub adapter: Adapter,
    pub timeout_ms: Option<u64>,
    pub memory_bytes: Option<u64>,
    pub environment: BTreeMap<String, String>,
}

impl Command {
    /// A command judged by its exit status, such as the command line adds. `None` when `command` is empty.
    #[must_use]
    pub fn by_exit_status(command: Vec<String>) -> Option<Self> {
        let plain = Self {
            command,
            adapter: Adapter::Command,
            timeout_ms: None,
            memory_bytes: None,
            environment: BTreeMap::new(),
        };
        (!plain.command.is_empty()).then_some(plain)
    }
}

impl Section {
    /// Validates the section against itself; `environment` is the process's, read once by the caller.
    pub fn validate(self, environment: &BTreeMap<String, String>) -> Result<Config, Error> {
        if !self.skip.iter().any(|name| name == "__pycache__") {
            return Err(Error::CompiledFilesKept);
        }
        absolute("tool_paths", &self.tool_paths)?;
        absolute("read_paths", &self.read_paths)?;
        absolute("workspaces", self.workspaces.values())?;
        let seen = self.environment.into_iter().filter_map(|name| environment.get_key_value(&name));
        let path = environment.get("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        Ok(Config {
            concurrent_runs: count("concurrent_runs", self.concurrent_runs, 1..=256)?,
            sessions_max: narrow("sessions_max", self.sessions_max, 1..=4096)?,
            work_folder: if self.work_folder.as_os_str().is_empty() { std::env::temp_dir() } else { self.work_folder },
            tool_paths: self.tool_paths,
            read_paths: self.read_paths,
            environment: seen.map(|(name, value)| (name.clone(), value.clone())).collect(),
            skip: self.skip,
            workspace_files_max: narrow("workspace_files_max", self.workspace_files_max, 1..=10_000_000)?,
            workspace_bytes_max: mebibytes("workspace_mib_max", self.workspace_mib_max)?,
            disabled_protections: self.disabled_protections,
            limits: self.limits.validate()?,
            parsers: self.parsers.validate(environment)?,
            workspaces: named(self.workspaces, "workspaces")?,
            commands: commands(self.commands)?,
            local_workspace: None,
            launcher: Launcher::default(),
            path,
        })
    }
}

impl LimitsSection {
    fn validate(self) -> Result<Limits, Error> {
        Ok(Limits {
            timeout_ms: within("limits.timeout_ms", self.timeout_ms, 1..=86_400_000)?,
            memory_bytes: within("limits.memory_mib", self.memory_mib, 16..=1 << 24)? * MIB,
            address_space_bytes: within("limits.address_space_mib", self.address_space_mib, 64..=1 << 24)? * MIB,
            processes: within("limits.processes", self.processes, 1..=100_000)?,
            open_files: within("limits.open_files", self.open_files, 16..=1 << 20)?,
            file_bytes: mebibytes("limits.file_mib", self.file_mib)?,
            disk_bytes: mebibytes("limits.disk_mib", self.disk_mib)?,
            output_bytes: mebibytes("limits.output_mib", self.output_mib)?,
            log_tail_bytes: (within("limits.log_tail_kib", self.log_tail_kib, 1..=1024)? as usize) << 10,
            report_bytes: within("limits.report_mib", self.report_mib, 1..=1024)? * MIB,
        })
    }
}

impl ParsersSection {
    fn validate(self, environment: &BTreeMap<String, String>) -> Result<Parsers, Error> {
        absolute("parsers.cache_folder", [&self.cache_folder].into_iter().filter(|path| !path.as_os_str().is_empty()))?;
        let configured = Some(self.cache_folder).filter(|path| !path.as_os_str().is_empty());
        Ok(Parsers {
            timeout: Duration::from_millis(within("parsers.timeout_ms", self.timeout_ms, 1..=600_000)?),
            memory_bytes: within("parsers.memory_mib", self.memory_mib, 128..=1 << 20)? * MIB,
            waiting_max: count("parsers.waiting_max", self.waiting_max, 1..=65_536)?,
            idle: Duration::from_millis(within("parsers.idle_ms", self.idle_ms, 1..=86_400_000)?),
            cache_folder: configured.or_else(|| cache_of_user(environment)),
        })
    }
}

/// Where programs keep what they can make again, by the rules that desktops share.
fn cache_of_user(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let folder = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    caches.map(|caches| caches.join("reweave"))
}

fn commands(written: BTreeMap<String, CommandSection>) -> Result<BTreeMap<CheckName, Command>, Error> {
    let mut commands = BTreeMap::new();
    for (name, written) in named::<CheckName, _>(written, "commands")? {
        if written.command.is_empty() {
            return Err(Error::EmptyCommand { name });
        }
        let timeout_ms = written.timeout_ms.map(|value| within("commands.timeout_ms", value, 1..=86_400_000));
        let memory_mib = written.memory_mib.map(|value| within("commands.memory_mib", value, 16..=1 << 24));
        let command = Command {
            command: written.command,
            adapter: written.adapter,
            timeout_ms: timeout_ms.transpose()?,
            memory_bytes: memory_mib.transpose()?.map(|value| value * MIB),
            environment: written.environment,
        };
        commands.insert(name, command);
    }
    Ok(commands)
}

fn named<Name, T>(written: BTreeMap<String, T>, field: &'static str) -> Result<BTreeMap<Name, T>, Error>
where
    Name: TryFrom<String, Error = InvalidName> + Ord,
{
    let named = |(name, value)| Ok((Name::try_from(name).map_err(|source| Error::Name { field, source })?, value));
    written.into_iter().map(named).collect()
}

fn absolute<'a>(field: &'static str, paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Error> {
    match paths.into_iter().find(|path| !path.is_absolute()) {
        Some(path) => Err(Error::RelativePath { field, path: path.display().to_string() }),
        None => Ok(()),
    }
}

fn narrow(field: &'static str, value: u32, range: RangeInclusive<u64>) -> Result<u32, Error> {
    within(field, value.into(), range).map(|_| value)
}

fn mebibytes(field: &'static str, value: u64) -> Result<u64, Error> {
    Ok(within(field, value, 1..=1 << 20)? * MIB)
}

fn count(field: &'static str, value: usize, range: RangeInclusive<u64>) -> Result<usize, Error> {
    within(field, value as u64, range).map(|_| value)
}

fn within(field: &'static str, value: u64, range: RangeInclusive<u64>) -> Result<u64, Error> {
    if range.contains(&value) { Ok(value) } else { Err(Error::Range { field, value, range }) }
}

#[cfg(test)]
mod tests {
    use reweave_chassis::config::{Layers, load};

    use super::*;

    fn section(change: &str) -> Result<Root, reweave_chassis::config::Error> {
        let defaults = vec![reweave_chassis::DEFAULTS, DEFAULTS];
        load(Layers { defaults, overrides: vec![change.to_owned()], ..Layers::default() })
    }

    fn refused(change: &str) -> String {
        let root = section(change).unwrap();
        root.checks.validate(&BTreeMap::new()).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_valid_and_hold_the_two_checks() {
        let root = section("checks.concurrent_runs=3").unwrap();
        let environment = BTreeMap::from([("PATH".to_owned(), "/a:/b".to_owned())]);
        let config = root.checks.validate(&environment).unwrap();
        assert_eq!(config.commands.keys().map(CheckName::as_str).collect::<Vec<_>>(), ["pytest", "ruff"]);
        assert_eq!((config.concurrent_runs, config.limits.memory_bytes), (3, 2 << 30));
        assert_eq!(config.path, [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn values_out_of_range_name_their_field_and_its_range() {
        let expected = "checks.concurrent_runs is 0, which is not within 1 to 256";
        assert_eq!(refused("checks.concurrent_runs=0"), expected);
        assert_eq!(
            refused("checks.limits.processes=0"),
            "checks.limits.processes is 0, which is not within 1 to 100000"
        );
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for change in [
            "checks.skip=[]",
            "checks.tool_paths=['bin']",
            "checks.workspaces={ shop = 'relative' }",
            "checks.parsers.cache_folder=cache",
            "checks.parsers.waiting_max=0",
            "checks.workspaces={ 'a b' = '/x' }",
            "checks.commands.empty={ command = [], adapter = 'command' }",
        ] {
            refused(change);
        }
        for unknown in ["checks.surprise=1", "checks.limits.surprise=1", "checks.disabled_protections=['walls']"] {
            section(unknown).unwrap_err();
        }
    }

    #[test]
    fn what_is_built_is_kept_where_the_user_keeps_such_things_or_where_the_configuration_says() {
        let kept = |change: &str, variables: &[(&str, &str)]| {
            let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            section(change).unwrap().checks.validate(&environment).unwrap().parsers.cache_folder
        };
        let (home, caches) = (("HOME", "/home/ada"), ("XDG_CACHE_HOME", "/caches"));
        assert_eq!(kept("checks.parsers.idle_ms=5", &[home]), Some("/home/ada/.cache/reweave".into()));
        assert_eq!(kept("checks.parsers.idle_ms=5", &[home, caches]), Some("/caches/reweave".into()));
        assert_eq!(kept("checks.parsers.cache_folder=/kept", &[home]), Some("/kept".into()));
        assert_eq!(kept("checks.parsers.idle_ms=5", &[]), None);
    }

    #[test]
    fn only_named_variables_are_taken_from_the_environment() {
        let root = section("checks.environment=['SHOWN', 'ABSENT']").unwrap();
        let all = [("SHOWN", "1"), ("SECRET", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = root.checks.validate(&all.into_iter().collect()).unwrap();
        assert_eq!(config.environment, BTreeMap::from([("SHOWN".to_owned(), "1".to_owned())]));
    }
}
