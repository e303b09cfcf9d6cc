//! From a folder's files to a tokenizer that takes any text as it is.
//!
//! Of `tokenizer.json` the vocabulary, the merges and the way text is split are taken. Special tokens are taken out, so
//! that no text becomes one; so is everything that changes text (normalisers, a blank put in front) or adds to it.

use std::{collections::BTreeMap, fs, path::Path};

use reweave_decode::{protocol::TokenId, vocabulary::Vocabulary};
use serde_json::{Map, Value, json};

use super::{Error, letters::Letters};

/// A tokenizer larger than this is none.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// How Qwen2 splits text: digits one by one, words with the blank before them, line ends with what they follow.
///
/// Source: `PRETOKENIZE_REGEX` of transformers' `tokenization_qwen2.py`.
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The tokenizer and what its ids spell. Ids up to `rows` without a token must be among `specials`.
pub(super) fn read(dir: &Path, rows: u32, specials: &[TokenId]) -> Result<(tokenizers::Tokenizer, Vocabulary), Error> {
    let path = dir.join("tokenizer.json");
    let mut tokenizer = match json_file(&path)? {
        Some(tokenizer) => tokenizer,
        None => from_parts(dir)?,
    };
    check_kind(&tokenizer, &path)?;
    let shape = |problem: &str| Error::Shape { path: path.clone(), problem: problem.into() };
    let added = tokenizer.get("added_tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    let vocabulary = tokenizer.pointer_mut("/model/vocab").and_then(Value::as_object_mut);
    let vocabulary = vocabulary.ok_or_else(|| shape("`model.vocab` is not a map"))?;
    let kept = keep_text(vocabulary, &added, specials, &shape)?;
    let table = table(vocabulary, &kept, rows, specials)?;
    // An added token keeps its id only if the vocabulary has it. No text is split into one by the model: its blanks are no
    // byte letters.
    for (content, id) in kept.iter().filter_map(|token| Some((token["content"].as_str()?, &token["id"]))) {
        vocabulary.insert(content.to_owned(), id.clone());
    }
    tokenizer["added_tokens"] = kept.into();
    for field in ["normalizer", "post_processor", "truncation", "padding"] {
        tokenizer[field] = Value::Null;
    }
    leave_text_alone(&mut tokenizer["pre_tokenizer"]);
    leave_text_alone(&mut tokenizer["decoder"]);
    let built = serde_json::from_value(tokenizer).map_err(|error| Error::Build(error.to_string()))?;
    Ok((built, table))
}

/// Takes special tokens out of the vocabulary; gives the added tokens that are text.
fn keep_text(
    vocabulary: &mut Map<String, Value>,
    added: &[Value],
    specials: &[TokenId],
    shape: &dyn Fn(&str) -> Error,
) -> Result<Vec<Value>, Error> {
    let mut kept = Vec::new();
    for token in added {
        let (content, id) = (token["content"].as_str(), token["id"].as_u64());
        let (Some(content), Some(id)) = (content, id.and_then(|id| TokenId::try_from(id).ok())) else {
            return Err(shape("an entry of `added_tokens` has no content or no id"));
        };
        if specials.binary_search(&id).is_err() {
            kept.push(token.clone());
        } else if vocabulary.get(content).and_then(Value::as_u64) == Some(id.into()) {
            vocabulary.remove(content);
        }
    }
    vocabulary.retain(|_, id| {
        let id = id.as_u64().and_then(|id| TokenId::try_from(id).ok());
        id.is_none_or(|id| specials.binary_search(&id).is_err())
    });
    Ok(kept)
}

/// The bytes of every id. Every byte must be some token's.
fn table(
    vocabulary: &Map<String, Value>,
    added: &[Value],
    rows: u32,
    specials: &[TokenId],
) -> Result<Vocabulary, Error> {
    let letters = Letters::new();
    let mut by_id: BTreeMap<TokenId, (&str, Vec<u8>)> = BTreeMap::new();
    let spelled = vocabulary.iter().map(|(token, id)| (token.as_str(), id, letters.read(token)));
    let verbatim = added.iter().filter_map(|token| token["content"].as_str().map(|text| (text, &token["id"])));
    let verbatim = verbatim.map(|(text, id)| (text, id, Some(text.as_bytes().to_vec())));
    for (token, id, bytes) in spelled.chain(verbatim) {
        let id = id.as_u64().and_then(|id| TokenId::try_from(id).ok()).unwrap_or(TokenId::MAX);
        if id >= rows {
            return Err(Error::IdTooHigh { token: token.to_owned(), id, rows });
        }
        let bytes = bytes.ok_or_else(|| Error::Build(format!("token `{token}` is not written in byte letters")))?;
        if let Some((other, _)) = by_id.insert(id, (token, bytes)).filter(|(other, _)| *other != token) {
            return Err(Error::IdTwice { token: token.to_owned(), other: other.to_owned(), id });
        }
    }
    let spelling = |id| by_id.get(&id).map_or(&[][..], |(_, bytes)| bytes.as_slice());
    let table = Vocabulary::new((0..rows).map(spelling), specials)?;
    match (0..=u8::MAX).find(|byte| table.spelling(&[*byte]).is_empty()) {
        Some(byte) => Err(Error::ByteMissing { byte }),
        None => Ok(table),
    }
}

fn check_kind(tokenizer: &Value, path: &Path) -> Result<(), Error> {
    let kind = |kind: &str| Err(Error::Kind { path: path.to_owned(), kind: kind.to_owned() });
    match tokenizer.pointer("/model/type").and_then(Value::as_str) {
        Some("BPE") if tokenizer.pointer("/model/byte_fallback") == Some(&Value::Bool(true)) => kind("SentencePiece"),
        Some("BPE") if is_byte_level(&tokenizer["pre_tokenizer"]) => Ok(()),
        Some("BPE") => kind("character-level BPE"),
        Some(other) => kind(other),
        None => kind("nameless"),
    }
}

fn is_byte_level(part: &Value) -> bool {
    part["type"] == "ByteLevel" || part["pretokenizers"].as_array().is_some_and(|parts| parts.iter().any(is_byte_level))
}

/// `add_prefix_space` puts a blank in front that the text does not have.
fn leave_text_alone(part: &mut Value) {
    if part["type"] == "ByteLevel" {
        part["add_prefix_space"] = false.into();
    }
    for list in ["pretokenizers", "decoders"] {
        part.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(leave_text_alone);
    }
}

/// The older form: a vocabulary, merges, and the tokenizer's class by name.
fn from_parts(dir: &Path) -> Result<Value, Error> {
    let missing = || Error::Missing { path: dir.to_owned() };
    let vocabulary = json_file(&dir.join("vocab.json"))?.ok_or_else(missing)?;
    let merges = text_file(&dir.join("merges.txt"))?.ok_or_else(missing)?;
    let config = json_file(&dir.join("tokenizer_config.json"))?.unwrap_or_default();
    // The first line of a merges file names its version.
    let merges = merges.lines().filter(|line| !line.is_empty() && !line.starts_with("#version"));
    Ok(json!({
        "version": "1.0",
        "added_tokens": added_tokens(dir, &config)?,
        "pre_tokenizer": splitting(&config)?,
        "decoder": byte_level(false),
        "model": { "type": "BPE", "vocab": vocabulary, "merges": merges.collect::<Vec<_>>() },
    }))
}

fn splitting(config: &Value) -> Result<Value, Error> {
    let class = config["tokenizer_class"].as_str().unwrap_or("");
    let name = class.trim_end_matches("Fast");
    if name.starts_with("GPT2Tokenizer") {
        return Ok(byte_level(true));
    }
    if ["Qwen2Tokenizer", "DreamTokenizer"].contains(&name) {
        let split = json!({
            "type": "Split", "pattern": { "Regex": QWEN2 }, "behavior": "Isolated", "invert": false
        });
        return Ok(json!({ "type": "Sequence", "pretokenizers": [split, byte_level(false)] }));
    }
    Err(Error::Class { class: class.to_owned() })
}

fn byte_level(use_regex: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": use_regex })
}

fn added_tokens(dir: &Path, config: &Value) -> Result<Vec<Value>, Error> {
    let mut by_id: BTreeMap<u64, (String, bool)> = BTreeMap::new();
    if let Some(Value::Object(added)) = json_file(&dir.join("added_tokens.json"))? {
        by_id.extend(added.into_iter().filter_map(|(content, id)| Some((id.as_u64()?, (content, true)))));
    }
    for (id, token) in config["added_tokens_decoder"].as_object().into_iter().flatten() {
        if let (Ok(id), Some(content)) = (id.parse(), token["content"].as_str()) {
            by_id.insert(id, (content.to_owned(), token["special"].as_bool().unwrap_or(true)));
        }
    }
    let token = |(id, (content, special)): (u64, (String, bool))| {
        json!({
            "id": id, "content": content, "special": special,
            "single_word": false, "lstrip": false, "rstrip": false, "normalized": false
        })
    };
    Ok(by_id.into_iter().map(token).collect())
}

fn json_file(path: &Path) -> Result<Option<Value>, Error> {
    let Some(text) = text_file(path)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|source| Error::Json { path: path.to_owned(), source })
}

fn text_file(path: &Path) -> Result<Option<String>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let bytes = match fs::metadata(path) {
        Ok(data) => data.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if bytes > FILE_BYTES_MAX {
        return Err(Error::TooLarge { path: path.to_owned(), bytes, max: FILE_BYTES_MAX });
    }
    fs::read_to_string(path).map(Some).map_err(failed)
}
