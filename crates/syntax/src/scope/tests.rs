//! What names mean, rule by rule of the language.

use expect_test::{Expect, expect};
use reweave_core::{FileText, Language};

use super::*;
use crate::ParsedFile;

fn scopes(source: &str) -> Scopes {
    let file = FileText { path: "m.py".parse().expect("a valid path"), text: source.into() };
    let parsed = ParsedFile::parse(Language::Python, file).expect("it parses");
    let python = parsed.python().expect("it is Python");
    Scopes::of(source, python.module())
}

fn owner(scopes: &Scopes, id: SymbolId) -> String {
    let symbol = scopes.symbol(id);
    let scope = scopes.scope(symbol.scope);
    let path = scopes.qualified_name(symbol.scope);
    match scope.kind {
        ScopeKind::Module => "module".into(),
        ScopeKind::Class | ScopeKind::Function => path,
        ScopeKind::Lambda | ScopeKind::Comprehension | ScopeKind::TypeParameters => {
            format!("{path}<{:?}>", scope.kind)
        }
    }
}

/// One line per reference: `line name -> what it means`.
fn render(source: &str) -> String {
    let scopes = scopes(source);
    let mut references: Vec<&Reference> = scopes.references().iter().chain(scopes.exports()).collect();
    references.sort_by_key(|reference| reference.span);
    let lines = references.into_iter().map(|reference| {
        let line = source[..reference.span.start].matches('\n').count() + 1;
        let meaning = match reference.resolution {
            Resolution::Symbol(id) => owner(&scopes, id),
            other => format!("{other:?}"),
        };
        let kind = match reference.kind {
            ReferenceKind::Read => String::new(),
            other => format!(" ({other:?})"),
        };
        let alternative = reference.alternative.map_or(String::new(), |id| format!(" or {}", owner(&scopes, id)));
        format!("{line} {} -> {meaning}{alternative}{kind}\n", reference.name)
    });
    lines.collect()
}

fn check(source: &str, expected: Expect) {
    expected.assert_eq(&render(source));
}

