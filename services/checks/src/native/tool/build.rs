//! Builds the Go parser, once for each version of `go`: its standard library alone takes half a minute to compile.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use reweave_core::Sha256;
use tokio::process::Command;

const SOURCE: &str = include_str!("../../../native/parser.go");
/// How long the build may take; on a busy machine with one core it takes minutes.
const BUILD_MAX: Duration = Duration::from_secs(300);
/// What of the compiler's complaints is told, in bytes.
const COMPLAINTS_MAX: usize = 2 << 10;

/// Why it was not built.
#[derive(Debug, thiserror::Error)]
pub(in crate::native) enum Error {
    #[error("writing the source")]
    Write(#[source] io::Error),
    #[error("starting `go build`")]
    Start(#[source] io::Error),
    #[error("`go build` took longer than {} s", BUILD_MAX.as_secs())]
    TimedOut,
    #[error("`go build` failed: {0}")]
    Failed(String),
    #[error("reading what was built")]
    Read(#[source] io::Error),
}

/// The program, from the cache where it was built before.
pub(super) async fn go_parser(go: &Path, version: &str, cache: Option<&Path>) -> Result<Vec<u8>, Error> {
    let digest = Sha256::of(format!("{version}\n{SOURCE}").as_bytes()).to_string();
    let kept = cache.map(|cache| cache.join(format!("go-parser-{}", &digest[..16])));
    if let Some(program) = kept.as_deref().and_then(read_own) {
        return Ok(program);
    }
    tracing::info!(version, "building the parser for Go, once");
    let folder = tempfile::tempdir().map_err(Error::Write)?;
    let program = build(go, folder.path()).await?;
    if let Some(kept) = kept
        && let Err(error) = keep(&program, &kept)
    {
        tracing::info!(path = %kept.display(), %error, "the parser for Go could not be kept, and is built again next time");
    }
    Ok(program)
}

/// A file that nobody but this user can have written.
fn read_own(path: &Path) -> Option<Vec<u8>> {
    let own = |path: &Path| {
        let found = fs::symlink_metadata(path).ok()?;
        let user = nix::unistd::geteuid().as_raw();
        (!found.is_symlink() && found.uid() == user && found.mode() & 0o022 == 0).then_some(())
    };
    own(path.parent()?)?;
    own(path)?;
    fs::read(path).ok()
}

async fn build(go: &Path, folder: &Path) -> Result<Vec<u8>, Error> {
    let (source, program) = (folder.join("parser.go"), folder.join("parser"));
    fs::write(&source, SOURCE).map_err(Error::Write)?;
    let mut command = Command::new(go);
    command.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&program).arg(&source);
    command.current_dir(folder).env_clear().envs(environment(folder));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let ran = tokio::time::timeout(BUILD_MAX, command.output()).await.map_err(|_| Error::TimedOut)?;
    let ran = ran.map_err(Error::Start)?;
    if !ran.status.success() {
        return Err(Error::Failed(complaints(&ran)));
    }
    fs::read(&program).map_err(Error::Read)
}

/// Nothing of the user's settings, and no network.
fn environment(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let fixed = [
        ("PATH", "/usr/bin:/bin"),
        ("GO111MODULE", "off"),
        ("GOPROXY", "off"),
        ("GOTOOLCHAIN", "local"),
        ("GOTELEMETRY", "off"),
        ("GOENV", "off"),
        ("CGO_ENABLED", "0"),
    ];
    let fixed = fixed.into_iter().map(|(name, value)| (name, PathBuf::from(value)));
    fixed.chain([("HOME", folder.to_owned()), ("GOCACHE", folder.join("cache"))]).collect()
}

/// Puts the program where the next service finds it: whole, or not at all.
fn keep(program: &[u8], kept: &Path) -> io::Result<()> {
    let folder = kept.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(file.path(), program)?;
    file.persist(kept)?;
    Ok(())
}

fn complaints(ran: &Output) -> String {
    let said = String::from_utf8_lossy(&ran.stderr);
    said.trim().chars().take(COMPLAINTS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_may_have_written_is_not_run() {
        let cache = tempfile::tempdir().unwrap();
        let kept = cache.path().join("reweave/go-parser");
        keep(b"program", &kept).unwrap();
        assert_eq!(read_own(&kept).as_deref(), Some(&b"program"[..]));
        for (path, mode) in [(kept.clone(), 0o722), (kept.parent().unwrap().to_owned(), 0o777)] {
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_own(&kept), None, "{mode:o}");
            fs::set_permissions(&path, before).unwrap();
        }
        std::os::unix::fs::symlink(&kept, cache.path().join("reweave/link")).unwrap();
        assert_eq!(read_own(&cache.path().join("reweave/link")), None);
    }

    #[tokio::test]
    async fn a_go_that_fails_says_so_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        fs::write(&go, "#!/bin/sh\necho no such luck >&2\nexit 1\n").unwrap();
        fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
        let cache = folder.path().join("cache");
        let error = go_parser(&go, "go version go9", Some(&cache)).await.unwrap_err();
        assert_eq!(error.to_string(), "`go build` failed: no such luck");
        assert!(!cache.exists());
    }
}
