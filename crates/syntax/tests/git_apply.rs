//! The diff as git sees it: `git apply` takes it and makes the very bytes that were meant.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{fs, io::Write};

use proptest::prelude::*;
use reweave_core::RelativePath;
use reweave_syntax::diff::{FileDiff, unified};

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
        changes.iter().zip(&paths).map(|((_, before, after), path)| FileDiff { path, before, after }).collect();
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
