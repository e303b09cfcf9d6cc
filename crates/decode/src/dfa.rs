//! Deterministic automata over bytes: what a literal or a name may look like.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Where nothing can be accepted any more.
const DEAD: u16 = 0;
/// States of one automaton, at most.
const STATES_MAX: usize = 4_096;

/// A state of a [`Dfa`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State(u16);

/// A deterministic automaton whose every state but the dead one can still come to accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dfa {
    next: Vec<[u16; 256]>,
    /// Bytes that are missing until a state accepts, at least; 0 where it accepts, `u16::MAX` for the dead one.
    missing: Vec<u16>,
    start: u16,
}

/// The automaton cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an automaton of {0} states is larger than {STATES_MAX}")]
pub struct TooLarge(usize);

/// One state while an automaton is written down: where bytes lead, and whether it accepts.
type Row<'a> = (&'a [(RangeInclusive<u8>, u16)], bool);

impl Dfa {
    /// A name: a letter of ASCII, `_` or one of `also`, then those and digits. Languages differ in `also` (`$` in Java and
    /// JavaScript); letters beyond ASCII are left out.
    #[must_use]
    pub fn identifier(also: &[u8]) -> Self {
        let mut next = vec![[DEAD; 256]; 3];
        for byte in 0..=u8::MAX {
            let begins = byte.is_ascii_alphabetic() || byte == b'_' || also.contains(&byte);
            next[1][usize::from(byte)] = if begins { 2 } else { DEAD };
            next[2][usize::from(byte)] = if begins || byte.is_ascii_digit() { 2 } else { DEAD };
        }
        Self::trimmed(next, &[false, false, true], 1)
    }

    /// A decimal integer without sign, separators, suffix or leading zero.
    #[must_use]
    pub fn integer() -> Self {
        Self::written(&[(&[(b'0'..=b'0', 2), (b'1'..=b'9', 3)], false), (&[], true), (&[(b'0'..=b'9', 3)], true)])
    }

    /// A decimal integer as above, a point, digits, and an exponent or none.
    #[must_use]
    pub fn float() -> Self {
        Self::written(&[
            (&[(b'0'..=b'0', 2), (b'1'..=b'9', 3)], false),
            (&[(b'.'..=b'.', 4)], false),
            (&[(b'0'..=b'9', 3), (b'.'..=b'.', 4)], false),
            (&[(b'0'..=b'9', 5)], false),
            (&[(b'0'..=b'9', 5), (b'e'..=b'e', 6), (b'E'..=b'E', 6)], true),
            (&[(b'+'..=b'+', 7), (b'-'..=b'-', 7), (b'0'..=b'9', 8)], false),
            (&[(b'0'..=b'9', 8)], false),
            (&[(b'0'..=b'9', 8)], true),
        ])
    }

    /// A text literal on one line between two `quote`s: printable ASCII, and the escapes `\n`, `\r`, `\t`, `\\` and that of
    /// the quote, which all our languages know.
    #[must_use]
    pub fn text(quote: u8) -> Self {
        let mut next = vec![[DEAD; 256]; 5];
        next[1][usize::from(quote)] = 2;
        for byte in 0x20..0x7f_u8 {
            next[2][usize::from(byte)] = 2;
        }
        next[2][usize::from(b'\\')] = 3;
        next[2][usize::from(quote)] = 4;
        for byte in [b'n', b'r', b't', b'\\', quote] {
            next[3][usize::from(byte)] = 2;
        }
        Self::trimmed(next, &[false, false, false, false, true], 1)
    }

    /// ASCII letters, digits and spaces between `open` and `close`, which begins with none of them: what no language's
    /// literals give another meaning.
    ///
    /// # Errors
    /// [`TooLarge`] for marks of more bytes than there may be states.
    pub fn between(open: &[u8], close: &[u8]) -> Result<Self, TooLarge> {
        let states = 2 + open.len() + close.len();
        if states > STATES_MAX {
            return Err(TooLarge(states));
        }
        let mut next = vec![[DEAD; 256]; states];
        for (at, byte) in open.iter().enumerate() {
            next[1 + at][usize::from(*byte)] = (2 + at) as u16;
        }
        let inside = 1 + open.len();
        let plain = (0..=u8::MAX).filter(|byte| byte.is_ascii_alphanumeric() || *byte == b' ');
        plain.for_each(|byte| next[inside][usize::from(byte)] = inside as u16);
        for (at, byte) in close.iter().enumerate() {
            next[inside + at][usize::from(*byte)] = (inside + at + 1) as u16;
        }
        let accepts: Vec<bool> = (0..states).map(|state| state + 1 == states).collect();
        Ok(Self::trimmed(next, &accepts, 1))
    }

