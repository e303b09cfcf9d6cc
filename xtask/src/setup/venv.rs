//! The private Python environment, from requirement files that pin every wheel by its SHA-256.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::Artefact;
use crate::environment::{Missing, program};
use crate::layout::Layout;
use crate::process;
use crate::progress::Step;
use crate::sha256;

/// What checks run: pytest and ruff.
pub(super) const TOOLS: Artefact = Artefact {
    name: "Python tools (pytest, ruff)",
    missing: missing_python,
    ready: |layout| Requirements::TOOLS.installed(layout),
    make: |layout, name| Requirements::TOOLS.install(layout, name),
};

/// The independent client of the tests over a real Pulsar.
pub(super) const CLIENT: Artefact = Artefact {
    name: "Python client of Pulsar",
    missing: missing_python,
    ready: |layout| Requirements::CLIENT.installed(layout),
    make: |layout, name| Requirements::CLIENT.install(layout, name),
};

/// The oldest Python that the pinned wheels are for.
const PYTHON_MINOR_MIN: u32 = 10;

/// A committed requirement file.
struct Requirements {
    stem: &'static str,
    text: &'static str,
}

impl Requirements {
    /// In the order of installation: a later one counts on the earlier.
    const ALL: &[Self] = &[Self::TOOLS, Self::CLIENT];
    const TOOLS: Self = Self { stem: "tools", text: include_str!("../../requirements/tools.txt") };
    const CLIENT: Self = Self { stem: "client", text: include_str!("../../requirements/client.txt") };

    /// Written last. It names the requirements and the folder, since an environment does not survive a move.
    fn stamp(&self, layout: &Layout) -> (PathBuf, String) {
        let venv = layout.venv();
        let content = format!("{}\n{}\n", sha256::of_text(self.text), venv.display());
        (venv.join(format!("{}.installed", self.stem)), content)
    }

    fn installed(&self, layout: &Layout) -> bool {
        let (stamp, content) = self.stamp(layout);
        python_works(layout) && fs::read_to_string(stamp).is_ok_and(|found| found == content)
    }

    /// Installs into an environment that no earlier, broken-off attempt of the same requirements has touched.
    fn install(&self, layout: &Layout, name: &str) -> anyhow::Result<()> {
        let step = Step::begin(name);
        let begun = layout.venv().join(format!("{}.begun", self.stem));
        if !python_works(layout) || begun.exists() {
            create(layout, &step)?;
        }
        fs::write(begun, "")?;
        for requirements in Self::ALL.iter().take_while(|other| other.stem != self.stem) {
            if !requirements.installed(layout) {
                requirements.pip_install(layout, &step)?;
            }
        }
        self.pip_install(layout, &step)?;
        step.done();
        Ok(())
    }

    fn pip_install(&self, layout: &Layout, step: &Step) -> anyhow::Result<()> {
        let file = layout.made.join(format!("{}.txt", self.stem));
        fs::write(&file, self.text)?;
        let mut pip = Command::new(layout.tools().join("python"));
        pip.args(["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--no-input", "-r"]).arg(&file);
        let log = layout.logs().join(format!("{}.log", self.stem));
        process::run(&mut pip, &log, || step.say(&process::last_line(&log)))
            .with_context(|| format!("installing {}", file.display()))?;
        let (stamp, content) = self.stamp(layout);
        fs::write(stamp, content).context("stamping the Python environment")
    }
}

fn create(layout: &Layout, step: &Step) -> anyhow::Result<()> {
    step.say("creating the environment");
    process::remove(&layout.venv())?;
    let python = program("python3").context("python3 has gone from PATH")?;
    let mut command = Command::new(python);
    command.args(["-m", "venv"]).arg(layout.venv());
    process::run(&mut command, &layout.logs().join("venv.log"), || {}).context("creating the Python environment")
}

/// Whether the environment's interpreter is there and belongs to this folder; the system's Python may be gone by now.
fn python_works(layout: &Layout) -> bool {
    let tools = layout.tools();
    let pip_here = fs::read_to_string(tools.join("pip")).is_ok_and(|script| names(&script, &tools));
    tools.join("python").exists() && pip_here
}

fn names(script: &str, tools: &Path) -> bool {
    script.contains(&*tools.to_string_lossy())
}

pub(super) fn missing_python(_: &Layout) -> Vec<Missing> {
    let ask = "import sys, ensurepip, venv; print(sys.version_info.minor if sys.version_info.major == 3 else 0)";
    let answer = Command::new("python3").args(["-c", ask]).output();
    let minor = answer.ok().filter(|output| output.status.success());
    let minor = minor.and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().ok());
    match (program("python3"), minor) {
        (Some(_), Some(minor)) if minor >= PYTHON_MINOR_MIN => Vec::new(),
        (Some(_), Some(minor)) => vec![python(format!("Python 3.{PYTHON_MINOR_MIN} or later (3.{minor} is here)"))],
        (Some(_), None) => vec![python("Python's venv module".to_owned())],
        (None, _) => vec![python("Python 3".to_owned())],
    }
}

fn python(what: String) -> Missing {
    let command = "sudo apt-get install python3 python3-venv".to_owned();
    Missing { what, needed_for: "the tools that checks run, and to unpack what comes as a wheel", command }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_by_version_and_hash() {
        for requirements in Requirements::ALL {
            let entries: Vec<&str> = requirements
                .text
                .lines()
                .filter(|line| line.starts_with(|first: char| first.is_alphabetic()))
                .collect();
            assert!(!entries.is_empty());
            assert!(entries.iter().all(|line| line.contains("==") && line.ends_with('\\')), "{entries:?}");
        }
    }

    #[test]
    fn an_environment_without_its_stamp_is_not_taken_for_whole() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path());
        fs::create_dir_all(layout.tools()).unwrap();
        fs::write(layout.tools().join("python"), "").unwrap();
        fs::write(layout.tools().join("pip"), format!("#!{}/python", layout.tools().display())).unwrap();
        assert!(python_works(&layout));
        assert!(!Requirements::TOOLS.installed(&layout));
        let (stamp, content) = Requirements::TOOLS.stamp(&layout);
        fs::write(&stamp, &content).unwrap();
        assert!(Requirements::TOOLS.installed(&layout));
        fs::write(&stamp, "other pins").unwrap();
        assert!(!Requirements::TOOLS.installed(&layout));
    }

    #[test]
    fn an_environment_that_was_moved_is_not_taken_for_working() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path());
        fs::create_dir_all(layout.tools()).unwrap();
        fs::write(layout.tools().join("python"), "").unwrap();
        fs::write(layout.tools().join("pip"), "#!/elsewhere/.reweave/venv/bin/python").unwrap();
        assert!(!python_works(&layout));
    }
}
