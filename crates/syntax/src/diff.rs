//! The unified diff that `git apply` takes: a rendering of the patch, never its truth.
//!
//! Format as git writes it (git's `diff-format` and `core.quotePath` documentation): three lines of context, names
//! quoted where they hold anything but printable ASCII, a tab behind a name that holds a space.

use std::fmt::Write;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput};
use reweave_core::RelativePath;

/// Lines of context around a change.
const CONTEXT_LINES: u32 = 3;

/// One file before and after.
#[derive(Clone, Copy, Debug)]
pub struct FileDiff<'a> {
    pub path: &'a RelativePath,
    pub before: &'a str,
    pub after: &'a str,
}

/// The diff of `files` in the order given; those that did not change are left out.
#[must_use]
pub fn unified(files: &[FileDiff<'_>]) -> String {
    let mut text = String::new();
    for file in files.iter().filter(|file| file.before != file.after) {
        write_header(&mut text, file.path.as_str());
        write_hunks(&mut text, file.before, file.after);
    }
    text
}

fn write_header(text: &mut String, path: &str) {
    let (old, new) = (quoted(&format!("a/{path}")), quoted(&format!("b/{path}")));
    let tab = if path.contains(' ') { "\t" } else { "" };
    text.push_str(&format!("diff --git {old} {new}\n--- {old}{tab}\n+++ {new}{tab}\n"));
}

fn write_hunks(text: &mut String, before: &str, after: &str) {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let lines = Lines { input: &input };
    let mut group: Vec<Hunk> = Vec::new();
    for hunk in diff.hunks() {
        if group.last().is_some_and(|last| hunk.before.start - last.before.end > 2 * CONTEXT_LINES) {
            lines.write_group(text, &group);
            group.clear();
        }
        group.push(hunk);
    }
    lines.write_group(text, &group);
}

/// The lines of both sides.
struct Lines<'a> {
    input: &'a InternedInput<&'a str>,
}

impl Lines<'_> {
    /// Writes changes that are close together as one hunk.
    fn write_group(&self, text: &mut String, group: &[Hunk]) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
        let lead = first.before.start.min(CONTEXT_LINES);
        let trail = (self.count_before() - last.before.end).min(CONTEXT_LINES);
        let old = first.before.start - lead..last.before.end + trail;
        let new = first.after.start - lead..last.after.end + trail;
        text.push_str(&format!("@@ -{} +{} @@\n", range(&old), range(&new)));
        let mut at = old.start;
        for hunk in group {
            self.write_before(text, ' ', at..hunk.before.start);
            self.write_before(text, '-', hunk.before.clone());
            for token in &self.input.after[hunk.after.start as usize..hunk.after.end as usize] {
                write_line(text, '+', self.input.interner[*token]);
            }
            at = hunk.before.end;
        }
        self.write_before(text, ' ', at..old.end);
    }

    fn write_before(&self, text: &mut String, sign: char, lines: Range<u32>) {
        for token in &self.input.before[lines.start as usize..lines.end as usize] {
            write_line(text, sign, self.input.interner[*token]);
        }
    }

    fn count_before(&self) -> u32 {
        u32::try_from(self.input.before.len()).expect("a file within the size limit has fewer lines than u32 holds")
    }
}

fn write_line(text: &mut String, sign: char, line: &str) {
    text.push(sign);
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push_str("\n\\ No newline at end of file\n");
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

/// `name` as git writes it: in quotes with C escapes if it holds a quote, a backslash, a control or a non-ASCII byte.
fn quoted(name: &str) -> String {
    if name.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        return name.to_owned();
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
        expected.assert_eq(&unified(&[FileDiff { path: &path, before, after }]));
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
            let mut text = String::new();
            write_header(&mut text, path);
            text
        };
        assert_eq!(
            header("my file.py"),
            "diff --git a/my file.py b/my file.py\n--- a/my file.py\t\n+++ b/my file.py\t\n"
        );
        let quoted_name = header("\"ä\".py");
        assert!(quoted_name.starts_with(r#"diff --git "a/\"\303\244\".py" "b/\"\303\244\".py""#), "{quoted_name}");
        assert_eq!(quoted("a\tb\\c\u{7f}"), "\"a\\tb\\\\c\\177\"");
    }

    #[test]
    fn an_unchanged_file_is_left_out() {
        check("a.py", "a\n", "a\n", expect![[""]]);
    }
}