    /// Exactly one of `words`.
    ///
    /// # Errors
    /// [`TooLarge`] where they have more bytes than there may be states.
    pub fn words<W: AsRef<[u8]>>(words: &[W]) -> Result<Self, TooLarge> {
        let (next, ends) = trie(words)?;
        Ok(Self::trimmed(next, &ends, 1))
    }

    /// The same automaton without `words`.
    ///
    /// # Errors
    /// [`TooLarge`] where the product of both has too many states.
    pub fn without<W: AsRef<[u8]>>(&self, words: &[W]) -> Result<Self, TooLarge> {
        let (trie, ends) = trie(words)?;
        let (mut pairs, mut next, mut accepts) = (BTreeMap::new(), vec![[DEAD; 256]; 2], vec![false; 2]);
        let mut open = vec![(self.start, 1_u16)];
        pairs.insert(open[0], 1_u16);
        while let Some((state, node)) = open.pop() {
            let at = usize::from(pairs[&(state, node)]);
            accepts[at] = self.missing[usize::from(state)] == 0 && !ends[usize::from(node)];
            for byte in 0..256 {
                let target = (self.next[usize::from(state)][byte], trie[usize::from(node)][byte]);
                if target.0 == DEAD {
                    continue;
                }
                let number = *pairs.entry(target).or_insert_with(|| {
                    open.push(target);
                    next.push([DEAD; 256]);
                    accepts.push(false);
                    (next.len() - 1) as u16
                });
                next[at][byte] = number;
            }
            if next.len() > STATES_MAX {
                return Err(TooLarge(next.len()));
            }
        }
        Ok(Self::trimmed(next, &accepts, 1))
    }

    /// Where every text begins.
    #[must_use]
    pub fn start(&self) -> State {
        State(self.start)
    }

    /// Where `bytes` lead from `state`; `None` where nothing can be accepted any more.
    #[must_use]
    pub fn run(&self, state: State, bytes: &[u8]) -> Option<State> {
        let end = bytes.iter().try_fold(state.0, |state, byte| {
            let next = self.next[usize::from(state)][usize::from(*byte)];
            (next != DEAD).then_some(next)
        });
        end.filter(|end| *end != DEAD).map(State)
    }

    /// Bytes that are missing until `state` accepts, at least; 0 where it accepts.
    #[must_use]
    pub fn missing(&self, state: State) -> usize {
        usize::from(self.missing[usize::from(state.0)])
    }

    /// Whether the whole of `bytes` is accepted.
    #[must_use]
    pub fn accepts(&self, bytes: &[u8]) -> bool {
        self.run(self.start(), bytes).is_some_and(|state| self.missing(state) == 0)
    }

    /// Whether nothing at all is accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == DEAD
    }

    /// Every state that is not dead.
    pub fn states(&self) -> impl Iterator<Item = State> + '_ {
        (1..self.next.len() as u16).filter(|state| self.missing[usize::from(*state)] != u16::MAX).map(State)
    }

    fn written(rows: &[Row<'_>]) -> Self {
        let mut next = vec![[DEAD; 256]];
        for (arrows, _) in rows {
            let mut row = [DEAD; 256];
            for (bytes, target) in *arrows {
                bytes.clone().for_each(|byte| row[usize::from(byte)] = *target);
            }
            next.push(row);
        }
        let accepts: Vec<bool> = std::iter::once(false).chain(rows.iter().map(|(_, accepts)| *accepts)).collect();
        Self::trimmed(next, &accepts, 1)
    }

    /// Leads every arrow to a state that cannot accept into the dead one.
    fn trimmed(mut next: Vec<[u16; 256]>, accepts: &[bool], start: u16) -> Self {
        let missing = distances(&next, accepts);
        for row in &mut next {
            for target in row.iter_mut().filter(|target| missing[usize::from(**target)] == u16::MAX) {
                *target = DEAD;
            }
        }
        let start = if missing[usize::from(start)] == u16::MAX { DEAD } else { start };
        Self { next, missing, start }
    }
}

/// For each state, the length of the shortest text it accepts.
fn distances(next: &[[u16; 256]], accepts: &[bool]) -> Vec<u16> {
    let mut before: Vec<Vec<u16>> = vec![Vec::new(); next.len()];
    for (state, row) in next.iter().enumerate() {
        let mut targets = row.to_vec();
        targets.sort_unstable();
        targets.dedup();
        targets.into_iter().for_each(|target| before[usize::from(target)].push(state as u16));
    }
    let mut missing: Vec<u16> = accepts.iter().map(|accepts| if *accepts { 0 } else { u16::MAX }).collect();
    let mut layer: Vec<u16> = (0..next.len() as u16).filter(|state| accepts[usize::from(*state)]).collect();
    let mut distance = 0;
    while !layer.is_empty() {
        distance += 1;
        let found: Vec<u16> = layer.iter().flat_map(|state| before[usize::from(*state)].iter().copied()).collect();
        layer.clear();
        for state in found {
            if missing[usize::from(state)] == u16::MAX {
                missing[usize::from(state)] = distance;
                layer.push(state);
            }
        }
    }
    missing
}

