//! Targets by name over one file that holds every form of definition.

use expect_test::{Expect, expect};
use reweave_core::{FileText, Language};

use super::*;

const SOURCE: &str = "\
import functools

@functools.cache
def top(x):
    def inner():
        return x
    return inner

class Box(object):
    size: int = 0

    @property
    def width(self):
        return self._w

    @width.setter
    def width(self, value):
        self._w = value

    async def load(self): return 1

    class Nested:
        def deep(self):
            pass

if True:
    def chosen(): pass
";

fn parse(text: &str) -> ParsedFile {
    let path = "src/a.py".parse().expect("a relative path");
    ParsedFile::parse(Language::Python, FileText { path, text: text.to_owned() }).expect("small")
}

fn refused(text: &str, name: &str, expected: Expect) {
    let refusal = find(&parse(text), name).unwrap_err();
    let mut shown = format!("{}: {}\n", refusal.code, refusal.reason);
    for evidence in &refusal.evidence {
        let line = evidence.line.map(|line| format!(" at line {line}")).unwrap_or_default();
        shown += &format!("- {}: {}{line}\n", evidence.kind.as_str(), evidence.detail);
    }
    expected.assert_eq(&format!("{shown}> {}\n", refusal.next_command));
}

#[test]
fn every_definition_is_listed_with_its_kind_and_place() {
    let listed: String = definitions(&parse(SOURCE))
        .iter()
        .map(|target| {
            format!("{} {} line {} indent {}\n", target.kind.as_str(), target.path, target.line, target.indent.len())
        })
        .collect();
    expect![[r#"
        function top line 4 indent 0
        function top.inner line 5 indent 4
        class Box line 9 indent 0
        method Box.width line 13 indent 4
        method Box.width line 17 indent 4
        method Box.load line 20 indent 4
        class Box.Nested line 22 indent 4
        method Box.Nested.deep line 23 indent 8
        function chosen line 27 indent 4
    "#]]
    .assert_eq(&listed);
}

#[test]
fn a_span_starts_at_the_decorator_and_ends_with_the_body() {
    let parsed = parse(SOURCE);
    let target = find(&parsed, "top").unwrap();
    assert!(parsed.slice(target.span).starts_with("@functools.cache\ndef top"));
    assert!(parsed.slice(target.span).ends_with("return inner"));
    assert_eq!(parsed.slice(target.name_span), "top");
    assert!(parsed.slice(target.body_span).starts_with("def inner"));
    let target = find(&parsed, "Box.load").unwrap();
    assert_eq!(parsed.slice(target.span), "async def load(self): return 1");
    assert_eq!(find(&parsed, "top.<locals>.inner").unwrap().path, "top.inner");
}

#[test]
fn a_missing_name_suggests_the_nearest() {
    refused(
        SOURCE,
        "Box.laod",
        expect![[r#"
            target.missing: `src/a.py` defines no `Box.laod`
            - suggestion: method `Box.load` at line 20
            > name `Box.load` in the spec, if that is meant
        "#]],
    );
    refused(
        SOURCE,
        "deep",
        expect![[r#"
        target.missing: `src/a.py` defines no `deep`
        - suggestion: method `Box.Nested.deep` at line 23
        > name `Box.Nested.deep` in the spec, if that is meant
    "#]],
    );
    refused(
        SOURCE,
        "Box.zzzzzz",
        expect![[r#"
        target.missing: `src/a.py` defines no `Box.zzzzzz`
        > choose one of the 9 definitions of src/a.py
    "#]],
    );
    refused(
        "x = 1\n",
        "f",
        expect![[r#"
        target.missing: `src/a.py` defines no `f`
        > choose another file: src/a.py holds no definitions
    "#]],
    );
}

#[test]
fn a_name_defined_twice_is_ambiguous_until_a_line_chooses() {
    refused(
        SOURCE,
        "Box.width",
        expect![[r#"
        target.ambiguous: `src/a.py` defines `Box.width` 2 times
        - symbol: method `Box.width@13` at line 13
        - symbol: method `Box.width@17` at line 17
        > name one with its line, such as `Box.width@13`
    "#]],
    );
    refused(
        SOURCE,
        "Box.width@14",
        expect![[r#"
        target.missing: `src/a.py` defines no `Box.width@14`
        - suggestion: method `Box.width@13` at line 13
        - suggestion: method `Box.width@17` at line 17
        > name `Box.width@13` in the spec, if that is meant
    "#]],
    );
    assert_eq!(find(&parse(SOURCE), "Box.width@17").unwrap().line, 17);
}

#[test]
fn a_broken_definition_is_refused_and_its_neighbour_is_found() {
    let source = "def good():\n    return 1\n\ndef bad():\n    return 1 +\n";
    assert!(find(&parse(source), "good").is_ok());
    refused(
        source,
        "bad",
        expect![[r#"
        source.syntax_broken: `bad` has a syntax error already, so it cannot be read well enough to change it
        - error: Expected an expression at line 5
        > repair line 5 of src/a.py first
    "#]],
    );
}

#[test]
fn line_endings_tabs_form_feeds_and_byte_order_marks_do_not_move_spans() {
    for source in ["\u{feff}class A:\r\n\tdef f(self):\r\n\t\treturn 1", "\x0cclass A:\n\tdef f(self):\n\t\treturn 1\n"]
    {
        let parsed = parse(source);
        assert_eq!(parsed.errors(), [], "{source:?}");
        let target = find(&parsed, "A.f").unwrap();
        assert!(parsed.slice(target.span).starts_with("def f"), "{source:?}");
        assert!(parsed.slice(target.span).ends_with("return 1"), "{source:?}");
        assert_eq!(target.indent, "\t", "{source:?}");
    }
}

#[test]
fn a_place_is_named_by_the_definitions_around_it() {
    let parsed = parse(SOURCE);
    let at = |needle: &str| {
        let start = SOURCE.find(needle).expect("the needle is in the source");
        node_path_at(&parsed, Span::new(start, start + needle.len()))
    };
    assert_eq!(at("return x"), "top.inner");
    assert_eq!(at("self._w = value"), "Box.width");
    assert_eq!(at("pass\n"), "");
    assert_eq!(at("size: int"), "Box");
    assert_eq!(at("import functools"), "");
}
