//! Source of the languages of braces made to exhaust the stack or the clock, on the stack that worker threads have.

use reweave_core::{FileText, Language, RefusalCode, limits};
use reweave_syntax::{ParsedFile, targets};

/// Default stack of a thread of the standard library and of the services' runtime.
const STACK_BYTES: usize = 2 << 20;

const SCRIPTS: &[Language] = &[Language::JavaScript, Language::TypeScript, Language::Tsx];
const MARKUP: &[Language] = &[Language::JavaScript, Language::Tsx];
const TYPED: &[Language] = &[Language::TypeScript, Language::Tsx];
const RUST: &[Language] = &[Language::Rust];
const BY_TREE: &[Language] = &[Language::Go, Language::Java, Language::C, Language::Cpp];

/// Does with a file all that recurses, and says with what it was refused. Ends the process if a stack overflows.
fn read(language: Language, text: String) -> Result<usize, RefusalCode> {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let path = "a".parse().expect("a relative path");
        let parsed = ParsedFile::parse(language, FileText { path, text }).map_err(|refusal| refusal.code)?;
        let names = parsed.unresolved().map_or(0, <[_]>::len);
        let definitions = targets::definitions(&parsed).len();
        assert!(names + definitions <= parsed.text().len());
        Ok(parsed.errors().len())
    });
    worker.expect("a thread").join().expect("the worker does not panic")
}

/// Ways to nest: the languages, what stands before, what repeats, the middle, what repeats after it, what stands after.
type Form = (&'static [Language], &'static str, &'static str, &'static str, &'static str, &'static str);

