//! The unified diff that `git apply` takes: a rendering of the patch, never its truth.
//!
//! Format as git writes it (git's `diff-format` and `core.quotePath` documentation): three lines of context, names
//! quoted where they hold anything but printable ASCII, a tab behind a name that holds a space, and extended headers for
//! what lines cannot say: a file made, removed, renamed, or given another mode.

use std::fmt::Write;
use std::ops::Range;

use imara_diff::Hunk;
use reweave_core::{FileChange, FileKind, Mode, RelativePath};

use super::lines::LineDiff;

/// Lines of context around a change.
const CONTEXT_LINES: u32 = 3;

/// What happens to one file.
#[derive(Clone, Copy, Debug)]
pub enum FileDiff<'a> {
    Created(Version<'a>),
    Deleted(Version<'a>),
    /// Another text, another name, another mode, or several of these.
    Changed {
        old: Version<'a>,
        new: Version<'a>,
    },
}

/// A file before or after.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    pub path: &'a RelativePath,
    pub text: &'a str,
    pub mode: Mode,
}

/// The diff of `files` in the order given; those that did not change are left out.
#[must_use]
pub fn unified(files: &[FileDiff<'_>]) -> String {
    let mut text = String::new();
    for file in files.iter().filter(|file| file.changes()) {
        write_extended_header(&mut text, file);
        if file.before() != file.after() {
            write_names(&mut text, file);
            write_hunks(&mut text, file.before(), file.after());
        }
    }
    text
}

impl<'a> FileDiff<'a> {
    /// A file that keeps its name and mode.
    #[must_use]
    pub fn edited(path: &'a RelativePath, before: &'a str, after: &'a str) -> Self {
        let version = |text| Version { path, text, mode: Mode::Plain };
        Self::Changed { old: version(before), new: version(after) }
    }

    /// The change of `file`, from `before` to `after`: the texts that it may have had to leave out.
    #[must_use]
    pub fn of(file: &'a FileChange, before: &'a str, after: &'a str) -> Self {
        // A mode that is not said is the same on both sides, and then it does not matter which.
        let old_mode = file.modes.before.or(file.modes.after).unwrap_or(Mode::Plain);
        let new_mode = file.modes.after.unwrap_or(old_mode);
        let old = |path| Version { path, text: before, mode: old_mode };
        let new = Version { path: &file.path, text: after, mode: new_mode };
        match &file.kind {
            FileKind::Created => Self::Created(new),
            FileKind::Deleted => Self::Deleted(old(&file.path)),
            FileKind::Edited => Self::Changed { old: old(&file.path), new },
            FileKind::Renamed { from } => Self::Changed { old: old(from), new },
        }
    }

    fn changes(&self) -> bool {
        match self {
            Self::Created(_) | Self::Deleted(_) => true,
            Self::Changed { old, new } => old.path != new.path || old.mode != new.mode || old.text != new.text,
        }
    }

    fn before(&self) -> &'a str {
        match self {
            Self::Created(_) => "",
            Self::Deleted(old) | Self::Changed { old, .. } => old.text,
        }
    }

    fn after(&self) -> &'a str {
        match self {
            Self::Deleted(_) => "",
            Self::Created(new) | Self::Changed { new, .. } => new.text,
        }
    }

    /// The names on either side; of a file that is made or removed, the same twice.
    fn paths(&self) -> (&'a str, &'a str) {
        match self {
            Self::Created(only) | Self::Deleted(only) => (only.path.as_str(), only.path.as_str()),
            Self::Changed { old, new } => (old.path.as_str(), new.path.as_str()),
        }
    }
}

fn write_extended_header(text: &mut String, file: &FileDiff<'_>) {
    let (old_path, new_path) = file.paths();
    text.push_str(&format!("diff --git {} {}\n", quoted("a/", old_path), quoted("b/", new_path)));
    match file {
        FileDiff::Created(new) => text.push_str(&format!("new file mode {}\n", new.mode.as_str())),
        FileDiff::Deleted(old) => text.push_str(&format!("deleted file mode {}\n", old.mode.as_str())),
        FileDiff::Changed { old, new } => {
            if old.mode != new.mode {
                text.push_str(&format!("old mode {}\nnew mode {}\n", old.mode.as_str(), new.mode.as_str()));
            }
            if old.path != new.path {
                let (from, to) = (quoted("", old_path), quoted("", new_path));
                let similarity = similarity_percent(old.text, new.text);
                text.push_str(&format!("similarity index {similarity}%\nrename from {from}\nrename to {to}\n"));
            }
        }
    }
}

