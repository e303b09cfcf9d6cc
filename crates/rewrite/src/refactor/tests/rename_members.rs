//! Renaming methods and attributes: which receivers are known, and what follows from it.

use super::rename::check;
use super::*;

#[test]
fn a_use_on_an_unknown_receiver_is_refused() {
    check(
        r#"class A:
    def m(self):
        return self.m(), self.other.m

    def call(self):
        return A.m(self), A().m()


class B(A):
    def m(self):
        return super().m()

    alias = m


class Other:
    def m(self):
        return self.m()


def f(a: A):
    match a:
        case A(m=x): return a.m()
    return "".m(), Other().m()
"#,
        "A.m",
        "n",
        expect![[r#"
            refactor.dynamic_use: what `m` is taken of here may be of this class or of another
              line 3: return self.m(), self.other.m
              next: give the operator `unknown_uses: keep` or `unknown_uses: rewrite`, whichever is right for these lines
        "#]],
    );
}

#[test]
fn methods_whose_uses_are_known_are_renamed_with_overrides() {
    check(
        r#"class A:
    def m(self):
        return self.m()

    def call(self):
        return A.m(self), A().m()


class B(A):
    def m(self):
        return super().m()

    alias = m


class Other:
    def m(self):
        return self.m()


def f(a: A):
    match a:
        case A(m=x): return a.m()
    return "".m(), Other().m()
"#,
        "B.m",
        "n",
        expect![[r#"
            class A:
                def n(self):
                    return self.n()

                def call(self):
                    return A.n(self), A().n()


            class B(A):
                def n(self):
                    return super().n()

                alias = n


            class Other:
                def m(self):
                    return self.m()


            def f(a: A):
                match a:
                    case A(n=x): return a.n()
                return "".m(), Other().m()
        "#]],
    );
}

#[test]
fn private_methods_stay_private() {
    check(
        "class C:\n    def __m(self):\n        return self.__m()\n\n\nC()._C__m()\n",
        "C.__m",
        "__n",
        expect![[r#"
        class C:
            def __n(self):
                return self.__n()


        C()._C__n()
    "#]],
    );
    check(
        "class C:\n    def __m(self):\n        return self.__m()\n\n\nC()._C__m()\n",
        "C.__m",
        "n",
        expect![[r#"
        class C:
            def n(self):
                return self.n()


        C().n()
    "#]],
    );
}

#[test]
fn a_member_that_collides_is_refused() {
    check(
        "class A:\n    def m(self): pass\n\nclass B(A):\n    n = 1\n",
        "A.m",
        "n",
        expect![[r#"
        refactor.name_collision: `B` has a `n` already
          line 5: n = 1
          next: choose a name that is free, or rename the other one first
    "#]],
    );
    check(
        "class A:\n    def m(self):\n        self.n = 1\n",
        "A.m",
        "n",
        expect![[r#"
        refactor.name_collision: objects of `A` have an attribute `n` already
          line 3: self.n = 1
          next: choose a name that is free, or rename the other one first
    "#]],
    );
    check(
        "class A:\n    m: int = 1\n",
        "A.m",
        "n",
        expect![[r#"
        refactor.precondition: `m` may be a field, whose name is also an argument of the class
          line 2: m: int = 1
          next: rename the field and the arguments together by hand
    "#]],
    );
}