const SOUND: &[Form] = &[
    (SCRIPTS, "x = ", "(", "1", ")", ""),
    (SCRIPTS, "x = ", "[", "1", "]", ""),
    (SCRIPTS, "x = ", "{a: ", "1", "}", ""),
    (SCRIPTS, "", "{", "", "}", ""),
    (SCRIPTS, "", "f(", "1", ")", ""),
    (SCRIPTS, "x = ", "- ", "1", "", ""),
    (SCRIPTS, "x = ", "!", "1", "", ""),
    (SCRIPTS, "x = ", "- \n", "1", "", ""),
    (SCRIPTS, "x = ", "typeof ", "1", "", ""),
    (SCRIPTS, "x = ", "typeof\n", "1", "", ""),
    (SCRIPTS, "x = ", "new ", "A", "", ""),
    (SCRIPTS, "async () => ", "await ", "a", "", ""),
    (SCRIPTS, "x = ", "a => ", "1", "", ""),
    (SCRIPTS, "x = ", "async a => ", "1", "", ""),
    (SCRIPTS, "x = ", "a => {return ", "1", "}", ""),
    (SCRIPTS, "x = ", "function () {return ", "1", "}", ""),
    (SCRIPTS, "x = ", "class extends ", "A", " {}", ""),
    (SCRIPTS, "x = ", "class { a = ", "1", "}", ""),
    (SCRIPTS, "x = ", "1 ? 1 : ", "1", "", ""),
    (SCRIPTS, "x = ", "1 ? ", "1", " : 1", ""),
    (SCRIPTS, "x = ", "1 ** ", "1", "", ""),
    (SCRIPTS, "x = 1", " + 1", "", "", ""),
    (SCRIPTS, "x = 1", "\n + 1", "", "", ""),
    (SCRIPTS, "x = 1", " / 1", "", "", ""),
    (SCRIPTS, "x = a", " in a", "", "", ""),
    (SCRIPTS, "x = a", "\nin a", "", "", ""),
    (SCRIPTS, "x = a", " ?? a", "", "", ""),
    (SCRIPTS, "x = a", ".b", "", "", ""),
    (SCRIPTS, "x = a", "\n    .then(b, c)", "", "", ""),
    (SCRIPTS, "x = a", "?.b", "", "", ""),
    (SCRIPTS, "x = a", "()", "", "", ""),
    (SCRIPTS, "x = a", "[0]", "", "", ""),
    (SCRIPTS, "x = a", "``", "", "", ""),
    (SCRIPTS, "x = ", "a = ", "1", "", ""),
    (SCRIPTS, "x = ", "`${", "1", "}`", ""),
    (SCRIPTS, "", "if (1) ", "a", "", ""),
    (SCRIPTS, "", "if (1)\n", "a", "", ""),
    (SCRIPTS, "", "if (1) a; else ", "b", "", ""),
    (SCRIPTS, "", "if (1) {\n} else ", "{}", "", ""),
    (SCRIPTS, "", "if (1)\n  a\nelse ", "b", "", ""),
    (SCRIPTS, "", "while (1) ", "a", "", ""),
    (SCRIPTS, "", "for (;;) ", "a", "", ""),
    (SCRIPTS, "", "for (a of b)\n", "a", "", ""),
    (SCRIPTS, "", "do ", "a", "; while (1)", ""),
    (SCRIPTS, "", "try {", "a", "} catch {}", ""),
    (SCRIPTS, "", "switch (1) { case 1: ", "a", "}", ""),
    (SCRIPTS, "var ", "[", "a", "]", " = b"),
    (SCRIPTS, "var ", "{a: ", "a", "}", " = b"),
    (MARKUP, "x = ", "<a>", "", "</a>", ""),
    (MARKUP, "x = ", "<a b={", "1", "}/>", ""),
    (MARKUP, "x = ", "<>{", "1", "}</>", ""),
    (MARKUP, "x = ", "[<p>] ' ` </p>, ", "1", "]", ""),
    (MARKUP, "x = ", "<a>' ` \" // /* {", "1", "}</a>", ""),
    (TYPED, "let x: ", "A<", "A", ">", ""),
    (TYPED, "let x: ", "A<B, ", "A", ">", ""),
    (TYPED, "let x: ", "[", "A", "]", ""),
    (TYPED, "let x: ", "(", "A", ")", ""),
    (TYPED, "let x: ", "{a: ", "A", "}", ""),
    (TYPED, "let x: ", "() => ", "A", "", ""),
    (TYPED, "let x: ", "new () => ", "A", "", ""),
    (TYPED, "let x: ", "keyof ", "A", "", ""),
    (TYPED, "let x: ", "A extends B ? C : ", "A", "", ""),
    (TYPED, "let x: A", "[]", "", "", ""),
    (TYPED, "let x = a", " as A", "", "", ""),
    (TYPED, "let x = a", "!", "", "", ""),
    (TYPED, "", "namespace A {", "", "}", ""),
    (&[Language::TypeScript], "let x = ", "<A>", "a", "", ""),
    (RUST, "const X: A = ", "(", "1", ")", ";"),
    (RUST, "const X: A = ", "[", "1", "]", ";"),
    (RUST, "fn f() ", "{", "", "}", ""),
    (RUST, "const X: A = ", "f(", "1", ")", ";"),
    (RUST, "const X: A = ", "-", "1", "", ";"),
    (RUST, "const X: A = ", "&", "1", "", ";"),
    (RUST, "const X: A = ", "&mut ", "1", "", ";"),
    (RUST, "const X: A = ", "&&", "1", "", ";"),
    (RUST, "const X: A = ", "|a, b| ", "1", "", ";"),
    (RUST, "const X: A = ", "move || ", "1", "", ";"),
    (RUST, "const X: A = 1", " + 1", "", "", ";"),
    (RUST, "const X: A = 1", " as A", "", "", ";"),
    (RUST, "const X: A = 1", "\n as A", "", "", ";"),
    (RUST, "const X: A = a", ".b", "", "", ";"),
    (RUST, "const X: A = a", ".0", "", "", ";"),
    (RUST, "const X: A = a", "\n.b(c, d)", "", "", ";"),
    (RUST, "const X: A = a", "?", "", "", ";"),
    (RUST, "const X: A = a", "()", "", "", ";"),
    (RUST, "const X: A = a", "[0]", "", "", ";"),
    (RUST, "const X: A = ", "S { a: ", "1", "}", ";"),
    (RUST, "const X: A = ", "if 1 {} else ", "{}", "", ";"),
    (RUST, "fn f() { ", "if 1 {\n}\nelse ", "{}", "", "}"),
    (RUST, "const X: A = ", "match ", "1", " {}", ";"),
    (RUST, "const X: A = ", "match 1 { _ => ", "1", "}", ";"),
    (RUST, "const X: A = ", "return ", "1", "", ";"),
    (RUST, "const X: A = ", "unsafe {", "1", "}", ";"),
    (RUST, "const X: A = ", "loop {", "", "}", ";"),
    (RUST, "type X = ", "A<", "A", ">", ";"),
    (RUST, "type X = ", "A<B, ", "A", ">", ";"),
    (RUST, "type X = ", "&'a ", "A", "", ";"),
    (RUST, "type X = ", "&'a\nmut ", "A", "", ";"),
    (RUST, "type X = ", "*const ", "A", "", ";"),
    (RUST, "type X = ", "fn() -> ", "A", "", ";"),
    (RUST, "type X = ", "[", "A", "; 1]", ";"),
    (RUST, "type X = ", "(", "A", ",)", ";"),
    (RUST, "type X = ", "<", "A", " as B>::C", ";"),
    (RUST, "type X = ", "Box<dyn Fn(", "A", ")>", ";"),
    (RUST, "", "mod a {", "", "}", ""),
    (RUST, "use ", "a::{", "b", "}", ";"),
    (RUST, "m! { ", "(", "", ")", "}"),
    (RUST, "fn f(", "(", "a", ",)", ": A) {}"),
    (RUST, "fn f(", "&", "a", "", ": A) {}"),
];