fn write_names(text: &mut String, file: &FileDiff<'_>) {
    let side = |prefix: &str, path: &str| quoted(prefix, path) + if path.contains(' ') { "\t" } else { "" };
    let (old_path, new_path) = file.paths();
    let (old, new) = match file {
        FileDiff::Created(_) => ("/dev/null".to_owned(), side("b/", new_path)),
        FileDiff::Deleted(_) => (side("a/", old_path), "/dev/null".to_owned()),
        FileDiff::Changed { .. } => (side("a/", old_path), side("b/", new_path)),
    };
    text.push_str(&format!("--- {old}\n+++ {new}\n"));
}

/// How much of the larger text is in lines that both hold; readers use it, git does not.
fn similarity_percent(before: &str, after: &str) -> usize {
    let larger = before.len().max(after.len());
    if before == after || larger == 0 {
        return 100;
    }
    let diff = LineDiff::of(before, after);
    let removed: usize = diff.hunks().flat_map(|hunk| diff.before(hunk.before)).map(str::len).sum();
    (before.len() - removed) * 100 / larger
}

fn write_hunks(text: &mut String, before: &str, after: &str) {
    let diff = LineDiff::of(before, after);
    let mut group: Vec<Hunk> = Vec::new();
    for hunk in diff.hunks() {
        if group.last().is_some_and(|last| hunk.before.start - last.before.end > 2 * CONTEXT_LINES) {
            write_group(text, &diff, &group);
            group.clear();
        }
        group.push(hunk);
    }
    write_group(text, &diff, &group);
}

/// Writes changes that are close together as one hunk.
fn write_group(text: &mut String, diff: &LineDiff<'_>, group: &[Hunk]) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let lead = first.before.start.min(CONTEXT_LINES);
    let trail = (diff.count_before() - last.before.end).min(CONTEXT_LINES);
    let old = first.before.start - lead..last.before.end + trail;
    let new = first.after.start - lead..last.after.end + trail;
    text.push_str(&format!("@@ -{} +{} @@\n", range(&old), range(&new)));
    let mut at = old.start;
    for hunk in group {
        write_lines(text, ' ', diff.before(at..hunk.before.start));
        write_lines(text, '-', diff.before(hunk.before.clone()));
        write_lines(text, '+', diff.after(hunk.after.clone()));
        at = hunk.before.end;
    }
    write_lines(text, ' ', diff.before(at..old.end));
}

