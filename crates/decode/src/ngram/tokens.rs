//! Text to tokens: words, numbers, operators, line breaks with their indentation; bytes for everything unknown.

use std::collections::BTreeMap;

use crate::protocol::TokenId;
use crate::vocabulary::Vocabulary;

/// What a masked position is fed as. Ids below are bytes.
pub const MASK: TokenId = 256;
/// Stands before a text.
pub const BEGIN: TokenId = 257;
/// Stands after a text.
pub const END: TokenId = 258;
/// The first id that stands for more than a byte.
const FIRST_PIECE: usize = 259;

/// Operators of more than one byte, longest first.
const OPERATORS: &[&[u8]] = &[
    b">>>=", b"===", b"!==", b"**=", b"//=", b">>=", b"<<=", b">>>", b"...", b"..=", b"&&=", b"||=", b"??=", b"->",
    b"=>", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"++", b"--", b"+=", b"-=", b"*=", b"/=", b"%=", b"&=", b"|=",
    b"^=", b"::", b":=", b"<<", b">>", b"**", b"//", b"??", b"?.", b"<-", b"/*", b"*/", b"..",
];
/// A piece becomes a token when it was seen that often.
const SEEN_MIN: u32 = 2;

/// The vocabulary of at most `size` ids that spells the texts' commonest pieces whole: bytes, special ids, then pieces,
/// commonest first.
pub(super) fn learn(texts: &[&[u8]], size: usize) -> Vocabulary {
    let room = size.saturating_sub(FIRST_PIECE);
    let mut whole: BTreeMap<&[u8], u32> = BTreeMap::new();
    for piece in texts.iter().flat_map(|text| pieces(text)).filter(|piece| piece.len() > 1) {
        *whole.entry(piece).or_default() += 1;
    }
    // A quarter is kept for parts of words that are too rare to be tokens themselves.
    let mut chosen = commonest(&whole, room - room / 4);
    let mut part: BTreeMap<&[u8], u32> = BTreeMap::new();
    let known: std::collections::BTreeSet<&[u8]> = chosen.iter().copied().collect();
    for (piece, count) in whole.iter().filter(|(piece, _)| !known.contains(**piece)) {
        for word in parts(piece).filter(|word| word.len() > 1 && !known.contains(word)) {
            *part.entry(word).or_default() += count;
        }
    }
    chosen.extend(commonest(&part, room - chosen.len()));
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    let tokens = bytes.chunks(1).chain([&[] as &[u8]; 3]).chain(chosen);
    Vocabulary::new(tokens, &[MASK, BEGIN, END])
        .expect("special ids have entries, and pieces are parts of texts in memory")
}

/// Encodes without loss: the bytes of the tokens are the text.
#[must_use]
pub fn encode(vocabulary: &Vocabulary, text: &[u8]) -> Vec<TokenId> {
    let mut tokens = Vec::new();
    for piece in pieces(text) {
        if let Some(token) = vocabulary.spelling(piece).first() {
            tokens.push(*token);
            continue;
        }
        for part in parts(piece) {
            match vocabulary.spelling(part).first() {
                Some(token) => tokens.push(*token),
                None => tokens.extend(part.iter().copied().map(TokenId::from)),
            }
        }
    }
    tokens
}

/// The `count` most frequent of those seen often enough; of equally frequent ones the first in byte order.
fn commonest<'a>(counts: &BTreeMap<&'a [u8], u32>, count: usize) -> Vec<&'a [u8]> {
    let mut frequent: Vec<(&[u8], u32)> = counts.iter().map(|(piece, seen)| (*piece, *seen)).collect();
    frequent.retain(|(_, seen)| *seen >= SEEN_MIN);
    frequent.sort_by_key(|(_, seen)| std::cmp::Reverse(*seen));
    frequent.truncate(count);
    frequent.into_iter().map(|(piece, _)| piece).collect()
}

/// Cuts a text into pieces; nothing is lost.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, tail) = rest.split_at_checked(piece_length(rest))?;
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

fn piece_length(text: &[u8]) -> usize {
    let Some(first) = text.first() else { return 0 };
    let run =
        |from: usize, inside: fn(u8) -> bool| from + text[from..].iter().take_while(|byte| inside(**byte)).count();
    match first {
        b'\n' => run(1, is_blank),
        b'\r' if text.get(1) == Some(&b'\n') => run(2, is_blank),
        b' ' | b'\t' => run(1, is_blank),
        b'0'..=b'9' => match text[run(1, is_word)..] {
            // A fraction, not the dot of a method or a range.
            [b'.', b'0'..=b'9', ..] => run(run(1, is_word) + 1, is_word),
            _ => run(1, is_word),
        },
        byte if is_word(*byte) => run(1, is_word),
        _ => OPERATORS.iter().find(|operator| text.starts_with(operator)).map_or(1, |operator| operator.len()),
    }
}

/// Cuts a piece that is a word into parts at underscores, capitals and digits.
fn parts(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.chunk_by(|left, right| {
        let (left, right) = (class(*left), class(*right));
        left == right && left != Class::Other || left == Class::Upper && right == Class::Lower
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Blank,
    Other,
}

fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' | 0x80.. => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        _ if is_blank(byte) => Class::Blank,
        _ => Class::Other,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        pieces(text.as_bytes()).map(|piece| std::str::from_utf8(piece).unwrap()).collect()
    }

    #[test]
    fn code_is_cut_where_a_reader_would() {
        assert_eq!(
            cut("if a_b>=10:\n    x.y(1.5)"),
            ["if", " ", "a_b", ">=", "10", ":", "\n    ", "x", ".", "y", "(", "1.5", ")"]
        );
        assert_eq!(cut("0..n\r\n\t1.max()"), ["0", "..", "n", "\r\n\t", "1", ".", "max", "(", ")"]);
        let words: Vec<&[u8]> = parts(b"HTTPServer_name2").collect();
        assert_eq!(words, [b"HTTPServer".as_slice(), b"_", b"name", b"2"]);
    }

    #[test]
    fn a_common_word_is_one_token_and_a_rare_one_its_known_parts() {
        let text = b"total_sum total_sum total_x total_y";
        let vocabulary = learn(&[text], 300);
        let spelt = |text: &[u8]| -> Vec<Vec<u8>> {
            encode(&vocabulary, text).into_iter().map(|token| vocabulary.bytes(token).to_vec()).collect()
        };
        assert_eq!(spelt(b"total_sum"), [b"total_sum"]);
        assert_eq!(spelt(b"total_z"), [b"total".as_slice(), b"_", b"z"]);
        assert_eq!(learn(&[text], 0).len(), FIRST_PIECE, "bytes and special ids are always there");
    }

    proptest! {
        #[test]
        fn every_text_comes_back_from_its_tokens(bytes: Vec<u8>, code in "[a-zA-Z_0-9 .=\n\t<>*/]{0,80}") {
            let vocabulary = learn(&[code.as_bytes(), b"aa bb aa bb"], 400);
            prop_assert_eq!(vocabulary.decode(&encode(&vocabulary, &bytes)), bytes);
            prop_assert_eq!(vocabulary.decode(&encode(&vocabulary, code.as_bytes())), code.as_bytes());
        }
    }
}
