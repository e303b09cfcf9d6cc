//! Keeps one helper: starts it when a text is to be read, starts it again when it broke, ends it when nobody asks.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use reweave_chassis::service::chain;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    Reading, Tasks,
    parser::{self, Parser},
    protocol,
    tool::{self, Tool, Toolchain},
};
use crate::{config::Parsers, sandbox::Machine};

/// The wait after a second failure in a row; each further one doubles it.
const WAIT_MIN: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Helpers that one text may use: one that was ended while nobody asked, and a new one.
const HELPERS_MAX: u32 = 2;

/// The door to a helper.
#[derive(Debug)]
pub(super) struct Keeper {
    texts: OnceLock<mpsc::Sender<Text>>,
    settings: Settings,
}

/// What a keeper goes by.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) tool: Tool,
    pub(super) toolchain: Toolchain,
    pub(super) machine: Machine,
    pub(super) parsers: Parsers,
    /// Where private folders are made.
    pub(super) work_folder: PathBuf,
    pub(super) tasks: Tasks,
}

#[derive(Debug)]
struct Text {
    text: Vec<u8>,
    answer: oneshot::Sender<Result<Reading, String>>,
}

impl Keeper {
    pub(super) fn new(settings: Settings) -> Self {
        Self { texts: OnceLock::new(), settings }
    }

    /// Reads one text, or says why that is not to be had.
    pub(super) async fn read(&self, text: Vec<u8>) -> Result<Reading, String> {
        let (answer, answered) = oneshot::channel();
        let texts = self.texts.get_or_init(|| self.begin());
        texts.try_send(Text { text, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => "as many texts wait for the parser as may".to_owned(),
            mpsc::error::TrySendError::Closed(_) => "the service is shutting down".to_owned(),
        })?;
        answered.await.unwrap_or_else(|_| Err("the service is shutting down".to_owned()))
    }

    fn begin(&self) -> mpsc::Sender<Text> {
        let (sender, texts) = mpsc::channel(self.settings.parsers.waiting_max);
        let work =
            Work { settings: self.settings.clone(), helper: None, failures: 0, tried_again_at: None, said: false };
        self.settings.tasks.running.spawn(work.serve(texts));
        sender
    }
}

/// What the one task does that owns the helper.
struct Work {
    settings: Settings,
    helper: Option<Parser>,
    /// In a row.
    failures: u32,
    tried_again_at: Option<Instant>,
    /// That the tool is not there.
    said: bool,
}

impl Work {
    async fn serve(mut self, mut texts: mpsc::Receiver<Text>) {
        let closing = self.settings.tasks.closing.clone();
        let idle = self.settings.parsers.idle;
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(idle, texts.recv()) => next,
                () = closing.cancelled() => break,
            };
            match next {
                Ok(None) => break,
                Ok(Some(Text { answer, .. })) if answer.is_closed() => {}
                Ok(Some(Text { text, answer })) => {
                    let read = tokio::select! {
                        read = self.read(&text) => read,
                        () = closing.cancelled() => break,
                    };
                    // Whoever went away does not want it any more.
                    let _ = answer.send(read);
                }
                Err(_) => self.rest().await,
            }
        }
        self.rest().await;
    }

    async fn rest(&mut self) {
        if let Some(helper) = self.helper.take() {
            helper.end().await;
        }
    }

    async fn read(&mut self, text: &[u8]) -> Result<Reading, String> {
        let limit = self.settings.parsers.timeout;
        for _ in 0..HELPERS_MAX {
            let (mut helper, fresh) = match self.helper.take() {
                Some(helper) => (helper, false),
                None => (self.start().await?, true),
            };
            match helper.ask(text, limit).await {
                Ok(reading) => {
                    (self.helper, self.failures) = (Some(helper), 0);
                    return Ok(reading);
                }
                Err(parser::Error::Protocol(protocol::Error::GaveUp(reason))) => {
                    self.helper = Some(helper);
                    return Err(format!("the parser gave up: {reason}"));
                }
                Err(error) => {
                    let ended = helper.end().await;
                    let overran = matches!(error, parser::Error::TimedOut(_));
                    // One that had waited may have ended meanwhile; this text is not to blame.
                    if fresh || overran {
                        return Err(self.failed(&chain(&error), &ended));
                    }
                }
            }
        }
        Err(self.failed("the parser ended", ""))
    }

    async fn start(&mut self) -> Result<Parser, String> {
        if let Some(at) = self.tried_again_at
            && Instant::now() < at
        {
            return Err(format!("the parser failed {} times in a row, and rests", self.failures));
        }
        let Settings { tool, toolchain, machine, .. } = &self.settings;
        let start = match toolchain.prepare(*tool).await {
            Ok(start) => start,
            Err(error @ tool::Error::Missing(_)) => return Err(self.missing(&error)),
            Err(error @ tool::Error::Build(_)) => return Err(self.failed(&chain(&error), "")),
        };
        let sandbox = machine.sandbox().await.map_err(|refusal| refusal.reason)?;
        let memory = self.settings.parsers.memory_bytes;
        let mut helper = match Parser::start(sandbox, &start, &self.settings.work_folder, memory) {
            Ok(helper) => helper,
            Err(error) => return Err(self.failed(&chain(&error), "")),
        };
        match helper.ready().await {
            Ok(()) => Ok(helper),
            Err(error) => {
                let ended = helper.end().await;
                Err(self.failed(&chain(&error), &ended))
            }
        }
    }

    /// A tool may be installed while the service runs, so that it is looked for again each time.
    fn missing(&mut self, error: &tool::Error) -> String {
        let reason = format!("{error}; {}", self.settings.tool.get_it());
        if !std::mem::replace(&mut self.said, true) {
            tracing::info!(language = self.settings.tool.language().name(), reason, "no compiler's parser");
        }
        reason
    }

    fn failed(&mut self, what: &str, ended: &str) -> String {
        // The first may be the text's fault, and costs the next text nothing.
        let wait = (self.failures > 0).then(|| WAIT_MIN.saturating_mul(1 << (self.failures - 1).min(16)).min(WAIT_MAX));
        self.failures = self.failures.saturating_add(1);
        self.tried_again_at = wait.map(|wait| Instant::now() + wait);
        let reason = [what, ended].into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(": ");
        tracing::info!(language = self.settings.tool.language().name(), reason, "a compiler's parser failed");
        reason
    }
}