fn write_lines<'a>(text: &mut String, sign: char, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// First line and number of lines; an empty range names the line before it, a single line goes without its number.
fn range(lines: &Range<u32>) -> String {
    match lines.end - lines.start {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// `prefix` and `path` as git writes a name: in quotes with C escapes if it holds a quote, a backslash, a control or a non-ASCII byte.
fn quoted(prefix: &str, path: &str) -> String {
    let name = format!("{prefix}{path}");
    if name.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        return name;
    }
    let mut text = String::from('"');
    for byte in name.bytes() {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => write!(text, "\\{byte:03o}").expect("writing to a string does not fail"),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(path: &str, before: &str, after: &str, expected: Expect) {
        let path = path.parse().expect("a relative path");
        expected.assert_eq(&unified(&[FileDiff::edited(&path, before, after)]));
    }

    #[test]
    fn a_change_is_shown_with_three_lines_of_context() {
        check(
            "a.py",
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -2,7 +2,7 @@
             2
             3
             4
            -5
            +five
             6
             7
             8
        "#]],
        );
    }

    #[test]
    fn changes_far_apart_are_two_hunks_and_close_ones_are_one() {
        let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
        check(
            "a.py",
            &before,
            &before.replace("2\n3\n", "2\n").replace("19\n", "x\n"),
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -1,6 +1,5 @@
             1
             2
            -3
             4
             5
             6
            @@ -16,5 +15,5 @@
             16
             17
             18
            -19
            +x
             20
        "#]],
        );
        check(
            "a.py",
            &before,
            &before.replace("\n3\n", "\n").replace("\n10\n", "\nx\n"),
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -1,13 +1,12 @@
             1
             2
            -3
             4
             5
             6
             7
             8
             9
            -10
            +x
             11
             12
             13
        "#]],
        );
    }

    #[test]
    fn a_missing_final_newline_is_said_on_the_side_that_lacks_it() {
        check(
            "a.py",
            "a\nb",
            "a\nb\n",
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -1,2 +1,2 @@
             a
            -b
            \ No newline at end of file
            +b
        "#]],
        );
        check(
            "a.py",
            "a",
            "b",
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -1 +1 @@
            -a
            \ No newline at end of file
            +b
            \ No newline at end of file
        "#]],
        );
        check(
            "a.py",
            "",
            "b",
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -0,0 +1 @@
            +b
            \ No newline at end of file
        "#]],
        );
        check(
            "a.py",
            "a\n",
            "",
            expect![[r#"
            diff --git a/a.py b/a.py
            --- a/a.py
            +++ b/a.py
            @@ -1 +0,0 @@
            -a
        "#]],
        );
    }

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        let header = |path: &str| {
            let path: RelativePath = path.parse().unwrap();
            let text = unified(&[FileDiff::edited(&path, "a\n", "b\n")]);
            text[..text.find("@@").unwrap()].to_owned()
        };
        assert_eq!(
            header("my file.py"),
            "diff --git a/my file.py b/my file.py\n--- a/my file.py\t\n+++ b/my file.py\t\n"
        );
        let quoted_name = header("\"ä\".py");
        assert!(quoted_name.starts_with(r#"diff --git "a/\"\303\244\".py" "b/\"\303\244\".py""#), "{quoted_name}");
        assert_eq!(quoted("", "a\tb\\c\u{7f}"), "\"a\\tb\\\\c\\177\"");
    }

    #[test]
    fn an_unchanged_file_is_left_out() {
        check("a.py", "a\n", "a\n", expect![[""]]);
    }

    #[test]
    fn what_lines_cannot_say_stands_in_the_header() {
        let (a, b): (RelativePath, RelativePath) = ("a b.py".parse().unwrap(), "ü.py".parse().unwrap());
        let plain = |path, text| Version { path, text, mode: Mode::Plain };
        let script = |path, text| Version { path, text, mode: Mode::Executable };
        expect![[r#"
            diff --git a/a b.py b/a b.py
            new file mode 100755
            --- /dev/null
            +++ b/a b.py	
            @@ -0,0 +1 @@
            +x
            diff --git a/a b.py b/a b.py
            new file mode 100644
            diff --git a/a b.py b/a b.py
            deleted file mode 100644
            --- a/a b.py	
            +++ /dev/null
            @@ -1 +0,0 @@
            -x
            diff --git a/a b.py "b/\303\274.py"
            old mode 100644
            new mode 100755
            similarity index 50%
            rename from a b.py
            rename to "\303\274.py"
            --- a/a b.py	
            +++ "b/\303\274.py"
            @@ -1,2 +1,2 @@
             x
            -y
            +z
            diff --git a/a b.py "b/\303\274.py"
            similarity index 100%
            rename from a b.py
            rename to "\303\274.py"
        "#]]
        .assert_eq(&unified(&[
            FileDiff::Created(script(&a, "x\n")),
            FileDiff::Created(plain(&a, "")),
            FileDiff::Deleted(plain(&a, "x\n")),
            FileDiff::Changed { old: plain(&a, "x\ny\n"), new: script(&b, "x\nz\n") },
            FileDiff::Changed { old: plain(&a, "x\n"), new: plain(&b, "x\n") },
            FileDiff::Changed { old: plain(&a, "x\n"), new: plain(&a, "x\n") },
        ]));
    }
}
