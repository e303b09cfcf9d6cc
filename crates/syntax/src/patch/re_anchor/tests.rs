//! Edits that follow their definitions, and those that have lost them.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const BASE: &str =
    "import os\n\n\ndef size(path):\n    return os.stat(path).st_size\n\n\ndef main():\n    print(size('a'))\n";

/// `BASE` with its only `from` replaced by `to`, moved onto `present`.
fn moved(from: &str, to: &str, present: &str) -> Result<Moved, Refusal> {
    let at = BASE.find(from).unwrap();
    let edits = Edits::new(BASE, vec![Edit::of(BASE, Span::new(at, at + from.len()), to, "lines", "size")]).unwrap();
    change(Stale { path: &"a.py".parse().unwrap(), base: BASE, edits: &edits, present })
}

fn check(from: &str, to: &str, present: &str, expected: Expect) {
    let shown = match moved(from, to, present) {
        Ok(moved) => {
            let places = moved.places.iter().map(|place| format!("{} -> {}\n", place.from_line, place.to_line));
            places.collect::<String>() + &moved.change.generated_code
        }
        Err(refusal) => {
            let evidence = refusal.evidence.iter();
            let evidence = evidence.map(|one| format!("{} {:?}: {}\n", one.kind.as_str(), one.line, one.detail));
            format!("{} {}\n{}", refusal.code, refusal.reason, evidence.collect::<String>())
        }
    };
    expected.assert_eq(&shown);
}

#[test]
fn an_edit_follows_its_definition_and_leaves_the_rest_as_it_is_now() {
    check(
        "os.stat(path).st_size",
        "os.path.getsize(path)",
        "import os\nimport sys\n\n\ndef main():\n    print(size(sys.argv[1]))\n\n\ndef size(path):\n    return os.stat(path).st_size\n",
        expect![[r#"
            5 -> 10
            import os
            import sys


            def main():
                print(size(sys.argv[1]))


            def size(path):
                return os.path.getsize(path)
        "#]],
    );
}

#[test]
fn what_was_moved_is_gated_again() {
    let without_import = "def size(path):\n    return 0\n\n\ndef main():\n    print(size('a'))\n";
    check(
        "size('a')",
        "os.getcwd()",
        without_import,
        expect![[r#"
        source.stale_base `a.py` was changed since, and a gate refuses the patch there
        gate None: names: `os` on line 6 is not bound, imported or built in
    "#]],
    );
    let removed = BASE.replace("import os\n", "import sys\n");
    check(
        "return os.stat(path).st_size",
        "return os.path.getsize(path) +",
        &removed,
        expect![[r#"
        source.stale_base `a.py` was changed since, and a gate refuses the patch there
        gate None: goto_type: a fill of bytes 33..61 is not of a kind known to fit; line 5: Expected an expression
    "#]],
    );
}

#[test]
fn a_conflict_names_the_edit_and_the_place_that_changed() {
    check(
        "os.stat(path).st_size",
        "0",
        &BASE.replace("os.stat(path)", "path.stat()"),
        expect![[r#"
        source.stale_base `a.py` was changed since, and an edit has no place there any more
        symbol Some(4): the edit of line 5 of the base: the text to be replaced in `size` was changed
    "#]],
    );
    check(
        "os.stat(path).st_size",
        "0",
        &BASE.replace("def size", "def length"),
        expect![[r#"
        source.stale_base `a.py` was changed since, and an edit has no place there any more
        symbol None: a.py: the edit of line 5 of the base: there is no `size` any more
    "#]],
    );
    check(
        "os.stat(path).st_size",
        "0",
        "",
        expect![[r#"
        source.stale_base `a.py` was changed since, and an edit has no place there any more
        symbol None: a.py: the edit of line 5 of the base: there is no `size` any more
    "#]],
    );
}

#[test]
fn definitions_are_found_again_in_every_language() {
    for (path, first, second) in [
        (
            "a.py",
            "class A:\n    def f(self):\n        return 1\n\n\n",
            "class B:\n    def f(self):\n        return 1\n\n\n",
        ),
        ("a.js", "class A { f() { return 1; } }\n", "class B { f() { return 1; } }\n"),
        ("a.ts", "class A { f(): number { return 1; } }\n", "class B { f(): number { return 1; } }\n"),
        ("a.rs", "impl A { fn f(&self) -> u8 { return 1; } }\n", "impl B { fn f(&self) -> u8 { return 1; } }\n"),
        ("a.go", "func (a A) f() int { return 1 }\n", "func (b B) f() int { return 1 }\n"),
        ("A.java", "class A { int f() { return 1; } }\n", "class B { int f() { return 1; } }\n"),
    ] {
        let package = if path.ends_with(".go") { "package p\n\ntype A struct{}\n\ntype B struct{}\n\n" } else { "" };
        let (base, present) = (format!("{package}{first}{second}"), format!("{package}{second}{first}"));
        let at = base.rfind("return 1").unwrap();
        let edit = Edit::of(&base, Span::new(at, at + 8), "return 2", "return_statement", "");
        let edits = Edits::new(&base, vec![edit]).unwrap();
        let moved = change(Stale { path: &path.parse().unwrap(), base: &base, edits: &edits, present: &present });
        let expected = format!("{package}{}{first}", second.replace('1', "2"));
        assert_eq!(moved.unwrap_or_else(|refusal| panic!("{path}: {refusal:?}")).change.generated_code, expected);
    }
}

#[test]
fn a_file_in_no_known_language_is_not_searched() {
    let refusal = change(Stale { path: &"a.txt".parse().unwrap(), base: "a", edits: &Edits::default(), present: "b" });
    assert_eq!(refusal.unwrap_err().code, RefusalCode::StaleBase);
}

/// A function of its own name, with the same text in each of them.
fn function(number: usize, step: &str, above: bool, below: bool) -> String {
    let (above, below) = (if above { "    log(x)\n" } else { "" }, if below { "    log(y)\n" } else { "" });
    format!("def f{number}(x):\n{above}    y = x\n    y = y {step} x\n    y = y + x\n{below}    return y\n\n\n")
}

proptest! {
    #[test]
    fn an_edit_lands_in_its_own_function_however_the_file_was_rearranged(
        target in 0usize..5, order in Just((0usize..5).collect::<Vec<_>>()).prop_shuffle(),
        lines in proptest::collection::vec(any::<(bool, bool)>(), 5),
    ) {
        let log = "def log(value):\n    print(value)\n\n\n";
        let base: String = log.to_owned() + &(0..5).map(|number| function(number, "+", false, false)).collect::<String>();
        let at = base.find(&format!("def f{target}")).unwrap();
        let at = at + base[at..].find("y + x").unwrap();
        let edits = Edits::new(&base, vec![Edit::of(&base, Span::new(at, at + 5), "y - x", "binary_operator", "")]).unwrap();
        let rearranged = |step: &str| {
            let step = |number: usize| if number == target { step.to_owned() } else { "+".to_owned() };
            order.iter().map(|number| function(*number, &step(*number), lines[*number].0, lines[*number].1)).collect::<String>() + log
        };
        let moved = change(Stale { path: &"a.py".parse().unwrap(), base: &base, edits: &edits, present: &rearranged("+") });
        prop_assert_eq!(moved.unwrap().change.generated_code, rearranged("-"));
    }
}
