//! `reweave mask`: which parts of a file may be refilled, and with what.

use std::{io::Write, path::PathBuf};

use anyhow::Result;
use clap::{ArgGroup, Args};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use owo_colors::OwoColorize;
use reweave_core::{ExitCode, Language, Refusal, Span};
use reweave_syntax::{ParsedFile, Place, Unit, mask, unit::UnitHole};

use crate::{render, source};

/// Longest text of a hole shown in the table, in characters.
const SHOWN_MAX: usize = 60;
/// Most kinds named in the table; the JSON has all.
const KINDS_MAX: usize = 6;

/// Which file, where in it, and what to mask there.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("place").required(true))]
pub(crate) struct Arguments {
    /// The file to mask.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A definition by its qualified name, such as `Class.method`; `NAME@LINE` chooses among several.
    #[arg(long, value_name = "NAME", group = "place")]
    target: Option<String>,
    /// Whole lines, such as `3-7`.
    #[arg(long, value_name = "A-B", group = "place", value_parser = lines)]
    lines: Option<Place>,
    /// A position as diagnostics give it: line and column, from 1.
    #[arg(long, value_name = "LINE:COLUMN", group = "place", value_parser = position)]
    at: Option<Place>,
    /// Nodes of a kind of the grammar, such as `if_statement`, or those that begin on a line: `if_statement@12`.
    #[arg(long, value_name = "KIND[@LINE]", group = "place", value_parser = kind)]
    kind: Option<Place>,
    /// What to mask there; by default what the place says.
    #[arg(long, value_name = "UNIT", value_parser = unit)]
    unit: Option<Unit>,
    /// The language, where the file's extension does not tell it.
    #[arg(long, value_name = "NAME", value_parser = source::language)]
    language: Option<Language>,
    /// Print the holes as JSON.
    #[arg(long)]
    json: bool,
}

/// Lists the holes; exits 1 when there are none.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { target, lines, at, kind, .. } = arguments;
    let place = target.clone().map(Place::Target).or_else(|| [lines, at, kind].into_iter().flatten().next().cloned());
    let place = place.ok_or_else(|| anyhow::anyhow!("no place was named"))?;
    let found = source::parse(&arguments.file, arguments.language)?
        .and_then(|file| reweave_syntax::unit::holes(&file, &place, arguments.unit).map(|holes| (file, holes)));
    match found {
        Ok((file, holes)) if arguments.json => show_json(&file, &holes),
        Ok((file, holes)) => show(&file, &holes),
        Err(refusal) => refuse(&refusal, arguments.json),
    }
}

fn lines(text: &str) -> Result<Place, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok(Place::Lines { first, last }),
        _ => Err(format!("`{text}` is no range of lines such as `3-7`")),
    }
}

fn position(text: &str) -> Result<Place, String> {
    match text.split_once(':').map(|(line, column)| (line.parse(), column.parse())) {
        Some((Ok(line), Ok(column))) if line > 0 && column > 0 => Ok(Place::At { line, column }),
        _ => Err(format!("`{text}` is no position such as `12:5`")),
    }
}

fn kind(text: &str) -> Result<Place, String> {
    let Some((kind, line)) = text.split_once('@') else {
        return Ok(Place::Kind { kind: text.to_owned(), line: None });
    };
    let line = line.parse().map_err(|_| format!("`{line}` is no line"))?;
    Ok(Place::Kind { kind: kind.to_owned(), line: Some(line) })
}

fn unit(name: &str) -> Result<Unit, String> {
    let known: Vec<&str> = Unit::ALL.iter().map(Unit::name).collect();
    Unit::by_name(name).ok_or_else(|| format!("`{name}` is not one of {}", known.join(", ")))
}

fn show(file: &ParsedFile, holes: &[UnitHole]) -> Result<ExitCode> {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["hole", "place", "in", "kind", "may hold", "text"]);
    for (at, hole) in holes.iter().enumerate() {
        let kinds = hole.admissible(file.language());
        let kind = hole.typed.as_ref().map_or("text", |typed| typed.kind);
        let text = file.slice(hole.span);
        table.add_row([
            format!("{} {}", at + 1, hole.unit.name().cyan()),
            format!("{}-{}", point(file, hole.span.start), point(file, hole.span.end)),
            hole.node_path.clone(),
            kind.to_owned(),
            shortened(&kinds),
            excerpt(text),
        ]);
    }
    writeln!(anstream::stdout(), "{table}")?;
    Ok(ExitCode::Done)
}

