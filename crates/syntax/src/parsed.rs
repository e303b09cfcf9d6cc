//! A source file parsed twice: by the language's strict parser for yes and no, by tree-sitter for spans and states.

use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock, PoisonError};

use reweave_core::{Edits, EvidenceKind, FileText, Language, Refusal, RefusalCode, Span, limits};
use ruff_text_size::Ranged;
use rustc_hash::FxHashMap;

use crate::language::{self, Entry};
use crate::names::Unresolved;
use crate::nesting;
use crate::strict::python::{Module, PythonFile};
use crate::strict::{self, Fault, Reading, Unreadable};
use crate::targets::{self, Target};

/// A file with its trees. One of 180 KB of Python (4,681 lines) holds 2 MB, and 8 MB once its scopes and its whole
/// tree-sitter tree were asked for; one of 131 KB of Go 2.6 MB.
#[derive(Debug)]
pub struct ParsedFile {
    file: FileText,
    language: Language,
    errors: Vec<SyntaxError>,
    lines: LineStarts,
    python: Option<Module>,
    /// Built when first asked for: the gates judge most candidates without it, and it costs ten strict parses.
    tree: OnceLock<Built>,
    /// Trees of top-level statements that were asked about alone: candidates by the thousand stand in the same few.
    regions: Mutex<FxHashMap<Span, tree_sitter::Tree>>,
    /// Found when first asked for, and asked for once per candidate.
    unresolved: OnceLock<Option<Vec<Unresolved>>>,
    /// Found when first asked for: a warm file is asked for one target after another.
    definitions: OnceLock<Vec<Target>>,
}

/// A tree, and whether it is the text's: it is empty where the parser would have taken too many steps.
#[derive(Debug)]
struct Built {
    tree: tree_sitter::Tree,
    whole: bool,
}

/// What the strict parser found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    /// 1-based.
    pub line: u32,
    pub message: String,
}

impl ParsedFile {
    /// Parses `file`; syntax errors are kept, not refused. Refuses what is too large or too deep to walk.
    pub fn parse(language: Language, file: FileText) -> Result<Self, Refusal> {
        check_size(&file)?;
        let read = strict::read(language, &file.text);
        Self::of(language, file, read)
    }

    /// What `base` becomes by `edits`, which must have been checked against its text.
    pub fn edited(base: &Self, edits: &Edits) -> Result<Self, Refusal> {
        let file = FileText { path: base.file.path.clone(), text: edits.apply(base.text()) };
        check_size(&file)?;
        // Half of what the strict parse costs is the bound on nesting; most edits leave most of the text as it was.
        let shallow = base
            .changed_lines(edits, &file.text)
            .is_some_and(|changed| nesting::python_edited(&file.text, changed, limits::TREE_DEPTH_MAX));
        let read = if shallow { strict::read_shallow } else { strict::read };
        let read = read(base.language, &file.text);
        Self::of(base.language, file, read)
    }

    fn of(language: Language, file: FileText, read: Result<Reading, Unreadable>) -> Result<Self, Refusal> {
        let Reading { mut errors, tree, python } = read.map_err(|unreadable| refusal(unreadable, &file))?;
        if let Some(module) = python.as_ref().filter(|_| errors.is_empty()) {
            errors = module.compile_faults(&file.text);
        }
        let lines = LineStarts::of(&file.text);
        let errors = errors.into_iter().map(|fault| SyntaxError::of(fault, &lines)).collect();
        let tree = tree.map_or_else(OnceLock::new, |tree| OnceLock::from(Built { tree, whole: true }));
        Ok(Self {
            file,
            language,
            errors,
            lines,
            python,
            tree,
            regions: Mutex::default(),
            unresolved: OnceLock::new(),
            definitions: OnceLock::new(),
        })
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

    /// Path and text, without the trees.
    #[must_use]
    pub fn into_file(self) -> FileText {
        self.file
    }

    /// The bytes of `span`, which must lie in the file and on character boundaries.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        &self.file.text[span.start..span.end]
    }

    /// The language it was read as.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The tree-sitter tree; empty where [`Self::walkable`] refuses.
    #[must_use]
    pub fn tree(&self) -> &tree_sitter::Tree {
        &self.built().tree
    }

    /// The tree-sitter tree, unless the text takes its parser more steps than its length allows.
    pub fn walkable(&self) -> Result<&tree_sitter::Tree, Refusal> {
        let built = self.built();
        if built.whole { Ok(&built.tree) } else { Err(refusal(Unreadable::TooComplex, &self.file)) }
    }

    fn built(&self) -> &Built {
        self.tree.get_or_init(|| match try_tree(self.language, &self.file.text) {
            Some(tree) => Built { tree, whole: true },
            None => Built { tree: empty_tree(self.language), whole: false },
        })
    }

    /// Whether [`Self::tree`] was built already.
    pub(crate) fn has_tree(&self) -> bool {
        self.tree.get().is_some()
    }

