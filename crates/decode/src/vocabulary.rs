//! What each token id stands for, in bytes.

use crate::protocol::TokenId;

/// The bytes of every id; special ids have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// All tokens' bytes, one after the other.
    text: Vec<u8>,
    /// Where each id's bytes end.
    ends: Vec<u32>,
    /// Ids that are never text, ascending.
    specials: Vec<TokenId>,
    /// Ids with bytes, in the order of their bytes, then of the ids.
    by_bytes: Vec<TokenId>,
    longest: usize,
}

/// The table cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("special token {0} lies outside the vocabulary")]
    Special(TokenId),
    #[error("the vocabulary's text is longer than 4 GiB")]
    TooLong,
}

impl Vocabulary {
    /// From the bytes of each id in order. What a special id spells is forgotten.
    ///
    /// # Errors
    /// A special id without an entry, or more text than 32 bits can count.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a [u8]>, specials: &[TokenId]) -> Result<Self, Error> {
        let mut specials = specials.to_vec();
        specials.sort_unstable();
        specials.dedup();
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for bytes in tokens {
            if specials.binary_search(&(ends.len() as TokenId)).is_err() {
                text.extend_from_slice(bytes);
            }
            ends.push(u32::try_from(text.len()).map_err(|_| Error::TooLong)?);
        }
        if let Some(id) = specials.last().filter(|id| **id as usize >= ends.len()) {
            return Err(Error::Special(*id));
        }
        let mut vocabulary = Self { text, ends, specials, by_bytes: Vec::new(), longest: 0 };
        vocabulary.sort();
        Ok(vocabulary)
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of an id; none for a special one or one outside.
    #[must_use]
    pub fn bytes(&self, id: TokenId) -> &[u8] {
        let index = id as usize;
        let Some(end) = self.ends.get(index) else { return &[] };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..*end as usize]
    }

    /// Ids that are never text, ascending.
    #[must_use]
    pub fn specials(&self) -> &[TokenId] {
        &self.specials
    }

    #[must_use]
    pub fn is_special(&self, id: TokenId) -> bool {
        self.specials.binary_search(&id).is_ok()
    }

    /// The bytes of several ids, one after the other.
    #[must_use]
    pub fn decode(&self, ids: &[TokenId]) -> Vec<u8> {
        ids.iter().flat_map(|id| self.bytes(*id)).copied().collect()
    }

    /// Ids whose bytes are a head of `bytes`, shortest first; of ids that spell the same, all.
    pub fn heads<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = TokenId> + 'a {
        (1..=bytes.len().min(self.longest)).flat_map(|length| self.spelling(&bytes[..length]).iter().copied())
    }

    /// Ids whose bytes are exactly `bytes`, ascending.
    #[must_use]
    pub fn spelling(&self, bytes: &[u8]) -> &[TokenId] {
        let start = self.by_bytes.partition_point(|id| self.bytes(*id) < bytes);
        let length = self.by_bytes[start..].partition_point(|id| self.bytes(*id) == bytes);
        &self.by_bytes[start..start + length]
    }

    /// Ids with bytes, in the order of their bytes: neighbours share heads.
    #[must_use]
    pub fn sorted(&self) -> &[TokenId] {
        &self.by_bytes
    }

    fn sort(&mut self) {
        let mut ids: Vec<TokenId> = (0..self.len() as TokenId).filter(|id| !self.bytes(*id).is_empty()).collect();
        ids.sort_unstable_by(|left, right| self.bytes(*left).cmp(self.bytes(*right)).then(left.cmp(right)));
        self.longest = ids.iter().map(|id| self.bytes(*id).len()).max().unwrap_or(0);
        self.by_bytes = ids;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let tokens: [&[u8]; 6] = [b"a", b"ab", b"<mask>", b"b", b"ab", b""];
        Vocabulary::new(tokens, &[2]).unwrap()
    }

    #[test]
    fn ids_become_bytes_and_specials_none() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.decode(&[1, 2, 3, 5, 0, 99]), b"abba");
        assert_eq!((vocabulary.len(), vocabulary.is_special(2), vocabulary.is_special(3)), (6, true, false));
    }

    #[test]
    fn tokens_are_found_by_what_they_spell() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.heads(b"abc").collect::<Vec<_>>(), [0, 1, 4]);
        assert_eq!(vocabulary.heads(b"").count(), 0);
        assert_eq!(vocabulary.spelling(b"ab"), [1, 4]);
        assert!(vocabulary.spelling(b"<mask>").is_empty(), "a special token spells nothing");
        assert_eq!(vocabulary.sorted(), [0, 1, 4, 3]);
    }

    #[test]
    fn a_special_outside_is_refused() {
        let tokens: [&[u8]; 1] = [b"a"];
        assert_eq!(Vocabulary::new(tokens, &[1]), Err(Error::Special(1)));
    }
}
