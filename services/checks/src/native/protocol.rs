//! What passes between the service and a helper: a text behind its length in four bytes, the highest first, and one line
//! of JSON back.

use std::io;

use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Fault, Reading};

/// Longest line that is read, in bytes; a helper tells its first errors only.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Why there is no reading.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("talking to the parser")]
    Broken(#[from] io::Error),
    #[error("the parser ended")]
    Ended,
    #[error("the parser's answer cannot be read")]
    Garbled(#[from] serde_json::Error),
    /// The helper goes on; this text was too much for it.
    #[error("the parser gave up: {0}")]
    GaveUp(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    count: Option<u32>,
    errors: Option<Vec<Told>>,
    failed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    offset: usize,
    message: String,
}

/// Asks about one text.
pub(super) async fn ask(
    input: &mut (impl AsyncWrite + Unpin),
    output: &mut (impl AsyncBufRead + Unpin),
    text: &[u8],
) -> Result<Reading, Error> {
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    input.write_all(&length.to_be_bytes()).await?;
    input.write_all(text).await?;
    input.flush().await?;
    let mut line = Vec::new();
    output.take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Err(Error::Ended);
    }
    reading(text, &line)
}

fn reading(text: &[u8], line: &[u8]) -> Result<Reading, Error> {
    let answer: Answer = serde_json::from_slice(line)?;
    if let Some(reason) = answer.failed {
        return Err(Error::GaveUp(reason));
    }
    let mut errors: Vec<Fault> = answer.errors.unwrap_or_default().into_iter().map(|told| fault(text, told)).collect();
    errors.sort_by_key(|fault| fault.offset);
    let told = u32::try_from(errors.len()).unwrap_or(u32::MAX);
    Ok(Reading { count: answer.count.unwrap_or_default().max(told), errors })
}

fn fault(text: &[u8], told: Told) -> Fault {
    let offset = told.offset.min(text.len());
    let before = &text[..offset];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Fault { line: short(line), column: short(column), offset, message: told.message }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(text: &str, answer: &[u8]) -> Result<Reading, Error> {
        let mut asked = Vec::new();
        let reading = ask(&mut asked, &mut &*answer, text.as_bytes()).await;
        assert_eq!(asked, [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat());
        reading
    }

    #[tokio::test]
    async fn places_are_lines_and_characters_of_the_text() {
        let answer = br#"{"count": 3, "errors": [{"offset": 9, "message": "b"}, {"offset": 2, "message": "a"}]}"#;
        let reading = answered("a\n\u{e9}\u{e9}\u{e9} x\n", answer).await.unwrap();
        let places: Vec<(u32, u32)> = reading.errors.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!((reading.count, places), (3, vec![(2, 1), (2, 5)]));
    }

    #[tokio::test]
    async fn a_place_behind_the_text_is_its_end_and_what_is_told_is_counted() {
        let answer = br#"{"count": 0, "errors": [{"offset": 99, "message": "late"}]}"#;
        let reading = answered("ab", answer).await.unwrap();
        assert_eq!((reading.count, reading.errors[0].offset), (1, 2));
    }

    #[tokio::test]
    async fn what_is_no_answer_is_no_verdict() {
        assert!(matches!(answered("a", b"").await, Err(Error::Ended)));
        for garbled in ["\n", "{\"count\": -1}\n", "{\"count\": 0", "{\"surprise\": 0}\n"] {
            assert!(matches!(answered("a", garbled.as_bytes()).await, Err(Error::Garbled(_))), "{garbled}");
        }
        let reason = answered("a", b"{\"failed\": \"too deep\"}\n").await.unwrap_err().to_string();
        assert_eq!(reason, "the parser gave up: too deep");
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let endless = vec![b' '; 2 << 20];
        assert!(matches!(answered("a", &endless).await, Err(Error::Garbled(_))));
    }
}