#[test]
fn a_class_hides_its_names_from_its_functions() {
    check(
        "x = 1\nclass C:\n    x = 2\n    y = x\n    def m(self):\n        return x, C\n",
        expect![[r#"
            4 x -> C
            6 x -> module
            6 C -> module
        "#]],
    );
}

#[test]
fn a_class_body_reads_the_outer_name_until_it_binds_its_own() {
    check(
        "x = 1\nclass C:\n    x = x\n    if x:\n        y = 1\n    y\ny = 2\n",
        expect![[r#"
        3 x -> module
        4 x -> C
        6 y -> C or module
    "#]],
    );
}

#[test]
fn the_first_iterable_of_a_comprehension_is_evaluated_outside() {
    check(
        "class C:\n    xs = [1]\n    n = 2\n    a = [x * n for x in xs if x]\n    b = {k: v for k in xs for v in xs}\n",
        expect![[r#"
            4 x -> C<Comprehension>
            4 n -> Unresolved
            4 xs -> C
            4 x -> C<Comprehension>
            5 k -> C<Comprehension>
            5 v -> C<Comprehension>
            5 xs -> C
            5 xs -> Unresolved
        "#]],
    );
}

#[test]
fn a_walrus_in_a_comprehension_binds_outside_of_it() {
    check(
        "def f(xs):\n    [last := x for x in xs]\n    return last, x\n",
        expect![[r#"
        2 x -> f<Comprehension>
        2 xs -> f
        3 last -> f
        3 x -> Unresolved
    "#]],
    );
}

#[test]
fn global_and_nonlocal_hand_a_name_over() {
    check(
        "n = 0\ndef f():\n    global n, made\n    n += 1\n    made = n\n    k = 1\n    def g():\n        nonlocal k\n        k = n\n    return k\nmade\n",
        expect![[r#"
            3 n -> module (Declaration)
            3 made -> module (Declaration)
            4 n -> module
            5 n -> module
            8 k -> f (Declaration)
            9 n -> module
            10 k -> f
            11 made -> module
        "#]],
    );
}

#[test]
fn defaults_decorators_and_annotations_are_evaluated_outside_of_the_function() {
    check(
        "x = T = d = 1\n@d(x)\ndef f(x: T = x, *a: T, k=lambda x=x: x, **kw) -> T:\n    return x, a, k, kw\n",
        expect![[r#"
            2 d -> module
            2 x -> module
            3 T -> module
            3 x -> module
            3 T -> module
            3 x -> module
            3 x -> <Lambda>
            3 T -> module
            4 x -> f
            4 a -> f
            4 k -> f
            4 kw -> f
        "#]],
    );
}

#[test]
fn every_binding_form_binds() {
    check(
        "import a.b, c as d\nfrom e import f, g as h\nwith f as i: pass\ntry: pass\nexcept E as j: pass\nfor k, (l, *m) in i: pass\nmatch i:\n    case {'q': n, **o}: pass\n    case [p, *q] as r: pass\n(a, d, h, i, j, k, l, m, n, o, p, q, r, b, c, g)\ndel a\n",
        expect![[r#"
            3 f -> module
            5 E -> Unresolved
            6 i -> module
            7 i -> module
            10 a -> module
            10 d -> module
            10 h -> module
            10 i -> module
            10 j -> module
            10 k -> module
            10 l -> module
            10 m -> module
            10 n -> module
            10 o -> module
            10 p -> module
            10 q -> module
            10 r -> module
            10 b -> Unresolved
            10 c -> Unresolved
            10 g -> Unresolved
            11 a -> module
        "#]],
    );
}

#[test]
fn type_parameters_are_seen_by_what_they_stand_on_only() {
    check(
        "class C[T](B[T]):\n    U = 1\n    def m[V: T](self, x: V, y: U) -> T:\n        return V, U\n    type A[W] = dict[W, U]\ntype R = list[R]\nT\n",
        expect![[r#"
            1 B -> Unresolved
            1 T -> <TypeParameters>
            3 T -> <TypeParameters>
            3 V -> C<TypeParameters>
            3 U -> C
            3 T -> <TypeParameters>
            4 V -> C<TypeParameters>
            4 U -> Unresolved
            5 dict -> Builtin
            5 W -> C<TypeParameters>
            5 U -> C
            6 list -> Builtin
            6 R -> module
            7 T -> Unresolved
        "#]],
    );
}

#[test]
fn private_names_are_mangled_by_their_class() {
    check(
        "class _C:\n    def __f(self): pass\n    __g = __f\n    def m(self, __x): return __x, __h, __init__\ndef __h(): pass\n",
        expect![[r#"
            3 _C__f -> _C
            4 _C__x -> _C.m
            4 _C__h -> Unresolved
            4 __init__ -> Unresolved
        "#]],
    );
}

#[test]
fn names_of_the_interpreter_are_known() {
    check(
        "print(__name__, __file__, __qualname__, exit)\nclass C:\n    __qualname__\n    __class__\n    def m(self):\n        super().m()\n        return __class__\ndef f(): return __class__\n",
        expect![[r#"
            1 print -> Builtin
            1 __name__ -> Builtin
            1 __file__ -> Implicit
            1 __qualname__ -> Unresolved
            1 exit -> Builtin
            3 __qualname__ -> Implicit
            4 __class__ -> Unresolved
            6 super -> Builtin
            7 __class__ -> Implicit
            8 __class__ -> Unresolved
        "#]],
    );
}

#[test]
fn a_star_import_makes_unresolved_names_unknowable() {
    check(
        "from m import *\nprint(x)\n",
        expect![[r#"
        2 print -> Builtin
        2 x -> MaybeStarImport
    "#]],
    );
    assert_eq!(scopes("x").unresolved().count(), 1);
    assert_eq!(scopes("from m import *\nx").unresolved().count(), 0);
}

#[test]
fn strings_that_hold_types_and_exports_are_references() {
    check(
        "__all__ = ['A', \"b\"] + []\n__all__ = ['A', 'zz']\n__all__ += ('b',)\nclass A: pass\ndef b(x: 'list[A]', y: Literal['A'], z: Annotated['A', 'A'], e: 'A' 'A') -> 'not a type': pass\ncast('A', b('A'))\nT = TypeVar('T', bound='A')\n",
        expect![[r#"
            1 A -> module (Export)
            1 b -> module (Export)
            2 A -> module (Export)
            2 zz -> Unresolved (Export)
            3 __all__ -> module
            3 b -> module (Export)
            5 list -> Builtin (StringAnnotation)
            5 A -> module (StringAnnotation)
            5 Literal -> Unresolved
            5 Annotated -> Unresolved
            5 A -> module (StringAnnotation)
            5 AA -> Unresolved (OpaqueAnnotation)
            6 cast -> Unresolved
            6 A -> module (StringAnnotation)
            6 b -> module
            7 TypeVar -> Unresolved
            7 A -> module (StringAnnotation)
        "#]],
    );
}

#[test]
fn names_inside_format_strings_are_references() {
    check(
        "w = 1\ndef f(x): return f'{x!r:>{w}} x w {f\"{x}\"}'\n",
        expect![[r#"
        2 x -> f
        2 w -> module
        2 x -> f
    "#]],
    );
}

#[test]
fn uses_by_string_are_found() {
    let source = "getattr(o, 'a')\nsetattr(o, n, 1)\nglobals()['b'] = vars().get('c')\nexec('d')\nattrgetter('e')\nmock.patch.object(o, 'f')\no.eval('g')\n'%(x)s' % locals()\n";
    let found: Vec<_> = scopes(source).dynamic_uses().iter().map(|used| (used.kind, used.name.clone())).collect();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(
        found,
        [
            (DynamicKind::Attribute, name("a")),
            (DynamicKind::Attribute, None),
            (DynamicKind::Variable, name("c")),
            (DynamicKind::Variable, name("b")),
            (DynamicKind::Code, None),
            (DynamicKind::Attribute, name("e")),
            (DynamicKind::Attribute, name("f")),
            (DynamicKind::Variable, None),
        ]
    );
}

#[test]
fn visible_names_are_those_of_the_place_nearest_first() {
    let source =
        "import os\nx = 1\nclass C:\n    y = 2\n    def m(self, x):\n        z = [q for q in x]\n        return z\n";
    let scopes = scopes(source);
    let names = |needle: &str| -> Vec<String> {
        let at = source.find(needle).expect("the needle is there");
        scopes.visible_names(at).into_iter().map(|id| scopes.symbol(id).name.to_string()).collect()
    };
    assert_eq!(names("return"), ["self", "x", "z", "os", "C"].map(String::from).to_vec());
    assert_eq!(names("q for"), ["q", "self", "x", "z", "os", "C"].map(String::from).to_vec());
    assert_eq!(names("y ="), ["y", "m", "os", "x", "C"].map(String::from).to_vec());
}

#[test]
fn deep_or_long_type_strings_are_read_as_words() {
    let deep = format!("x: '{}A{}'\nclass A: pass\n", "[".repeat(100), "]".repeat(100));
    check(
        &deep,
        expect![[r#"
        1 A -> module (OpaqueAnnotation)
    "#]],
    );
}
