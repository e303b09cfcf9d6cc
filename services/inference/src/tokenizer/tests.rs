//! Any text comes back to the byte; what does not fit is refused by name.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::folder::{self, tiny};

/// The folder of a tiny model and its tokenizer.
fn tiny() -> (tempfile::TempDir, ModelFolder, Tokenizer) {
    let dir = tempfile::tempdir().unwrap();
    tiny::write(dir.path(), &tiny::Plan::diffusion(1)).unwrap();
    let folder = folder::open(dir.path()).unwrap();
    let tokenizer = Tokenizer::open(&folder).unwrap();
    (dir, folder, tokenizer)
}

fn check(tokenizer: &Tokenizer, text: &str) -> Encoded {
    let encoded = tokenizer.encode(text).unwrap();
    let vocabulary = tokenizer.vocabulary();
    assert_eq!(vocabulary.decode(&encoded.tokens), text.as_bytes(), "{text:?}");
    assert!(encoded.tokens.iter().all(|token| !vocabulary.is_special(*token)), "{text:?}");
    let mut start = 0;
    for (token, end) in encoded.tokens.iter().zip(&encoded.ends) {
        assert_eq!(&text.as_bytes()[start..*end as usize], vocabulary.bytes(*token), "{text:?}");
        start = *end as usize;
    }
    assert_eq!((start, encoded.ends.len()), (text.len(), encoded.tokens.len()));
    encoded
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_text_comes_back_to_the_byte(text in "(\\PC|[ \t\r\n]|def |<\\|mask\\|>|\u{301}|\u{0}){0,40}") {
        thread_local!(static TINY: Tokenizer = tiny().2);
        TINY.with(|tokenizer| check(tokenizer, &text));
    }
}

#[test]
fn text_that_spells_special_tokens_becomes_ordinary_ones() {
    let (_dir, folder, tokenizer) = tiny();
    let marks = "<|mask|><|endoftext|><|fim_prefix|> <|im_start|>user<|fim_middle|>";
    let encoded = check(&tokenizer, marks);
    assert!(encoded.tokens.len() > 20);
    assert!(folder.marks.mask.is_some_and(|mask| tokenizer.vocabulary().bytes(mask).is_empty()));
}

#[test]
fn text_is_not_normalised() {
    let (_dir, _folder, tokenizer) = tiny();
    assert_ne!(check(&tokenizer, "e\u{301}").tokens, check(&tokenizer, "\u{e9}").tokens);
}

#[test]
fn longest_match_takes_the_longest_and_loses_nothing() {
    let bytes: Vec<[u8; 1]> = (0..=u8::MAX).map(|byte| [byte]).collect();
    let tokens = bytes.iter().map(|byte| &byte[..]).chain([&b"ab"[..], b"abc", b"<m>"]);
    let tokenizer = Tokenizer::longest_match(Vocabulary::new(tokens, &[258]).unwrap()).unwrap();
    assert_eq!(check(&tokenizer, "abcabd<m>").tokens[..2], [257, 256]);
    let letters = Vocabulary::new([&b"a"[..]], &[]).unwrap();
    assert_eq!(Tokenizer::longest_match(letters).unwrap_err().to_string(), "no token spells the byte 0x00");
}

fn qwen2() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/qwen2"))
}

/// Ids of text, and with the marks.
fn qwen2_rows() -> (u32, u32) {
    let vocabulary: Value = serde_json::from_slice(&fs::read(qwen2().join("vocab.json")).unwrap()).unwrap();
    let text = u32::try_from(vocabulary.as_object().unwrap().len()).unwrap();
    (text, text + 7)
}

#[test]
fn a_qwen2_vocabulary_and_its_merges_give_the_tokens_of_stock_transformers() {
    let (text, rows) = qwen2_rows();
    let tokenizer = Tokenizer::read(qwen2(), rows, &(text..rows).collect::<Vec<_>>()).unwrap();
    let cases: Value = serde_json::from_slice(&fs::read(qwen2().join("expected.json")).unwrap()).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let tokens = check(&tokenizer, case["text"].as_str().unwrap()).tokens;
        let expected: Vec<u64> = case["ids"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
        assert_eq!(tokens.into_iter().map(u64::from).collect::<Vec<_>>(), expected, "{}", case["text"]);
    }
    check(&tokenizer, "<|fim_prefix|>a<|mask|>");
}

/// Reads the tiny model's folder after a change of its `tokenizer.json`.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Tokenizer, Error> {
    let (dir, folder, _) = tiny();
    let path = dir.path().join("tokenizer.json");
    let mut tokenizer = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut tokenizer);
    fs::write(&path, tokenizer.to_string()).unwrap();
    Tokenizer::read(dir.path(), folder.spec.vocabulary, &folder.marks.specials)
}

/// Why it is refused, without the folder.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let text = changed(change).unwrap_err().to_string();
    text.rsplit_once("/tokenizer.json").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

