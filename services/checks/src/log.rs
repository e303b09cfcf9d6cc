//! The bounded end of what a command printed.

/// Counts all bytes and keeps the last ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    tail: Vec<u8>,
    tail_bytes_max: usize,
    bytes: u64,
}

impl Log {
    pub(crate) fn new(tail_bytes_max: usize) -> Self {
        Self { tail: Vec::new(), tail_bytes_max, bytes: 0 }
    }

    pub(crate) fn push(&mut self, printed: &[u8]) {
        self.bytes += printed.len() as u64;
        let kept = &printed[printed.len().saturating_sub(self.tail_bytes_max)..];
        self.tail.extend_from_slice(kept);
        // Dropping the front only now and then keeps a long log linear.
        if self.tail.len() > 2 * self.tail_bytes_max {
            self.drop_front();
        }
    }

    /// Bytes printed in all.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The last bytes as text, from the first whole character on.
    pub(crate) fn tail(mut self) -> String {
        self.drop_front();
        let continuation = self.tail.iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80).count();
        let from = if self.bytes > self.tail.len() as u64 { continuation } else { 0 };
        String::from_utf8_lossy(&self.tail[from..]).into_owned()
    }

    fn drop_front(&mut self) {
        self.tail.drain(..self.tail.len().saturating_sub(self.tail_bytes_max));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_and_all_are_counted() {
        let mut log = Log::new(5);
        for part in ["abc", "defghij", "", "kl"] {
            log.push(part.as_bytes());
        }
        assert_eq!(log.bytes(), 12);
        assert_eq!(log.tail(), "hijkl");
    }

    #[test]
    fn a_character_that_was_cut_in_half_is_left_out() {
        let mut log = Log::new(4);
        log.push("aäöü".as_bytes());
        assert_eq!(log.tail(), "öü");
        let mut log = Log::new(3);
        log.push("aäöü".as_bytes());
        assert_eq!(log.tail(), "ü");
    }

    #[test]
    fn memory_stays_bounded() {
        let mut log = Log::new(100);
        for _ in 0..10_000 {
            log.push(&[b'x'; 64]);
            assert!(log.tail.len() <= 300);
        }
    }
}
