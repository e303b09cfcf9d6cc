//! `reweave dlq`: what was given up, with the reason, and a second chance under a new id.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use reweave_core::ExitCode;
use reweave_gateway::{
    bus::Bus,
    dlq::review::{self, Choice, Letter, Replayed},
};

use super::bus;
use crate::settings::Settings;

/// What to do with which dead letters.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    broker: bus::Broker,
    /// Oldest letters looked at.
    #[arg(long, value_name = "N", default_value_t = 1000, global = true)]
    limit: usize,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, oldest first.
    List,
    /// Show one with its original bytes: by message id, spec id, or the beginning of one.
    Show { letter: String },
    /// Publish some again, each under a new id that names the old one. The letters stay.
    Replay {
        /// Message ids, spec ids, or beginnings of them.
        letters: Vec<String>,
        /// Every letter.
        #[arg(long, conflicts_with = "letters")]
        all: bool,
        /// Say what would be sent, and send nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does it.
pub(crate) async fn run(arguments: Arguments, settings: Settings) -> Result<ExitCode> {
    let connection = arguments.broker.connect(&settings).await?;
    let (limit, json) = (arguments.limit, arguments.json);
    match arguments.action {
        Action::List => list(&review::list(&connection, limit).await?, json)?,
        Action::Show { letter } => show(&review::show(&connection, &letter, limit).await?, json)?,
        Action::Replay { letters, all, dry_run } => {
            let choice = match (all, letters.is_empty()) {
                (true, _) => Choice::All,
                (false, false) => Choice::Named(letters),
                (false, true) => bail!("name the letters to send again, or say --all"),
            };
            replay(&connection, &choice, limit, dry_run).await?;
        }
    }
    bus::close(&connection).await?;
    Ok(ExitCode::Done)
}

fn list(letters: &[Letter], json: bool) -> Result<()> {
    if json {
        return Ok(writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(letters)?)?);
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["letter", "code", "stage", "attempts", "given up", "reason"]);
    for letter in letters {
        table.add_row([&letter.id, &letter.code, &letter.stage, &letter.attempts, &letter.time, &letter.reason]);
    }
    writeln!(anstream::stdout(), "{table}\n{} dead letters", letters.len())?;
    Ok(())
}

fn show(opened: &review::Opened, json: bool) -> Result<()> {
    let payload = String::from_utf8_lossy(&opened.message.payload);
    let shown = serde_json::json!({
        "letter": opened.letter,
        "key": opened.message.key,
        "properties": opened.message.properties,
        "payload": payload,
    });
    let text = if json { shown.to_string() } else { serde_json::to_string_pretty(&shown)? };
    Ok(writeln!(anstream::stdout(), "{text}")?)
}

async fn replay(bus: &dyn Bus, choice: &Choice, limit: usize, dry_run: bool) -> Result<()> {
    for replay in review::replay(bus, choice, limit, dry_run).await? {
        let line = match replay.result {
            Replayed::Possible => "can be sent".to_owned(),
            Replayed::Sent { key, .. } => format!("sent as {} (source {}, id {})", key.spec_id(), key.source, key.id),
            Replayed::Impossible(reason) => format!("cannot be sent: {reason}"),
        };
        writeln!(anstream::stdout(), "{} {line}", replay.letter)?;
    }
    Ok(())
}
