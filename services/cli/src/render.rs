//! What a person sees: a coloured diff, a table of checks, the risk with its reasons, or a reasoned no.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use owo_colors::OwoColorize;
use reweave_core::{
    BaseStatus, BatchResult, CheckResult, CheckStatus, ItemResult, JudgedBy, Outcome, OutcomeEvent, Patch, Refusal,
    Risk, RunFacts,
};

/// The whole outcome, for a terminal; colours are stripped by the stream where they are unwanted.
pub(crate) fn outcome(event: &OutcomeEvent) -> String {
    let mut out = match &event.outcome {
        Outcome::Patch(patch) => self::patch(patch, &event.run),
        Outcome::Refusal(refusal) => self::refusal(refusal),
        Outcome::Unchanged(reason) => unchanged(reason),
        Outcome::Batch(batch) => self::batch(batch, &event.run),
    };
    let _ = writeln!(
        out,
        "{}",
        format!("spec {} · {}", short(&event.spec_id.to_string()), time(event.run.duration_us)).dimmed()
    );
    out
}

fn patch(patch: &Patch, run: &RunFacts) -> String {
    let mut out = diff(&patch.unified_diff);
    out.push('\n');
    let mut said = Vec::new();
    for hunk in &patch.provenance.hunks {
        let who = format!("{}/{}", hunk.proposer.as_str(), hunk.operator);
        let line = format!("  {} {}", who.cyan(), hunk.description);
        if !said.contains(&line) {
            let _ = writeln!(out, "{line}");
            said.push(line);
        }
    }
    let proof = format!("{} bytes changed outside the target nodes", patch.validation.bytes_changed_outside);
    let _ = writeln!(out, "  {} {proof}", "gates".cyan());
    if !patch.checks.is_empty() {
        let _ = writeln!(out, "\n{}", checks(&patch.checks, run));
    }
    for missing in &patch.not_checked {
        let _ = writeln!(out, "  {} {missing}", "not checked:".yellow());
    }
    let _ = writeln!(out, "\n{}", risk(&patch.risk));
    let _ = writeln!(
        out,
        "{} {} candidate(s) considered, {} check run(s)",
        if patch.can_apply() { "proven".green().bold().to_string() } else { "not applicable".red().to_string() },
        patch.provenance.candidates,
        patch.provenance.runs
    );
    out
}

fn batch(batch: &BatchResult, run: &RunFacts) -> String {
    let mut out = String::new();
    for (at, item) in batch.items.iter().enumerate() {
        let line = match item {
            ItemResult::Patch(patch) => {
                let what = patch.provenance.hunks.first().map_or("", |hunk| hunk.description.as_str());
                format!("{} {what}", "patch".green())
            }
            ItemResult::Refusal(refusal) => format!("{} {} ({})", "refused".red(), refusal.reason, refusal.code),
            ItemResult::Unchanged(reason) => format!("{} {reason}", "unchanged".dimmed()),
        };
        let _ = writeln!(out, "{} {line}", format!("item {}", at + 1).bold());
    }
    out.push('\n');
    match &batch.combined {
        Some(combined) => out.push_str(&patch(combined, run)),
        None => {
            let _ = writeln!(out, "{}", "no item gave a patch".yellow());
        }
    }
    out
}

fn unchanged(reason: &str) -> String {
    format!("{} {reason}\n", "nothing to do:".green().bold())
}

/// A refusal as a document, for commands whose answer is no outcome event.
pub(crate) fn refusal_json(refusal: &Refusal) -> serde_json::Value {
    let evidence = refusal.evidence.iter().map(|evidence| {
        serde_json::json!({"kind": evidence.kind.as_str(), "detail": evidence.detail, "line": evidence.line})
    });
    serde_json::json!({
        "code": refusal.code.to_string(),
        "reason": refusal.reason,
        "evidence": evidence.collect::<Vec<_>>(),
        "next": refusal.next_command,
    })
}

