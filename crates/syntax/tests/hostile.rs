//! Source made to exhaust the stack: it is refused or read, on the 2 MiB stack that worker threads have.

use reweave_core::{Edit, Edits, FileText, Language, Refusal, RefusalCode, Span, limits};
use reweave_syntax::{ParsedFile, targets};

/// Default stack of a thread of the standard library and of the services' runtime.
const STACK_BYTES: usize = 2 << 20;

/// Does with a file all that recurses, and says whether it was read. Ends the process if a stack overflows.
fn read(text: String) -> bool {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let path = "a.py".parse().expect("a relative path");
        match ParsedFile::parse(Language::Python, FileText { path, text }) {
            Ok(parsed) => {
                let names = parsed.unresolved().map_or(0, <[_]>::len);
                let definitions = targets::definitions(&parsed).len();
                assert!(names + definitions <= parsed.text().len());
                true
            }
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::TooDeep);
                false
            }
        }
    });
    worker.expect("a thread").join().expect("the worker does not panic")
}

/// Ways to nest, each as the text that repeats before the middle, the middle, and the text that repeats after it.
const FORMS: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("[", "1", "]"),
    ("{1: ", "1", "}"),
    ("f(", "1", ")"),
    ("(", "", ""),
    ("[", "", ""),
    ("{", "", ""),
    ("[)", "", ""),
    ("(]", "", ""),
    ("[\n", "", ""),
    ("f(\n", "", ""),
    ("-", "1", ""),
    ("not ", "1", ""),
    ("~\\\n", "1", ""),
    ("await ", "x", ""),
    ("*", "x", ""),
    ("lambda: ", "1", ""),
    ("lambda a, b: ", "1", ""),
    ("lambda a=", "1", ": 0"),
    ("yield ", "1", ""),
    ("1 if x else ", "1", ""),
    ("", "1", " if x else 1"),
    ("1 ** ", "1", ""),
    ("", "a", ".b"),
    ("", "f", "()"),
    ("", "a", "[0]"),
    ("", "1", " + 1"),
    ("", "1", " and 1"),
    ("", "1", " and not 1"),
    ("", "1", " < 1"),
    ("", "'a'", " 'a'"),
    ("", "'a'", " f'{a}'"),
    ("f'{", "1", "}'"),
    ("f\"{f'{", "1", "}'}\""),
    ("f'{1:{", "1", "}}'"),
    ("[x for x in ", "y", "]"),
    ("[x for x in y if ", "y", "]"),
    ("(x := ", "1", ")"),
    ("if 1: ", "pass", ""),
    ("while 1: ", "pass", ""),
    ("for x in y: ", "pass", ""),
    ("for x, y in z, z: ", "pass", ""),
    ("def f(): ", "pass", ""),
    ("class A: ", "pass", ""),
    ("with a, b: ", "pass", ""),
    ("try: ", "pass", ""),
    ("else: ", "pass", ""),
    ("match x: ", "pass", ""),
    ("match (", "x", ")"),
    ("match x:\n case [", "", ""),
    ("with (", "x", "): pass"),
    ("def f(x: ", "int", "): pass"),
    ("def f[T: ", "int", "](): pass"),
    ("type x = ", "int", ""),
    ("x: ", "int", ""),
    ("x = ", "1", ""),
    ("print ", "1", ""),
    ("return ", "1", ""),
    ("@", "x", ""),
    ("@x\n", "def f(): pass", ""),
    ("del (", "x", ")"),
    ("(def ", "x", ""),
    ("([{", "", ""),
    ("( - return ", "", ""),
    ("\u{c}(", "", ""),
    ("'", "", ""),
    ("\"\"\"", "", ""),
    ("f'''{", "", ""),
    ("a; ", "b", ""),
    ("a\n", "b", ""),
    ("if x: pass\nelif y: pass\n", "", ""),
    ("case ", "", ""),
    ("import a.", "b", ""),
    ("from .", " import x", ""),
];

fn nested(form: (&str, &str, &str), times: usize) -> String {
    let (before, middle, after) = form;
    format!("{}{middle}{}\n", before.repeat(times), after.repeat(times))
}

#[test]
fn tens_of_kilobytes_of_any_nesting_never_overflow_a_stack() {
    for form in FORMS {
        read(nested(*form, 25_000));
    }
}

