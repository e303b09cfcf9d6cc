//! Moving methods.

use super::*;

fn check(text: &str, target: &str, expected: Expect) {
    expected.assert_eq(&outcome(text, &plan("method_to_function", target, &[]), &[]));
}

#[test]
fn a_method_moves_with_its_comments_and_every_call() {
    check(
        r#"import os


# The class.
class C:
    """Doc."""

    x = 1

    # Counts.
    @cached  # twice
    def m(self, a, *, k=os.sep):
        """Multi
        line."""
        if a:
            return self.m(
                self.m(a - 1),  # again
            )
        # the end

    def n(self):
        call(
            self.m( 1 ), self.m((2)), self.m(# why
                3),
            self.m(
                2,
                k=3,
            ),
            self.m(x for x in y),
            self.m(),
            self.m,
            f"{self.m(4)!r}",
        )


C().m(5)
C.m(C(), 6)
"#,
        "C.m",
        expect![[r#"
            import os


            # Counts.
            @cached  # twice
            def m(self, a, *, k=os.sep):
                """Multi
                    line."""
                if a:
                    return m(
                        self,
                        m(self, a - 1),  # again
                    )
                # the end


            # The class.
            class C:
                """Doc."""

                x = 1

                def n(self):
                    call(
                        m( self, 1 ), m(self, (2)), m(self,# why
                            3),
                        m(
                            self,
                            2,
                            k=3,
                        ),
                        m(self, (x for x in y)),
                        m(self),
                        m.__get__(self),
                        f"{m(self, 4)!r}",
                    )


            m(C(), 5)
            m(C(), 6)
        "#]],
    );
}

#[test]
fn static_and_class_methods_lose_their_decorators() {
    let text = "class C:\n    @staticmethod\n    def s(a):\n        return a\n\n    @classmethod\n    def k(cls, a):\n        return cls.s(a), cls.k(a)\n\n    def n(self):\n        return self.s(1), self.k(2), C.k(3), C.s, self.k\n";
    check(
        text,
        "C.s",
        expect![[r#"
        def s(a):
            return a


        class C:
            @classmethod
            def k(cls, a):
                return s(a), cls.k(a)

            def n(self):
                return s(1), self.k(2), C.k(3), s, self.k
    "#]],
    );
    check(
        text,
        "C.k",
        expect![[r#"
        def k(cls, a):
            return cls.s(a), k(cls, a)


        class C:
            @staticmethod
            def s(a):
                return a

            def n(self):
                return self.s(1), k(type(self), 2), k(C, 3), C.s, k.__get__(type(self))
    "#]],
    );
}

#[test]
fn super_class_cells_and_private_names_say_their_class() {
    check(
        "class _C(B):\n    def m(self):\n        self.__x = super().m() + [super().q() for _ in self.__y]\n        return __class__, __g, self.__z__\n\n    def n(self):\n        return self.m()\n",
        "_C.m",
        expect![[r#"
            def m(self):
                self._C__x = super(_C, self).m() + [super(_C, self).q() for _ in self._C__y]
                return _C, _C__g, self.__z__


            class _C(B):
                def n(self):
                    return m(self)
        "#]],
    );
}

#[test]
fn a_private_method_moves_under_a_public_name() {
    let text = "class C:\n    def __m(self):\n        return self.__m()\n\n    def n(self):\n        return self.__m()\n\n\nC()._C__m()\n";
    let plan = plan("method_to_function", "C.__m", &[("name", "m")]);
    expect![[r#"
        def m(self):
            return m(self)


        class C:
            def n(self):
                return m(self)


        m(C())
    "#]]
    .assert_eq(&outcome(text, &plan, &[]));
}

#[test]
fn inherited_calls_follow_and_super_calls_too() {
    check(
        "class A:\n    def m(self, x):\n        return x\n\nclass B(A):\n    def n(self):\n        return self.m(1) + super().m(2)\n\nclass Other:\n    def m(self, x):\n        return self.m(x)\n",
        "A.m",
        expect![[r#"
            def m(self, x):
                return x


            class A:
                pass

            class B(A):
                def n(self):
                    return m(self, 1) + m(self, 2)

            class Other:
                def m(self, x):
                    return self.m(x)
        "#]],
    );
}

#[test]
fn a_call_that_an_override_may_take_is_refused() {
    check(
        "class A:\n    def m(self):\n        return 1\n\n    def n(self):\n        return self.m()\n\nclass B(A):\n    def m(self):\n        return 2\n",
        "A.m",
        expect![[r#"
            refactor.precondition: whether this calls the method of `B` is decided at run time, which a function cannot do
              line 6: return self.m()
              line 9: def m(self):
              next: keep the method, or give the operator `unknown_uses: rewrite` to call this one always
        "#]],
    );
}

#[test]
fn an_unknown_receiver_is_refused_unless_the_call_cannot_be_meant_or_the_caller_decides() {
    let text = "class C:\n    def m(self, a):\n        return a\n\ndef f(o, d):\n    d.m()\n    d.m(1, 2)\n    d.m(b=1)\n    return o.m(1)\n";
    check(
        text,
        "C.m",
        expect![[r#"
        refactor.dynamic_use: the method has a use that cannot be rewritten: its receiver may be of this class or of another
          line 7: d.m(1, 2)
          next: give the operator `unknown_uses: keep` or `unknown_uses: rewrite`, whichever is right for these lines
    "#]],
    );
    let decided = |uses| outcome(text, &plan("method_to_function", "C.m", &[("unknown_uses", uses)]), &[]);
    assert!(decided("keep").contains("return o.m(1)"));
    assert!(decided("rewrite").contains("return m(o, 1)"));
}

#[test]
fn receivers_that_the_file_shows_are_known() {
    check(
        "import sys\nfrom x import y\n\n\nclass C:\n    def m(self):\n        return 1\n\n\ndef f(c: C, d: 'C', s=''):\n    e = C()\n    t = 'text'\n    return c.m(), d.m(), e.m(), t.m(), sys.m(), y.z.m(), [].m(), (e if s else C()).m\n",
        "C.m",
        expect![[r#"
            import sys
            from x import y


            def m(self):
                return 1


            class C:
                pass


            def f(c: C, d: 'C', s=''):
                e = C()
                t = 'text'
                return m(c), m(d), m(e), t.m(), sys.m(), y.z.m(), [].m(), m.__get__((e if s else C()))
        "#]],
    );
}

#[test]
fn names_that_collide_or_capture_are_refused() {
    let class = "class C:\n    def m(self):\n        return 1\n\n    def n(self, m):\n        return self.m()\n";
    check(
        &format!("from x import m\n\n{class}"),
        "C.m",
        expect![[r#"
        refactor.name_collision: the module has a `m` already
          line 1: from x import m
          next: choose a name that is free, or rename the other one first
    "#]],
    );
    check(
        class,
        "C.m",
        expect![[r#"
        refactor.name_captured: where it is used, `m` already means something nearer
          line 5: def n(self, m):
          line 6: return self.m()
          next: choose another name, or rename the nearer one first
    "#]],
    );
    let printing = "class C:\n    def print(self):\n        print(1)\n";
    check(
        printing,
        "C.print",
        expect![[r#"
        refactor.name_captured: `print` is read where it means something else, which the new name would hide
          line 3: print(1)
          next: choose another name
    "#]],
    );
}

#[test]
fn what_cannot_be_a_function_is_refused() {
    let of = |decorator: &str, body: &str| format!("class C:\n    x = 1\n\n    {decorator}\n    def m(self{body}\n");
    check(
        &of("@property", "): pass"),
        "C.m",
        expect![[r#"
        refactor.precondition: `C.m` cannot be a plain function: it is read as an attribute, not called
          line 4: @property
          next: choose a plain method, a class method or a static method
    "#]],
    );
    check(
        &of("@x.setter", ", v): pass"),
        "C.m",
        expect![[r#"
        refactor.precondition: `C.m` cannot be a plain function: it is assigned to as an attribute, not called
          line 4: @x.setter
          next: choose a plain method, a class method or a static method
    "#]],
    );
    check(
        &of("@x", "): pass"),
        "C.m",
        expect![[r#"
        refactor.precondition: `C.m` uses `x`, which only the class body can see
          line 4: @x
          next: move `x` to the module first
    "#]],
    );
    check(
        "class C:\n    def __init__(self): pass\n",
        "C.__init__",
        expect![[r#"
        refactor.precondition: `__init__` is called by the language itself, which looks for it in the class
          line 2: def __init__(self): pass
          next: choose a method that code calls by its name
    "#]],
    );
    check(
        "class C:\n    if x:\n        def m(self): pass\n",
        "C.m",
        expect![[r#"
        refactor.precondition: `C.m` is defined under a condition, or its name is bound more than once
          line 3: def m(self): pass
          next: choose a method that is defined once, directly in the body of its class
    "#]],
    );
    check(
        "def f():\n    class C:\n        def m(self): pass\n",
        "f.C.m",
        expect![[r#"
        refactor.precondition: class `f.C` is local to a function, which a function of the module cannot see
          line 3: def m(self): pass
          next: move the class to the module first
    "#]],
    );
    check(
        "class C:\n    def __m(self): pass\n",
        "C.__m",
        expect![[r#"
        refactor.precondition: inside a class `__m` would be read as a private name, so no method could call the function
          line 2: def __m(self): pass
          _m
          next: give the operator `name: _m`
    "#]],
    );
    check(
        "class C:\n    def m(self): pass\n\n    def n(self):\n        getattr(self, 'm')()\n",
        "C.m",
        expect![[r#"
        refactor.dynamic_use: the method has a use that cannot be rewritten: it is looked up by a string
          line 5: getattr(self, 'm')()
          next: change line 5 first
    "#]],
    );
    check(
        "class C:\n    def m(self): pass\n\n    def n(self):\n        self.m = 1\n",
        "C.m",
        expect![[r#"
        refactor.dynamic_use: the method has a use that cannot be rewritten: the attribute is assigned or deleted
          line 5: self.m = 1
          next: change line 5 first
    "#]],
    );
    check(
        "class C[T]:\n    def m(self, x: T): pass\n",
        "C.m",
        expect![[r#"
        refactor.precondition: `C.m` uses `T`, which only the class body can see
          line 2: def m(self, x: T): pass
          next: move `T` to the module first
    "#]],
    );
    check(
        "class C: pass\n",
        "C.m",
        expect![[r#"
        target.missing: `pkg/mod.py` defines no `C.m`
          line 1: class `C`
          next: name `C` in the spec, if that is meant
    "#]],
    );
}

#[test]
fn defaults_that_need_the_class_put_the_function_after_it() {
    check(
        "class C:\n    N = 1\n\n    def m(self, n=N, k: 'N' = 2):\n        return n\n\n    def o(self):\n        return self.m()\n\n\nx = 1\n",
        "C.m",
        expect![[r#"
            class C:
                N = 1

                def o(self):
                    return m(self)


            def m(self, n=C.N, k: 'C.N' = 2):
                return n


            x = 1
        "#]],
    );
    check(
        "class C:\n    N = 1\n\n    def m(self, n=N):\n        return n\n\n    alias = m\n",
        "C.m",
        expect![[r#"
        refactor.precondition: the function needs names of its class, and is itself used while that class is built
          line 7: alias = m
          next: move the names of the class it needs to the module first
    "#]],
    );
}

#[test]
fn a_use_in_the_class_body_finds_the_function() {
    check(
        "class C:\n    def get(self):\n        return 1\n\n    value = property(get)\n",
        "C.get",
        expect![[r#"
        def get(self):
            return 1


        class C:
            value = property(get)
    "#]],
    );
}

#[test]
fn tabs_line_endings_and_a_missing_final_newline_stay() {
    let text = "import a\r\nclass C:\r\n\tdef n(self):\r\n\t\treturn self.m(1)\r\n\r\n\tdef m(self, x):\r\n\t\ts = '''\r\n\t\tkept'''\r\n\t\treturn x";
    let after = outcome(text, &plan("method_to_function", "C.m", &[]), &[]);
    assert_eq!(
        after,
        "import a\r\n\r\n\r\ndef m(self, x):\r\n\ts = '''\r\n\t\tkept'''\r\n\treturn x\r\n\r\n\r\nclass C:\r\n\tdef n(self):\r\n\t\treturn m(self, 1)\r\n"
    );
}

#[test]
fn a_byte_order_mark_stays_before_what_is_put_first() {
    let text = "\u{feff}class C:\r\n\tdef m(self):\r\n\t\treturn 1\r\n\tdef n(self):\r\n\t\treturn self.m()\r\n";
    let after = outcome(text, &plan("method_to_function", "C.m", &[]), &[]);
    assert_eq!(
        after,
        "\u{feff}def m(self):\r\n\treturn 1\r\n\r\n\r\nclass C:\r\n\tdef n(self):\r\n\t\treturn m(self)\r\n"
    );
}

#[test]
fn a_function_of_the_module_is_left_as_it_is() {
    let text = "def f():\n    pass\n";
    let proposal = propose(&parse(text), &plan("method_to_function", "f", &[]), &[]);
    assert_eq!(proposal, Ok(Proposal::Unchanged("`f` is a function of the module already, at line 1".into())));
}

#[test]
fn a_use_in_a_file_that_imports_the_module_is_refused() {
    let text = "class C:\n    def m(self):\n        return 1\n";
    let other = |path: &str, text: &str| FileText { path: path.parse().expect("a valid path"), text: text.to_owned() };
    let plan = plan("method_to_function", "C.m", &[]);
    let using = [other("a.py", "from pkg.mod import C\nC().m()\n")];
    expect![[r#"
        refactor.dynamic_use: `m` is used in `a.py`, which imports this module, and this operator changes one file
          line 2: C().m()
          next: change the uses in `a.py` first, or keep `m`
    "#]]
    .assert_eq(&outcome(text, &plan, &using));
    let overriding = [other("a.py", "from pkg.mod import C\nclass D(C):\n    def m(self): pass\n")];
    assert!(outcome(text, &plan, &overriding).starts_with("refactor.dynamic_use"));
    let unrelated = [other("a.py", "import other\nx.m()\n"), other("b.py", "from pkg.mod import C\nmm = C.mm\n")];
    assert!(outcome(text, &plan, &unrelated).starts_with("def m(self)"));
}

#[test]
fn risks_name_what_the_file_cannot_show() {
    let text = "from x import B\n\n\nclass C(B):\n    def m(self):\n        return getattr(self, name)\n\n\nclass D(C):\n    def m(self):\n        '''\n        >>> D().m()\n        '''\n        return 'm'\n";
    let candidate = candidate(text, &plan("method_to_function", "C.m", &[]), &[]).expect("it is proposed");
    let risks: Vec<_> = candidate.risks.iter().map(|risk| risk.name.as_str()).collect();
    assert_eq!(
        risks,
        ["perhaps_a_hook", "override_lost", "computed_names", "name_in_string", "used_in_doctest", "public_method"]
    );
}
