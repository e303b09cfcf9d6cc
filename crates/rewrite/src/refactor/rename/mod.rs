//! Operator `rename`: another name for one symbol of a file, at every place that means it.
//!
//! Names of scopes are exact: the language says which binding they mean. Attributes are renamed where the file shows what
//! they are taken of; what it does not show is refused, unless the caller decides.

use reweave_core::{Edit, FileText, Proposal, Refusal};
use reweave_syntax::scope::ScopeKind;

use super::edits::{self, Rewrite};
use super::source::Source;
use super::{Call, names};

mod keywords;
mod lexical;
mod member;
mod target;

/// What a rename changes, and what could not be seen.
#[derive(Debug, Default)]
struct Changes {
    rewrites: Vec<Rewrite>,
    risks: Vec<reweave_core::RiskPart>,
}

/// Proposes the rename, or says why it cannot be done safely.
pub(super) fn propose(source: &Source<'_>, call: &Call, others: &[FileText]) -> Result<Proposal, Refusal> {
    let new = call.parameter("to").unwrap_or_default();
    names::check_identifier("to", new)?;
    let symbol = target::find(source, &call.target)?;
    let old = target::written(source, symbol);
    if old == new {
        return Ok(Proposal::Unchanged(format!("`{}` has that name already", call.target)));
    }
    let owner = source.scopes.symbol(symbol).scope;
    let changes = if source.scopes.scope(owner).kind == ScopeKind::Class {
        member::changes(source, symbol, call, new, others)?
    } else {
        names::check_no_builtin("to", new)?;
        lexical::changes(source, symbol, call, new, others)?
    };
    let Changes { mut rewrites, mut risks } = changes;
    rewrites.sort_by_key(|rewrite| (rewrite.span.start, rewrite.span.end));
    rewrites.dedup();
    let printed = |one: &&Rewrite| source.tree.printed.iter().any(|whole| whole.contains(one.span));
    if let Some(printed) = rewrites.iter().find(printed) {
        let line = source.parsed.line(printed.span.start);
        risks.push(edits::part(
            "printed_name",
            0.2,
            format!("line {line} prints the name itself, so its output changes"),
        ));
    }
    let edit = |rewrite: &Rewrite| {
        let path = source.scopes.qualified_name(source.scopes.scope_at(rewrite.span.start));
        Edit::of(source.text(), rewrite.span, rewrite.text.clone(), "identifier", path)
    };
    let count = rewrites.len();
    let plural = if count == 1 { "" } else { "s" };
    let description = format!("rename `{}` to `{new}` in {count} place{plural}", call.target);
    edits::candidate(source, super::RENAME.name, description, rewrites.iter().map(edit).collect(), risks)
}
