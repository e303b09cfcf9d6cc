//! `reweave gate`: what the gates say of edits that somebody else made.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use owo_colors::OwoColorize;
use reweave_core::{
    Candidate, Edit, Edits, EvidenceKind, ExitCode, FileText, GateResult, Language, Proposer, Refusal, RefusalCode,
    Span, Validation, limits,
};
use reweave_syntax::{GateReport, ParsedFile, fingerprint, gates};
use reweave_synthesis::compiler::Verdict;
use serde::Deserialize;

use crate::{
    input, pod, render,
    settings::{Local, Settings},
    source,
};

/// Which file, and which edits.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file the edits are for.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The edits as JSON, `[{"start": BYTE, "end": BYTE, "new_text": TEXT}, …]`; `-` reads standard input.
    #[arg(long, value_name = "EDITS")]
    edits: PathBuf,
    /// The language, where the file's extension does not tell it.
    #[arg(long, value_name = "NAME", value_parser = source::language)]
    language: Option<Language>,
    /// Print the verdicts as JSON.
    #[arg(long)]
    json: bool,
}

/// One edit of the document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    start: usize,
    end: usize,
    new_text: String,
}

/// Asks every gate about the edits; exits 1 when one refuses.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode> {
    let given = match edits(&arguments.edits)? {
        Ok(given) => given,
        Err(error) => {
            writeln!(anstream::stderr(), "reweave: {}: {error}", arguments.edits.display())?;
            return Ok(ExitCode::Usage);
        }
    };
    let judged = source::parse(&arguments.file, arguments.language)?
        .and_then(|file| candidate(&file, given).map(|candidate| (gates::check(&file, &candidate), file)));
    match judged {
        Ok((report, file)) => {
            let mut judged = Judged::of(report);
            judged.ask_compiler(&file, settings).await?;
            judged.show(&file, arguments.json)
        }
        Err(refusal) => refuse(&refusal, arguments.json),
    }
}

fn edits(path: &Path) -> Result<Result<Vec<Given>, serde_json::Error>> {
    let bytes =
        input::file_or_stdin(path, limits::SPEC_BYTES_MAX).with_context(|| format!("read {}", path.display()))?;
    ensure!(bytes.len() <= limits::SPEC_BYTES_MAX, "the edits are larger than {} bytes", limits::SPEC_BYTES_MAX);
    Ok(serde_json::from_slice(&bytes))
}

/// The edits as a candidate that was allowed to change exactly what it changes.
fn candidate(file: &ParsedFile, given: Vec<Given>) -> Result<Candidate, Refusal> {
    let refused = |what: String| {
        Refusal::new(RefusalCode::SpecInvalid, "the edits do not fit the file")
            .with(EvidenceKind::Error, what)
            .next("give byte offsets of this file, on character boundaries, without overlap")
    };
    let mut edits = Vec::with_capacity(given.len());
    for Given { start, end, new_text } in given {
        if start > end || file.text().get(start..end).is_none() {
            return Err(refused(format!(
                "bytes {start}..{end} are no part of the text of {} bytes",
                file.text().len()
            )));
        }
        edits.push(Edit::of(file.text(), Span::new(start, end), new_text, "lines", ""));
    }
    let edits = Edits::new(file.text(), edits).map_err(|error| refused(error.to_string()))?;
    Ok(Candidate::of_edits(file.file().path.clone(), edits, Proposer::Refactor, "given"))
}

/// What the gates said, the compiler's own parser the last of them.
struct Judged {
    gates: Vec<GateResult>,
    syntax_valid: bool,
    bytes_changed_outside: u64,
    result: String,
    not_checked: Option<String>,
}

impl Judged {
    fn of(report: GateReport) -> Self {
        let GateReport { validation, result, .. } = report;
        let Validation { syntax_valid, gates, bytes_changed_outside, errors: _ } = validation;
        Self { gates, syntax_valid, bytes_changed_outside, result, not_checked: None }
    }

    fn passed(&self) -> bool {
        self.gates.iter().all(|gate| gate.passed)
    }

    /// Asks where the strict gate was no parser of the language's own, and nobody refused yet.
    async fn ask_compiler(&mut self, file: &ParsedFile, settings: &Settings) -> Result<()> {
        if file.entry().strict.exact || !self.passed() {
            return Ok(());
        }
        let pod = pod::checks(settings, &Local::default())?;
        let verdict = pod.compiler().judge(file.language(), file.text(), &self.result).await;
        pod.close().await;
        match verdict {
            Verdict::Passed(gate) => self.gates.push(gate),
            Verdict::Refused(gate, _) => {
                self.syntax_valid = false;
                self.gates.push(gate);
            }
            Verdict::NotChecked(reason) => self.not_checked = Some(reason),
        }
        Ok(())
    }

    fn show(&self, file: &ParsedFile, json: bool) -> Result<ExitCode> {
        let mut stdout = anstream::stdout();
        if json {
            writeln!(stdout, "{}", self.document(file))?;
        } else {
            writeln!(stdout, "{}", self.table())?;
            if let Some(reason) = &self.not_checked {
                writeln!(stdout, "{reason}")?;
            }
            if let Some(size) = edit_size(file, &self.result) {
                writeln!(stdout, "{size} syntax nodes taken out and put in")?;
            }
        }
        Ok(if self.passed() { ExitCode::Done } else { ExitCode::Refused })
    }

    fn document(&self, file: &ParsedFile) -> serde_json::Value {
        let gate =
            |gate: &GateResult| serde_json::json!({"gate": gate.gate, "passed": gate.passed, "reason": gate.reason});
        serde_json::json!({
            "language": file.language().name(),
            "passed": self.passed(),
            "syntax_valid": self.syntax_valid,
            "bytes_changed_outside": self.bytes_changed_outside,
            "gates": self.gates.iter().map(gate).collect::<Vec<_>>(),
            "strict_parser": file.entry().strict.parser,
            "not_checked": self.not_checked.iter().collect::<Vec<_>>(),
            "edit_size": edit_size(file, &self.result),
            "result": self.result,
        })
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_header(["gate", "verdict", "why"]);
        for gate in &self.gates {
            let verdict = if gate.passed { "passed".green().to_string() } else { "refused".red().to_string() };
            table.add_row([gate.gate.clone(), verdict, gate.reason.clone()]);
        }
        table
    }
}

/// How many syntax nodes the edits change; absent where the result cannot be parsed at all.
fn edit_size(base: &ParsedFile, result: &str) -> Option<usize> {
    let file = FileText { path: base.file().path.clone(), text: result.to_owned() };
    let result = ParsedFile::parse(base.language(), file).ok()?;
    Some(fingerprint::edit_size(base, &result))
}

fn refuse(refusal: &Refusal, json: bool) -> Result<ExitCode> {
    let mut stdout = anstream::stdout();
    if json {
        let mut document = render::refusal_json(refusal);
        document["passed"] = false.into();
        writeln!(stdout, "{document}")?;
    } else {
        write!(stdout, "{}", render::refusal(refusal))?;
    }
    Ok(ExitCode::Refused)
}
