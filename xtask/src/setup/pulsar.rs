//! The Pulsar server that the tests run against: the distribution that its project publishes, fetched by Maven.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::Artefact;
use crate::environment::{Missing, program};
use crate::layout::Layout;
use crate::process;
use crate::progress::Step;
use crate::sha256;

/// Needs Java to run and Maven to be fetched.
pub(super) const SERVER: Artefact = Artefact { name: "Pulsar 4.0.8 server", missing, ready, make };

const VERSION: &str = "4.0.8";
const ARCHIVE_SHA256: &str = "35c7d064c9e0928edbf2e708989faba0379662f98aa84ce0d4190c59efb6765e";
const ARCHIVE_BYTES: u64 = 245_494_718;
/// Pulsar 4.0 runs on this or a later Java.
const JAVA_MIN: u32 = 17;
/// A download whose digest is wrong is tried once more, from nothing.
const DOWNLOADS_MAX: u32 = 2;

fn ready(layout: &Layout) -> bool {
    fs::read_to_string(stamp(&layout.pulsar())).is_ok_and(|found| found == ARCHIVE_SHA256)
}

fn stamp(server: &Path) -> PathBuf {
    server.join("unpacked-from.sha256")
}

fn make(layout: &Layout, name: &'static str) -> anyhow::Result<()> {
    let archive = layout.downloads().join(format!("pulsar-{VERSION}.tar.gz"));
    if !verified(&archive) {
        download(layout, name, &archive)?;
    }
    unpack(layout, name, &archive)?;
    process::remove(&layout.downloads())
}

fn verified(archive: &Path) -> bool {
    sha256::of_file(archive).is_ok_and(|found| found == ARCHIVE_SHA256)
}

fn download(layout: &Layout, name: &str, archive: &Path) -> anyhow::Result<()> {
    let repository = layout.downloads().join("maven");
    let fetched = repository.join(format!(
        "org/apache/pulsar/pulsar-server-distribution/{VERSION}/pulsar-server-distribution-{VERSION}-bin.tar.gz"
    ));
    for _ in 0..DOWNLOADS_MAX {
        let step = Step::begin_bytes(&format!("{name}: download"), ARCHIVE_BYTES);
        let watch = || step.at_bytes(process::bytes_below(&repository).min(ARCHIVE_BYTES));
        process::run(&mut maven(&repository), &layout.logs().join("maven.log"), watch).context("running Maven")?;
        if verified(&fetched) {
            fs::rename(&fetched, archive)?;
            process::remove(&repository)?;
            step.done();
            return Ok(());
        }
        process::remove(&repository)?;
    }
    bail!("the downloaded archive of Pulsar {VERSION} does not have SHA-256 {ARCHIVE_SHA256}")
}

/// Its own local repository keeps everything below `.reweave/` and leaves no half file where other builds look.
fn maven(repository: &Path) -> Command {
    let mut command = Command::new("mvn");
    command.args(["--batch-mode", "dependency:get", "-Dtransitive=false"]);
    command.arg(format!("-Dartifact=org.apache.pulsar:pulsar-server-distribution:{VERSION}:tar.gz:bin"));
    command.arg(format!("-Dmaven.repo.local={}", repository.display()));
    command
}

fn unpack(layout: &Layout, name: &str, archive: &Path) -> anyhow::Result<()> {
    let step = Step::begin(&format!("{name}: unpack"));
    let partial = process::partial(&layout.pulsar())?;
    fs::create_dir(&partial)?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--gzip", "--strip-components=1", "--no-same-owner", "--file"]).arg(archive);
    tar.arg("--directory").arg(&partial);
    process::run(&mut tar, &layout.logs().join("tar.log"), || {}).context("unpacking the server")?;
    fs::write(stamp(&partial), ARCHIVE_SHA256)?;
    process::settle(&partial, &layout.pulsar())?;
    step.done();
    Ok(())
}

fn missing(layout: &Layout) -> Vec<Missing> {
    let mut missing = Vec::new();
    if java_version().is_none_or(|version| version < JAVA_MIN) {
        missing.push(lacks(format!("Java {JAVA_MIN} or later"), "sudo apt-get install openjdk-17-jdk-headless"));
    }
    if !ready(layout) && program("mvn").is_none() {
        missing.push(lacks("Maven".to_owned(), "sudo apt-get install maven"));
    }
    missing
}

fn lacks(what: String, command: &str) -> Missing {
    Missing { what, needed_for: "the tests over a real Pulsar", command: command.to_owned() }
}

fn java_version() -> Option<u32> {
    let output = Command::new("java").arg("-version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stderr))
}

/// Of `openjdk version "17.0.15" 2025-04-15`; old ones call themselves `1.8.0`.
fn major(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().ok());
    match parts.next()?? {
        1 => parts.next()?,
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_java_version_is_read_in_its_old_and_new_spelling() {
        assert_eq!(major("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(major("java version \"1.8.0_402\""), Some(8));
        assert_eq!(major("openjdk version \"26-ea\" 2026-03-17"), Some(26));
        assert_eq!(major("command not found"), None);
    }

    #[test]
    fn a_server_without_the_stamp_of_this_archive_is_unpacked_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path());
        fs::create_dir_all(layout.pulsar().join("bin")).unwrap();
        assert!(!ready(&layout));
        fs::write(stamp(&layout.pulsar()), "another archive").unwrap();
        assert!(!ready(&layout));
        fs::write(stamp(&layout.pulsar()), ARCHIVE_SHA256).unwrap();
        assert!(ready(&layout));
    }

    #[test]
    fn an_archive_that_was_cut_short_is_not_verified() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "half an archive").unwrap();
        assert!(!verified(file.path()));
    }
}
