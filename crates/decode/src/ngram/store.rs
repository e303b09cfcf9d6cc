//! The model as bytes: a mark and a version, then the vocabulary and the tables, little-endian, each list with its length.

use super::count::{Counts, Direction, Table};
use super::fit::VOCABULARY_MAX;
use super::tokens::{BEGIN, END, MASK};
use crate::vocabulary::Vocabulary;

const MARK: &[u8; 8] = b"rwngram1";

/// The bytes are no model of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the n-gram model: {what}")]
pub struct Malformed {
    pub at: usize,
    pub what: &'static str,
}

pub(super) fn write(vocabulary: &Vocabulary, counts: &Counts) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    let ids = 0..vocabulary.len() as u32;
    let pieces: Vec<&[u8]> = ids.map(|id| vocabulary.bytes(id)).collect();
    let lengths = pieces.iter().map(|piece| piece.len() as u32);
    list(&mut bytes, lengths.map(u32::to_le_bytes));
    pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
    list(&mut bytes, counts.single.iter().map(|count| count.to_le_bytes()));
    for table in tables(counts) {
        list(&mut bytes, table.contexts.iter().map(|context| context.to_le_bytes()));
        list(&mut bytes, table.ends.iter().map(|end| end.to_le_bytes()));
        list(&mut bytes, table.tokens.iter().map(|token| token.to_le_bytes()));
        list(&mut bytes, table.counts.iter().map(|count| count.to_le_bytes()));
    }
    bytes
}

pub(super) fn read(bytes: &[u8]) -> Result<(Vocabulary, Counts), Malformed> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.take(MARK.len())? != MARK {
        return Err(Malformed { at: 0, what: "the mark of a model is not there" });
    }
    let lengths = reader.list(u32::from_le_bytes)?;
    if lengths.len() <= END as usize || lengths.len() > VOCABULARY_MAX {
        return Err(reader.malformed("the vocabulary has an impossible size"));
    }
    let pieces = lengths.iter().map(|length| reader.take(*length as usize)).collect::<Result<Vec<_>, _>>()?;
    let vocabulary = Vocabulary::new(pieces, &[MASK, BEGIN, END]);
    let vocabulary = vocabulary.map_err(|_| reader.malformed("the vocabulary cannot be taken"))?;
    let single = reader.list(u32::from_le_bytes)?;
    if single.len() != vocabulary.len() {
        return Err(reader.malformed("not every id has a count"));
    }
    let mut counts = Counts { single, left: Direction::default(), right: Direction::default() };
    for table in tables_mut(&mut counts) {
        *table = reader.table(vocabulary.len())?;
    }
    if reader.at != bytes.len() {
        return Err(reader.malformed("something follows the model"));
    }
    Ok((vocabulary, counts))
}

fn tables(counts: &Counts) -> impl Iterator<Item = &Table> {
    [&counts.left, &counts.right].into_iter().flat_map(|direction| direction.near.iter().chain(&direction.skip))
}

fn tables_mut(counts: &mut Counts) -> impl Iterator<Item = &mut Table> {
    let Counts { left, right, .. } = counts;
    [left, right].into_iter().flat_map(|direction| direction.near.iter_mut().chain(&mut direction.skip))
}

fn list<const N: usize>(bytes: &mut Vec<u8>, items: impl ExactSizeIterator<Item = [u8; N]>) {
    bytes.extend((items.len() as u64).to_le_bytes());
    items.for_each(|item| bytes.extend(item));
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { at: self.at, what }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let taken = self.bytes[self.at..].get(..count).ok_or(self.malformed("the model ends early"))?;
        self.at += count;
        Ok(taken)
    }

    /// Memory is taken for what is there, not for what a length claims.
    fn list<T, const N: usize>(&mut self, read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Malformed> {
        let length = self.take(8)?.try_into().map(u64::from_le_bytes).expect("eight bytes were taken");
        let size = usize::try_from(length).ok().and_then(|length| length.checked_mul(N));
        let size = size.ok_or(self.malformed("a list is longer than memory"))?;
        Ok(self.take(size)?.as_chunks::<N>().0.iter().map(|item| read(*item)).collect())
    }

    fn table(&mut self, vocabulary: usize) -> Result<Table, Malformed> {
        let table = Table {
            contexts: self.list(u64::from_le_bytes)?,
            ends: self.list(u32::from_le_bytes)?,
            tokens: self.list(u16::from_le_bytes)?,
            counts: self.list(u32::from_le_bytes)?,
        };
        let last = table.ends.last().map_or(0, |end| *end as usize);
        let whole = table.contexts.len() == table.ends.len() && [table.tokens.len(), table.counts.len()] == [last; 2];
        let sorted = table.contexts.is_sorted_by(|left, right| left < right)
            && table.ends.first().is_none_or(|end| *end > 0)
            && table.ends.is_sorted_by(|left, right| left < right);
        let known = table.tokens.iter().all(|token| usize::from(*token) < vocabulary) && !table.counts.contains(&0);
        if whole && sorted && known { Ok(table) } else { Err(self.malformed("a table is inconsistent")) }
    }
}