/// A refusal with its evidence and the next command.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let mut out =
        format!("{} {} {}\n", "refused:".red().bold(), refusal.reason, format!("[{}]", refusal.code).dimmed());
    for evidence in &refusal.evidence {
        let place = match (&evidence.file, evidence.line) {
            (Some(file), Some(line)) => format!(" ({file}:{line})"),
            (Some(file), None) => format!(" ({file})"),
            (None, _) => String::new(),
        };
        let _ =
            writeln!(out, "  {} {}{}", format!("{}:", evidence.kind.as_str()).cyan(), evidence.detail, place.dimmed());
    }
    if !refusal.next_command.is_empty() {
        let _ = writeln!(out, "  {} {}", "next:".bold(), refusal.next_command);
    }
    out
}

fn diff(unified: &str) -> String {
    let mut out = String::with_capacity(unified.len() * 2);
    for line in unified.split_inclusive('\n') {
        let text = line.trim_end_matches(['\n', '\r']);
        let painted = match text.as_bytes().first() {
            _ if text.starts_with("+++") || text.starts_with("---") || text.starts_with("diff ") => {
                text.bold().to_string()
            }
            Some(b'+') => text.green().to_string(),
            Some(b'-') => text.red().to_string(),
            Some(b'@') => text.cyan().to_string(),
            _ => text.to_owned(),
        };
        out.push_str(&painted);
        out.push('\n');
    }
    out
}

fn checks(results: &[CheckResult], run: &RunFacts) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header([
        "check",
        "result",
        "before",
        "tests",
        "judged by",
        "ms",
        "command",
    ]);
    for result in results {
        let facts = run.check_runs.iter().find(|facts| !facts.on_base && facts.name == result.name);
        table.add_row([
            Cell::new(if result.target { format!("{} (target)", result.name) } else { result.name.to_string() }),
            Cell::new(status(result)),
            Cell::new(match result.base {
                BaseStatus::Passed => "passed",
                BaseStatus::Failed => "failed",
                BaseStatus::NotRun => "-",
            }),
            Cell::new(match result.judged_by {
                JudgedBy::Report => format!("{} ok, {} failing", result.passed, result.failing.len()),
                JudgedBy::ExitStatus => "-".to_owned(),
            }),
            Cell::new(match result.judged_by {
                JudgedBy::Report => "its report",
                JudgedBy::ExitStatus => "exit status",
            }),
            Cell::new(facts.map_or_else(|| "-".to_owned(), |facts| format!("{:.0}", facts.duration_us as f64 / 1e3)))
                .set_alignment(CellAlignment::Right),
            Cell::new(result.command.join(" ")),
        ]);
    }
    table
}

fn status(result: &CheckResult) -> String {
    let code = result.exit_code.map(|code| format!(" (exit {code})")).unwrap_or_default();
    match result.status {
        CheckStatus::Passed => "passed".green().to_string(),
        CheckStatus::Failed if result.acceptable() => format!("fails as before{code}").yellow().to_string(),
        CheckStatus::Failed => format!("failed{code}").red().to_string(),
        CheckStatus::TimedOut => "timed out".red().to_string(),
        CheckStatus::Killed => "killed at a limit".red().to_string(),
        CheckStatus::NoReport => format!("no report{code}").red().to_string(),
        CheckStatus::NotRun => "not run".dimmed().to_string(),
    }
}

fn risk(risk: &Risk) -> String {
    let score = format!("{:.2}", risk.score);
    let painted = match risk.score {
        score_value if score_value < 0.2 => score.green().bold().to_string(),
        score_value if score_value < 0.5 => score.yellow().bold().to_string(),
        _ => score.red().bold().to_string(),
    };
    let mut out = format!("risk {painted} {}", "(0 safe, 1 risky)".dimmed());
    for part in &risk.parts {
        let _ = write!(out, "\n  {:.2} {} {}", part.value, part.name.cyan(), part.reason);
    }
    out
}

fn time(duration_us: u64) -> String {
    match duration_us {
        0..10_000 => format!("{:.1} ms", duration_us as f64 / 1e3),
        10_000..10_000_000 => format!("{:.0} ms", duration_us as f64 / 1e3),
        _ => format!("{:.1} s", duration_us as f64 / 1e6),
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