    /// A tree that holds `span`, with the offsets of the whole file: of the statements around it alone where that is enough,
    /// for the whole tree of a long file costs more than all gates.
    pub(crate) fn tree_around(&self, span: Span) -> tree_sitter::Tree {
        match self.statements_around(span) {
            Some(region) if !self.has_tree() => {
                let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
                let parse = || parse_region(self.language, self.text(), region);
                regions.entry(region).or_insert_with(parse).clone()
            }
            _ => self.tree().clone(),
        }
    }

    /// The top-level statements that hold `span`; none in a file with errors, between statements, or where only
    /// tree-sitter knows them.
    pub(crate) fn statements_around(&self, span: Span) -> Option<Span> {
        let body = &self.python()?.module().body;
        let first = body.partition_point(|statement| statement.end().to_usize() <= span.start);
        let after = body.partition_point(|statement| statement.start().to_usize() < span.end);
        let held = body.get(first..after).filter(|_| self.errors.is_empty())?;
        let region = Span::new(held.first()?.start().to_usize(), held.last()?.end().to_usize());
        region.contains(span).then_some(region)
    }

    /// The lines of `result`, which is this text with `edits`, that hold the changed top-level statements; none where
    /// those do not begin a line, or are not known.
    fn changed_lines<'t>(&self, edits: &Edits, result: &'t str) -> Option<&'t str> {
        let (first, last) = (edits.as_slice().first()?, edits.as_slice().last()?);
        let region = self.statements_around(Span::new(first.span.start, last.span.end))?;
        let (before, after) = (self.text().get(..region.start)?, self.text().get(region.end..)?);
        let kept = after.find('\n').map_or(0, |newline| after.len() - newline - 1);
        let begins_line = before.is_empty() || before.ends_with('\n');
        begins_line.then(|| result.get(region.start..result.len() - kept))?
    }

    /// What can be asked of Python files only.
    #[must_use]
    pub fn python(&self) -> Option<PythonFile<'_>> {
        self.python.as_ref().map(|module| PythonFile { text: &self.file.text, module })
    }

    /// The names that nothing binds, in the order of the text; `None` where the language has no analysis of names.
    #[must_use]
    pub fn unresolved(&self) -> Option<&[Unresolved]> {
        let find = || language::entry(self.language).unresolved.and_then(|unresolved| unresolved(self));
        self.unresolved.get_or_init(find).as_deref()
    }

    /// Every definition, in the order of the text.
    pub(crate) fn definitions(&self) -> &[Target] {
        self.definitions.get_or_init(|| targets::definitions(self))
    }

    /// What the registry says of its language.
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        language::entry(self.language)
    }

    /// Errors of the strict parser.
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// The first error of the strict parser that touches `span`.
    #[must_use]
    pub fn error_in(&self, span: Span) -> Option<&SyntaxError> {
        self.errors.iter().find(|error| error.span.start <= span.end && span.start <= error.span.end)
    }

    /// The 1-based line of byte `at`. Lines end as git and editors count them: at `\n`.
    #[must_use]
    pub fn line(&self, at: usize) -> u32 {
        self.lines.line(at)
    }
}

impl SyntaxError {
    fn of(fault: Fault, lines: &LineStarts) -> Self {
        Self { span: fault.span, line: lines.line(fault.span.start), message: fault.message }
    }
}

/// Where each line begins: a broken file may have an error on each of its lines.
#[derive(Debug)]
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn line(&self, at: usize) -> u32 {
        u32::try_from(self.0.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }
}

/// Parses `text` with the language's tree-sitter grammar; where that takes too many steps, the tree is empty.
pub(crate) fn parse_tree(language: Language, text: &str) -> tree_sitter::Tree {
    try_tree(language, text).unwrap_or_else(|| empty_tree(language))
}

fn empty_tree(language: Language) -> tree_sitter::Tree {
    try_tree(language, "").expect("a text without bytes takes no steps")
}

/// A tree-sitter parser of `language`.
pub(crate) fn parser(language: Language) -> tree_sitter::Parser {
    let mut parser = tree_sitter::Parser::new();
    let grammar = (language::entry(language).grammar)();
    parser.set_language(grammar).expect("the registry's grammars fit the linked runtime, as its test shows");
    parser
}