/// A trie of words as arrows, and which of its nodes end one. Node 0 is where no word can come to be, node 1 the root.
fn trie<W: AsRef<[u8]>>(words: &[W]) -> Result<(Vec<[u16; 256]>, Vec<bool>), TooLarge> {
    let (mut next, mut ends) = (vec![[DEAD; 256]; 2], vec![false; 2]);
    for word in words {
        let mut node = 1_usize;
        for byte in word.as_ref() {
            if next[node][usize::from(*byte)] == DEAD {
                next[node][usize::from(*byte)] = next.len() as u16;
                next.push([DEAD; 256]);
                ends.push(false);
            }
            node = usize::from(next[node][usize::from(*byte)]);
            if next.len() > STATES_MAX {
                return Err(TooLarge(next.len()));
            }
        }
        ends[node] = true;
    }
    Ok((next, ends))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_numbers_and_texts_are_told_from_what_only_looks_like_them() {
        let check = |dfa: &Dfa, good: &[&str], bad: &[&str]| {
            good.iter().for_each(|text| assert!(dfa.accepts(text.as_bytes()), "{text}"));
            bad.iter().for_each(|text| assert!(!dfa.accepts(text.as_bytes()), "{text}"));
        };
        check(&Dfa::identifier(b""), &["a", "_x9", "Ab"], &["", "9a", "a b", "$x", "é", "a\n"]);
        check(&Dfa::identifier(b"$"), &["$x", "a$1"], &["1$"]);
        check(&Dfa::integer(), &["0", "10", "987"], &["", "007", "1_0", "-1", "1.0"]);
        check(&Dfa::float(), &["0.5", "10.25", "1.0e9", "2.5E-10"], &["1", ".5", "1.", "01.0", "1.0e", "1.0e+"]);
        check(
            &Dfa::text(b'"'),
            &["\"\"", "\"it's\"", "\"a\\n\\\"\""],
            &["\"", "\"a\n\"", "\"\\x\"", "'a'", "\"é\"", "\"a\"b"],
        );
        let triple = Dfa::between(b"'''", b"'''").unwrap();
        check(&triple, &["''''''", "'''a B9'''"], &["'''", "'''a''", "'''\n'''", "'a'", "'''a'''b"]);
        check(&Dfa::words(&["<", "<=", "=="]).unwrap(), &["<", "<=", "=="], &["", "=", "<=="]);
    }

    #[test]
    fn words_can_be_taken_out() {
        let names = Dfa::identifier(b"").without(&["if", "in", "total"]).unwrap();
        assert!(["i", "ifx", "inn", "tota", "totals"].iter().all(|text| names.accepts(text.as_bytes())));
        assert!(!["if", "in", "total", "1"].iter().any(|text| names.accepts(text.as_bytes())));
        let none = Dfa::words(&["a"]).unwrap().without(&["a"]).unwrap();
        assert!(none.is_empty() && none.run(none.start(), b"a").is_none() && !none.accepts(b""));
        assert!(!Dfa::integer().is_empty());
    }

    #[test]
    fn what_cannot_come_to_be_accepted_is_dead_at_once() {
        let float = Dfa::float();
        assert!(float.run(float.start(), b"1x").is_none());
        assert_eq!(float.missing(float.run(float.start(), b"1").unwrap()), 2);
        assert_eq!(float.missing(float.run(float.start(), b"1.0e-").unwrap()), 1);
        let rest = Dfa::words(&["ab", "ac"]).unwrap().without(&["ab"]).unwrap();
        assert!(rest.run(rest.start(), b"ab").is_none());
    }

    #[test]
    fn an_automaton_beyond_its_bound_is_refused() {
        let long = "x".repeat(STATES_MAX);
        assert!(Dfa::words(&[&long]).is_err() && Dfa::between(long.as_bytes(), b"").is_err());
        assert!(Dfa::identifier(b"").without(&[&long]).is_err());
    }

    proptest! {
        #[test]
        fn without_is_set_difference(words in prop::collection::vec("[ab]{0,4}", 0..8), text in "[abc]{0,5}") {
            let names = Dfa::identifier(b"");
            let rest = names.without(&words).unwrap();
            prop_assert_eq!(rest.accepts(text.as_bytes()), names.accepts(text.as_bytes()) && !words.contains(&text));
        }

        #[test]
        fn running_in_pieces_is_running_at_once(text in "[0-9.eE+x-]{0,10}", at in 0_usize..10) {
            let (float, bytes) = (Dfa::float(), text.as_bytes());
            let (head, tail) = bytes.split_at(at.min(bytes.len()));
            let pieces = float.run(float.start(), head).and_then(|state| float.run(state, tail));
            prop_assert_eq!(pieces, float.run(float.start(), bytes));
        }
    }
}
