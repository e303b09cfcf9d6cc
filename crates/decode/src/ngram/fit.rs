//! Counting texts.

use super::count::{CONTEXT_MAX, Counts, Direction, SKIP_MAX, Table, pack};
use super::tokens::{BEGIN, END, encode};
use crate::protocol::TokenId;
use crate::vocabulary::Vocabulary;

/// How large a model may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ids; at most 65,536.
    pub vocabulary_max: usize,
    /// Tokens that are counted. Fitting takes about 200 bytes for each, the model at most 100.
    pub tokens_max: usize,
    /// Contexts of more than two tokens are kept when they were seen with a token that often.
    pub seen_min: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { vocabulary_max: 16_384, tokens_max: 8_000_000, seen_min: 1 }
    }
}

/// The texts are more than the limits allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the texts have more than {0} tokens")]
pub struct TooLarge(usize);

/// Ids that a packed context can tell apart.
pub(super) const VOCABULARY_MAX: usize = 1 << 16;

pub(super) fn count(texts: &[&[u8]], vocabulary: &Vocabulary, limits: Limits) -> Result<Counts, TooLarge> {
    let mut files: Vec<Vec<u16>> = Vec::new();
    let mut total = 0_usize;
    for text in texts {
        let tokens = encode(vocabulary, text);
        total += tokens.len() + 2;
        if total > limits.tokens_max {
            return Err(TooLarge(limits.tokens_max));
        }
        let framed = [BEGIN].into_iter().chain(tokens).chain([END]);
        files.push(framed.map(|token| u16::try_from(token).expect("the vocabulary is within 16 bits")).collect());
    }
    let mut single = vec![0_u32; vocabulary.len()];
    for token in files.iter().flatten() {
        single[usize::from(*token)] = single[usize::from(*token)].saturating_add(1);
    }
    let left = direction(&files, limits.seen_min);
    files.iter_mut().for_each(|file| file.reverse());
    let right = direction(&files, limits.seen_min);
    Ok(Counts { single, left, right })
}

/// What follows in `files`. A context that reaches beyond the beginning is left out.
fn direction(files: &[Vec<u16>], seen_min: usize) -> Direction {
    let near = |length: usize| {
        let of_file = |file: &Vec<u16>| -> Vec<(u64, u16)> {
            file.windows(length + 1).map(|run| (pack(reversed(&run[..length])), run[length])).collect()
        };
        Table::of(files.iter().flat_map(of_file).collect(), if length > 2 { seen_min } else { 1 })
    };
    let skip = |distance: usize| {
        let of_file = |file: &Vec<u16>| -> Vec<(u64, u16)> {
            file.windows(distance + 1).map(|run| (pack(reversed(&run[..1])), run[distance])).collect()
        };
        Table::of(files.iter().flat_map(of_file).collect(), 1)
    };
    let near: [Table; CONTEXT_MAX] = std::array::from_fn(|index| near(index + 1));
    let skip: [Table; SKIP_MAX - 1] = std::array::from_fn(|index| skip(index + 2));
    Direction { near, skip }
}

fn reversed(run: &[u16]) -> impl Iterator<Item = TokenId> + '_ {
    run.iter().rev().copied().map(TokenId::from)
}