#[test]
fn what_changes_text_is_left_out() {
    let changed = changed(|tokenizer| {
        tokenizer["normalizer"] = json!({ "type": "Lowercase" });
        tokenizer["pre_tokenizer"]["add_prefix_space"] = true.into();
        tokenizer["truncation"] =
            json!({ "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0 });
    });
    let changed = changed.unwrap();
    let text = "Return self RETURN self return self";
    assert_eq!(check(&changed, text), check(&tiny().2, text));
}

#[test]
fn a_special_token_that_stands_in_the_vocabulary_too_is_still_not_text() {
    let changed = changed(|tokenizer| {
        let mask = tokenizer["added_tokens"][2].clone();
        assert_eq!(mask["content"], "<|mask|>");
        tokenizer["model"]["vocab"]["<|mask|>"] = mask["id"].clone();
        tokenizer["model"]["ignore_merges"] = true.into();
        tokenizer["pre_tokenizer"]["use_regex"] = false.into();
    });
    check(&changed.unwrap(), "<|mask|>");
}

#[test]
fn added_blanks_stay_tokens_of_text() {
    let (dir, folder, _) = tiny();
    let path = dir.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let id = folder.spec.vocabulary;
    let blanks = json!({
        "id": id, "content": "\t\t\t\t", "special": false,
        "single_word": false, "lstrip": false, "rstrip": false, "normalized": false
    });
    tokenizer["added_tokens"].as_array_mut().unwrap().push(blanks);
    fs::write(&path, tokenizer.to_string()).unwrap();
    let tokenizer = Tokenizer::read(dir.path(), id + 1, &folder.marks.specials).unwrap();
    assert!(check(&tokenizer, "a\t\t\t\tb").tokens.contains(&id));
}

#[test]
fn tokenizers_of_another_kind_are_refused_by_name() {
    expect_test::expect![" is a `WordPiece` tokenizer; byte-level pair encoding is what is read"]
        .assert_eq(&refused(|tokenizer| tokenizer["model"]["type"] = "WordPiece".into()));
    expect_test::expect![" is a `SentencePiece` tokenizer; byte-level pair encoding is what is read"]
        .assert_eq(&refused(|tokenizer| tokenizer["model"]["byte_fallback"] = true.into()));
    expect_test::expect![" is a `character-level BPE` tokenizer; byte-level pair encoding is what is read"]
        .assert_eq(&refused(|tokenizer| tokenizer["pre_tokenizer"] = json!({ "type": "Whitespace" })));
}

#[test]
fn ids_that_the_model_does_not_have_or_that_stand_twice_are_refused() {
    expect_test::expect!["token `zzz` has id 90000, and the model has 576"]
        .assert_eq(&refused(|tokenizer| tokenizer["model"]["vocab"]["zzz"] = 90_000.into()));
    expect_test::expect!["tokens `zzz` and `\"` have the same id 34"]
        .assert_eq(&refused(|tokenizer| tokenizer["model"]["vocab"]["zzz"] = 34.into()));
    expect_test::expect!["no token spells the byte 0x22"]
        .assert_eq(&refused(|tokenizer| drop(tokenizer["model"]["vocab"].as_object_mut().unwrap().remove("\""))));
    expect_test::expect!["putting the tokenizer together: token `z z` is not written in byte letters"]
        .assert_eq(&refused(|tokenizer| tokenizer["model"]["vocab"]["z z"] = 500.into()));
    let (_dir, folder, tokenizer) = tiny();
    let scripted = reweave_decode::scripted::Scripted::new(1);
    let model = reweave_decode::protocol::Backend::description(&scripted).clone();
    tokenizer.agrees_with(&model).unwrap_err();
    let same = Description { vocabulary: folder.spec.vocabulary, specials: folder.marks.specials.clone(), ..model };
    tokenizer.agrees_with(&same).unwrap();
    let mut specials = same.specials.clone();
    specials[0] = 7;
    assert!(matches!(
        tokenizer.agrees_with(&Description { specials, ..same.clone() }),
        Err(Error::NotSpecial { id: 7 })
    ));
    let specials = same.specials[1..].to_vec();
    assert!(matches!(tokenizer.agrees_with(&Description { specials, ..same }), Err(Error::Specials { .. })));
}

#[test]
fn files_that_are_missing_broken_or_too_large_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let read = || Tokenizer::read(dir.path(), 512, &[]).unwrap_err();
    assert!(matches!(read(), Error::Missing { .. }));
    fs::write(dir.path().join("vocab.json"), "{}").unwrap();
    assert!(matches!(read(), Error::Missing { .. }));
    fs::write(dir.path().join("merges.txt"), "").unwrap();
    assert!(matches!(read(), Error::Class { class } if class.is_empty()));
    let config = dir.path().join("tokenizer_config.json");
    fs::write(&config, r#"{"tokenizer_class": "GPT2TokenizerFast"}"#).unwrap();
    assert!(matches!(read(), Error::ByteMissing { byte: 0 }));
    fs::write(&config, "{").unwrap();
    assert!(matches!(read(), Error::Json { .. }));
    let tokenizer = fs::File::create(dir.path().join("tokenizer.json")).unwrap();
    tokenizer.set_len((64 << 20) + 1).unwrap();
    assert!(matches!(read(), Error::TooLarge { .. }));
}
