//! A small byte-level BPE tokenizer in the format of `tokenizer.json`: any text goes in and comes out.

use reweave_decode::protocol::TokenId;
use serde_json::{Map, Value, json};

/// The control tokens, in the order of their ids, after the text ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    End,
    Begin,
    Mask,
    ChatStart,
    ChatEnd,
    Prefix,
    Middle,
    Suffix,
}

impl Mark {
    const ALL: [(Self, &'static str); 8] = [
        (Self::End, "<|endoftext|>"),
        (Self::Begin, "<|beginoftext|>"),
        (Self::Mask, "<|mask|>"),
        (Self::ChatStart, "<|im_start|>"),
        (Self::ChatEnd, "<|im_end|>"),
        (Self::Prefix, "<|fim_prefix|>"),
        (Self::Middle, "<|fim_middle|>"),
        (Self::Suffix, "<|fim_suffix|>"),
    ];

    pub(super) fn id(self) -> TokenId {
        let place = Self::ALL.iter().position(|(mark, _)| *mark == self).expect("every mark is listed");
        (Pieces::make().vocabulary.len() + place) as TokenId
    }
}

/// Words of code in several languages that get a token of their own; each of their beginnings gets one too.
const WORDS: &str = " return| self|return|self| def|def| if| else| for| in| not| and| or| is| None| True| False| import|\
    import| from| class|class| lambda| yield| with| as| try|except| raise|    |        | =| ==| +=| ->| !=| <=| >=|():|):|\
    ()|, |: | + | - | * | / |len|range|print|value|values|result|items|item|index|count|name|data|text|line|key|list|dict|str|\
    int|float|function| function|const|let| new|null|true|false|public|static|void|string| struct| impl| fn| mut|pub|use|match|\
    func| nil|err|type| int|for|if|else|while| while|=>|::|&&|;\n|,\n|:\n|{\n|}\n|\n\n|\n    |\n        ";

/// Ids in all, marks included.
pub(super) fn size() -> u32 {
    (Pieces::make().vocabulary.len() + Mark::ALL.len()) as u32
}

pub(super) fn json() -> String {
    let pieces = Pieces::make();
    let vocabulary: Map<String, Value> =
        pieces.vocabulary.iter().enumerate().map(|(id, piece)| (piece.clone(), id.into())).collect();
    let merges: Vec<String> = pieces.merges.iter().map(|(left, right)| format!("{left} {right}")).collect();
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true});
    let tokenizer = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": Mark::ALL.map(|(mark, text)| added(mark.id(), text)),
        "normalizer": null,
        "pre_tokenizer": bytes,
        "post_processor": null,
        "decoder": bytes,
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "vocab": vocabulary,
            "merges": merges,
        },
    });
    tokenizer.to_string()
}

pub(super) fn config() -> String {
    let config = json!({"bos_token": "<|beginoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"});
    format!("{config:#}\n")
}

fn added(id: TokenId, content: &str) -> Value {
    json!({
        "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true
    })
}

/// The tokens of text, and how longer ones are made of shorter ones.
struct Pieces {
    vocabulary: Vec<String>,
    merges: Vec<(String, String)>,
}

impl Pieces {
    fn make() -> Self {
        let vocabulary = (0..=u8::MAX).map(|byte| letter(byte).to_string()).collect();
        let mut pieces = Self { vocabulary, merges: Vec::new() };
        WORDS.split('|').filter(|word| word.len() > 1).for_each(|word| pieces.learn(word));
        pieces
    }

    fn learn(&mut self, word: &str) {
        let letters: Vec<char> = word.bytes().map(letter).collect();
        let mut left = letters[0].to_string();
        for next in &letters[1..] {
            let whole = format!("{left}{next}");
            if !self.vocabulary.contains(&whole) {
                self.vocabulary.push(whole.clone());
                self.merges.push((left, next.to_string()));
            }
            left = whole;
        }
    }
}

/// The printable character that byte-level tokenizers write a byte as (GPT-2's `bytes_to_unicode`).
fn letter(byte: u8) -> char {
    let is_itself = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    if is_itself(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|other| !is_itself(*other)).count();
    char::from_u32(256 + before as u32).expect("there are 68 such bytes, and all of these are characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_the_format_wants_them() {
        assert_eq!((letter(b'a'), letter(b' '), letter(b'\n'), letter(0xad)), ('a', 'Ġ', 'Ċ', 'Ń'));
        let mut letters: Vec<char> = (0..=u8::MAX).map(letter).collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 256);
    }

    #[test]
    fn every_merge_makes_a_token_of_two_that_are_there_before_it() {
        let pieces = Pieces::make();
        let place = |piece: &str| pieces.vocabulary.iter().position(|other| other == piece).unwrap();
        for (left, right) in &pieces.merges {
            let whole = place(&format!("{left}{right}"));
            assert!(place(left) < whole && place(right) < whole);
        }
        assert!(pieces.merges.len() > 200, "{}", pieces.merges.len());
    }
}
