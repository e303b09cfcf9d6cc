//! A source file parsed twice: by tree-sitter for spans and states, by the language's strict parser for yes and no.

use reweave_core::{EvidenceKind, FileText, Language, Refusal, RefusalCode, limits};
use ruff_python_ast::ModModule;
use ruff_python_parser::{Mode, ParseOptions, Parsed};
use ruff_text_size::Ranged;

/// A file with its trees.
#[derive(Debug)]
pub struct ParsedFile {
    file: FileText,
    language: Language,
    tree: tree_sitter::Tree,
    module: Parsed<ModModule>,
    errors: Vec<SyntaxError>,
}

/// What the strict parser found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// 1-based.
    pub line: u32,
    pub message: String,
}

impl ParsedFile {
    /// Parses `file`; syntax errors are kept, not refused. Refuses what is too large or too deep to walk.
    pub fn parse(language: Language, file: FileText) -> Result<Self, Refusal> {
        if file.text.len() > limits::SOURCE_BYTES_MAX {
            return Err(Refusal::new(RefusalCode::FileTooLarge, format!("`{}` is larger than the limit", file.path))
                .with(
                    EvidenceKind::Limit,
                    format!("{} bytes, at most {}", file.text.len(), limits::SOURCE_BYTES_MAX),
                ));
        }
        let internal = |what: &str| Refusal::new(RefusalCode::Internal, what.to_owned());
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).map_err(|_| internal("grammar version mismatch"))?;
        let tree = parser.parse(&file.text, None).ok_or_else(|| internal("tree-sitter gave no tree"))?;
        let module = ruff_python_parser::parse_unchecked(&file.text, ParseOptions::from(Mode::Module))
            .try_into_module()
            .ok_or_else(|| internal("the strict parser gave no module"))?;
        let line = |at: usize| file.text[..at.min(file.text.len())].matches('\n').count() as u32 + 1;
        let errors = module
            .errors()
            .iter()
            .map(|error| SyntaxError { line: line(error.range().start().to_usize()), message: error.error.to_string() })
            .collect();
        Ok(Self { file, language, tree, module, errors })
    }

    /// Path and text.
    #[must_use]
    pub fn file(&self) -> &FileText {
        &self.file
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.file.text
    }

    /// The language it was read as.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The tree-sitter tree.
    #[must_use]
    pub fn tree(&self) -> &tree_sitter::Tree {
        &self.tree
    }

    /// The strict parser's syntax tree; complete even where there are errors.
    #[must_use]
    pub fn module(&self) -> &ModModule {
        self.module.syntax()
    }

    /// The strict parser's tokens.
    #[must_use]
    pub fn tokens(&self) -> &ruff_python_ast::token::Tokens {
        self.module.tokens()
    }

    /// Errors of the strict parser.
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }
}
