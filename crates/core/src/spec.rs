//! What a caller asks for. Values of these types have passed every check that needs no file.

use crate::{CheckName, Generation, HoleRequest, RelativePath, Source, Span};

/// One request, on any door.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub source: Source,
    pub kind: SpecKind,
    pub seed: u64,
    pub generation: Generation,
    pub budget: Budget,
    /// When the caller stops caring, in milliseconds since the epoch; past it the outcome is `deadline.exceeded`.
    pub deadline_unix_ms: Option<u64>,
}

/// The kinds of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecKind {
    Refactor(RefactorPlan),
    Edit(EditRequest),
    Batch(Batch),
    /// Free text: refused with `issue.planning_unavailable` until planning exists.
    Issue(String),
}

/// A named change to named definitions of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefactorPlan {
    pub file_path: RelativePath,
    /// Qualified names of the definitions to change: `function`, `Class`, `Class.method`.
    pub edit_targets: Vec<String>,
    pub intent: String,
    /// A condition the caller wants to hold; recorded and shown to models, not interpreted by operators.
    pub condition: String,
    pub context: String,
    pub language: Language,
    /// Higher goes first.
    pub priority: i32,
    pub operator: Option<OperatorCall>,
    pub checks: Vec<CheckName>,
    /// Checks that must pass on the result, whatever they did on the base. A subset need not be repeated in `checks`.
    pub target_checks: Vec<CheckName>,
}

/// A refactor operator by name, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OperatorCall {
    pub name: String,
    /// Sorted by name; at most one value each.
    pub parameters: Vec<(String, String)>,
}

impl OperatorCall {
    /// The value of parameter `name`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A repair of one file, led by diagnostics, lines or failing checks; or holes to refill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRequest {
    pub file_path: RelativePath,
    pub language: Language,
    /// Only nodes that touch these lines may change; the whole file when absent.
    pub lines: Option<LineRange>,
    pub diagnostics: Vec<Diagnostic>,
    /// What a model is to refill. Without any, it refills what the diagnostics or the lines point at.
    pub holes: Vec<HoleRequest>,
    pub instruction: String,
    pub checks: Vec<CheckName>,
    /// As in [`RefactorPlan`]; when empty, every check of `checks` is a target: an edit exists to make them pass.
    pub target_checks: Vec<CheckName>,
    /// Most edits (byte ranges) the patch may hold.
    pub max_edits: u32,
    pub priority: i32,
}

/// Several requests on one base, with one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub items: Vec<BatchItem>,
}

/// One request of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchItem {
    Refactor(RefactorPlan),
    Edit(EditRequest),
}

impl BatchItem {
    /// Higher goes first; equal priorities keep the order they were given in.
    #[must_use]
    pub fn priority(&self) -> i32 {
        match self {
            Self::Refactor(plan) => plan.priority,
            Self::Edit(edit) => edit.priority,
        }
    }
}

/// One request with a single file, borrowed: what proposers see.
#[derive(Clone, Copy, Debug)]
pub enum Plan<'a> {
    Refactor(&'a RefactorPlan),
    Edit(&'a EditRequest),
}

impl<'a> Plan<'a> {
    /// The file to change.
    #[must_use]
    pub fn file_path(&self) -> &'a RelativePath {
        match self {
            Self::Refactor(plan) => &plan.file_path,
            Self::Edit(edit) => &edit.file_path,
        }
    }

    /// The language the file is read as.
    #[must_use]
    pub fn language(&self) -> Language {
        match self {
            Self::Refactor(plan) => plan.language,
            Self::Edit(edit) => edit.language,
        }
    }

    /// Every check to run, targets included, each once, in the order given.
    #[must_use]
    pub fn checks(&self) -> Vec<CheckName> {
        let (checks, targets) = match self {
            Self::Refactor(plan) => (&plan.checks, &plan.target_checks),
            Self::Edit(edit) => (&edit.checks, &edit.target_checks),
        };
        let mut all: Vec<CheckName> = Vec::new();
        for name in checks.iter().chain(targets) {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        all
    }

    /// The checks that must pass on the result.
    #[must_use]
    pub fn target_checks(&self) -> &'a [CheckName] {
        match self {
            Self::Refactor(plan) => &plan.target_checks,
            Self::Edit(edit) if edit.target_checks.is_empty() => &edit.checks,
            Self::Edit(edit) => &edit.target_checks,
        }
    }
}

impl<'a> From<&'a BatchItem> for Plan<'a> {
    fn from(item: &'a BatchItem) -> Self {
        match item {
            BatchItem::Refactor(plan) => Self::Refactor(plan),
            BatchItem::Edit(edit) => Self::Edit(edit),
        }
    }
}

/// Languages with a registry entry in `syntax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Rust,
    Go,
    Java,
    C,
    Cpp,
}