fn shortened(kinds: &[&str]) -> String {
    match kinds.len() {
        0 => "any text".to_owned(),
        count if count <= KINDS_MAX => kinds.join(", "),
        count => format!("{} and {} more kinds", kinds[..KINDS_MAX].join(", "), count - KINDS_MAX),
    }
}

/// The first line, without what a terminal would act upon.
fn excerpt(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let shown: String = first.chars().filter(|letter| !letter.is_control()).take(SHOWN_MAX).collect();
    if shown.len() < text.len() { format!("{shown}{}", "…".dimmed()) } else { shown }
}

fn point(file: &ParsedFile, at: usize) -> String {
    format!("{}:{}", file.line(at), column(file, at))
}

fn column(file: &ParsedFile, at: usize) -> usize {
    let before = &file.text()[..at];
    before[before.rfind('\n').map_or(0, |newline| newline + 1)..].trim_start_matches('\u{feff}').chars().count() + 1
}

fn show_json(file: &ParsedFile, holes: &[UnitHole]) -> Result<ExitCode> {
    let spans: Vec<Span> = holes.iter().map(|hole| hole.span).collect();
    let masked = mask::mask(file.text(), &spans)?;
    let marks: Vec<String> = (1..=holes.len()).map(|number| format!("⟦{number}⟧")).collect();
    let marks: Vec<&str> = marks.iter().map(String::as_str).collect();
    let document = serde_json::json!({
        "language": file.language().name(),
        "base_sha256": file.file().sha256().to_string(),
        "holes": holes.iter().map(|hole| as_json(file, hole)).collect::<Vec<_>>(),
        "masked": masked.splice(&marks)?,
    });
    writeln!(anstream::stdout(), "{document}")?;
    Ok(ExitCode::Done)
}

fn as_json(file: &ParsedFile, hole: &UnitHole) -> serde_json::Value {
    let leaf = |span: Option<Span>| span.map(|span| file.slice(span));
    let goto = hole.typed.as_ref().map(|typed| typed.goto);
    serde_json::json!({
        "unit": hole.unit.name(),
        "start": hole.span.start,
        "end": hole.span.end,
        "start_line": file.line(hole.span.start),
        "start_column": column(file, hole.span.start),
        "end_line": file.line(hole.span.end),
        "end_column": column(file, hole.span.end),
        "kind": hole.typed.as_ref().map(|typed| typed.kind),
        "node_path": hole.node_path,
        "goto": goto.map(|goto| serde_json::json!({"before": goto.before, "after": goto.after})),
        "admissible": hole.admissible(file.language()),
        "indent": hole.indent,
        "bracket_depth": hole.bracket_depth,
        "before": leaf(hole.before),
        "after": leaf(hole.after),
        "text": file.slice(hole.span),
    })
}

fn refuse(refusal: &Refusal, json: bool) -> Result<ExitCode> {
    let mut stdout = anstream::stdout();
    if json {
        writeln!(stdout, "{}", render::refusal_json(refusal))?;
    } else {
        write!(stdout, "{}", render::refusal(refusal))?;
    }
    Ok(refusal.code.exit_code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        assert_eq!(lines("3-7"), Ok(Place::Lines { first: 3, last: 7 }));
        assert_eq!(lines("3"), Ok(Place::Lines { first: 3, last: 3 }));
        assert_eq!(position("12:5"), Ok(Place::At { line: 12, column: 5 }));
        assert_eq!(kind("block@2"), Ok(Place::Kind { kind: "block".to_owned(), line: Some(2) }));
        for wrong in ["", "0-1", "7-3", "a-b", "1-2-3"] {
            assert!(lines(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "1", "0:1", "1:0", "a:b"] {
            assert!(position(wrong).is_err(), "{wrong}");
        }
        assert!(unit("bodies").unwrap_err().contains("body, statement"));
    }
}
