//! What a language's own compiler says of a text: the judge of the gates' verdicts on spoiled files.

use reweave_core::Language;
use reweave_syntax::{GateReport, ParsedFile};
use reweave_synthesis::compiler::Compiler;
use tokio::runtime::Handle;

/// The compilers' parsers, for threads that are not of the runtime.
#[derive(Debug)]
pub(super) struct Native {
    compiler: Compiler,
    runtime: Handle,
}

/// Who judges the files of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    /// The gates ask the compiler's parser themselves, or the one that stands for it: its word is theirs.
    Linked,
    /// A helper of the checks service.
    Helper,
    /// A parser that reads no more than the syntax is not to be had.
    Nobody,
}

/// A verdict on a spoiled text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Valid,
    /// It has errors that the base does not have; the first of them.
    Invalid(String),
    Unknown,
}

impl Native {
    pub(super) fn new(compiler: Compiler, runtime: Handle) -> Self {
        Self { compiler, runtime }
    }

    /// The judge's name, for reports; `None` where there is nobody.
    pub(super) fn name(language: Language) -> Option<&'static str> {
        match language {
            Language::Python => Some("CPython"),
            Language::Go => Some("go/parser"),
            Language::Java => Some("javac"),
            Language::JavaScript | Language::TypeScript | Language::Tsx => Some("oxc"),
            Language::Rust => Some("syn"),
            Language::C | Language::Cpp => None,
        }
    }

    /// What is wrong with `base` before anything is spoiled.
    pub(super) fn errors_of(&self, base: &ParsedFile) -> Option<u32> {
        match judge(base.language()) {
            Judge::Helper => self.read(base.language(), base.text()).map(|(count, _)| count),
            Judge::Linked => u32::try_from(base.errors().len()).ok(),
            Judge::Nobody => None,
        }
    }

    /// What is said of the text that the gates reported on, when the base has `kept` errors.
    pub(super) fn judge(&self, language: Language, kept: u32, report: &GateReport) -> Word {
        let found = match judge(language) {
            Judge::Helper => self.read(language, &report.result),
            Judge::Linked => {
                let errors = &report.validation.errors;
                Some((u32::from(!report.validation.syntax_valid) + kept, errors.first().cloned().unwrap_or_default()))
            }
            Judge::Nobody => None,
        };
        match found {
            Some((count, first)) if count > kept => Word::Invalid(first),
            Some(_) => Word::Valid,
            None => Word::Unknown,
        }
    }

    fn read(&self, language: Language, text: &str) -> Option<(u32, String)> {
        let reading = self.runtime.block_on(self.compiler.read(language, text)).ok()?;
        let first = reading.errors.first();
        let first = first.map(|fault| format!("line {}, column {}: {}", fault.line, fault.column, fault.message));
        Some((reading.count, first.unwrap_or_default()))
    }
}

fn judge(language: Language) -> Judge {
    match language {
        Language::Python | Language::Go | Language::Java => Judge::Helper,
        Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Rust => Judge::Linked,
        Language::C | Language::Cpp => Judge::Nobody,
    }
}
