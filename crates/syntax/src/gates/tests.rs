//! Every gate refuses what it is for, and nothing else.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use reweave_core::{Edit, FileText, Language, MaskedSpan, Proposer, RefusalCode, Span};

use super::*;

const SOURCE: &str = "\
import math

def area(r):
    return math.pi * r ** 2

class Shape:
    def scaled(self, by):
        if by < 0:
            raise ValueError(by)
        return self.size * by
";

fn parse(text: &str) -> ParsedFile {
    let path = "a.py".parse().expect("a relative path");
    ParsedFile::parse(Language::Python, FileText { path, text: text.to_owned() }).expect("small")
}

fn span_of(text: &str, needle: &str) -> Span {
    let start = text.find(needle).unwrap_or_else(|| panic!("`{needle}` is not in the text"));
    Span::new(start, start + needle.len())
}

/// A candidate that replaces each `old` by `new`, allowed to change exactly those places.
fn candidate(base: &str, changes: &[(&str, &str)]) -> Candidate {
    let edits = changes.iter().map(|(old, new)| Edit::of(base, span_of(base, old), *new, "lines", "")).collect();
    let path: reweave_core::RelativePath = "a.py".parse().expect("a relative path");
    let masked = |(old, _): &(&str, &str)| MaskedSpan {
        path: path.clone(),
        span: span_of(base, old),
        node_kind: "lines".to_owned(),
        node_path: String::new(),
    };
    Candidate {
        masked: changes.iter().map(masked).collect(),
        edits: Edits::new(base, edits).expect("the changes do not overlap"),
        path: path.clone(),
        proposer: Proposer::Mutation,
        operator: "test",
        description: String::new(),
        prior: 0.5,
        risks: Vec::new(),
        scores: Vec::new(),
    }
}

fn report(base: &str, changes: &[(&str, &str)]) -> GateReport {
    super::check(&parse(base), &candidate(base, changes))
}

fn shown(report: &GateReport) -> String {
    let mut text = String::new();
    for gate in &report.validation.gates {
        text += &format!("{} {}: {}\n", if gate.passed { "pass" } else { "FAIL" }, gate.gate, gate.reason);
    }
    text
}

fn check(base: &str, changes: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&shown(&report(base, changes)));
}

