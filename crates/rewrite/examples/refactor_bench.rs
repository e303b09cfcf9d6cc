//! Measures `method_to_function` on a folder of tasks: each subfolder holds `X.py` and `X_test.py`, and the latter names
//! a method and its class. Prints what happened to each task, and the time of parse and proposal.
//!
//! `cargo run -p reweave-rewrite --example refactor_bench -- DIR [OUT]` also writes the results to OUT.

#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reweave_core::{FileText, Language, OperatorCall, Proposal, RefactorPlan, Refusal};
use reweave_rewrite::refactor;
use reweave_syntax::{ParsedFile, gates};
use ruff_python_ast::visitor::source_order::{self, SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Stmt, StmtClassDef};

/// Relative difference in node counts that still counts as the same code.
const SIZE_TOLERANCE: f64 = 0.10;
/// Each task is timed this often; the fastest run counts.
const REPEATS: usize = 5;

struct Task {
    folder: String,
    file: FileText,
    class: String,
    method: String,
}

enum Verdict {
    Good { edits: usize, risk: f64, result: String },
    Wrong(String),
    Refused(Refusal),
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: refactor_bench DIR [OUT]")?);
    let out = arguments.next().map(PathBuf::from);
    let mut times = Vec::new();
    let mut counts = [0; 3];
    for task in tasks(&folder)? {
        let (verdict, time, parse) = judge(&task);
        times.push(time);
        let (at, line) = describe(&verdict);
        counts[at] += 1;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{:<66} {:>8.2} ms (parse {:>7.2})  {line}", task.folder, ms(time), ms(parse));
        if let (Verdict::Good { result, .. }, Some(out)) = (&verdict, &out) {
            std::fs::create_dir_all(out.join(&task.folder))?;
            std::fs::write(out.join(&task.folder).join(task.file.path.file_name()), result)?;
        }
    }
    times.sort();
    let [good, wrong, refused] = counts;
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let max = times.last().copied().unwrap_or_default();
    println!("{good} good, {wrong} wrong, {refused} refused; median {median:.2?}, max {max:.2?}");
    Ok(())
}

fn describe(verdict: &Verdict) -> (usize, String) {
    match verdict {
        Verdict::Good { edits, risk, .. } => (0, format!("good, {edits} edits, risk {risk}")),
        Verdict::Wrong(why) => (1, format!("WRONG: {why}")),
        Verdict::Refused(refusal) => {
            let line = refusal
                .evidence
                .first()
                .map(|evidence| format!(" [line {}: {}]", evidence.line.unwrap_or(0), evidence.detail));
            (2, format!("refused, {}: {}{}", refusal.code, refusal.reason, line.unwrap_or_default()))
        }
    }
}

fn tasks(folder: &Path) -> Result<Vec<Task>, Box<dyn Error>> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders.iter().filter(|path| path.is_dir()).map(|path| task(path)).collect()
}

fn task(folder: &Path) -> Result<Task, Box<dyn Error>> {
    let files: Vec<PathBuf> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let test = files.iter().find(|file| file.to_string_lossy().ends_with("_test.py")).ok_or("no *_test.py")?;
    let source = PathBuf::from(test.to_string_lossy().replace("_test.py", ".py"));
    let test = std::fs::read_to_string(test)?;
    let named = |what: &str| -> Option<String> {
        let line = test.lines().find(|line| line.trim_start().starts_with(what))?;
        line.split('"').nth(1).map(str::to_owned)
    };
    let path = source.file_name().ok_or("no file name")?.to_string_lossy().into_owned().try_into()?;
    Ok(Task {
        folder: folder.file_name().ok_or("no folder name")?.to_string_lossy().into_owned(),
        file: FileText { path, text: std::fs::read_to_string(&source)? },
        class: named("class_name =").ok_or("no class_name")?,
        method: named("method =").ok_or("no method")?,
    })
}

fn plan(task: &Task) -> RefactorPlan {
    RefactorPlan {
        file_path: task.file.path.clone(),
        edit_targets: vec![format!("{}.{}", task.class, task.method)],
        intent: String::new(),
        condition: String::new(),
        context: String::new(),
        language: Language::Python,
        priority: 0,
        operator: Some(OperatorCall { name: "method_to_function".into(), parameters: Vec::new() }),
        checks: Vec::new(),
        target_checks: Vec::new(),
    }
}

