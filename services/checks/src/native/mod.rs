//! The compilers' own parsers: helpers that stay, are asked about texts, and answer with the errors they find.
//!
//! A text is untrusted, but it is only read: a helper gets bytes and never a path. It runs in the sandbox that checks run
//! in, one process a language, started when it is first needed and ended when nobody asks.

mod keeper;
mod parser;
mod protocol;
mod tool;

use std::{collections::BTreeMap, sync::Arc};

use reweave_core::{Language, limits};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    keeper::Keeper,
    tool::{Tool, Toolchain},
};
use crate::{config::Config, sandbox::Machine};

/// Every parser that this service can ask. A cheap handle.
#[derive(Clone, Debug)]
pub struct Parsers {
    keepers: Arc<BTreeMap<Tool, Keeper>>,
    toolchain: Toolchain,
    tasks: Tasks,
}

/// Everything that keeps a helper, to be ended together.
#[derive(Clone, Debug, Default)]
struct Tasks {
    running: TaskTracker,
    closing: CancellationToken,
}

/// What a parser says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The parser's name; empty when there is none for the language.
    pub parser: &'static str,
    /// Its errors, or why nothing is known.
    pub reading: Result<Reading, String>,
}

/// A text as a parser read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// All errors.
    pub count: u32,
    /// The first of them, in the order of the text.
    pub errors: Vec<Fault>,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// In bytes.
    pub offset: usize,
    pub message: String,
}

/// One parser, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParserDescription {
    pub language: Language,
    pub parser: &'static str,
    /// What its tool says of itself, or how to get it.
    pub version: Result<String, &'static str>,
}

impl Parsers {
    /// Parsers for this configuration; nothing is started yet.
    pub(crate) fn new(config: &Config, machine: &Machine) -> Self {
        let toolchain = Toolchain::new(config);
        let tasks = Tasks::default();
        let keeper = |tool| {
            let kept = keeper::Settings {
                tool,
                toolchain: toolchain.clone(),
                machine: machine.clone(),
                parsers: config.parsers.clone(),
                work_folder: config.work_folder.clone(),
                tasks: tasks.clone(),
            };
            (tool, Keeper::new(kept))
        };
        Self { keepers: Arc::new(Tool::ALL.map(keeper).into()), toolchain, tasks }
    }

    /// Reads `text` by the parser of the compiler of `language`.
    pub async fn parse(&self, language: Language, text: Vec<u8>) -> Verdict {
        let Some(keeper) = Tool::of(language).and_then(|tool| Some((tool, self.keepers.get(&tool)?))) else {
            let reason = format!("no compiler's parser is asked about {}", language.name());
            return Verdict { parser: "", reading: Err(reason) };
        };
        let (tool, keeper) = keeper;
        let reading = if text.len() > limits::SOURCE_BYTES_MAX {
            Err(format!("the text is larger than {} bytes", limits::SOURCE_BYTES_MAX))
        } else {
            keeper.read(text).await
        };
        Verdict { parser: tool.parser(), reading }
    }

    /// What can be asked here.
    pub async fn describe(&self) -> Vec<ParserDescription> {
        let mut described = Vec::new();
        for tool in Tool::ALL {
            let version = self.toolchain.version(tool).await.ok_or(tool.get_it());
            described.push(ParserDescription { language: tool.language(), parser: tool.parser(), version });
        }
        described
    }

    /// Ends every helper, and starts none any more. Returns when that is done.
    pub(crate) async fn close(&self) {
        self.tasks.closing.cancel();
        self.tasks.running.close();
        self.tasks.running.wait().await;
    }
}
