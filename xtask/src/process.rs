//! Runs a command beside a progress line and keeps its output in a log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

/// How often a running command is looked at.
const POLL: Duration = Duration::from_millis(100);
/// Lines of the log that an error shows.
const TAIL_LINES: usize = 15;

/// Runs `command` to its end with its output in `log`; `watch` is called while it runs.
///
/// # Errors
/// When it cannot be started or ends with another status than 0; the error ends with the last lines of the log.
pub(crate) fn run(command: &mut Command, log: &Path, mut watch: impl FnMut()) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    fs::create_dir_all(log.parent().expect("a log lies in a folder"))?;
    let out = File::create(log).with_context(|| format!("creating {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        watch();
        thread::sleep(POLL);
    };
    if !status.success() {
        bail!("{name} ended with {status}; the end of {}:\n{}", log.display(), tail(log));
    }
    Ok(())
}

/// The last line of a log so far.
pub(crate) fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().last().unwrap_or_default().trim().to_owned()
}

/// Size of all files below a folder, 0 when there is none.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
            Ok(meta) => meta.len(),
            // It was a temporary file that is gone by now.
            Err(_) => 0,
        })
        .sum()
}

/// A name beside `target` that only this process uses, with what dead processes left there removed.
///
/// What is made under that name and renamed to `target` at the end is whole or not there at all.
pub(crate) fn partial(target: &Path) -> anyhow::Result<PathBuf> {
    let folder = target.parent().expect("an artefact lies in a folder");
    fs::create_dir_all(folder)?;
    let prefix = format!("{}.partial.", target.file_name().expect("an artefact has a name").to_string_lossy());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            remove(&entry.path())?;
        }
    }
    Ok(folder.join(format!("{prefix}{}", std::process::id())))
}

/// Puts a finished `partial` in the place of `target`.
pub(crate) fn settle(partial: &Path, target: &Path) -> anyhow::Result<()> {
    remove(target)?;
    fs::rename(partial, target).with_context(|| format!("renaming {} to {}", partial.display(), target.display()))
}

/// Removes a file or a folder, if it is there.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    result.with_context(|| format!("removing {}", path.display()))
}

/// Copies a folder with everything below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_shows_the_end_of_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("logs/sh.log");
        let error = run(Command::new("sh").args(["-c", "echo no such artefact; exit 3"]), &log, || {}).unwrap_err();
        assert!(error.to_string().contains("no such artefact"), "{error}");
        assert_eq!(last_line(&log), "no such artefact");
    }

    #[test]
    fn what_a_dead_process_left_half_made_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("pulsar");
        fs::create_dir(folder.path().join("pulsar.partial.1")).unwrap();
        fs::write(folder.path().join("pulsar.partial.1/half"), "x").unwrap();
        let own = partial(&target).unwrap();
        assert!(!folder.path().join("pulsar.partial.1").exists());
        assert!(!target.exists());
        fs::create_dir(&own).unwrap();
        settle(&own, &target).unwrap();
        assert!(target.is_dir() && !own.exists());
    }

    #[test]
    fn bytes_are_counted_through_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), [0; 10]).unwrap();
        fs::write(folder.path().join("c"), [0; 5]).unwrap();
        assert_eq!(bytes_below(folder.path()), 15);
        assert_eq!(bytes_below(&folder.path().join("not there")), 0);
    }
}
