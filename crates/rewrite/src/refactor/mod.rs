//! Refactor operators: deterministic changes of one file that keep what the code means, or say why they cannot.

use reweave_core::{EvidenceKind, FileText, Proposal, RefactorPlan, Refusal, RefusalCode};
use reweave_syntax::ParsedFile;

mod classes;
mod edits;
mod intent;
mod lines;
mod method_to_function;
mod names;
mod outside;
mod receivers;
mod rename;
mod signature;
mod source;
mod tree;

/// What can be asked for by name.
pub const OPERATORS: &[Operator] = &[RENAME, METHOD_TO_FUNCTION];

/// A refactor operator as a caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    pub parameters: &'static [Parameter],
    /// An intent in words that means this operator.
    pub example: &'static str,
}

/// A parameter of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub required: bool,
    pub meaning: &'static str,
}

const UNKNOWN_USES: Parameter = Parameter {
    name: "unknown_uses",
    required: false,
    meaning: "what to do with uses on receivers the file does not show: `refuse` (default), `keep` or `rewrite`",
};

const RENAME: Operator = Operator {
    name: "rename",
    summary: "Renames a function, class, method, variable, parameter or import with its uses in the file",
    parameters: &[
        Parameter { name: "to", required: true, meaning: "the new name" },
        Parameter { name: "from", required: false, meaning: "what to rename, when `edit_targets` is empty" },
        UNKNOWN_USES,
    ],
    example: "rename old_name to new_name",
};

const METHOD_TO_FUNCTION: Operator = Operator {
    name: "method_to_function",
    summary: "Turns a method into a function of the module and rewrites its uses in the file",
    parameters: &[
        Parameter { name: "name", required: false, meaning: "the function's name (default: the method's own)" },
        UNKNOWN_USES,
    ],
    example: "move method Class.method to a function",
};

/// The operators, to choose by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operators {
    Rename,
    MethodToFunction,
}

impl Operators {
    fn describe(self) -> Operator {
        match self {
            Self::Rename => RENAME,
            Self::MethodToFunction => METHOD_TO_FUNCTION,
        }
    }
}

/// An operator with what it is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    operator: Operators,
    /// The qualified name of the definition to change.
    target: String,
    parameters: Vec<(String, String)>,
    unknown_uses: UnknownUses,
}

/// What to do with uses on receivers the file does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnknownUses {
    Refuse,
    Keep,
    Rewrite,
}

impl Call {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Proposes what `plan` asks of `parsed`. `others` are the other files of the workspace, as far as they are known.
pub fn propose(parsed: &ParsedFile, plan: &RefactorPlan, others: &[FileText]) -> Result<Proposal, Refusal> {
    let call = intent::read(plan)?;
    if let Some(error) = parsed.errors().first() {
        return Err(Refusal::new(
            RefusalCode::SyntaxBroken,
            "the file has syntax errors, so its uses of a name cannot all be found",
        )
        .at(EvidenceKind::Error, &error.message, &parsed.file().path, error.line)
        .next(format!("repair line {} first", error.line)));
    }
    let python = parsed.python().ok_or_else(|| other_language(parsed))?;
    let source = source::Source::of(parsed, python);
    match call.operator {
        Operators::Rename => rename::propose(&source, &call, others),
        Operators::MethodToFunction => method_to_function::propose(&source, &call, others),
    }
}

fn other_language(parsed: &ParsedFile) -> Refusal {
    let language = parsed.language().name();
    Refusal::new(RefusalCode::LanguageUnsupported, format!("no operator works on {language} yet"))
        .with(EvidenceKind::Suggestion, "operators work on: python")
        .next("ask for it as an edit in a Python file, or wait for operators in this language")
}

#[cfg(test)]
mod tests;
