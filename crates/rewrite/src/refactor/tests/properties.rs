//! What holds for every rename.

use proptest::prelude::*;
use reweave_syntax::scope::{Reference, Resolution};

use super::*;

const FILES: [&str; 3] = [
    "import os\nfrom m import a as b, c\n\nX = [os, b, c]\n\n\ndef f(p, q=X, *r, **s):\n    t = [u for u in p if u]\n    def g():\n        nonlocal t\n        t, v = q, r\n        return v, s\n    with open(p) as w, g() as (y, z):\n        t += w\n    return t, (lambda k: k + y + z), f(p=1, q=X)\n",
    "class A:\n    n = 1\n    def m(self, x=n):\n        self.k = x\n        return self.m(x=1), self.o()\n    def o(self):\n        return A.n\n\n\nclass B(A):\n    def m(self, x=2):\n        try:\n            return super().m(x), f\"{x}{self.n}\"\n        except E as e:\n            raise e\n\n\ndef f(a: 'A', *, b: \"B\" = None):\n    match a:\n        case [h, *i] as j: return h, i, j\n    return B().m(), a.o()\n",
    "from typing import TypeVar\n__all__ = ['G', 'h']\nT = TypeVar('T')\n\n\nclass G[K]:\n    def h(self, k: K) -> 'T': return k\n\n\ndef h(g):\n    global last\n    last = g\n    if (n := len(g)) > 1: del n\n    return {k: v for k, v in g}\n",
];

/// What each name means, by number, in the order of the text: equal for programs that differ in names only.
fn shape(text: &str) -> Vec<String> {
    let parsed = parse(text);
    let scopes = parsed.python().expect("it is Python").scopes();
    let mut names: Vec<(usize, String)> = Vec::new();
    for (id, symbol) in scopes.symbols() {
        names.extend(symbol.bindings.iter().map(|binding| (binding.span.start, format!("{id:?} {:?}", symbol.scope))));
    }
    let meaning = |reference: &Reference| match reference.resolution {
        Resolution::Symbol(id) => format!("{id:?}"),
        other => format!("{other:?} {}", reference.name),
    };
    names.extend(scopes.references().iter().map(|one| (one.span.start, meaning(one))));
    names.sort();
    names.into_iter().map(|(_, what)| what).collect()
}

proptest! {
    #[test]
    fn a_rename_keeps_what_every_name_means_and_can_be_taken_back(file in 0usize..3, pick in 0usize..200) {
        let text = FILES[file];
        let parsed = parse(text);
    let scopes = parsed.python().expect("it is Python").scopes();
        let symbols: Vec<_> = scopes.symbols().map(|(_, symbol)| symbol).collect();
        let symbol = symbols[pick % symbols.len()];
        let outer = scopes.qualified_name(symbol.scope);
        let path = |name: &str| if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
        let there = plan("rename", &path(&symbol.name), &[("to", "fresh")]);
        if let Ok(candidate) = candidate(text, &there, &[]) {
            let renamed = candidate.edits.apply(text);
            prop_assert_eq!(shape(&renamed), shape(text), "{}", renamed);
            let old = symbol.name.to_string();
            let mut back = path("fresh");
            if outer.is_empty() { back = "fresh".into() }
            let again = outcome(&renamed, &plan("rename", &back, &[("to", &old)]), &[]);
            prop_assert_eq!(again, text);
        }
    }
}
