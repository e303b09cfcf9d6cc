//! First-order mutation repair: every small change of a file that a slip of the hand could have undone, likeliest first.
//!
//! The order is the product. A candidate's score is the prior of its [`rule`], lowered for each better alternative at the
//! same place, times how suspicious the place is ([`heat`]): by diagnostics, by coverage of failing and passing tests.
//! Nothing is run here; the search spends test runs from the top of this list.

mod arithmetic;
mod calls;
mod comparison;
mod conditions;
mod draft;
mod heat;
mod imports;
mod literals;
mod members;
mod modules;
mod names;
mod precedence;
mod returns;
mod rule;
mod sequences;
mod shape;
mod site;
mod statements;
mod undefined;
mod vocabulary;
mod wraps;

use reweave_core::{Candidate, Diagnostic, EvidenceKind, LineRange, Refusal, RefusalCode};
use reweave_syntax::ParsedFile;

use self::draft::Drafts;
use self::site::Ground;

/// Where a repair should look, and what it may touch.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// Only nodes that touch these lines may change; imports that a name needs are the exception.
    pub lines: Option<LineRange>,
    /// Findings about the file, errors of failing tests with their line among them.
    pub diagnostics: Vec<Diagnostic>,
    /// How often tests ran through each line; empty when that was not measured.
    pub coverage: Vec<LineSuspicion>,
    /// Words that failing tests mention: literals, names, messages.
    pub words: Vec<String>,
}

/// How many failing and passing tests ran through a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSuspicion {
    /// 1-based.
    pub line: u32,
    pub failing: u32,
    pub passing: u32,
}

/// Candidates for `file`, best first, at most `limit`; the same input gives the same list. Refuses what is not Python.
pub fn propose(file: &ParsedFile, focus: &Focus, limit: usize) -> Result<Vec<Candidate>, Refusal> {
    let python = file.python().ok_or_else(|| other_language(file))?;
    let ground = Ground::new(file, python.scopes(), focus);
    let mut drafts = Drafts::new(&ground, limit);
    undefined::propose(&ground, &mut drafts);
    for site in ground.sites() {
        if drafts.are_better_than(site.heat) {
            break;
        }
        comparison::propose(&site, &mut drafts);
        conditions::propose(&site, &mut drafts);
        arithmetic::propose(&site, &mut drafts);
        literals::propose(&site, &mut drafts);
        names::propose(&site, &mut drafts);
        members::propose(&site, &mut drafts);
        calls::propose(&site, &mut drafts);
        wraps::propose(&site, &mut drafts);
        sequences::propose(&site, &mut drafts);
        statements::propose(&site, &mut drafts);
        returns::propose(&site, &mut drafts);
    }
    Ok(drafts.into_candidates())
}

fn other_language(file: &ParsedFile) -> Refusal {
    let language = file.language().name();
    Refusal::new(RefusalCode::LanguageUnsupported, format!("no repair is known for {language} yet"))
        .with(EvidenceKind::Suggestion, "repairs are known for: python")
        .next("name a Python file, or wait for repairs in this language")
}