/// Forms that no compiler reads, and forms of the languages whose tree is measured.
const OTHER: &[Form] = &[
    (&Language::ALL, "", "(", "", "", ""),
    (&Language::ALL, "", "[", "", "", ""),
    (&Language::ALL, "", "{", "", "", ""),
    (&Language::ALL, "", "<", "", "", ""),
    (&Language::ALL, "", "<a ", "", "", ""),
    (&Language::ALL, "", "<a>", "", "", ""),
    (&Language::ALL, "", "<a>{", "", "", ""),
    (&Language::ALL, "", "([{", "", "", ""),
    (&Language::ALL, "", "[)", "", "", ""),
    (&Language::ALL, "", "`${", "", "", ""),
    (&Language::ALL, "", "\"(", "", "", ""),
    (&Language::ALL, "", "'", "", "", ""),
    (&Language::ALL, "", "/*", "", "", ""),
    (&Language::ALL, "", "if (", "", "", ""),
    (&Language::ALL, "", "a < b, ", "", "", ""),
    (&Language::ALL, "", "else if ", "", "", ""),
    (&Language::ALL, "", "}", "", "", ""),
    (&Language::ALL, "", "class A { ", "", "", ""),
    (&Language::ALL, "", "\\", "", "", ""),
    (&Language::ALL, "", "#if 1\n", "", "", ""),
    (&Language::ALL, "x = ", "{} / ( / ", "", "", ""),
    (&Language::ALL, "x = ", "(1) / `(`, ", "", "", ""),
    (&Language::ALL, "", "if (1) /`/, [", "", "", ""),
    (&Language::ALL, "x = {} /`/ \n", "[", "", "", ""),
    (&Language::ALL, "{} /`/; x = \n", "[", "1", "]", ""),
    (&Language::ALL, "{} <a>' ` </a>; x = \n", "[", "1", "]", ""),
    (&Language::ALL, "x = a++ /`/ 1 \n", "[", "1", "]", ""),
    (&Language::ALL, "x = a! /`/ 1 \n", "[", "1", "]", ""),
    (&Language::ALL, "<!-- `\n x = ", "[", "1", "]", ""),
    (&Language::ALL, "x = /[/`]/ , ", "[", "1", "]", ""),
    (&Language::ALL, "x = /\\/`/ , ", "[", "1", "]", ""),
    (&Language::ALL, "x =\u{a0}/`/ , ", "[", "1", "]", ""),
    (BY_TREE, "int x = ", "(", "1", ")", ";"),
    (BY_TREE, "void f() { ", "if (1) {} else ", "{}", "", "}"),
    (BY_TREE, "int x = 1", " + 1", "", "", ";"),
    (BY_TREE, "int x = a", "\n.b()", "", "", ";"),
    (&[Language::Go], "package a\nvar x = ", "[]int{", "1", "}", ""),
    (&[Language::Go], "package a\nvar x ", "[]", "int", "", ""),
    (&[Language::Java], "class X { A", "<A", "", ">", " a; }"),
];

fn nested(form: &Form, times: usize) -> String {
    let (_, before, open, middle, close, after) = form;
    format!("{before}{}{middle}{}{after}\n", open.repeat(times), close.repeat(times))
}

#[test]
fn nesting_ten_thousand_deep_is_refused_or_wrong_and_never_overflows_a_stack() {
    for form in SOUND {
        for language in form.0 {
            let answer = read(*language, nested(form, 10_000));
            assert!(answer != Ok(0), "{language:?} accepts {form:?}");
        }
    }
    for form in OTHER {
        for language in form.0 {
            let _ = read(*language, nested(form, 10_000));
        }
    }
}

#[test]
fn the_deepest_nesting_that_is_accepted_is_read_without_an_error() {
    for form in SOUND {
        for language in form.0 {
            let accepted = (1..=12).find_map(|levels| {
                let times = (limits::TREE_DEPTH_MAX - 20) / levels;
                read(*language, nested(form, times)).ok()
            });
            assert_eq!(accepted, Some(0), "{language:?} {form:?}");
        }
    }
}

