//! `reweave run`: one spec, on this machine, in this process.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use reweave_core::{
    BatchItem, CheckName, ExitCode, OutcomeEvent, Patch, RunFacts, Sha256, Spec, SpecId, SpecKind, limits,
};
use reweave_proto::document;

use super::outcome_file;
use crate::{
    input,
    model::{GenerationArgs, ModelArgs},
    pod::{self, Show},
    render,
    settings::{Local, Settings},
    write,
};

/// What to run, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The spec as YAML or JSON; `-` reads standard input.
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// The folder the spec's paths are relative to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// Write the patch into the workspace when it may be applied.
    #[arg(long)]
    write: bool,
    /// Print the outcome event as JSON.
    #[arg(long)]
    json: bool,
    /// Run CMD as a check called NAME, judged by its exit status; may be given several times.
    #[arg(long = "check", value_name = "NAME=CMD", value_parser = parse_check)]
    checks: Vec<(CheckName, Vec<String>)>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    generation: GenerationArgs,
}

/// Works on the spec and shows what came of it.
pub(crate) async fn run(arguments: Arguments, settings: Settings) -> Result<ExitCode> {
    let show = if !arguments.json && std::io::stderr().is_terminal() { Show::Line } else { Show::Nothing };
    work(arguments, settings, show).await
}

/// Works on the spec, and shows its progress in the way of `show`.
pub(super) async fn work(arguments: Arguments, settings: Settings, show: Show) -> Result<ExitCode> {
    let text = read_spec(&arguments.spec)?;
    // The code must be read whole, not as a command that was cut short left it.
    outcome_file::say_recovered(&arguments.workspace).map_err(|error| anyhow!("{error}"))?;
    let id = SpecId::of("urn:reweave:cli", &Sha256::of(&text).to_string());
    let event = match document::read_spec(&text, document::Door::Local) {
        Ok(mut spec) => {
            add_checks(&mut spec, &arguments.checks);
            let local = Local::new(&arguments.workspace, arguments.checks.clone())?;
            arguments.generation.apply(&mut spec);
            let model = arguments.model.host(&settings).await?;
            let pod = pod::synthesis(&settings, &local, model.as_ref().map(|model| model.channel.clone()))?;
            let event = pod::synthesize(pod.channel.clone(), id, spec, show).await;
            pod.close().await;
            if let Some(model) = model {
                model.close().await;
            }
            event?
        }
        Err(refusal) => OutcomeEvent { spec_id: id, outcome: refusal.into(), run: RunFacts::default() },
    };
    if arguments.json {
        writeln!(anstream::stdout(), "{}", document::outcome_json(&event))?;
    } else {
        write!(anstream::stdout(), "{}", render::outcome(&event))?;
    }
    if arguments.write {
        return write_patch(&arguments.workspace, &event);
    }
    Ok(event.outcome.exit_code())
}

fn write_patch(workspace: &Path, event: &OutcomeEvent) -> Result<ExitCode> {
    if !event.outcome.patch().is_some_and(Patch::can_apply) {
        return Ok(event.outcome.exit_code());
    }
    match write::apply(workspace, event, write::Stale::Refuse) {
        Ok(applied) => {
            for file in applied.files {
                writeln!(anstream::stderr(), "wrote {}; `reweave undo` restores it", file.path)?;
            }
            Ok(event.outcome.exit_code())
        }
        Err(error) => {
            writeln!(anstream::stderr(), "reweave: {error}")?;
            Ok(error.exit_code())
        }
    }
}

/// The bytes of a spec, one more than the limit at most.
pub(super) fn read_spec(path: &Path) -> Result<Vec<u8>> {
    input::file_or_stdin(path, limits::SPEC_BYTES_MAX).with_context(|| format!("read the spec {}", path.display()))
}

fn add_checks(spec: &mut Spec, checks: &[(CheckName, Vec<String>)]) {
    let add = |named: &mut Vec<CheckName>| {
        for (name, _) in checks {
            if !named.contains(name) {
                named.push(name.clone());
            }
        }
    };
    match &mut spec.kind {
        SpecKind::Refactor(plan) => add(&mut plan.checks),
        SpecKind::Edit(edit) => add(&mut edit.checks),
        SpecKind::Batch(batch) => batch.items.iter_mut().for_each(|item| match item {
            BatchItem::Refactor(plan) => add(&mut plan.checks),
            BatchItem::Edit(edit) => add(&mut edit.checks),
        }),
        SpecKind::Issue(_) => {}
    }
}

/// `NAME=CMD`, the command split at white space as a shell would without expanding anything.
fn parse_check(text: &str) -> Result<(CheckName, Vec<String>)> {
    let (name, command) = text.split_once('=').context("write it as NAME=CMD")?;
    let words = shlex::split(command).context("a quote is not closed")?;
    if words.is_empty() {
        bail!("the command is empty");
    }
    Ok((name.parse()?, words))
}
