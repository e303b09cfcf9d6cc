//! Python by ruff's parser, with what its tree is good for beside the verdict.

mod compiled;

use std::sync::OnceLock;

use reweave_core::Span;
use ruff_python_ast::ModModule;
use ruff_python_ast::token::Tokens;
use ruff_python_parser::{Mode, ParseOptions, Parsed};
use ruff_text_size::Ranged;

use super::{Fault, Reading, Unreadable, on_a_deep_stack};
use crate::scope::Scopes;

/// A module's tree, and the scopes once somebody asked.
#[derive(Debug)]
pub(crate) struct Module {
    parsed: Parsed<ModModule>,
    scopes: OnceLock<Scopes>,
}

/// What can be asked of Python files only.
#[derive(Clone, Copy, Debug)]
pub struct PythonFile<'a> {
    pub(crate) text: &'a str,
    pub(crate) module: &'a Module,
}

pub(crate) fn read(text: &str) -> Result<Reading, Unreadable> {
    let parsed = ruff_python_parser::parse_unchecked(text, ParseOptions::from(Mode::Module));
    let parsed = parsed.try_into_module().expect("a parse in module mode gives a module");
    let fault = |error: &ruff_python_parser::ParseError| {
        let range = error.range();
        Fault { span: Span::new(range.start().to_usize(), range.end().to_usize()), message: error.error.to_string() }
    };
    let errors = parsed.errors().iter().map(fault).collect();
    Ok(Reading { errors, tree: None, python: Some(Module { parsed, scopes: OnceLock::new() }) })
}

impl Module {
    /// What CPython refuses of a whole file without syntax errors; a fragment lacks what is around it.
    pub(crate) fn compile_faults(&self, text: &str) -> Vec<Fault> {
        on_a_deep_stack(|| compiled::faults(text, self.parsed.syntax()))
    }
}

impl<'a> PythonFile<'a> {
    /// The strict parser's syntax tree; complete even where there are errors.
    #[must_use]
    pub fn module(&self) -> &'a ModModule {
        self.module.parsed.syntax()
    }

    /// The strict parser's tokens.
    #[must_use]
    pub fn tokens(&self) -> &'a Tokens {
        self.module.parsed.tokens()
    }

    /// What every name means; found when first asked for, so that the base of many candidates is analysed once.
    #[must_use]
    pub fn scopes(&self) -> &'a Scopes {
        self.module.scopes.get_or_init(|| Scopes::of(self.text, self.module()))
    }
}
