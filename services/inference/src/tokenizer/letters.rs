//! The printable characters that byte-level vocabularies write bytes as.
//!
//! Source: `bytes_to_unicode` of GPT-2's encoder: printable bytes of Latin-1 stand for themselves, the other 68 for the
//! characters from U+0100 on, in order.

/// From characters to bytes.
#[derive(Clone, Debug)]
pub(super) struct Letters {
    /// By the code point, up to the highest letter.
    bytes: Vec<Option<u8>>,
}

impl Letters {
    pub(super) fn new() -> Self {
        let mut bytes = vec![None; 0x100 + 68];
        let mut moved = 0x100;
        for byte in 0..=u8::MAX {
            let code = if is_itself(byte) {
                usize::from(byte)
            } else {
                moved += 1;
                moved - 1
            };
            bytes[code] = Some(byte);
        }
        Self { bytes }
    }

    /// The bytes of a token; `None` when a character of it is no letter.
    pub(super) fn read(&self, token: &str) -> Option<Vec<u8>> {
        token.chars().map(|letter| self.bytes.get(letter as usize).copied().flatten()).collect()
    }
}

fn is_itself(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_for_the_bytes_of_the_published_table() {
        let letters = Letters::new();
        assert_eq!(letters.read("ĠdefĊ").unwrap(), b" def\n");
        assert_eq!(letters.read("ĉÃ¤").unwrap(), b"\t\xc3\xa4");
        assert_eq!(letters.read("Ń").unwrap(), [0xAD]);
        assert_eq!(letters.read("▁def"), None);
    }

    #[test]
    fn every_byte_has_one_letter() {
        let mut bytes: Vec<u8> = Letters::new().bytes.into_iter().flatten().collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
    }
}
