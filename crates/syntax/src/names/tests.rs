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
