//! Services in this process, over the same stubs that the network would carry.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize;
use reweave_chassis::{MESSAGE_BYTES_MAX, in_process};
use reweave_checks::Checks;
use reweave_core::{OutcomeEvent, Progress, Spec, SpecId, Stage};
use reweave_proto::{
    convert,
    wire::{
        checks::checks_service_client::ChecksServiceClient,
        synthesis::{SynthesizeRequest, synthesis_service_client::SynthesisServiceClient, synthesize_response::Event},
    },
};
use reweave_synthesis::{Synthesis, compiler::Compiler};
use tonic::{service::Routes, transport::Channel};

use crate::{
    canvas::CanvasView,
    settings::{Local, Settings},
};

/// How often the line under way is redrawn.
const REDRAW: Duration = Duration::from_millis(100);

/// Services in this process. To be closed, so that nothing of them is left running.
pub(crate) struct Pod {
    pub(crate) channel: Channel,
    checks: Checks,
}

impl Pod {
    /// Ends what the checks service started, and removes its copies.
    pub(crate) async fn close(self) {
        self.checks.close().await;
    }

    /// The compilers' own parsers, of a pod that is a checks service.
    pub(crate) fn compiler(&self) -> Compiler {
        let client = ChecksServiceClient::new(self.channel.clone());
        Compiler::new(client.max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX))
    }
}

/// A synthesis service with its checks service behind it, and the model at the other end of `model`.
pub(crate) fn synthesis(settings: &Settings, local: &Local, model: Option<Channel>) -> Result<Pod> {
    let Pod { channel, checks } = checks(settings, local)?;
    let synthesis = Synthesis::new(settings.synthesis(local), channel);
    let synthesis = model.into_iter().fold(synthesis, Synthesis::with_model);
    Ok(Pod { channel: in_process::channel(Routes::new(synthesis.into_server())), checks })
}

/// A checks service.
pub(crate) fn checks(settings: &Settings, local: &Local) -> Result<Pod> {
    let checks = reweave_checks::build(settings.checks(local)?);
    let channel = in_process::channel(Routes::new(checks.clone().server(MESSAGE_BYTES_MAX)));
    Ok(Pod { channel, checks })
}

/// How the progress of a spec is shown, on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Nothing,
    /// One line a stage.
    Line,
    /// That, and every hole while it is refilled.
    Canvas,
}

/// Works on one spec and shows its progress.
pub(crate) async fn synthesize(channel: Channel, id: SpecId, spec: Spec, show: Show) -> Result<OutcomeEvent> {
    let mut client = SynthesisServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let request = SynthesizeRequest { spec_id: id.to_string(), spec: Some(spec.into()), local: true };
    let mut responses = client.synthesize(request).await.context("ask the synthesis service")?.into_inner();
    let mut line = Line::new(show != Show::Nothing);
    let mut canvas = (show == Show::Canvas).then(CanvasView::new);
    while let Some(response) = responses.message().await.context("listen to the synthesis service")? {
        match response.event {
            Some(Event::Progress(progress)) => {
                let (_, progress) = convert::read_progress(progress)?;
                line.step(&progress);
                if let (Some(canvas), Some(denoising)) = (&mut canvas, &progress.denoising) {
                    line.above(&canvas.draw(denoising));
                }
            }
            Some(Event::Outcome(event)) => return Ok(event.try_into()?),
            None => {}
        }
    }
    bail!("the synthesis service ended without an outcome")
}

/// One line a stage on stderr, redrawn while the stage lasts and kept when it is over.
struct Line {
    bar: Option<ProgressBar>,
    stage: Option<(Stage, Instant)>,
    message: String,
}

impl Line {
    fn new(show: bool) -> Self {
        let bar = show.then(ProgressBar::new_spinner);
        let style = ProgressStyle::with_template("{spinner} {prefix:8} {wide_msg}");
        if let (Some(bar), Ok(style)) = (&bar, style) {
            bar.set_style(style);
            bar.enable_steady_tick(REDRAW);
        }
        Self { bar, stage: None, message: String::new() }
    }

    fn step(&mut self, progress: &Progress) {
        if self.stage.is_none_or(|(stage, _)| stage != progress.stage) {
            self.leave();
            self.stage = Some((progress.stage, Instant::now()));
        }
        self.message = match progress.total {
            0 => progress.message.clone(),
            total => format!("{} ({} of {total})", progress.message, progress.done),
        };
        if let Some(bar) = &self.bar {
            bar.set_prefix(progress.stage.as_str());
            bar.set_message(self.message.clone());
        }
    }

    /// Puts a line above the one that is redrawn.
    fn above(&self, text: &str) {
        match &self.bar {
            Some(bar) if !bar.is_hidden() => bar.println(text),
            _ => _ = writeln!(anstream::stderr(), "{text}"),
        }
    }

    fn leave(&mut self) {
        let (Some(bar), Some((stage, since))) = (&self.bar, self.stage.take()) else { return };
        let spent = since.elapsed().as_millis();
        bar.println(format!(
            "{} {:8} {} {}",
            "✓".green(),
            stage.as_str(),
            self.message,
            format!("{spent} ms").dimmed()
        ));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
