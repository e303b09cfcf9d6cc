//! The tools whose parsers are asked, and what has to be there before one can be started.

mod build;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use reweave_core::Language;
use tokio::process::Command;

use crate::{
    config::Config,
    tools::{Found, Toolbox},
};

/// How long a tool may take to say its version.
const VERSION_MAX: Duration = Duration::from_secs(20);

/// A compiler's own parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    Go,
    Java,
    Python,
}

/// Where the tools are looked for: on the machine, never in a workspace.
#[derive(Clone, Debug)]
pub(super) struct Toolchain {
    toolbox: Toolbox,
    cache_folder: Option<PathBuf>,
    work_folder: PathBuf,
    memory_bytes: u64,
}

/// How a helper is started, once it is known what it needs.
#[derive(Debug)]
pub(super) struct Start {
    /// The tool that runs it; `None` where the helper is a program itself.
    pub(super) runner: Option<Found>,
    /// Between the tool and the helper.
    pub(super) arguments: Vec<String>,
    /// The helper's file.
    pub(super) name: &'static str,
    pub(super) content: Vec<u8>,
    pub(super) environment: Vec<(String, String)>,
}

/// Why there is no helper to start.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("`{0}` was not found")]
    Missing(&'static str),
    #[error("building the parser")]
    Build(#[from] build::Error),
}

impl Tool {
    pub(super) const ALL: [Self; 3] = [Self::Go, Self::Java, Self::Python];

    /// The one for a language. Those of C and C++ cannot be had without the rest of the compiler; the other languages'
    /// parsers are linked.
    pub(super) fn of(language: Language) -> Option<Self> {
        match language {
            Language::Go => Some(Self::Go),
            Language::Java => Some(Self::Java),
            Language::Python => Some(Self::Python),
            Language::JavaScript
            | Language::TypeScript
            | Language::Tsx
            | Language::Rust
            | Language::C
            | Language::Cpp => None,
        }
    }

    pub(super) fn language(self) -> Language {
        match self {
            Self::Go => Language::Go,
            Self::Java => Language::Java,
            Self::Python => Language::Python,
        }
    }

    pub(super) fn parser(self) -> &'static str {
        match self {
            Self::Go => "go/parser",
            Self::Java => "javac's parser",
            Self::Python => "CPython's compiler",
        }
    }

    pub(super) fn get_it(self) -> &'static str {
        match self {
            Self::Go => "install Go, or name the folder of `go` in checks.tool_paths",
            Self::Java => {
                "apt-get install openjdk-17-jdk-headless (a JDK of version 11 or newer), or name its `bin` in checks.tool_paths"
            }
            Self::Python => "apt-get install python3",
        }
    }

    /// The program that must be there. A JRE has `java` too, but no parser.
    fn program(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Java => "javac",
            Self::Python => "python3",
        }
    }

    fn version_argument(self) -> &'static str {
        match self {
            Self::Go => "version",
            Self::Java | Self::Python => "--version",
        }
    }
}

impl Toolchain {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            toolbox: Toolbox::new(config, None),
            cache_folder: config.parsers.cache_folder.clone(),
            work_folder: config.work_folder.clone(),
            memory_bytes: config.parsers.memory_bytes,
        }
    }

    /// What the tool says of itself; `None` when it is not there, or does not run.
    pub(super) async fn version(&self, tool: Tool) -> Option<String> {
        let found = self.toolbox.find(tool.program())?;
        let mut command = Command::new(found.program);
        command.arg(tool.version_argument()).env("GOTOOLCHAIN", "local").current_dir(&self.work_folder);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let ran = tokio::time::timeout(VERSION_MAX, command.output()).await.ok()?.ok()?;
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let line = said.lines().next().unwrap_or_default().trim();
        (ran.status.success() && !line.is_empty()).then(|| line.to_owned())
    }

    /// Makes ready what a helper needs.
    pub(super) async fn prepare(&self, tool: Tool) -> Result<Start, Error> {
        let found = self.find(tool.program())?;
        match tool {
            Tool::Go => self.go(&found).await,
            Tool::Java => self.java(),
            Tool::Python => Ok(python(found)),
        }
    }

    fn find(&self, program: &'static str) -> Result<Found, Error> {
        self.toolbox.find(program).ok_or(Error::Missing(program))
    }

    async fn go(&self, found: &Found) -> Result<Start, Error> {
        let version = self.version(Tool::Go).await.ok_or(Error::Missing("go"))?;
        let content = build::go_parser(&found.program, &version, self.cache_folder.as_deref()).await?;
        let environment = vec![
            ("GOMEMLIMIT".to_owned(), (self.memory_bytes / 4 * 3).to_string()),
            ("GOMAXPROCS".to_owned(), "1".to_owned()),
        ];
        Ok(Start { runner: None, arguments: Vec::new(), name: "parser", content, environment })
    }

    fn java(&self) -> Result<Start, Error> {
        let mut found = self.find("java")?;
        found.shown.extend(of_jdk(&found.program));
        let heap = format!("-Xmx{}m", (self.memory_bytes >> 20) / 2);
        let quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Duser.language=en"];
        let arguments = std::iter::once(heap).chain(quick.map(str::to_owned)).collect();
        let content = include_bytes!("../../native/Parser.java").to_vec();
        Ok(Start { runner: Some(found), arguments, name: "Parser.java", content, environment: Vec::new() })
    }
}

/// What a JDK reads besides what lies beside its programs: distributions link its settings to a folder elsewhere.
fn of_jdk(java: &Path) -> Vec<PathBuf> {
    let real = std::fs::canonicalize(java);
    let Some(home) = real.as_deref().ok().and_then(|java| java.parent()?.parent()) else { return Vec::new() };
    let settings = ["lib/jvm.cfg", "conf/net.properties"].map(|name| std::fs::canonicalize(home.join(name)));
    let folders = settings.into_iter().flatten().filter_map(|file| Some(file.parent()?.to_owned()));
    folders.chain([home.join("conf")]).filter(|folder| folder.is_dir()).collect()
}

fn python(found: Found) -> Start {
    let content = include_bytes!("../../native/parser.py").to_vec();
    let arguments = vec!["-I".to_owned()];
    Start { runner: Some(found), arguments, name: "parser.py", content, environment: Vec::new() }
}