#[test]
fn brackets_in_strings_and_comments_nest_nothing() {
    let brackets = "([{<".repeat(20_000);
    for language in [Language::JavaScript, Language::TypeScript, Language::Tsx] {
        for text in [
            format!("x = \"{brackets}\";\n"),
            format!("x = '{brackets}';\n"),
            format!("x = `{brackets}`;\n"),
            format!("x = `\n{brackets}\n${{1}}\n{brackets}`;\n"),
            format!("// {brackets}\n/* {brackets} */\n"),
            "x = /[(\\[{]/g; y = a / b;\n".repeat(5_000),
        ] {
            assert_eq!(read(language, text), Ok(0), "{language:?}");
        }
    }
    for language in [Language::JavaScript, Language::Tsx] {
        assert_eq!(read(language, "x = <p>It's ([ :( ` here</p>;\n".repeat(5_000)), Ok(0), "{language:?}");
    }
    for text in [
        format!("const X: &str = \"{brackets}\";\n"),
        format!("const X: &str = r#\"{brackets}\"\"#;\n"),
        format!("// {brackets}\n/* /* {brackets} */ {brackets} */\n"),
        "const X: [char; 2] = ['(', '\\''];\nfn f<'a>(x: &'a str) -> &'a str { x }\n".repeat(5_000),
    ] {
        assert_eq!(read(Language::Rust, text), Ok(0));
    }
    for (language, before) in
        [(Language::Go, "package a\n"), (Language::Java, ""), (Language::C, ""), (Language::Cpp, "")]
    {
        assert_eq!(read(language, format!("{before}// {brackets}\n/* {brackets} */\n")), Ok(0), "{language:?}");
    }
}

#[test]
fn long_and_flat_files_are_read() {
    let flat = [
        (SCRIPTS, "if (a) { b(c)(d); } else { e = -f + g.h[0]; }\n"),
        (SCRIPTS, "a = b\nc = d + e\nf()\n"),
        (SCRIPTS, "x = {a: () => 1, b: [1, 2, `c${d}`], e() { return 1 }}\n"),
        (SCRIPTS, "class A { a = 1\n b = 2\n c() {}\n get d() { return 1 }\n }\n"),
        (MARKUP, "x = <ul><li a={b} c='d'>e {f} g</li><li/></ul>;\n"),
        (TYPED, "interface A<B, C> { a: B\n b: C\n }\n"),
        (TYPED, "function f<T>(a: A<T>, b?: T[]): a is B { return a! as B }\n"),
        (RUST, "fn f(a: &[u8], b: &mut Vec<Vec<u8>>) -> bool { if a < b { *a = 1; } !(a | b) }\n"),
        (RUST, "#[a(b)]\nimpl<'a, T: A<B>> C for D<'a, T> where T: E { type F = G; fn h() {} }\n"),
    ];
    for (languages, line) in flat {
        for language in languages {
            let code = read(*language, line.repeat(3_000)).err();
            assert_eq!(code, None, "{language:?} {line}");
        }
    }
    let within = [
        (RUST, "fn f() { match x {", "(A, B) => {}\n", "} }"),
        (RUST, "fn f() { match x {", "A::B | C { .. } => a + b,\n", "} }"),
        (RUST, "const X: A = [", "A | B, (-1), &C, |a, b| a,\n", "];"),
        (SCRIPTS, "x = [", "-1, a => b, c ? d : e, f.g(h),\n", "]"),
        (SCRIPTS, "switch (x) {", "case 'a':\n", "}"),
        (MARKUP, "x = <ul>", "<li>{a}</li>\n", "</ul>"),
    ];
    for (languages, before, line, after) in within {
        for language in languages {
            let text = format!("{before}{}{after}\n", line.repeat(10_000));
            assert_eq!(read(*language, text), Ok(0), "{language:?} {line}");
        }
    }
}

#[test]
fn odd_bytes_and_long_lines_are_read_or_said_to_be_wrong() {
    for language in Language::ALL {
        for text in [
            String::new(),
            "\0".repeat(1_000),
            "\u{feff}".to_owned(),
            "\r".repeat(1_000),
            "a\r\nb\rc\nd\u{2028}e\u{85}f\n".to_owned(),
            "x".repeat(1 << 20),
            " ".repeat(1 << 20),
            "x = 1 ;".repeat(1 << 17),
            "\"".repeat(1 << 16),
            "\u{1f600}'".repeat(1 << 12),
        ] {
            let _ = read(language, text);
        }
    }
}
