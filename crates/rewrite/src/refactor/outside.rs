//! Uses in other files of the workspace, which an operator on one file cannot follow.

use reweave_core::{EvidenceKind, FileText, Refusal, RefusalCode, RelativePath};

use super::source::Source;

/// Most lines named in a refusal.
const EVIDENCE_MAX: usize = 5;

/// Refuses when another file imports this module and takes an attribute `name` of anything, or defines a `name` that may
/// override it.
pub(super) fn check_attribute(source: &Source<'_>, name: &str, others: &[FileText]) -> Result<(), Refusal> {
    check(source, name, others.iter(), |before, _| before.ends_with('.') || before.ends_with("def"))
}

/// Refuses when another file imports this module and mentions `name`.
pub(super) fn check_name(source: &Source<'_>, name: &str, others: &[FileText]) -> Result<(), Refusal> {
    check(source, name, others.iter(), |_, _| true)
}

/// Refuses when another file imports this module, mentions `callee` and passes an argument by the keyword `name`.
pub(super) fn check_keyword(source: &Source<'_>, callee: &str, name: &str, others: &[FileText]) -> Result<(), Refusal> {
    let calling = others.iter().filter(|other| words(&other.text, callee).next().is_some());
    check(source, name, calling, |_, after| after.starts_with('=') && !after.starts_with("=="))
}

fn check<'o>(
    source: &Source<'_>,
    name: &'o str,
    others: impl Iterator<Item = &'o FileText>,
    counts: fn(&str, &str) -> bool,
) -> Result<(), Refusal> {
    let own = &source.parsed.file().path;
    let uses: Vec<(&RelativePath, u32, &str)> = others
        .filter(|other| other.path != *own && imports(&other.text, own))
        .flat_map(|other| mentions(&other.text, name, counts).map(|(line, text)| (&other.path, line, text)))
        .take(EVIDENCE_MAX)
        .collect();
    let Some((first, ..)) = uses.first() else { return Ok(()) };
    let reason =
        format!("`{name}` is used in `{first}`, which imports this module, and this operator changes one file");
    let refusal = uses.iter().fold(Refusal::new(RefusalCode::DynamicUse, reason), |refusal, (path, line, text)| {
        refusal.at(EvidenceKind::Symbol, text.trim().chars().take(160).collect::<String>(), path, *line)
    });
    Err(refusal.next(format!("change the uses in `{first}` first, or keep `{name}`")))
}

/// Whether an import line of `text` names the module at `path`.
fn imports(text: &str, path: &RelativePath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    let stem = match parts.as_slice() {
        [.., folder, "__init__.py" | "__init__.pyi"] => folder,
        [.., file] => file.rsplit_once('.').map_or(*file, |(stem, _)| stem),
        [] => return false,
    };
    text.lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("import ") || line.starts_with("from "))
        .any(|line| words(line, stem).next().is_some())
}

fn mentions<'a>(text: &'a str, name: &'a str, counts: fn(&str, &str) -> bool) -> impl Iterator<Item = (u32, &'a str)> {
    text.lines()
        .zip(1..)
        .filter(move |(line, _)| {
            words(line, name).any(|at| counts(line[..at].trim_end(), line[at + name.len()..].trim_start()))
        })
        .map(|(line, number)| (number, line))
}

/// Where `word` stands in `line` as a whole word.
fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .filter(move |(at, _)| !line[..*at].ends_with(is_word) && !line[at + word.len()..].starts_with(is_word))
        .map(|(at, _)| at)
}
