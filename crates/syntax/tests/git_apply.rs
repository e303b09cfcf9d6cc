//! The diff as git sees it: `git apply` takes it and makes the very bytes that were meant.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{fs, io::Write};

use proptest::prelude::*;
use reweave_core::{Mode, RelativePath};
use reweave_syntax::patch::diff::{FileDiff, Version, unified};

/// Runs git without the configuration of the machine.
fn git(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git is installed");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("git reads its input");
    child.wait_with_output().expect("git ends")
}

/// Applies the diff of `changes` with git in an empty folder, and compares every file.
fn assert_applies(changes: &[(&str, &str, &str)]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths: Vec<RelativePath> = changes.iter().map(|(path, _, _)| path.parse().expect("a relative path")).collect();
    for (path, before, _) in changes {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("inside the folder")).expect("a folder");
        fs::write(file, before).expect("a file");
    }
    let files: Vec<FileDiff<'_>> =
        changes.iter().zip(&paths).map(|((_, before, after), path)| FileDiff::edited(path, before, after)).collect();
    let diff = unified(&files);
    for arguments in [["apply", "--check"].as_slice(), &["apply"]] {
        let output = git(folder.path(), arguments, &diff);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} said {said} about\n{diff}");
    }
    for (path, _, after) in changes {
        let found = fs::read_to_string(folder.path().join(path)).expect("the file is still there");
        assert_eq!(&found, after, "{path} after\n{diff}");
    }
}

#[test]
fn git_takes_line_endings_and_missing_newlines_as_they_are() {
    for (before, after) in [
        ("a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\n"),
        ("a\r\nb\nc", "a\r\nb\nd\r\n"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a", "b"),
        ("", "new\n"),
        ("old\n", ""),
        ("a\rb\n", "a\rc\n"),
        ("\u{feff}a\n", "\u{feff}b\n"),
        ("a\n\n\n\nb\n", "a\n\n\n\n\nb\n"),
        ("-- a\n", "++ b\n"),
        ("trailing  \n", "trailing \t\n"),
    ] {
        assert_applies(&[("a.py", before, after)]);
    }
}

#[test]
fn git_finds_files_with_strange_names() {
    let names =
        ["with space.py", "ümlaut.py", "a \"quoted\" 'name'.py", "日本/語.py", " leading.py", "a\u{7e}b/c d/é f.py"];
    let changes: Vec<(&str, &str, &str)> = names.iter().map(|name| (*name, "x = 1\n", "x = 2\n")).collect();
    assert_applies(&changes);
}

/// Lets git apply the diff of `files` to a folder that holds their old versions, and compares what it holds then.
fn assert_becomes(files: &[FileDiff<'_>]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut gone, mut there) = (Vec::new(), Vec::new());
    for file in files {
        match file {
            FileDiff::Created(new) => there.push(new),
            FileDiff::Deleted(old) => gone.push(old),
            FileDiff::Changed { old, new } => {
                gone.push(old);
                there.push(new);
            }
        }
    }
    for old in &gone {
        let path = folder.path().join(old.path.as_str());
        fs::write(&path, old.text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(permissions(old.mode))).expect("its mode");
    }
    let diff = unified(files);
    let output = git(folder.path(), &["apply"], &diff);
    assert!(output.status.success(), "git said {} about\n{diff}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), there.len(), "{diff}");
    for new in there {
        let path = folder.path().join(new.path.as_str());
        assert_eq!(fs::read_to_string(&path).expect("the file is there"), new.text, "{diff}");
        let executable = fs::metadata(&path).expect("its mode").permissions().mode() & 0o100 != 0;
        assert_eq!(executable, new.mode == Mode::Executable, "{diff}");
    }
}

fn permissions(mode: Mode) -> u32 {
    match mode {
        Mode::Plain => 0o644,
        Mode::Executable => 0o755,
    }
}

#[test]
fn git_makes_removes_renames_and_marks_files_as_the_header_says() {
    let (a, b): (RelativePath, RelativePath) = ("a b.py".parse().unwrap(), "ü \"c\".py".parse().unwrap());
    let plain = |path, text| Version { path, text, mode: Mode::Plain };
    let script = |path, text| Version { path, text, mode: Mode::Executable };
    for file in [
        FileDiff::Created(script(&a, "x\r\ny")),
        FileDiff::Created(plain(&b, "")),
        FileDiff::Deleted(plain(&a, "x\r\ny")),
        FileDiff::Deleted(plain(&b, "")),
        FileDiff::Changed { old: plain(&a, "x\ny\n"), new: script(&a, "x\ny\n") },
        FileDiff::Changed { old: script(&a, "x\ny\n"), new: plain(&a, "x\nz") },
        FileDiff::Changed { old: plain(&a, "x\ny\n"), new: plain(&b, "x\ny\n") },
        FileDiff::Changed { old: plain(&b, "x\ny\n"), new: script(&a, "x\nz\n") },
    ] {
        assert_becomes(&[file]);
    }
    let c: RelativePath = "c.py".parse().unwrap();
    assert_becomes(&[
        FileDiff::Deleted(plain(&a, "x\n")),
        FileDiff::Created(plain(&b, "y\n")),
        FileDiff::edited(&c, "1\n", "2\n"),
    ]);
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ab ]{0,3}\r?", 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn git_makes_the_very_bytes_from_any_two_texts(
        before in lines(), edits in proptest::collection::vec((0usize..30, 0usize..4, "[abc]{0,3}"), 1..6), last in any::<(bool, bool)>(),
    ) {
        let mut after = before.clone();
        for (at, removed, new) in edits {
            let at = at.min(after.len());
            let end = (at + removed).min(after.len());
            after.splice(at..end, [new]);
        }
        let text = |lines: &[String], newline: bool| lines.join("\n") + if newline { "\n" } else { "" };
        let (before, after) = (text(&before, last.0), text(&after, last.1));
        prop_assume!(before != after);
        assert_applies(&[("a.py", &before, &after)]);
    }
}