impl Language {
    /// Every language with its name on every door and its file extensions; of an extension in two rows the first counts.
    const TABLE: [(Self, &'static str, &'static [&'static str]); 9] = [
        (Self::Python, "python", &["py", "pyi"]),
        (Self::JavaScript, "javascript", &["js", "mjs", "cjs", "jsx"]),
        (Self::TypeScript, "typescript", &["ts", "mts", "cts"]),
        (Self::Tsx, "tsx", &["tsx"]),
        (Self::Rust, "rust", &["rs"]),
        (Self::Go, "go", &["go"]),
        (Self::Java, "java", &["java"]),
        (Self::C, "c", &["c", "h"]),
        (Self::Cpp, "cpp", &["cc", "cpp", "cxx", "hh", "hpp", "hxx"]),
    ];

    /// Every language there is.
    pub const ALL: [Self; 9] = {
        let mut all = [Self::Python; 9];
        let mut row = 0;
        while row < all.len() {
            all[row] = Self::TABLE[row].0;
            row += 1;
        }
        all
    };

    /// The name used on every door.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.row().1
    }

    /// The extensions of its files, without the dot.
    #[must_use]
    pub fn extensions(&self) -> &'static [&'static str] {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, &'static [&'static str]) {
        let row = Self::TABLE.iter().find(|(language, ..)| *language == self);
        row.expect("every language has a row, as a test shows")
    }

    /// The language of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name().eq_ignore_ascii_case(name))
    }

    /// The language of a file with that extension.
    #[must_use]
    pub fn by_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.extensions().contains(&extension))
    }
}

/// Lines of a file, 1-based, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    pub start: u32,
    pub end: u32,
}

/// A finding of some tool about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters; absent when the tool gave only a line.
    pub column: Option<u32>,
    /// The tool's code, such as `F821`.
    pub code: String,
    pub message: String,
}

impl Diagnostic {
    /// The name that nothing binds, where that is what the diagnostic says: as ruff, pyflakes, pylint, pyright and
    /// Python itself word it.
    #[must_use]
    pub fn undefined_name(&self) -> Option<&str> {
        const CODES: [&str; 5] = ["F821", "E0602", "reportUndefinedVariable", "NameError", "UnboundLocalError"];
        let lower = self.message.to_ascii_lowercase();
        let says_so = CODES.contains(&self.code.as_str())
            || lower.contains("undefined name")
            || lower.contains("undefined variable")
            || (lower.contains("name") && lower.contains("is not defined"));
        let quoted = self.message.split(['`', '\'', '"']).nth(1)?;
        (says_so && !quoted.is_empty()).then_some(quoted)
    }
}

/// How much a spec may spend. Each is also capped by [`crate::limits`] and by the operator's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Check runs of candidates; the run on the untouched base is not counted.
    pub runs: u32,
    /// Candidates considered.
    pub candidates: u32,
    /// Wall-clock time from the start of work, cut at a recorded candidate.
    pub milliseconds: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { runs: 200, candidates: 2_000, milliseconds: 120_000 }
    }
}

impl LineRange {
    /// The bytes of these lines in `text`, final line break included; `None` when the range lies past the end.
    #[must_use]
    pub fn span(&self, text: &str) -> Option<Span> {
        let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let start = starts.nth(self.start.checked_sub(1)? as usize)?;
        let end = match (self.end + 1).checked_sub(self.start + 1)? {
            0 => starts.next(),
            more => starts.nth(more as usize),
        };
        (start < text.len() || text.is_empty()).then(|| Span::new(start, end.unwrap_or(text.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_name_is_read_from_what_tools_say() {
        let said = |code: &str, message: &str| {
            let diagnostic = Diagnostic { line: 1, column: None, code: code.into(), message: message.into() };
            diagnostic.undefined_name().map(str::to_owned)
        };
        assert_eq!(said("F821", "Undefined name `np`").as_deref(), Some("np"));
        assert_eq!(said("NameError", "name 'np' is not defined").as_deref(), Some("np"));
        assert_eq!(said("reportUndefinedVariable", "\"np\" is not defined").as_deref(), Some("np"));
        assert_eq!(said("F401", "`os` imported but unused"), None);
        assert_eq!(said("F821", "undefined"), None);
    }

    #[test]
    fn a_line_range_covers_whole_lines() {
        let text = "a\nbb\nccc";
        let span = |start, end| LineRange { start, end }.span(text).map(|s| &text[s.start..s.end]);
        assert_eq!(span(1, 1), Some("a\n"));
        assert_eq!(span(2, 3), Some("bb\nccc"));
        assert_eq!(span(3, 9), Some("ccc"));
        assert_eq!(span(4, 4), None);
        assert_eq!(span(0, 1), None);
        assert_eq!(span(3, 2), None);
    }
}
