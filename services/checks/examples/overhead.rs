//! What the sandbox costs: one run of `true` and of a trivial pytest, beside the same command started plainly.
//!
//! `cargo run -p reweave-checks --example overhead [RUNS]`; pytest is measured when it is in PATH.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use reweave_chassis::service::ConfigArgs;
use reweave_checks::{
    Config, Runner, SandboxRunner,
    config::{self, Root},
    runner::Request,
};
use reweave_core::{CheckName, CheckStatus, Source};
use tokio_util::sync::CancellationToken;

const RUNS: usize = 40;
const TEST: &str = "def test_one():\n    assert 1 + 1 == 2\n";

fn main() -> Result<(), Box<dyn Error>> {
    reweave_checks::launcher_main();
    tokio::runtime::Runtime::new()?.block_on(measure())
}

async fn measure() -> Result<(), Box<dyn Error>> {
    let runs = std::env::args().nth(1).map_or(Ok(RUNS), |runs| runs.parse())?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("test_one.py"), TEST)?;
    let runner = SandboxRunner::new(config(folder.path())?);
    for (name, program, arguments) in
        [("true", "true", &[][..]), ("pytest", "pytest", &["-q", "-p", "no:cacheprovider"])]
    {
        if find(program).is_none() {
            print(&format!("{name}: not in PATH"))?;
            continue;
        }
        let plain = measure_plain(program, arguments, folder.path(), runs)?;
        let sandboxed = measure_sandboxed(&runner, name, runs).await?;
        print(&format!("{name:8} plain     {}", spread(plain)))?;
        print(&format!("{name:8} sandboxed {}", spread(sandboxed)))?;
    }
    Ok(())
}

fn config(workspace: &Path) -> Result<Config, Box<dyn Error>> {
    let root: Root = ConfigArgs::default().load()?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut config = root.checks.validate(&BTreeMap::from([("PATH".to_owned(), path)]))?;
    config.local_workspace = Some(workspace.to_owned());
    let command = config::Command::by_exit_status(vec!["true".to_owned()]).ok_or("no command")?;
    config.commands.insert("true".parse()?, command);
    Ok(config)
}

fn measure_plain(program: &str, arguments: &[&str], at: &Path, runs: usize) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let since = Instant::now();
        let mut command = Command::new(program);
        let status = command.args(arguments).current_dir(at).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        times.push(since.elapsed());
        assert!(status.success(), "{program} failed");
    }
    Ok(times)
}

async fn measure_sandboxed(runner: &SandboxRunner, name: &str, runs: usize) -> Result<Vec<Duration>, Box<dyn Error>> {
    let name: CheckName = name.parse()?;
    let refused = |refusal: reweave_core::Refusal| format!("{}: {:?}", refusal.reason, refusal.evidence);
    let mut workspace = runner.open(Source::Local).await.map_err(refused)?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let since = Instant::now();
        let request = Request { checks: vec![name.clone()], ..Request::default() };
        let reports = workspace.run(request, &CancellationToken::new()).await.map_err(refused)?;
        times.push(since.elapsed());
        let passed = reports.is_some_and(|reports| reports[0].status == CheckStatus::Passed);
        assert!(passed, "{name} did not pass in the sandbox");
    }
    Ok(times)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let (least, most) = (times[0], times[times.len() - 1]);
    format!("min {least:8.2?}  median {:8.2?}  max {most:8.2?}  of {}", times[times.len() / 2], times.len())
}

fn print(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
