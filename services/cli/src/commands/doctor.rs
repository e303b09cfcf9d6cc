//! `reweave doctor`: what is found on this machine, what is missing, and how to get it.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use owo_colors::OwoColorize;
use reweave_core::ExitCode;
use reweave_proto::wire::checks::{DescribeRequest, ParserDescription, checks_service_client::ChecksServiceClient};
use tonic::transport::Channel;

use crate::{
    model, pod,
    settings::{Local, Settings},
};

/// Where to look.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace whose tools are looked for.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// One thing looked for.
#[derive(serde::Serialize)]
struct Finding {
    what: String,
    found: bool,
    /// Whether specs cannot be worked on without it.
    needed: bool,
    detail: String,
    get_it: String,
}

/// Looks at everything a spec may need; exits 3 when something needed is missing.
pub(crate) async fn run(arguments: &Arguments, settings: Settings) -> Result<ExitCode> {
    let local = Local::new(&arguments.workspace, Vec::new())?;
    let pod = pod::checks(&settings, &local)?;
    let findings = findings(pod.channel.clone(), &arguments.workspace).await;
    pod.close().await;
    let findings = findings?;
    if arguments.json {
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        writeln!(anstream::stdout(), "{}", table(&findings))?;
    }
    let healthy = findings.iter().all(|finding| finding.found || !finding.needed);
    Ok(if healthy { ExitCode::Done } else { ExitCode::Environment })
}

async fn findings(checks: Channel, workspace: &Path) -> Result<Vec<Finding>> {
    let mut client = ChecksServiceClient::new(checks);
    let described = client.describe(DescribeRequest {}).await.context("ask the checks service")?.into_inner();
    let mut findings = vec![Finding {
        what: "sandbox".into(),
        found: described.unavailable.is_empty(),
        needed: true,
        detail: described.sandbox.join(", "),
        get_it: described.unavailable,
    }];
    for check in described.checks {
        let program = check.command.first().cloned().unwrap_or_default();
        findings.push(Finding {
            what: format!("check {}", check.name),
            found: check.available,
            needed: false,
            detail: check.command.join(" "),
            get_it: if check.available { String::new() } else { how_to_get(&program) },
        });
    }
    findings.extend(described.parsers.into_iter().map(parser));
    findings.push(inference());
    let git = on_path("git");
    findings.push(Finding {
        what: "git".into(),
        found: git.is_some(),
        needed: false,
        detail: git.map(|path| path.display().to_string()).unwrap_or_default(),
        get_it: "apt-get install git (only to apply diffs by hand)".into(),
    });
    let writable = tempfile::Builder::new().prefix(".reweave-doctor").tempfile_in(workspace);
    findings.push(Finding {
        what: "workspace".into(),
        found: true,
        needed: true,
        detail: match &writable {
            Ok(_) => format!("{} (writable)", workspace.display()),
            Err(error) => format!("{} (read-only: --write will fail: {error})", workspace.display()),
        },
        get_it: String::new(),
    });
    Ok(findings)
}

/// A compiler's own parser: without it, patches in its language say that they were not checked by it.
fn parser(described: ParserDescription) -> Finding {
    let ParserDescription { language, parser, version, get_it } = described;
    Finding {
        what: format!("parser of {language}"),
        found: get_it.is_empty(),
        needed: false,
        detail: if version.is_empty() { parser } else { format!("{parser}, {version}") },
        get_it,
    }
}

/// The service that links libtorch: without it, a model folder is inspected and not served.
fn inference() -> Finding {
    let binary = model::inference_binary();
    Finding {
        what: "models (reweave-inference)".into(),
        found: binary.is_some(),
        needed: false,
        detail: binary.map(|path| path.display().to_string()).unwrap_or_default(),
        get_it: model::GET_INFERENCE.into(),
    }
}

fn how_to_get(program: &str) -> String {
    match program {
        "pytest" | "ruff" | "pyright" => format!("pip install {program} (in the project's .venv)"),
        "python" | "python3" => "apt-get install python3".into(),
        other => format!("install {other}, or name its folder in checks.tool_paths"),
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["", "what", "found", "how to get it"]);
    for finding in findings {
        let mark = match (finding.found, finding.needed) {
            (true, _) => "ok".green().to_string(),
            (false, true) => "missing".red().to_string(),
            (false, false) => "absent".yellow().to_string(),
        };
        let hint = if finding.found { "" } else { finding.get_it.as_str() };
        table.add_row([mark.as_str(), &finding.what, &finding.detail, hint]);
    }
    table
}