/// What came of it, the time of parse and proposal together, and that of the parse alone.
fn judge(task: &Task) -> (Verdict, Duration, Duration) {
    let plan = plan(task);
    let run = || {
        let start = Instant::now();
        let parsed = ParsedFile::parse(Language::Python, task.file.clone());
        let parse = start.elapsed();
        let proposal = parsed.and_then(|parsed| Ok((refactor::propose(&parsed, &plan, &[])?, parsed)));
        (proposal, start.elapsed(), parse)
    };
    let (proposal, mut time, mut parse) = run();
    for _ in 1..REPEATS {
        let (_, again, parse_again) = run();
        (time, parse) = (time.min(again), parse.min(parse_again));
    }
    let verdict = match proposal {
        Err(refusal) => Verdict::Refused(refusal),
        Ok((Proposal::Unchanged(why), _)) => Verdict::Wrong(format!("unchanged: {why}")),
        Ok((Proposal::Candidate(candidate), parsed)) => {
            let result = candidate.edits.apply(&task.file.text);
            let gates = gates::check(&parsed, &candidate);
            let compared = match gates.refused {
                Some(gate) => Err(format!("gate {gate:?} said no")),
                None => compare(task, &parsed, &result),
            };
            match compared {
                Err(why) => Verdict::Wrong(why),
                Ok(()) => Verdict::Good {
                    edits: candidate.edits.as_slice().len(),
                    risk: reweave_core::Risk::of(candidate.risks).score,
                    result,
                },
            }
        }
    };
    (verdict, time, parse)
}

fn compare(task: &Task, base: &ParsedFile, result: &str) -> Result<(), String> {
    let file = FileText { path: task.file.path.clone(), text: result.to_owned() };
    let parsed = ParsedFile::parse(Language::Python, file).map_err(|refusal| refusal.reason)?;
    if let Some(error) = parsed.errors().first() {
        return Err(format!("line {}: {}", error.line, error.message));
    }
    let (before, after) = (class(base, &task.class)?, class(&parsed, &task.class)?);
    let is_wanted = |stmt: &&Stmt| stmt.as_function_def_stmt().is_some_and(|def| def.name.as_str() == task.method);
    let method = before.body.iter().find(is_wanted).map(|stmt| nodes(stmt.into())).ok_or("no such method")?;
    let function =
        parsed.python().ok_or("it is not Python")?.module().body.iter().find(is_wanted).map(|stmt| nodes(stmt.into()));
    near("the function", function.ok_or("there is no function of that name at the top")?, method)?;
    near("the class", nodes(after.into()), nodes(before.into()) - method)?;
    let range = ruff_text_size::Ranged::range(after);
    if result[range.start().to_usize()..range.end().to_usize()].contains(&format!("self.{}(", task.method)) {
        return Err("a call on self is left in the class".into());
    }
    Ok(())
}

fn near(what: &str, found: usize, expected: usize) -> Result<(), String> {
    let difference = found.abs_diff(expected) as f64 / expected.max(1) as f64;
    if difference < SIZE_TOLERANCE { Ok(()) } else { Err(format!("{what} has {found} nodes, expected {expected}")) }
}

/// The first class called `name`, wherever it stands.
fn class<'a>(file: &'a ParsedFile, name: &str) -> Result<&'a StmtClassDef, String> {
    struct Finder<'a, 'n>(&'n str, Option<&'a StmtClassDef>);
    impl<'a> SourceOrderVisitor<'a> for Finder<'a, '_> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if let Some(class) = stmt.as_class_def_stmt().filter(|class| class.name.as_str() == self.0) {
                self.1.get_or_insert(class);
            }
            source_order::walk_stmt(self, stmt);
        }
    }
    let mut finder = Finder(name, None);
    finder.visit_body(&file.python().expect("the task is Python").module().body);
    finder.1.ok_or_else(|| format!("there is no class `{name}`"))
}

/// Number of syntax nodes at and below `node`.
fn nodes(node: AnyNodeRef<'_>) -> usize {
    struct Counter(usize);
    impl<'a> SourceOrderVisitor<'a> for Counter {
        fn enter_node(&mut self, _: AnyNodeRef<'a>) -> TraversalSignal {
            self.0 += 1;
            TraversalSignal::Traverse
        }
    }
    let mut counter = Counter(0);
    node.visit_source_order(&mut counter);
    counter.0
}
