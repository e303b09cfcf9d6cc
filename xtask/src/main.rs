//! Set-up, demo, tests and CI of the repository: `cargo xtask --help`.
//!
//! Everything it makes lies below `.reweave/`, which git ignores.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

mod bench;
mod ci;
mod demo;
mod environment;
mod fuzz;
mod layout;
mod process;
mod progress;
mod setup;
mod sha256;
mod test;

use std::process::ExitCode;
use std::time::Instant;

use environment::Lacking;
use layout::Layout;
use setup::Purpose;

const HELP: &str = "\
Set-up, demo, tests and CI of Reweave.

Usage: cargo xtask <COMMAND>

Commands:
  demo                     Set up, build, and run the specs of examples/ over real files; ends with a table
  demo --models            The same with libtorch: a tiny random model of each kind fills holes, shown step by step
  setup [--for demo|models|bench|test]
                           Fetch what the demo, models on libtorch, the benches of inference or (default) the tests
                           need; continues at the first missing artefact. `--models` is short for `--for models`
  test [-- ARGS]           Set up, then `cargo test --workspace ARGS`
  bench inference [--quick] [--threads N] [--json OUT]
                           Our infilling beside a plain Python loop on the same random weights: seconds, ratio, and where
                           the time goes. Runs on CUDA where libtorch finds it
  fuzz [TARGET] [--seconds N]
                           cargo-fuzz on one target or on both, from the committed corpus (60 s each); needs nightly
  ci                       fmt, clippy with -D warnings, cargo-deny where it is installed, then test

Exit codes: 0 good, 1 something failed, 2 usage, 3 this machine lacks something (named, with the command that gets it)
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Help,
    Setup(Purpose),
    Demo,
    DemoModels,
    Test(Vec<String>),
    Bench(bench::Request),
    Fuzz { target: Option<String>, seconds: u64 },
    Ci,
}

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match parse(&arguments) {
        Ok(command) => report(run(command, started)),
        Err(problem) => {
            eprintln!("error: {problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, started: Instant) -> anyhow::Result<bool> {
    let layout = Layout::of_this_repository();
    match command {
        Command::Help => {
            print!("{HELP}");
            Ok(true)
        }
        Command::Setup(purpose) => setup::run(&layout, purpose).map(|()| true),
        Command::Demo => demo::run(&layout, started),
        Command::DemoModels => demo::models::run(&layout, started),
        Command::Test(arguments) => test::run(&layout, &arguments),
        Command::Bench(request) => bench::inference(&layout, &request),
        Command::Fuzz { target, seconds } => fuzz::run(&layout, target.as_deref(), seconds),
        Command::Ci => ci::run(&layout),
    }
}

fn report(result: anyhow::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Lacking>() { ExitCode::from(3) } else { ExitCode::FAILURE }
        }
    }
}

fn parse(arguments: &[String]) -> Result<Command, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "-h" | "--help", ..] | [_, "-h" | "--help"] => Ok(Command::Help),
        ["setup"] | ["setup", "--for", "test"] => Ok(Command::Setup(Purpose::Test)),
        ["setup", "--for", "demo"] => Ok(Command::Setup(Purpose::Demo)),
        ["setup", "--for", "models"] | ["setup", "--models"] => Ok(Command::Setup(Purpose::Models)),
        ["setup", "--for", "bench"] => Ok(Command::Setup(Purpose::Bench)),
        ["demo"] => Ok(Command::Demo),
        ["demo", "--models"] => Ok(Command::DemoModels),
        ["test"] => Ok(Command::Test(Vec::new())),
        ["test", "--", rest @ ..] => Ok(Command::Test(rest.iter().map(|word| (*word).to_owned()).collect())),
        ["ci"] => Ok(Command::Ci),
        ["bench", "inference", rest @ ..] => parse_bench(rest),
        ["fuzz", rest @ ..] => parse_fuzz(rest),
        _ => Err(format!("unknown command line: {}", words.join(" "))),
    }
}

fn parse_bench(words: &[&str]) -> Result<Command, String> {
    let mut request = bench::Request::default();
    let mut rest = words;
    loop {
        rest = match rest {
            [] => return Ok(Command::Bench(request)),
            ["--quick", rest @ ..] => {
                request.quick = true;
                rest
            }
            ["--threads", number, rest @ ..] => {
                let threads = number.parse().map_err(|_| format!("`{number}` is no number of threads"))?;
                request.threads = Some(threads);
                rest
            }
            ["--json", path, rest @ ..] => {
                request.json = Some(path.into());
                rest
            }
            other => return Err(format!("unknown command line: bench inference {}", other.join(" "))),
        };
    }
}

fn parse_fuzz(words: &[&str]) -> Result<Command, String> {
    let (target, rest) = match words {
        [target, rest @ ..] if !target.starts_with('-') => (Some(*target), rest),
        rest => (None, rest),
    };
    if let Some(unknown) = target.filter(|target| !fuzz::TARGETS.contains(target)) {
        return Err(format!("`{unknown}` is not one of {}", fuzz::TARGETS.join(", ")));
    }
    let seconds = match rest {
        [] => fuzz::SECONDS_DEFAULT,
        ["--seconds", number] => number.parse().map_err(|_| format!("`{number}` is no number of seconds"))?,
        other => return Err(format!("unknown command line: fuzz {}", other.join(" "))),
    };
    Ok(Command::Fuzz { target: target.map(str::to_owned), seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_documented_command_line_is_understood() {
        assert_eq!(parsed(""), Ok(Command::Help));
        assert_eq!(parsed("demo --help"), Ok(Command::Help));
        assert_eq!(parsed("setup"), Ok(Command::Setup(Purpose::Test)));
        assert_eq!(parsed("setup --models"), Ok(Command::Setup(Purpose::Models)));
        assert_eq!(parsed("setup --for bench"), Ok(Command::Setup(Purpose::Bench)));
        assert_eq!(parsed("setup --for demo"), Ok(Command::Setup(Purpose::Demo)));
        let quick = bench::Request { quick: true, threads: None, json: Some("out.json".into()) };
        assert_eq!(parsed("bench inference --quick --json out.json"), Ok(Command::Bench(quick)));
        assert_eq!(parsed("fuzz"), Ok(Command::Fuzz { target: None, seconds: 60 }));
        let one = Command::Fuzz { target: Some("mask_splice".into()), seconds: 600 };
        assert_eq!(parsed("fuzz mask_splice --seconds 600"), Ok(one));
        assert_eq!(parsed("test -- --test tidy"), Ok(Command::Test(vec!["--test".into(), "tidy".into()])));
    }

    #[test]
    fn an_unknown_word_is_a_usage_error() {
        assert!(parsed("setup --for production").is_err());
        assert!(parsed("demo twice").is_err());
        assert!(parsed("bench inference --json").is_err());
        assert!(parsed("bench inference --threads 0").is_err());
        assert!(parsed("fuzz no_such_target").is_err());
        assert!(parsed("fuzz mask_splice --seconds soon").is_err());
    }
}
