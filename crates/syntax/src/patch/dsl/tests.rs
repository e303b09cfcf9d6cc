//! The line DSL: written, read back, and refused on the line that is wrong.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use reweave_core::{Edit, Edits, RelativePath, Span};

use super::*;

fn check(before: &str, after: &str, expected: Expect) {
    let written = blocks(before, after);
    expected.assert_eq(&written);
    assert_eq!(applied(&written, before), after);
}

fn applied(document: &str, base: &str) -> String {
    let files = parse(document).unwrap_or_else(|error| panic!("{error}\n{document}"));
    assert_eq!(files.len(), 1);
    files[0].edits(base).unwrap_or_else(|error| panic!("{error}\n{document}")).apply(base)
}

/// What is said against `document`, read or held against `base`.
fn refused(document: &str, base: &str) -> String {
    let read = parse(document).and_then(|files| files.iter().try_for_each(|file| file.edits(base).map(drop)));
    read.expect_err(document).to_string()
}

#[test]
fn replaced_inserted_and_deleted_lines_are_written_by_their_numbers() {
    check(
        "a\nb\nc\nd\ne\n",
        "a\nB\nB\nc\ne\nf\n",
        expect![[r#"
            @@ 2-2
            - b
            + B
            + B
            @@ 4-4
            - d
            @@ 6-5
            + f
        "#]],
    );
    check("", "x\n", expect!["@@ 1-0\n+ x\n"]);
    check("x\n", "", expect!["@@ 1-1\n- x\n"]);
    check("b\n", "a\nb\n", expect!["@@ 1-0\n+ a\n"]);
}

#[test]
fn a_missing_line_end_is_said_below_its_line_and_crlf_stays_in_it() {
    check(
        "a\nb",
        "a\nb\n",
        expect![[r#"
            @@ 2-2
            - b
            \ No newline at end of file
            + b
        "#]],
    );
    check("a\n", "a", expect!["@@ 1-1\n- a\n+ a\n\\ No newline at end of file\n"]);
    check("a\r\nb\r\n", "a\r\nc\r\n", expect!["@@ 2-2\n- b\r\n+ c\r\n"]);
    check(
        "a\n\nb\n",
        "a\n\n\nb\n",
        expect![[r#"
        @@ 3-2
        + 
    "#]],
    );
}

#[test]
fn several_files_are_told_apart_by_their_paths() {
    let (one, two): (RelativePath, RelativePath) = ("pkg/a b.py".parse().unwrap(), "ü.py".parse().unwrap());
    let edits = |base: &str| Edits::new(base, vec![Edit::of(base, Span::new(0, 1), "y", "lines", "")]).unwrap();
    let (first, second, unchanged) = (edits("x\n"), edits("z"), Edits::default());
    let document = render(&[
        Change::edited(&one, "x\n", &first),
        Change::edited(&one, "same\n", &unchanged),
        Change::edited(&two, "z", &second),
    ])
    .unwrap();
    expect![[r#"
        *** pkg/a b.py
        @@ 1-1
        - x
        + y
        *** ü.py
        @@ 1-1
        - z
        \ No newline at end of file
        + y
        \ No newline at end of file
    "#]]
    .assert_eq(&document);
    let files = parse(&document).unwrap();
    assert_eq!(files.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), [Some(one), Some(two)]);
    assert_eq!(files[1].edits("z").unwrap().apply("z"), "y");
}

#[test]
fn what_is_not_the_language_is_an_error_on_its_line() {
    for (document, said) in [
        ("", "line 1 of the patch: the document is empty"),
        (
            "@@ 1-1\n- a\n+ b",
            "line 3 of the patch: the last line has no line end: the document may have been cut short",
        ),
        ("- a\n", "line 1 of the patch: a line begins with `*** `, `@@ `, `- ` or `+ `, the last two inside a block"),
        (
            "@@ 1-1\n- a\n b\n",
            "line 3 of the patch: a line begins with `*** `, `@@ `, `- ` or `+ `, the last two inside a block",
        ),
        (
            "@@ 1-1\n-a\n+ b\n",
            "line 2 of the patch: a line begins with `*** `, `@@ `, `- ` or `+ `, the last two inside a block",
        ),
        ("@@ 1-1\n+ b\n- a\n", "line 3 of the patch: old lines stand before new ones"),
        ("@@ 1-2\n- a\n+ b\n", "line 1 of the patch: the block names 2 lines of the base and shows 1"),
        ("@@ 1-1\n- a\n+ a\n", "line 1 of the patch: the block changes nothing"),
        ("@@ 1-0\n", "line 1 of the patch: the block changes nothing"),
        (
            "@@ 2-2\n- b\n@@ 1-1\n- a\n",
            "line 3 of the patch: blocks stand in the order of the base and do not overlap; the one above ends with line 2",
        ),
        (
            "@@ 1-0\n+ b\n@@ 1-0\n+ c\n",
            "line 3 of the patch: blocks stand in the order of the base and do not overlap; the one above ends with line 0",
        ),
        ("*** ../a\n@@ 1-0\n+ b\n", "line 1 of the patch: `../a` leaves the workspace"),
        ("*** a\n*** b\n@@ 1-0\n+ b\n", "line 2 of the patch: the file above has no block"),
        ("*** a\n", "line 1 of the patch: the file above has no block"),
        (
            "*** a\n@@ 1-0\n+ b\n*** a\n@@ 1-0\n+ b\n",
            "line 4 of the patch: `a` was named before; all blocks of a file stand together",
        ),
        (
            "@@ 1-0\n+ b\n*** a\n@@ 1-0\n+ b\n",
            "line 3 of the patch: the first file has no `*** PATH`, which a document over several files needs",
        ),
        (
            "@@ 1-0\n\\ No newline at end of file\n+ b\n",
            "line 2 of the patch: there is no line above that could be without a line end",
        ),
        (
            "@@ 1-0\n+ b\n\\ No newline at end of file\n+ c\n",
            "line 1 of the patch: only the last line of a file can be without a line end",
        ),
    ] {
        assert_eq!(refused(document, "a\nb\n"), said, "{document:?}");
    }
    for range in ["", "1", "1-", "-1", "0-0", "0-1", "3-1", "01-1", "1-+1", "1 - 1", "1-1 ", "1-4294967296", "１-１"]
    {
        let said = refused(&format!("@@ {range}\n- a\n"), "a\n");
        assert!(said.starts_with("line 1 of the patch: the lines of a block are written"), "{range}: {said}");
    }
}

#[test]
fn what_the_base_contradicts_is_an_error_on_its_line() {
    for (document, base, said) in [
        ("@@ 1-2\n- a\n- x\n+ b\n", "a\nb\n", "line 3 of the patch: line 2 of the base is `b`"),
        (
            "@@ 1-1\n- a\n+ b\n",
            "a\r\n",
            "line 2 of the patch: line 1 of the base has the same text but another line end",
        ),
        ("@@ 1-1\n- a\n+ b\n", "a", "line 2 of the patch: line 1 of the base has the same text but another line end"),
        ("@@ 3-3\n- a\n", "a\nb\n", "line 1 of the patch: the base has 2 lines"),
        ("@@ 4-3\n+ a\n", "a\nb\n", "line 1 of the patch: the base has 2 lines"),
        (
            "@@ 2-1\n+ b\n",
            "a",
            "line 1 of the patch: line 1 of the base has no line end; replace it to put something after it",
        ),
        (
            "@@ 1-0\n+ b\n\\ No newline at end of file\n",
            "a\n",
            "line 1 of the patch: only the last line of a file can be without a line end",
        ),
    ] {
        assert_eq!(refused(document, base), said, "{document:?}");
    }
    let long = format!("{}\n", "ä".repeat(1 << 20));
    assert!(refused("@@ 1-1\n- a\n", &long).len() < 300, "a huge line of the base is not quoted whole");
}

#[test]
fn lines_that_look_like_headers_are_text_behind_their_sign() {
    check("*** a\n", "@@ 1-1\n", expect!["@@ 1-1\n- *** a\n+ @@ 1-1\n"]);
    check("\\ No newline at end of file\n", "- a\n", expect!["@@ 1-1\n- \\ No newline at end of file\n+ - a\n"]);
}

fn text() -> impl Strategy<Value = String> {
    let line =
        prop_oneof!["[ab]{0,2}\r?", Just("@@ 1-1".to_owned()), Just("- ü𝄞".to_owned()), Just("\\ No".to_owned())];
    (proptest::collection::vec(line, 0..12), any::<bool>())
        .prop_map(|(lines, ended)| lines.join("\n") + if ended && !lines.is_empty() { "\n" } else { "" })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_to_the_very_text(before in text(), after in text()) {
        prop_assume!(before != after);
        prop_assert_eq!(applied(&blocks(&before, &after), &before), after);
    }

    #[test]
    fn no_document_makes_the_reader_panic(document in "(@@ [0-3]-[0-3]\n|[-+] [ab]?\n|\\*\\*\\* [ab]?\n|\\\\ No newline at end of file\n|.?){0,8}", base in text()) {
        if let Ok(files) = parse(&document) {
            for file in files {
                if let Ok(edits) = file.edits(&base) {
                    prop_assert_ne!(edits.apply(&base), base.clone());
                }
            }
        }
    }
}
