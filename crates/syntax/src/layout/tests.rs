//! Fills from elsewhere in the layout of their hole, and old texts that stay as they are.

use reweave_core::{FileText, Language};
use tree_sitter::Node;

use super::*;

fn parse(language: Language, text: &str) -> ParsedFile {
    let path = "a".parse().expect("a relative path");
    ParsedFile::parse(language, FileText { path, text: text.to_owned() }).expect("small")
}

fn fitted(language: Language, text: &str, old: &str, fill: &str) -> String {
    let parsed = parse(language, text);
    let start = text.find(old).expect("the old text is there");
    fit(&parsed, Span::new(start, start + old.len()), fill)
}

const TWO: &str = "class A:\n  def f(self):\n    if a:\n      b()\n";

#[test]
fn a_fill_at_column_zero_takes_the_indentation_and_the_step_of_its_place() {
    let old = "if a:\n      b()";
    let fill = "for x in y:\n    if x:\n        z()\n";
    assert_eq!(fitted(Language::Python, TWO, old, fill), "for x in y:\n      if x:\n        z()");
    let tabs = "def f():\n\tif a:\n\t\tb()\n";
    assert_eq!(fitted(Language::Python, tabs, "if a:\n\t\tb()", fill), "for x in y:\n\t\tif x:\n\t\t\tz()");
}

#[test]
fn a_fill_that_has_the_indentation_of_its_place_keeps_it() {
    let fill = "if c:\n      d()";
    assert_eq!(fitted(Language::Python, TWO, "if a:\n      b()", fill), fill);
}

#[test]
fn whole_lines_are_indented_from_their_first_line() {
    let old = "    if a:\n      b()";
    assert_eq!(fitted(Language::Python, TWO, old, "x = 1\ny = 2\n"), "    x = 1\n    y = 2");
    assert_eq!(fitted(Language::Python, TWO, old, "        x = 1\n        y = 2\n"), "        x = 1\n        y = 2");
}

#[test]
fn line_ends_are_those_of_the_file() {
    let text = "def f():\r\n    return 1\r\n";
    assert_eq!(fitted(Language::Python, text, "return 1", "a = 1\nreturn a\n"), "a = 1\r\n    return a");
    let text = "def f():\n    return 1\n";
    assert_eq!(fitted(Language::Python, text, "return 1", "a = 1\r\nreturn a"), "a = 1\n    return a");
}

#[test]
fn the_inside_of_a_string_is_never_indented() {
    let text = "def f():\n    return 1\n";
    let fill = "a = \"\"\"\nb\n  c\"\"\"\nreturn a";
    assert_eq!(fitted(Language::Python, text, "return 1", fill), "a = \"\"\"\nb\n  c\"\"\"\n    return a");
    let text = "function f() {\n  return 1;\n}\n";
    assert_eq!(fitted(Language::JavaScript, text, "return 1;", "a = `\nb`;\nc();"), "a = `\nb`;\n  c();");
}

#[test]
fn a_byte_order_mark_of_a_fill_is_dropped_and_that_of_the_file_stays() {
    assert_eq!(fitted(Language::Python, "\u{feff}x = 1\n", "x = 1", "\u{feff}y = 2\n"), "y = 2");
}

#[test]
fn an_old_text_that_mixes_tabs_and_blanks_stays_as_it_is() {
    let old = "f() {\n        b()}";
    let mixed = format!("class D {{\n\tx = 1;\n\t{old}\n}}\n");
    assert_eq!(fitted(Language::JavaScript, &mixed, old, old), old);
}

#[test]
fn the_old_text_of_every_node_and_of_every_run_of_lines_fits_as_it_is() {
    let sources = [
        (Language::Python, include_str!("../../../../examples/workspaces/inflection/inflection.py")),
        (Language::Python, include_str!("../../../../examples/workspaces/docopt/docopt.py")),
        (Language::Rust, include_str!("../unit.rs")),
        (Language::JavaScript, "a(function () {\n        b();\n  })\nx = `\n  ${y}\n`\r\nif (z)\n\t{ w() }\r\n"),
    ];
    for (language, text) in sources {
        let parsed = parse(language, text);
        for span in spans(&parsed) {
            assert_eq!(laid_out(&parsed, span, parsed.slice(span)), parsed.slice(span), "{span:?}");
        }
    }
}

/// Every node of several lines, and every tenth run of three lines.
fn spans(parsed: &ParsedFile) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut open = vec![parsed.tree().root_node()];
    while let Some(node) = open.pop() {
        if node.start_position().row < node.end_position().row {
            spans.push(Span::new(node.start_byte(), node.end_byte()));
        }
        let children = (0..node.child_count()).filter_map(|index| node.child(index));
        open.extend(children.filter(Node::is_named));
    }
    let starts: Vec<usize> = parsed.text().match_indices('\n').map(|(at, _)| at + 1).collect();
    spans.extend(starts.windows(4).step_by(10).map(|run| Span::new(run[0], run[3] - 1)));
    spans
}