#[test]
fn the_deepest_nesting_that_is_accepted_never_overflows_a_stack() {
    for form in FORMS {
        // A form that counts for several levels is first accepted at a fraction of the limit.
        let accepted = (1..=8).map(|levels| (limits::TREE_DEPTH_MAX - 12) / levels).find(|times| {
            let expression = nested(*form, *times);
            read(format!("async def f(x):\n    return {expression}"))
        });
        assert!(accepted.is_some(), "{form:?} is refused where it is not deep");
    }
}

#[test]
fn nested_blocks_are_refused_beyond_the_limit_and_read_below_it() {
    let blocks = |depth: usize| -> String {
        let lines = (0..depth).map(|level| format!("{}if x:\n", " ".repeat(level)));
        lines.collect::<String>() + &" ".repeat(depth) + "pass\n"
    };
    assert!(read(blocks(90)));
    assert!(!read(blocks(2_100)));
}

#[test]
fn long_and_flat_files_are_read() {
    assert!(read("if x:\n    pass\n".to_owned() + &"elif x:\n    pass\n".repeat(50_000)));
    assert!(read(format!("x = [{}]\n", "-1, (2, 3), f(x)(y), a.b.c, lambda: 0, 1 if a else 2,\n".repeat(20_000))));
    assert!(read("x = a.b.c(1)(2)[3] + 4 * -5 if y else not z\n".repeat(20_000)));
    assert!(read(format!("x = ({})\n", "'a' f'{b}'\n".repeat(20_000))));
    assert!(read("def f(a, b):\n    return {a: b, **c}\n\n\n".repeat(20_000)));
    assert!(read(format!("\"\"\"{}\"\"\"\n", "(((( not - ~ [ { ".repeat(5_000))));
}

#[test]
fn line_continuations_that_cost_the_square_of_their_number_are_refused() {
    for newline in ["\n", "\r\n", "\n \t"] {
        let continued = |times: usize| format!("x = 1 + {}1\n", format!("\\{newline}").repeat(times));
        assert!(read(continued(1_000)));
        assert!(!read(continued(100_000)));
    }
}

#[test]
fn one_unclosed_bracket_does_not_make_an_honest_file_too_deep() {
    let rest =
        "def f(a, b):\n    if a and not b:\n        return {a: b.c(1)[2] + 3}\n    for x in y:\n        pass\n\n\n";
    assert!(read(format!("x = (\n{}", rest.repeat(100))));
    assert!(read(format!("x = (]\n{}", rest.repeat(2_000))));
}

/// Fills that leave something open, nest deep, or turn what follows them into something else.
fn hostile_fills() -> Vec<String> {
    let (deep, half) = (limits::TREE_DEPTH_MAX / 2 + 10, limits::TREE_DEPTH_MAX / 4 + 10);
    let small = [
        "",
        "1",
        "(",
        ")",
        "\"\"\"",
        "'",
        "f\"{",
        "\\",
        "\\\n",
        "# ",
        "x = (\n",
        "lambda: (",
        "\n",
        "if x:\n",
        "\t",
        "é",
        "[\n]",
    ];
    let nesting = [
        (("(", "1", ")"), deep),
        (("(", "", ""), half),
        (("(", "def ", ")"), half),
        (("-", "1", ""), deep),
        (("[", "", "]"), 5),
    ];
    small.into_iter().map(str::to_owned).chain(nesting.map(|(form, times)| nested(form, times))).collect()
}

#[test]
fn an_edited_file_is_read_and_refused_as_its_whole_text_is() {
    let middle = nested(("(", "5", ")"), limits::TREE_DEPTH_MAX / 4);
    let text = format!("a = 1\nb = (2,\n  3); c = 4\nif a:\n    d = '''x\n'''\n\ne = {middle}\n");
    let parse = |text: &str| {
        let path = "a.py".parse().expect("a relative path");
        ParsedFile::parse(Language::Python, FileText { path, text: text.to_owned() })
    };
    let verdict = |read: Result<ParsedFile, Refusal>| read.map(|file| file.errors().to_vec()).map_err(|no| no.code);
    let base = parse(&text).expect("within the limits");
    for start in 0..text.len().min(60) {
        for fill in hostile_fills() {
            let edit = Edit::of(&text, Span::new(start, start + 1), fill.clone(), "", "");
            let edits = Edits::new(&text, vec![edit]).expect("inside the text");
            let whole = parse(&edits.apply(&text));
            assert_eq!(verdict(ParsedFile::edited(&base, &edits)), verdict(whole), "{fill:.20} at {start}");
        }
    }
}
