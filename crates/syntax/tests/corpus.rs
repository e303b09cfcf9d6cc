//! Cases in files: `tests/corpus/<language>/*.txt`, in the form of tree-sitter's own corpora.
//!
//! Below the title stand attributes: `:targets` lists the definitions; `:target NAME`, `:lines A-B`, `:at LINE:COLUMN`
//! and `:kind KIND[@LINE]` name a place, `:unit UNIT` what to mask there, `:fill TEXT` what the gates are asked about
//! (`\\n` for a line's end); `:language NAME` reads the case as another language than the folder's.
//! `UPDATE_EXPECT=1` writes what came out.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic, in its helpers too")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use reweave_core::{Candidate, Edit, Edits, FileText, Language, Proposer, Refusal};
use reweave_syntax::{ParsedFile, Place, Unit, gates, layout, targets, unit};

/// Fewest cases of a language that is held to its strict rules.
const CASES_MIN: usize = 20;

struct Case {
    title: String,
    attributes: Vec<(String, String)>,
    source: String,
    expected: String,
}

#[test]
fn every_case_of_the_corpora_gives_what_its_file_says() {
    let mut wrong = String::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases = read(&text);
        let language = Language::by_name(file.parent().unwrap().file_name().unwrap().to_str().unwrap()).unwrap();
        let answers: Vec<String> = cases.iter().map(|case| answer(language, case)).collect();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, written(&cases, &answers)).unwrap();
            continue;
        }
        for (case, answer) in cases.iter().zip(&answers).filter(|(case, answer)| case.expected != **answer) {
            let _ = writeln!(
                wrong,
                "{}: {}\n--- expected\n{}\n--- found\n{answer}\n",
                file.display(),
                case.title,
                case.expected
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_language_with_strict_rules_has_its_cases() {
    for language in Language::ALL.into_iter().filter(|language| !matches!(language, Language::C | Language::Cpp)) {
        let holder = if language == Language::Tsx { Language::TypeScript } else { language };
        let own = files().into_iter().filter(|file| file.parent().unwrap().ends_with(holder.name()));
        let cases: usize = own.map(|file| read(&std::fs::read_to_string(file).unwrap()).len()).sum();
        assert!(cases >= CASES_MIN, "{} has {cases} cases", holder.name());
    }
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect();
    files.sort();
    files
}

fn is_rule(line: &str, mark: char) -> bool {
    line.len() >= 3 && line.chars().all(|letter| letter == mark)
}

fn read(text: &str) -> Vec<Case> {
    let mut lines = text.lines().peekable();
    let mut cases = Vec::new();
    while lines.next().is_some() {
        let head: Vec<&str> = lines.by_ref().take_while(|line| !is_rule(line, '=')).collect();
        let source: Vec<&str> = lines.by_ref().take_while(|line| !is_rule(line, '-')).collect();
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| !is_rule(line, '=')) {
            expected.push(line);
        }
        let attributes = head[1..].iter().filter_map(|line| line.strip_prefix(':'));
        let attributes = attributes.map(|line| line.split_once(' ').unwrap_or((line, "")));
        cases.push(Case {
            title: head[0].to_owned(),
            attributes: attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            source: source.join("\n").trim_matches('\n').to_owned() + "\n",
            expected: expected.join("\n").trim_matches('\n').to_owned(),
        });
    }
    cases
}

fn written(cases: &[Case], answers: &[String]) -> String {
    let mut out = String::new();
    for (case, answer) in cases.iter().zip(answers) {
        let rule = "=".repeat(20);
        let attributes =
            case.attributes.iter().map(|(key, value)| format!(":{key} {value}").trim_end().to_owned() + "\n");
        let attributes: String = attributes.collect();
        let _ = writeln!(out, "{rule}\n{}\n{attributes}{rule}\n\n{}\n---\n\n{answer}\n", case.title, case.source);
    }
    out.trim_end().to_owned() + "\n"
}

impl Case {
    fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn place(&self) -> Place {
        let number = |text: &str| text.parse::<u32>().unwrap();
        let pair = |text: &str, mark| text.split_once(mark).map(|(a, b)| (number(a), number(b))).unwrap();
        if let Some(name) = self.attribute("target") {
            return Place::Target(name.to_owned());
        }
        if let Some((first, last)) = self.attribute("lines").map(|lines| pair(lines, '-')) {
            return Place::Lines { first, last };
        }
        if let Some((line, column)) = self.attribute("at").map(|at| pair(at, ':')) {
            return Place::At { line, column };
        }
        let kind = self.attribute("kind").unwrap_or_else(|| panic!("`{}` names no place", self.title));
        let (kind, line) = kind.split_once('@').map_or((kind, None), |(kind, line)| (kind, Some(number(line))));
        Place::Kind { kind: kind.to_owned(), line }
    }
}

fn answer(language: Language, case: &Case) -> String {
    let language = case.attribute("language").map_or(language, |name| Language::by_name(name).unwrap());
    let path = format!("a.{}", language.extensions()[0]).parse().unwrap();
    let parsed = ParsedFile::parse(language, FileText { path, text: case.source.clone() }).unwrap();
    if case.attribute("targets").is_some() {
        return listed(&parsed);
    }
    let unit = case.attribute("unit").map(|name| Unit::by_name(name).unwrap());
    match unit::holes(&parsed, &case.place(), unit) {
        Err(refusal) => refused(&refusal),
        Ok(holes) => match case.attribute("fill") {
            Some(fill) => judged(&parsed, &holes, &fill.replace("\\n", "\n")),
            None => shown(&parsed, &holes),
        },
    }
}

fn listed(parsed: &ParsedFile) -> String {
    let line = |target: &targets::Target| {
        let last = parsed.line(target.span.end);
        format!("{} {} {}-{last}", target.kind.as_str(), target.path, parsed.line(target.span.start))
    };
    targets::definitions(parsed).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn shown(parsed: &ParsedFile, holes: &[unit::UnitHole]) -> String {
    let mut out = String::new();
    for hole in holes {
        let kind = hole.typed.as_ref().map_or("text", |typed| typed.kind);
        let path = if hole.node_path.is_empty() { "the file" } else { &hole.node_path };
        let (admitted, depth) = (hole.admissible(parsed.language()).len(), hole.bracket_depth);
        let _ = writeln!(out, "({} {kind} in {path}, {admitted} kinds, depth {depth})", hole.unit.name());
        out.extend(parsed.slice(hole.span).lines().map(|line| format!("| {line}\n")));
    }
    out.trim_end().to_owned()
}

fn refused(refusal: &Refusal) -> String {
    let mut out = format!("{}: {}", refusal.code, refusal.reason);
    for evidence in &refusal.evidence {
        let _ = write!(out, "\n- {}: {}", evidence.kind.as_str(), evidence.detail);
    }
    out
}

/// What the gates say of `fill` in every hole.
fn judged(parsed: &ParsedFile, holes: &[unit::UnitHole], fill: &str) -> String {
    let path = parsed.file().path.clone();
    let edit = |hole: &unit::UnitHole| {
        let kind = hole.typed.as_ref().map_or("lines", |typed| typed.kind);
        Edit::of(parsed.text(), hole.span, layout::fit(parsed, hole.span, fill), kind, "")
    };
    let edits = Edits::new(parsed.text(), holes.iter().map(edit).collect()).unwrap();
    let candidate = Candidate::of_edits(path.clone(), edits, Proposer::Refactor, "corpus");
    let report = gates::check(parsed, &candidate);
    match report.refused {
        Some(_) => "refused".to_owned(),
        None => format!("accepted\n{}", report.result.trim_end()),
    }
}