#[test]
fn a_good_candidate_passes_every_gate() {
    check(
        SOURCE,
        &[("r ** 2", "abs(r) ** 2"), ("<", "<=")],
        expect![[r#"
        pass goto_type: 1 of 2 edits replace one node, each by a kind that fits
        pass fragment: 1 of 2 new texts parse by themselves
        pass strict_parse: the result has no syntax error
        pass names: every name resolves
        pass bytes_outside: 0 bytes differ outside the masked spans
    "#]],
    );
    let report = report(SOURCE, &[("r ** 2", "r ** 3")]);
    assert_eq!(report.result, SOURCE.replace("r ** 2", "r ** 3"));
    assert_eq!(
        (report.refused, report.validation.syntax_valid, report.validation.bytes_changed_outside),
        (None, true, 0)
    );
}

#[test]
fn a_fill_of_another_kind_passes_if_the_result_parses() {
    check(
        SOURCE,
        &[("self.size * by", "None if by else self.size")],
        expect![[r#"
            pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
            pass fragment: 1 of 1 new texts parse by themselves
            pass strict_parse: the result has no syntax error
            pass names: every name resolves
            pass bytes_outside: 0 bytes differ outside the masked spans
        "#]],
    );
}

#[test]
fn a_fill_that_breaks_the_file_is_refused() {
    check(
        SOURCE,
        &[("self.size * by", "self.size *")],
        expect![[r#"
        FAIL goto_type: a fill of bytes 161..175 is not of a kind known to fit; line 10: Expected an expression
    "#]],
    );
    check(
        SOURCE,
        &[("by < 0", "pass")],
        expect![[r#"
            FAIL goto_type: it is a keyword, which may be no name where the hole is; line 8: Expected an identifier, but found a keyword `pass` that cannot be used here
        "#]],
    );
    check(
        SOURCE,
        &[("return self.size * by\n", "return (\n")],
        expect![[r#"
        pass goto_type: 0 of 1 edits replace one node, each by a kind that fits
        pass fragment: 0 of 1 new texts parse by themselves
        FAIL strict_parse: line 11: unexpected EOF while parsing
    "#]],
    );
}

#[test]
fn what_tree_sitter_takes_and_python_does_not_is_refused() {
    check(
        SOURCE,
        &[("raise ValueError(by)", "print 'by'")],
        expect![[r#"
        pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
        FAIL fragment: the new text does not parse by itself: Simple statements must be separated by newlines or semicolons; line 9: Simple statements must be separated by newlines or semicolons
    "#]],
    );
    check(
        SOURCE,
        &[("ValueError(by)", "ValueError(by=1, by)")],
        expect![[r#"
        pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
        FAIL fragment: the new text does not parse by itself: Positional argument cannot follow keyword argument; line 9: Positional argument cannot follow keyword argument
    "#]],
    );
}

#[test]
fn an_operator_taken_apart_by_its_neighbour_is_refused() {
    check(
        SOURCE,
        &[("self.size", "by + by")],
        expect![[r#"
        pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
        pass fragment: 1 of 1 new texts parse by themselves
        FAIL strict_parse: on line 10 an operator beside `by + by` takes it apart: put it in parentheses
    "#]],
    );
    assert_eq!(report(SOURCE, &[("self.size", "(by + by)")]).refused, None);
    assert_eq!(report("x = y and z\n", &[("y", "z and z")]).refused, Some(Gate::Names));
    assert_eq!(report("y = z = 1\nx = y and z\n", &[("y and", "y and z and")]).refused, None);
}

#[test]
fn a_new_name_must_resolve_and_an_old_one_may_stay_unresolved() {
    check(
        SOURCE,
        &[("r ** 2", "radius ** 2")],
        expect![[r#"
        pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
        pass fragment: 1 of 1 new texts parse by themselves
        pass strict_parse: the result has no syntax error
        FAIL names: `radius` on line 4 is not bound, imported or built in
    "#]],
    );
    check(
        SOURCE,
        &[("import math", "import cmath")],
        expect![[r#"
        pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
        pass fragment: 1 of 1 new texts parse by themselves
        pass strict_parse: the result has no syntax error
        FAIL names: `math` on line 4 is not bound, imported or built in
    "#]],
    );
    check(
        "print(missing)\nprint(1)\n",
        &[("1", "2")],
        expect![[r#"
        pass goto_type: 1 of 1 edits replace one node, each by a kind that fits
        pass fragment: 1 of 1 new texts parse by themselves
        pass strict_parse: the result has no syntax error
        pass names: every name resolves but 1 that did not in the base
        pass bytes_outside: 0 bytes differ outside the masked spans
    "#]],
    );
    check(
        "print(missing)\nprint(1)\n",
        &[("1", "missing")],
        expect![[r#"
        pass goto_type: a fill of bytes 21..22 is not of a kind known to fit; the whole result parses
        pass fragment: 0 of 1 new texts parse by themselves
        pass strict_parse: the result has no syntax error
        FAIL names: `missing` on line 2 is not bound, imported or built in
    "#]],
    );
    assert_eq!(report("x = 1\n", &[("x = 1", "import json\nx = json.dumps(1)")]).refused, None);
}

#[test]
fn a_file_that_had_errors_may_keep_them_and_never_gains_one() {
    let broken = "def f(:\n    pass\n\nx = 1\ny = 2\n";
    let kept = report(broken, &[("x = 1", "x = 3")]);
    assert_eq!(kept.refused, None);
    assert!(!kept.validation.errors.is_empty());
    assert_eq!(report(broken, &[("x = 1", "x = = 3")]).refused, Some(Gate::GotoType));
    assert_eq!(report(broken, &[("y = 2\n", "y = (2\n")]).refused, Some(Gate::StrictParse));
}

#[test]
fn an_edit_outside_the_masked_spans_is_refused_and_counted() {
    let mut outside = candidate(SOURCE, &[("r ** 2", "r ** 33"), ("area", "surface")]);
    outside.masked.truncate(1);
    let report = super::check(&parse(SOURCE), &outside);
    assert_eq!(report.refused, Some(Gate::BytesOutside));
    assert_eq!(report.validation.bytes_changed_outside, 7);
}

#[test]
fn a_mask_of_another_file_allows_nothing_in_this_one() {
    let mut elsewhere = candidate(SOURCE, &[("r ** 2", "r ** 3")]);
    elsewhere.masked[0].path = "b.py".parse().unwrap();
    assert_eq!(super::check(&parse(SOURCE), &elsewhere).refused, Some(Gate::BytesOutside));
}

#[test]
fn edits_made_for_another_text_are_refused_and_not_applied() {
    let report = super::check(&parse("something else\n"), &candidate(SOURCE, &[("r ** 2", "r ** 3")]));
    assert_eq!((report.refused, report.result.as_str()), (Some(Gate::BytesOutside), "something else\n"));
}

#[test]
fn a_fill_nested_too_deep_is_refused_before_a_parser_recurses() {
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let report = report(SOURCE, &[("r ** 2", &deep)]);
    assert_eq!(report.refused, Some(Gate::StrictParse));
    let path = "a.py".parse().unwrap();
    let refusal = ParsedFile::parse(Language::Python, FileText { path, text: deep }).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooDeep);
}

#[test]
fn line_endings_tabs_form_feeds_and_byte_order_marks_pass_through() {
    for source in [
        "\u{feff}def f(x):\r\n\treturn x + 1\r\n",
        "\u{feff}def f(x):\r\n\treturn x + 1",
        "\x0cdef f(x):\n\treturn x + 1\n\x0c\n",
    ] {
        let report = report(source, &[("return x + 1", "return x + 2")]);
        assert_eq!(report.refused, None, "{source:?}\n{}", shown(&report));
        assert_eq!(report.result, source.replace("+ 1", "+ 2"));
    }
}

#[test]
fn an_operator_is_taken_apart_inside_a_declaration_that_other_edits_moved() {
    let base = "fn f(a: u8) -> u8 {\n    a + 1\n}\n\nfn g(b: u8) -> u8 {\n    b * 2\n}\n";
    let path: reweave_core::RelativePath = "a.rs".parse().expect("a relative path");
    let file = FileText { path: path.clone(), text: base.to_owned() };
    let parsed = ParsedFile::parse(Language::Rust, file).expect("small");
    let refused = |second: &str| {
        let changes = [("a + 1", "a + 1 + 1 + 1 + 1"), ("2", second)];
        let edits = changes.map(|(old, new)| Edit::of(base, span_of(base, old), new, "", ""));
        let edits = Edits::new(base, edits.to_vec()).expect("the changes do not overlap");
        super::check(&parsed, &Candidate::of_edits(path.clone(), edits, Proposer::Refactor, "test")).refused
    };
    assert_eq!(refused("b + 2"), Some(Gate::StrictParse));
    assert_eq!(refused("(b + 2)"), None);
}

proptest! {
    #[test]
    fn the_measure_is_zero_exactly_when_nothing_outside_changed(
        base in "[ab\n]{1,40}", cuts in proptest::collection::vec(0usize..40, 4), fills in proptest::collection::vec("[abc]{0,6}", 2),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(base.len())).collect();
        cuts.sort_unstable();
        let spans = [Span::new(cuts[0], cuts[1]), Span::new(cuts[2], cuts[3])];
        prop_assume!(!spans[0].conflicts(spans[1]));
        let edits = spans.iter().zip(&fills).map(|(span, new)| Edit::of(&base, *span, new.as_str(), "lines", "")).collect();
        let mut candidate = candidate("", &[]);
        candidate.edits = Edits::new(&base, edits).expect("sorted and apart");
        let masked = |span: Span| MaskedSpan { path: "a.py".parse().expect("fine"), span, node_kind: String::new(), node_path: String::new() };
        candidate.masked = vec![masked(spans[0])];
        let result = candidate.edits.apply(&base);
        let second_changes = base[spans[1].start..spans[1].end] != fills[1] && !masked(spans[0]).span.contains(spans[1]);
        prop_assert_eq!(outside::measure(&base, &result, &candidate) > 0, second_changes);
        candidate.masked.push(masked(spans[1]));
        prop_assert_eq!(outside::measure(&base, &result, &candidate), 0);
        if let Some(at) = (0..spans[0].start).find(|at| result.as_bytes()[*at] == b'a') {
            let mut forged = result.into_bytes();
            forged[at] = b'b';
            let forged = String::from_utf8(forged).expect("ascii");
            prop_assert_eq!(outside::measure(&base, &forged, &candidate), 1);
        }
    }
}