/// Parses `text` with the language's tree-sitter grammar, unless it takes more steps than a text of its length may.
pub(crate) fn try_tree(language: Language, text: &str) -> Option<tree_sitter::Tree> {
    // The parser reports once in a hundred steps.
    let mut reports = (limits::PARSE_STEPS_MIN + text.len() * limits::PARSE_STEPS_PER_BYTE) / 100;
    let mut count = |_: &tree_sitter::ParseState| {
        reports = reports.saturating_sub(1);
        if reports == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = tree_sitter::ParseOptions::new().progress_callback(&mut count);
    parser(language).parse_with_options(&mut |at, _| text.as_bytes().get(at..).unwrap_or_default(), None, Some(options))
}

/// How many errors tree-sitter sees in `text`; fewer than a strict parser, and sometimes others.
#[must_use]
pub fn tree_errors(language: Language, text: &str) -> usize {
    strict::tree::read(language, text).map_or(usize::MAX, |reading| reading.errors.len())
}

/// Parses `region` of `text` alone: a run of top-level statements. Offsets count in the whole text.
pub(crate) fn parse_region(language: Language, text: &str, region: Span) -> tree_sitter::Tree {
    let point = |at: usize| {
        let column = at - text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        tree_sitter::Point::new(text[..at].matches('\n').count(), column)
    };
    let range = tree_sitter::Range {
        start_byte: region.start,
        end_byte: region.end,
        start_point: point(region.start),
        end_point: point(region.end),
    };
    let mut parser = parser(language);
    parser.set_included_ranges(&[range]).expect("one range overlaps none");
    parser.parse(text, None).expect("a parser with a language and without a cancellation callback gives a tree")
}

fn check_size(file: &FileText) -> Result<(), Refusal> {
    let length = file.text.len();
    if length > limits::SOURCE_BYTES_MAX {
        let reason = format!("`{}` is larger than the limit", file.path);
        return Err(Refusal::new(RefusalCode::FileTooLarge, reason)
            .with(EvidenceKind::Limit, format!("{length} bytes, at most {}", limits::SOURCE_BYTES_MAX))
            .next("split the file, or leave it out of the spec"));
    }
    Ok(())
}

fn refusal(unreadable: Unreadable, file: &FileText) -> Refusal {
    match unreadable {
        Unreadable::TooDeep => {
            let reason = format!("`{}` is nested deeper than the limit", file.path);
            Refusal::new(RefusalCode::TooDeep, reason)
                .with(EvidenceKind::Limit, format!("more than {} levels", limits::TREE_DEPTH_MAX))
                .next("split the deepest expression or block into named parts")
        }
        Unreadable::TooComplex => {
            let reason = format!("`{}` takes the parser more steps than its length allows", file.path);
            Refusal::new(RefusalCode::TooComplex, reason)
                .with(EvidenceKind::Limit, format!("{} steps a byte", limits::PARSE_STEPS_PER_BYTE))
                .next("check that the file is written in the language its name says")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: impl Into<String>) -> Result<ParsedFile, Refusal> {
        let path = "a.py".parse().expect("a relative path");
        ParsedFile::parse(Language::Python, FileText { path, text: text.into() })
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
        assert!(parse(" ".repeat(limits::SOURCE_BYTES_MAX)).is_ok());
        let refusal = parse(" ".repeat(limits::SOURCE_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::FileTooLarge);
    }

    /// Each brace too many makes tree-sitter look at all assignments again.
    fn exploding() -> String {
        format!("{}{}", "a=".repeat(1_500), "}".repeat(1_500))
    }

    #[test]
    fn a_text_that_takes_its_parser_too_many_steps_is_refused_where_the_parser_gives_the_verdict() {
        for (language, path) in [(Language::Java, "A.java"), (Language::C, "a.c"), (Language::Cpp, "a.cc")] {
            let file = FileText { path: path.parse().expect("a relative path"), text: exploding() };
            let refusal = ParsedFile::parse(language, file).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::TooComplex, "{language:?}");
        }
    }

    #[test]
    fn a_tree_that_is_built_later_is_refused_too_and_never_empty_in_silence() {
        let file = FileText { path: "a.js".parse().expect("a relative path"), text: exploding() };
        let parsed = ParsedFile::parse(Language::JavaScript, file).expect("its strict parser takes few steps");
        assert_eq!(parsed.walkable().unwrap_err().code, RefusalCode::TooComplex);
        assert_eq!(crate::targets::find(&parsed, "a").unwrap_err().code, RefusalCode::TooComplex);
        assert_eq!(crate::Hole::at(&parsed, Span::new(0, 1)).unwrap_err().code, RefusalCode::TooComplex);
        let place = crate::Place::Lines { first: 1, last: 1 };
        assert_eq!(crate::unit::holes(&parsed, &place, None).unwrap_err().code, RefusalCode::TooComplex);
        assert!(parse("x = 1\n").unwrap().walkable().is_ok());
    }

    #[test]
    fn errors_carry_their_line_and_place() {
        let parsed = parse("x = 1\ny = 1 +\nz = 3\n").unwrap();
        assert_eq!(parsed.errors()[0].line, 2);
        assert!(parsed.error_in(Span::new(6, 13)).is_some());
        assert!(parsed.error_in(Span::new(0, 5)).is_none());
    }

    #[test]
    fn spans_of_both_trees_count_a_byte_order_mark() {
        let parsed = parse("\u{feff}x = 1\n").unwrap();
        let statement = &parsed.python().unwrap().module().body[0];
        let node = parsed.tree().root_node().named_child(0).unwrap();
        assert_eq!((statement.range().start().to_usize(), statement.range().end().to_usize()), (3, 8));
        assert_eq!((node.start_byte(), node.end_byte()), (3, 8));
    }
}
