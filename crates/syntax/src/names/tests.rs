//! A name is unresolved only where that is certain.

use reweave_core::{FileText, Language};

use crate::ParsedFile;

/// The names that nothing binds, in the order of the text; `?` where nobody can tell.
fn unresolved(language: Language, text: &str) -> String {
    let path = "a".parse().expect("a relative path");
    let parsed = ParsedFile::parse(language, FileText { path, text: text.to_owned() }).expect("small");
    let names = parsed.unresolved().map(|names| names.iter().map(|found| found.name.as_str()).collect::<Vec<_>>());
    names.map_or_else(|| "?".to_owned(), |names| names.join(" "))
}

#[test]
fn a_script_s_names_are_resolved_by_scope() {
    let names = |text| unresolved(Language::JavaScript, text);
    assert_eq!(names("function f(a) { let b = a; return b + c; }\nf(d);\n"), "c d");
    assert_eq!(names("{ let a = 1; }\na;\n"), "a");
    assert_eq!(names("import {a, b as c} from 'x';\na(c, b);\n"), "b");
    assert_eq!(names("x = <A b={c}><d/></A>;\n"), "x A c A");
    assert_eq!(names("var {a, b: [c]} = e => e;\na.z; ({y: c});\n"), "");
}

#[test]
fn what_a_script_finds_around_it_is_bound() {
    let names = |text| unresolved(Language::JavaScript, text);
    assert_eq!(names("const a = require('a'); module.exports = document.title + arguments.length;\n"), "");
    assert_eq!(names("if (typeof feature === 'undefined') { feature2(); }\n"), "feature2");
    assert_eq!(names("new HTMLDialogElement(); describe('a', () => { expect(1); });\n"), "");
}

#[test]
fn a_type_is_a_name_too_and_a_library_s_type_is_bound() {
    let names = |text| unresolved(Language::TypeScript, text);
    assert_eq!(names("let a: Partial<B> | HTMLElement = c as const;\n"), "B c");
    assert_eq!(names("type A<T> = T extends infer U ? U : never;\nlet a: A<string>;\n"), "");
}

#[test]
fn nobody_can_tell_the_names_of_a_broken_script() {
    assert_eq!(unresolved(Language::JavaScript, "a(;\n"), "?");
}

#[test]
fn a_rust_value_that_stands_nowhere_else_is_unresolved() {
    let names = |text| unresolved(Language::Rust, text);
    assert_eq!(names("use a::b;\nfn f(c: u8) { let d = c + e; b(d); g(&h, Some(1), I, drop(c)); }\n"), "e g h");
    assert_eq!(names("m! { fn a() {} }\nfn f() { a(); S { b: c.d } }\n"), "c");
    assert_eq!(names("fn f() { println!(\"{a}\", a); a(); }\n"), "");
    assert_eq!(names("fn a() {}\nmod b { use super::*; fn c() { a(); d(); } }\n"), "d");
}

#[test]
fn a_rust_file_that_takes_names_wholesale_is_not_judged() {
    for text in
        ["use a::*;\nfn f() { b(); }\n", "use super::*;\nfn f() { b(); }\n", "include!(\"a\");\nfn f() { b(); }\n"]
    {
        assert_eq!(unresolved(Language::Rust, text), "?", "{text}");
    }
}

#[test]
fn a_java_value_that_stands_nowhere_else_is_unresolved_unless_it_may_be_inherited() {
    let class =
        |head: &str| format!("class A {head} {{ int a; int f(int b) {{ log.c(); return a + b + d + E.g; }} }}\n");
    assert_eq!(unresolved(Language::Java, &class("")), "d");
    assert_eq!(unresolved(Language::Java, &class("extends B")), "?");
    assert_eq!(unresolved(Language::Java, &class("implements B")), "?");
}

#[test]
fn a_go_package_of_the_standard_library_must_be_imported() {
    let names = |text| unresolved(Language::Go, text);
    assert_eq!(
        names("package a\nimport \"net/http\"\nfunc f(r http.Request) { strings.ToLower(other.x) }\n"),
        "strings"
    );
    assert_eq!(names("package a\nfunc f(strings []string) { strings.x() }\n"), "");
    assert_eq!(names("package a\nimport . \"b\"\nfunc f() { strings.x() }\n"), "?");
}
