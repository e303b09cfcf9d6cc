//! A Python environment with torch and transformers, to make fixtures with and to measure against.

use std::fs;
use std::process::Command;

use anyhow::Context;

use super::{Artefact, venv};
use crate::environment::program;
use crate::layout::Layout;
use crate::process;
use crate::progress::Step;

/// 5 GB, for the bench alone.
pub(super) const REFERENCE: Artefact =
    Artefact { name: "Python with torch and transformers", missing: venv::missing_python, ready, make };

const REQUIREMENTS: &str = include_str!("../../requirements/reference.txt");

fn ready(layout: &Layout) -> bool {
    let stamped = fs::read_to_string(layout.reference().join("installed.txt"));
    layout.reference().join("bin/python").exists() && stamped.is_ok_and(|found| found == stamp(layout))
}

/// It names the folder, since an environment does not survive a move.
fn stamp(layout: &Layout) -> String {
    format!("{REQUIREMENTS}\n{}\n", layout.reference().display())
}

fn make(layout: &Layout, name: &'static str) -> anyhow::Result<()> {
    let step = Step::begin(name);
    process::remove(&layout.reference())?;
    let python = program("python3").context("python3 has gone from PATH")?;
    let log = layout.logs().join("reference.log");
    let mut create = Command::new(python);
    create.args(["-m", "venv"]).arg(layout.reference());
    process::run(&mut create, &log, || {}).context("creating the Python environment")?;
    let file = layout.made.join("reference.txt");
    fs::write(&file, REQUIREMENTS)?;
    let mut pip = Command::new(layout.reference().join("bin/python"));
    pip.args(["-m", "pip", "install", "--only-binary", ":all:", "--no-input", "-r"]).arg(&file);
    process::run(&mut pip, &log, || step.say(&process::last_line(&log)))
        .with_context(|| format!("installing {}", file.display()))?;
    fs::write(layout.reference().join("installed.txt"), stamp(layout))?;
    step.done();
    Ok(())
}
