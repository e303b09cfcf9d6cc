//! Renaming.

use super::*;

pub(super) fn rename(text: &str, target: &str, to: &str) -> String {
    outcome(text, &plan("rename", target, &[("to", to)]), &[])
}

pub(super) fn check(text: &str, target: &str, to: &str, expected: Expect) {
    expected.assert_eq(&rename(text, target, to));
}

#[test]
fn a_function_is_renamed_where_it_is_meant_and_nowhere_else() {
    check(
        r#"__all__ = ["f", "C"]


def f(x: "C") -> "list[f]":
    return f(x) + f"{f(1)!r:>{f}} f" + g(f=f)


class C:
    f = 1

    def m(self, f):
        return f, self.f


def g(**f):
    global h
    return [f for f in f]


f += f
del f
"#,
        "f",
        "renamed",
        expect![[r#"
            __all__ = ["renamed", "C"]


            def renamed(x: "C") -> "list[renamed]":
                return renamed(x) + f"{renamed(1)!r:>{renamed}} f" + g(f=renamed)


            class C:
                f = 1

                def m(self, f):
                    return f, self.f


            def g(**f):
                global h
                return [f for f in f]


            renamed += renamed
            del renamed
        "#]],
    );
}

#[test]
fn locals_parameters_and_their_keywords_are_renamed() {
    let text = "def f(a, b=1):\n    c = a\n    def g():\n        nonlocal c\n        c = [a for a in c]\n    return lambda c=c: c, a, b\n\n\nf(a=1, b=2)\nh(a=1)\n";
    check(
        text,
        "f.c",
        "d",
        expect![[r#"
        def f(a, b=1):
            d = a
            def g():
                nonlocal d
                d = [a for a in d]
            return lambda c=d: c, a, b


        f(a=1, b=2)
        h(a=1)
    "#]],
    );
    check(
        text,
        "f.a",
        "d",
        expect![[r#"
        def f(d, b=1):
            c = d
            def g():
                nonlocal c
                c = [a for a in c]
            return lambda c=c: c, d, b


        f(d=1, b=2)
        h(a=1)
    "#]],
    );
    check(
        "def f(a, /, *b, **c): return a, b, c\nf(a=1)\n",
        "f.a",
        "d",
        expect![[r#"
        def f(d, /, *b, **c): return d, b, c
        f(a=1)
    "#]],
    );
}

#[test]
fn keywords_of_methods_and_constructors_follow_where_the_receiver_is_known() {
    let text = "class C:\n    def __init__(self, a=1): self.a = a\n    def m(self, a=1): return self.m(a=a), type(self)(a=2)\n\n\nclass D(C):\n    def __init__(self): super().__init__(a=3)\n\n\nC(a=4).m(a=5)\nE().m(a=6)\n";
    check(
        text,
        "C.__init__.a",
        "b",
        expect![[r#"
            class C:
                def __init__(self, b=1): self.a = b
                def m(self, a=1): return self.m(a=a), type(self)(b=2)


            class D(C):
                def __init__(self): super().__init__(b=3)


            C(b=4).m(a=5)
            E().m(a=6)
        "#]],
    );
    check(
        text,
        "C.m.a",
        "b",
        expect![[r#"
            refactor.dynamic_use: this call may pass the parameter `a` by keyword
              line 11: E().m(a=6)
              next: give the operator `unknown_uses: keep` or `unknown_uses: rewrite`, whichever is right for this line
        "#]],
    );
    let decided = |uses| outcome(text, &plan("rename", "C.m.a", &[("to", "b"), ("unknown_uses", uses)]), &[]);
    assert!(decided("keep").ends_with("E().m(a=6)\n"));
    assert!(decided("rewrite").ends_with("E().m(b=6)\n"));
}

#[test]
fn imports_keep_what_they_import() {
    let text = "import os, sys as s\nfrom m import a, b as c\nimport p.q\nuse(os, s, a, c, p)\n";
    check(
        text,
        "os",
        "o",
        expect![[r#"
        import os as o, sys as s
        from m import a, b as c
        import p.q
        use(o, s, a, c, p)
    "#]],
    );
    check(
        text,
        "a",
        "z",
        expect![[r#"
        import os, sys as s
        from m import a as z, b as c
        import p.q
        use(os, s, z, c, p)
    "#]],
    );
    check(
        text,
        "c",
        "b",
        expect![[r#"
        import os, sys as s
        from m import a, b
        import p.q
        use(os, s, a, b, p)
    "#]],
    );
    check(
        text,
        "s",
        "t",
        expect![[r#"
        import os, sys as t
        from m import a, b as c
        import p.q
        use(os, t, a, c, p)
    "#]],
    );
    check(
        text,
        "p",
        "z",
        expect![[r#"
        refactor.precondition: `p` is the package that a dotted import binds, which has no other name to give
          line 3: import p.q
          next: import the module `as` a name, or `from` its package, first
    "#]],
    );
}

#[test]
fn collisions_and_captures_are_refused() {
    check(
        "def f(): pass\nx = 1\n",
        "f",
        "x",
        expect![[r#"
        refactor.name_collision: the module has a `x` already
          line 2: x = 1
          next: choose a name that is free, or rename the other one first
    "#]],
    );
    check(
        "def f(): pass\ndef g(x): return f()\n",
        "f",
        "x",
        expect![[r#"
        refactor.name_captured: where it is used, `x` already means something nearer
          line 2: def g(x): return f()
          line 2: def g(x): return f()
          next: choose another name, or rename the nearer one first
    "#]],
    );
    check(
        "y = 1\ndef f(x):\n    return x, y\n",
        "f.x",
        "y",
        expect![[r#"
        refactor.name_captured: `y` is read where it means something else, which the new name would hide
          line 3: return x, y
          next: choose another name
    "#]],
    );
    check(
        "def f(x):\n    return [x for y in x]\n",
        "f.x",
        "y",
        expect![[r#"
        refactor.name_captured: where it is used, `y` already means something nearer
          line 2: return [x for y in x]
          line 2: return [x for y in x]
          next: choose another name, or rename the nearer one first
    "#]],
    );
    check(
        "def f(x):\n    return [y for y in x]\n",
        "f.x",
        "y",
        expect![[r#"
        def f(y):
            return [y for y in y]
    "#]],
    );
    check(
        "x = 1\nclass C:\n    if x:\n        x = 2\n    x\n",
        "x",
        "y",
        expect![[r#"
        refactor.name_captured: which name this class body means is decided at run time
          line 3: if x:
          next: give the two names on line 3 different names first
    "#]],
    );
}

#[test]
fn names_that_cannot_be_given_are_refused() {
    check(
        "f = 1\n",
        "f",
        "class",
        expect![[r#"
        operator.parameter: `class` is a keyword
          operator.parameters.to
          next: give `to` a Python identifier, such as `new_name`
    "#]],
    );
    check(
        "f = 1\n",
        "f",
        "print",
        expect![[r#"
        operator.parameter: `print` is a builtin, which the new name would hide
          operator.parameters.to
          next: give `to` another name, such as `print_`
    "#]],
    );
    check(
        "f = 1\n",
        "f",
        "1x",
        expect![[r#"
        operator.parameter: `1x` is not an identifier
          operator.parameters.to
          next: give `to` a Python identifier, such as `new_name`
    "#]],
    );
    check(
        "f = 1\nclass C:\n    def m(self): return f\n",
        "f",
        "__x",
        expect![[r#"
        refactor.precondition: inside a class a name that starts with `__` is private to that class
          line 3: def m(self): return f
          next: choose a name without two leading underscores, such as `_x`
    "#]],
    );
    check(
        "class C:\n    def m(self): pass\n",
        "C.m",
        "__m__",
        expect![[r#"
        refactor.precondition: names like `__this__` belong to the language
          line 2: def m(self): pass
          next: choose a name of your own
    "#]],
    );
}

#[test]
fn uses_through_strings_are_refused() {
    check(
        "f = 1\nglobals()['f']\n",
        "f",
        "g",
        expect![[r#"
        refactor.dynamic_use: `f` may be used by its name as a string
          line 2: globals()['f']
          next: change line 2 first
    "#]],
    );
    check(
        "def f(x):\n    return '%(x)s' % locals()\n",
        "f.x",
        "y",
        expect![[r#"
        refactor.dynamic_use: `x` may be used by its name as a string
          line 2: return '%(x)s' % locals()
          next: change line 2 first
    "#]],
    );
    check(
        "class C:\n    def m(self): return getattr(self, 'm')\n",
        "C.m",
        "n",
        expect![[r#"
        refactor.dynamic_use: `m` is looked up by a string
          line 2: def m(self): return getattr(self, 'm')
          next: change line 2 first
    "#]],
    );
    check(
        "class A: pass\ndef f(x: 'A' '[int]'): pass\n",
        "A",
        "B",
        expect![[r#"
        refactor.dynamic_use: a type in a joined or escaped string uses the name
          line 2: def f(x: 'A' '[int]'): pass
          next: write the type on line 2 as one plain string first
    "#]],
    );
}

#[test]
fn targets_that_are_missing_or_several_are_refused() {
    check(
        "def f(a):\n    b = a\n",
        "f.c",
        "d",
        expect![[r#"
        target.missing: `pkg/mod.py` binds no `f.c`
          line 1: a
          line 2: b
          next: name a definition, a parameter or a variable of the file; attributes of objects are not bound by name
    "#]],
    );
    check(
        "def f(a): pass\ndef f(a): pass\n",
        "f.a",
        "d",
        expect![[r#"
        target.ambiguous: `pkg/mod.py` binds `f.a` in 2 places
          line 1: `f.a@1`
          line 2: `f.a@2`
          next: name one with its line, such as `f.a@1`
    "#]],
    );
    assert_eq!(rename("def f(a): pass\ndef f(a): pass\n", "f.a@2", "d"), "def f(a): pass\ndef f(d): pass\n");
}

#[test]
fn a_name_that_another_file_uses_is_refused() {
    let other = |text: &str| [FileText { path: "a.py".parse().expect("a valid path"), text: text.to_owned() }];
    let plan = plan("rename", "f", &[("to", "g")]);
    let text = "def f(): pass\n";
    expect![[r#"
        refactor.dynamic_use: `f` is used in `a.py`, which imports this module, and this operator changes one file
          line 2: f,
          next: change the uses in `a.py` first, or keep `f`
    "#]]
    .assert_eq(&outcome(text, &plan, &other("from .mod import (\n    f,\n)\n")));
    assert_eq!(outcome(text, &plan, &other("from x import f\n")), "def g(): pass\n");
}

#[test]
fn what_test_frameworks_fill_is_refused() {
    check(
        "def test_x(tmp_path): return tmp_path\n",
        "test_x.tmp_path",
        "path",
        expect![[r#"
        refactor.precondition: `test_x` is filled by the test framework, which goes by the parameter's name
          line 1: def test_x(tmp_path): return tmp_path
          next: rename the fixture and its uses together by hand
    "#]],
    );
}

#[test]
fn risks_name_what_the_file_cannot_show() {
    let text = "from m import *\n\n\ndef f(x):\n    print(f'{f=}')\n    return eval(x), patch('pkg.mod.f')\n";
    let candidate = candidate(text, &plan("rename", "f", &[("to", "g")]), &[]).expect("it is proposed");
    let risks: Vec<_> = candidate.risks.iter().map(|risk| risk.name.as_str()).collect();
    assert_eq!(risks, ["runs_text", "name_in_string", "star_import", "public_name", "printed_name"]);
}

#[test]
fn a_builtin_that_is_only_sometimes_bound_is_refused() {
    check(
        "try:\n    input = raw_input\nexcept NameError:\n    pass\ninput()\n",
        "input",
        "read",
        expect![[r#"
        refactor.precondition: where this does not run, `input` is the builtin, which keeps its name
          line 2: input = raw_input
          next: bind the name on every path first
    "#]],
    );
}

#[test]
fn the_same_name_is_nothing_to_do() {
    let proposal = propose(&parse("f = 1\n"), &plan("rename", "f", &[("to", "f")]), &[]);
    assert_eq!(proposal, Ok(Proposal::Unchanged("`f` has that name already".into())));
}

#[test]
fn a_rename_is_read_from_words() {
    let by_words = |intent: &str, targets: &[&str]| {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        let plan = RefactorPlan { operator: None, intent: intent.into(), edit_targets: targets, ..plan("", "", &[]) };
        outcome("def f(x): return f(x)\n", &plan, &[])
    };
    assert_eq!(by_words("Rename `f` to `g`.", &[]), "def g(x): return g(x)\n");
    assert_eq!(by_words("please rename the parameter to y", &["f.x"]), "def f(y): return f(y)\n");
    assert_eq!(by_words("rename f.x -> y", &[]), "def f(y): return f(y)\n");
}
