//! What tree-sitter takes and the language's own compiler does not is a fault, and what both take is none.

use reweave_core::Language;

use super::read;

/// The faults of `text`, as messages.
fn faults(language: Language, text: &str) -> Vec<String> {
    read(language, text).expect("a small text").errors.into_iter().map(|fault| fault.message).collect()
}

fn check(language: Language, sound: &[&str], wrong: &[(&str, &str)]) {
    for text in sound {
        assert_eq!(faults(language, text), [""; 0], "{text}");
    }
    for (text, message) in wrong {
        let found = faults(language, text);
        assert!(found.iter().any(|fault| fault.contains(message)), "{text}: {found:?}");
    }
}

/// Statements in the body of a function.
fn go(body: &str) -> String {
    format!("package p\n\nfunc f() {{\n\t{body}\n}}\n")
}

fn java(member: &str) -> String {
    format!("class C {{\n\t{member}\n}}\n")
}

#[test]
fn go_refuses_reserved_words_as_names() {
    for wrong in ["var func int", "x := struct.y", "type := 1", "x.range()"].map(go) {
        assert!(!faults(Language::Go, &wrong).is_empty(), "{wrong}");
    }
    check(Language::Go, &[&go("class := 1\n\t_ = class"), &go("x.y.string()")], &[]);
    check(Language::Go, &[], &[("package select\n", ""), (&go("a.b.func = 1"), "")]);
}

#[test]
fn go_keeps_statements_inside_functions_and_its_clauses_in_order() {
    check(
        Language::Go,
        &["// c\npackage p // d\n\n/* e */\nimport \"a\"\nimport (\n\t\"b\"\n)\n// f\nvar x = 1\n"],
        &[
            ("package p\n\nx := 1\n", "outside functions"),
            ("package p\n\nif x {\n}\n", "outside functions"),
            ("var x = 1\n", "names no package"),
            ("package p\npackage q\n", "named twice"),
            ("package p\nvar x = 1\nimport \"a\"\n", "behind other declarations"),
        ],
    );
}

#[test]
fn go_names_all_parameters_or_none_and_only_calls_are_deferred() {
    let long = "package p\nfunc f(num, a1, a2, a3, a4, a5, a6, a7, a8, a9 uintptr) (r1, r2 uintptr, err a.Errno) {}\n";
    let sound = ["package p\nfunc f(a, b int, c ...d.E) (int, error) {}\n", long, &go("defer f(x)()"), &go("go g()")];
    check(
        Language::Go,
        &sound,
        &[
            ("package p\nfunc f(a int, string) {}\n", "all parameters"),
            ("package p\nfunc f([]int, a string) {}\n", "all parameters"),
            ("package p\nfunc f() (a int, error) {}\n", "all parameters"),
            (&go("defer f"), "must be a call"),
            (&go("go (f())"), "must be a call"),
        ],
    );
}

#[test]
fn go_reads_the_longest_operator() {
    check(Language::Go, &[&go("x = - -y"), &go("x = a && !b"), &go("x = **y")], &[(&go("x = a == && b"), "as one")]);
}

#[test]
fn java_refuses_reserved_words_as_names() {
    check(
        Language::Java,
        &[
            &java("int record, sealed, permits, yield_, module;"),
            &java("Object m() { return C.class; }"),
            "import a.b.*;\n",
        ],
        &[
            (&java("int class;"), "`class` is a keyword"),
            (&java("void boolean() {}"), "`boolean`"),
            (&java("void m(this x) {}"), "`this`"),
            ("import a.int.b;\n", "`int`"),
            (&java("@return int x;"), "`return`"),
        ],
    );
}

#[test]
fn java_statements_do_something() {
    let body = |text: &str| java(&format!("void m() {{ {text} }}"));
    check(
        Language::Java,
        &[
            &body("a = b; a++; m(); new C(); switch (a) { default -> m(); }"),
            &body("int x = switch (a) { case 1 -> 2; default -> 0; };"),
            &body("/* c */ m(); for (int i = 0, j = 1; i < j; i++ /* d */, j--) { }"),
        ],
        &[
            (&body("a + b;"), "no statement"),
            (&body("a;"), "no statement"),
            (&body("(m());"), "no statement"),
            (&body("\"text\";"), "no statement"),
            (&body("for (; ; a) { }"), "no statement"),
        ],
    );
}

#[test]
fn java_modifiers_stand_once_and_constructors_are_named_by_their_class() {
    check(
        Language::Java,
        &[
            &java("@A @A public static final int X = 1;"),
            &java("C() {}"),
            "enum E { A; E() {} }\n",
            "record R(int a) { R {} }\n",
            "sealed interface S permits T {}\n",
            &java("java.util.List<T> x = new java.util.ArrayList<>();"),
        ],
        &[
            (&java("public public int x;"), "`public` is said twice"),
            (&java("m() {}"), "has no type"),
            ("interface S permits T {}\n", "only what is sealed"),
            (&java("List<> x;"), "missing between"),
            (&java("Object x = new int();"), "no constructor"),
        ],
    );
}

#[test]
fn java_keeps_its_clauses_in_order() {
    check(
        Language::Java,
        &["// c\npackage a.b;\n\nimport c.D;\n\n/** e */\n@F class G {}\n"],
        &[
            ("import c.D;\npackage a.b;\n", "named twice or too late"),
            ("class G {}\nimport c.D;\n", "behind other declarations"),
            ("x = 1;\n", "outside methods"),
        ],
    );
}

#[test]
fn c_refuses_reserved_words_as_names_but_not_those_of_the_preprocessor() {
    let sound = [
        "int class, new;\n",
        "#define inline __inline\n#ifdef restrict\n#undef restrict\n#endif\n",
        "int f(void) __attribute__((const));\n",
    ];
    check(
        Language::C,
        &sound,
        &[("int f(void) { return sizeof; }\n", ""), ("int f(void) { goto while; }\n", "`while` is a keyword")],
    );
    check(
        Language::Cpp,
        &["[[nodiscard]] int f();\n", "struct S { S() = default; S(const S&) = delete; bool operator==(S) const; };\n"],
        &[("int f() { return x + class; }\n", ""), ("int f() { goto new; }\n", "`new` is a keyword")],
    );
}

#[test]
fn c_assigns_to_no_sum() {
    check(Language::C, &[], &[("void f(void) { x = a + b = 1; }\n", "no operand")]);
}

#[test]
fn c_has_no_empty_character_and_continues_only_loops() {
    for language in [Language::C, Language::Cpp] {
        check(
            language,
            &[
                "char c = 'a';\n",
                "void f(void) { for (;;) { if (x) continue; } }\n",
                "void f(void) { a = b + (c = 1); d = e = 2; }\n",
                "#define NEXT do { continue; } while (0)\n",
            ],
            &[("char c = '';\n", ""), ("void f(void) { continue; }\n", "in no loop")],
        );
    }
}
