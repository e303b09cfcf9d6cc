//! `reweave up`: gateway, synthesis and checks in one process, over Pulsar or the memory bus; inference as a child.

use std::{io::Write, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use reweave_chassis::shutdown;
use reweave_core::{ExitCode, WorkspaceName};
use reweave_gateway::{Options, bus::pulsar::admin};

use crate::{model::ModelArgs, pod, settings::Settings};

/// Where specs come from, and what they may name.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The broker, as pulsar://HOST:PORT; the bus is held in memory when absent.
    #[arg(long, value_name = "URL")]
    pulsar: Option<String>,
    /// The broker's admin address, as http://HOST:PORT; topics are created there when given.
    #[arg(long, value_name = "URL", requires = "pulsar")]
    admin: Option<String>,
    /// A folder that specs may name as their workspace; may be given several times.
    #[arg(long = "workspace", value_name = "NAME=DIR", default_value = "default=.", value_parser = parse_workspace)]
    workspaces: Vec<(WorkspaceName, PathBuf)>,
    /// Where HTTP is served, instead of what the configuration says.
    #[arg(long, value_name = "HOST:PORT")]
    http: Option<String>,
    #[command(flatten)]
    model: ModelArgs,
}

/// Runs the pod until it is told to stop.
pub(crate) async fn run(arguments: Arguments, mut settings: Settings) -> Result<ExitCode> {
    for (name, folder) in &arguments.workspaces {
        let folder = folder.canonicalize().with_context(|| format!("open the workspace {}", folder.display()))?;
        settings.synthesis.workspaces.insert(name.to_string(), folder.clone());
        settings.checks.workspaces.insert(name.to_string(), folder);
    }
    let gateway = &mut settings.gateway;
    gateway.bus.url = arguments.pulsar.unwrap_or_else(|| std::mem::take(&mut gateway.bus.url));
    gateway.bus.admin_url = arguments.admin.unwrap_or_else(|| std::mem::take(&mut gateway.bus.admin_url));
    gateway.http.listen = arguments.http.unwrap_or_else(|| std::mem::take(&mut gateway.http.listen));
    if !gateway.bus.admin_url.is_empty() {
        admin::init(&gateway.bus, false).await.context("create the topics")?;
    }
    let bus = if gateway.bus.url.is_empty() { "the memory bus".to_owned() } else { gateway.bus.url.clone() };
    let shutdown = shutdown::on_signal().context("listen for signals")?;
    let model = arguments.model.host(&settings).await?;
    let channel = model.as_ref().map(|model| model.channel.clone());
    let pod = pod::synthesis(&settings, &crate::settings::Local::default(), channel)?;
    let built =
        Options { synthesis: Some(pod.channel.clone()), ..Options::new(settings.gateway.clone()) }.build().await?;
    let http = built.http_address()?;
    writeln!(anstream::stderr(), "reweave is up: specs from {bus} and http://{http}/v1/specs; stop it with Ctrl-C")?;
    let ran = built.run(shutdown).await;
    pod.close().await;
    if let Some(model) = model {
        model.close().await;
    }
    ran?;
    Ok(ExitCode::Done)
}

fn parse_workspace(text: &str) -> Result<(WorkspaceName, PathBuf)> {
    let (name, folder) = text.split_once('=').context("write it as NAME=DIR")?;
    Ok((name.parse()?, folder.into()))
}
