//! Gates over infilling benchmarks: each middle as it stands must pass, each middle cut short must be refused where the
//! language's own parser refuses it.
//!
//! Reads JSON lines with `task_id`, `prompt`, `canonical_solution` and `suffix` from standard input, and writes one JSON
//! line a trial: `{"task": …, "cut": bytes kept or null, "aligned": …, "accepted": …, "text": …}`. `verdicts.py` beside it
//! compares these with CPython's parser:
//! `zcat DATA.jsonl.gz | cargo run -p reweave-syntax --example infilling | python3 crates/syntax/examples/verdicts.py`.

use std::io::{BufRead, Write};

use reweave_core::{Candidate, Edit, Edits, FileText, Language, Proposer, Span};
use reweave_syntax::{ParsedFile, gates};
use serde_json::{Value, json};

/// Shares of a middle, in eighths, that are kept of it.
const CUTS: [usize; 4] = [1, 3, 5, 7];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let task: Value = serde_json::from_str(&line?)?;
        let part = |name: &str| task[name].as_str().unwrap_or_default().to_owned();
        let (prefix, middle, suffix) = (part("prompt"), part("canonical_solution"), part("suffix"));
        let span = Span::new(prefix.len(), prefix.len() + middle.len());
        let file = FileText { path: "task.py".parse()?, text: prefix + &middle + &suffix };
        let base = ParsedFile::parse(Language::Python, file).map_err(|refusal| refusal.reason)?;
        let whole = (None, middle.as_str());
        let cut = |eighths: usize| {
            let at = middle.floor_char_boundary(middle.len() * eighths / 8);
            (Some(at), &middle[..at])
        };
        for (cut, kept) in std::iter::once(whole).chain(CUTS.map(cut)) {
            let report = gates::check(&base, &candidate(&base, span, kept)?);
            let trial = json!({
                "task": task["task_id"],
                "cut": cut,
                "aligned": aligned(&base, span),
                "accepted": report.refused.is_none(),
                "text": report.result,
            });
            writeln!(out, "{trial}")?;
        }
    }
    Ok(())
}

/// Whether the middle, without the white space around it, is one node.
fn aligned(base: &ParsedFile, span: Span) -> bool {
    let text = base.slice(span);
    let start = span.start + text.len() - text.trim_start().len();
    let end = start + text.trim().len();
    let node = base.tree().root_node().named_descendant_for_byte_range(start, end);
    node.is_some_and(|node| node.byte_range() == (start..end))
}

fn candidate(base: &ParsedFile, span: Span, new_text: &str) -> Result<Candidate, Box<dyn std::error::Error>> {
    let edits = Edits::new(base.text(), vec![Edit::of(base.text(), span, new_text, "lines", "")])?;
    Ok(Candidate::of_edits(base.file().path.clone(), edits, Proposer::Mutation, "infilling"))
}
