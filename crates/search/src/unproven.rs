//! When a candidate may win although no check was named.

use reweave_core::{Candidate, Diagnostic, Proposer};
use reweave_syntax::ParsedFile;

/// Operators that answer a diagnostic by what it names. Any other change that makes it disappear, such as deleting the
/// line or putting some other variable there, does so by accident.
const ANSWERS: [&str; 3] = ["undefined_name", "import", "self"];

/// Whether `candidate`, which passed every gate, may win without a check; otherwise why not.
///
/// A deterministic operator may: its preconditions are its proof. A mutation may only where it was made
/// for a diagnostic and removes every one the request named, as far as names and syntax can show that. A model's fill may
/// where the request named no diagnostic, for then it asked for this place to be refilled; the risk says that nothing
/// shows the fill to be meant.
pub(crate) fn acceptable(
    candidate: &Candidate,
    base: &ParsedFile,
    text: &str,
    diagnostics: &[Diagnostic],
) -> Result<(), String> {
    match candidate.proposer {
        Proposer::Refactor => return Ok(()),
        Proposer::Diffusion | Proposer::Autoregressive if diagnostics.is_empty() => return Ok(()),
        Proposer::Mutation | Proposer::Diffusion | Proposer::Autoregressive => {}
    }
    if diagnostics.is_empty() {
        return Err("no check is named and no diagnostic is given, so nothing can prove a mutation".to_owned());
    }
    if !candidate.proposer.is_model() && !ANSWERS.contains(&candidate.operator) {
        return Err(format!("`{}` changes what the code does, which only a check can justify", candidate.operator));
    }
    let mut file = base.file().clone();
    text.clone_into(&mut file.text);
    let result = ParsedFile::parse(base.language(), file).map_err(|refusal| refusal.reason)?;
    match diagnostics.iter().find(|diagnostic| !removed(diagnostic, base, &result)) {
        None => Ok(()),
        Some(left) => Err(format!("`{} {}` at line {} is not shown to be gone", left.code, left.message, left.line)),
    }
}

fn removed(diagnostic: &Diagnostic, base: &ParsedFile, result: &ParsedFile) -> bool {
    if let Some(name) = diagnostic.undefined_name() {
        let left = |file: &ParsedFile| Some(file.unresolved()?.iter().filter(|read| read.name == name).count());
        return left(base).is_some_and(|left| left > 0) && left(result) == Some(0);
    }
    is_syntax_error(diagnostic) && !base.errors().is_empty() && result.errors().is_empty()
}

fn is_syntax_error(diagnostic: &Diagnostic) -> bool {
    ["E999", "SyntaxError", "invalid-syntax"].contains(&diagnostic.code.as_str())
        || diagnostic.message.starts_with("SyntaxError")
}
