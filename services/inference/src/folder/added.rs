//! The tokens that a tokenizer adds to its vocabulary, and what those among them that steer the model are.
//!
//! Read from `tokenizer.json`, or from `vocab.json`, `added_tokens.json` and `tokenizer_config.json` where a repository has
//! only the older files.

use std::collections::BTreeMap;
use std::path::Path;

use reweave_decode::protocol::{FillInMiddle, Objective, TokenId};
use serde_json::Value;

use super::fields::Fields;
use super::{Error, Spec, file};

/// The ids of a tokenizer, as far as the model's control tokens go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddedTokens {
    /// By text. Whether one may stand in a text is in [`AddedTokens::is_text`].
    pub ids: BTreeMap<String, TokenId>,
    /// Added tokens that are runs of blanks: text, spelled in one token.
    text: Vec<TokenId>,
    /// Whether an id has a token at all; by id.
    known: Vec<bool>,
    /// Named in `tokenizer_config.json`.
    begin: Option<String>,
    end: Option<String>,
    mask: Option<String>,
}

/// The ids that steer a model, and those that are never text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    pub mask: Option<TokenId>,
    pub begin: Option<TokenId>,
    pub end: Option<TokenId>,
    pub fill_in_middle: Option<FillInMiddle>,
    /// Added tokens, and rows of the output head that no token belongs to. Ascending.
    pub specials: Vec<TokenId>,
}

/// How mask tokens are called where no file says which it is.
const MASKS: &[&str] = &["<|mask|>", "<|MASK|>", "<|mdm_mask|>", "<M>", "[MASK]", "<mask>"];
/// Prefix, suffix, middle.
const FILL_IN_MIDDLE: &[[&str; 3]] = &[
    ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
    ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"],
    ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
];
/// An id above this belongs to no tokenizer.
const ID_MAX: TokenId = 1 << 24;

impl AddedTokens {
    /// Whether the id, although added, is text.
    #[must_use]
    pub fn is_text(&self, id: TokenId) -> bool {
        self.text.contains(&id)
    }

    /// Whether any token has this id.
    #[must_use]
    pub fn knows(&self, id: TokenId) -> bool {
        self.known.get(id as usize).copied().unwrap_or(false)
    }

    pub(super) fn read(dir: &Path) -> Result<Self, Error> {
        let mut tokens = Self::default();
        match file::json(&dir.join("tokenizer.json"))? {
            Some(tokenizer) => tokens.take_tokenizer(&tokenizer),
            None => tokens.take_vocabulary(dir)?,
        }
        if let Some(config) = file::json(&dir.join("tokenizer_config.json"))? {
            tokens.take_config(&config);
        }
        Ok(tokens)
    }

    fn take_tokenizer(&mut self, tokenizer: &Value) {
        match tokenizer.pointer("/model/vocab") {
            Some(Value::Object(vocabulary)) => vocabulary.values().for_each(|id| self.know(id)),
            // A unigram model lists its pieces in the order of their ids.
            Some(Value::Array(pieces)) => self.known.resize(pieces.len(), true),
            _ => {}
        }
        for token in tokenizer.get("added_tokens").and_then(Value::as_array).into_iter().flatten() {
            self.add(token.get("content"), token.get("id"), token.get("special"));
        }
    }

    fn take_vocabulary(&mut self, dir: &Path) -> Result<(), Error> {
        let vocabulary = file::json(&dir.join("vocab.json"))?;
        let (Some(Value::Object(vocabulary)), true) = (vocabulary, dir.join("merges.txt").is_file()) else {
            return Err(Error::NoTokenizer { path: dir.to_owned() });
        };
        vocabulary.values().for_each(|id| self.know(id));
        if let Some(Value::Object(added)) = file::json(&dir.join("added_tokens.json"))? {
            added.iter().for_each(|(token, id)| self.add(Some(&Value::from(token.as_str())), Some(id), None));
        }
        Ok(())
    }

    fn take_config(&mut self, config: &Value) {
        let decoder = config.get("added_tokens_decoder").and_then(Value::as_object);
        for (id, token) in decoder.into_iter().flatten() {
            let id = id.parse::<TokenId>().ok().map(Value::from);
            self.add(token.get("content"), id.as_ref(), token.get("special"));
        }
        // Either the text or an object that holds it.
        let named = |field: &str| {
            let value = config.get(field)?;
            Some(value.as_str().or_else(|| value.get("content")?.as_str())?.to_owned())
        };
        (self.begin, self.end, self.mask) = (named("bos_token"), named("eos_token"), named("mask_token"));
    }

    fn add(&mut self, content: Option<&Value>, id: Option<&Value>, special: Option<&Value>) {
        let (Some(content), Some(number)) = (content.and_then(Value::as_str), id.and_then(id_of)) else { return };
        let is_blank = !content.is_empty() && content.chars().all(char::is_whitespace);
        if is_blank && special.and_then(Value::as_bool) == Some(false) && !self.text.contains(&number) {
            self.text.push(number);
        }
        self.ids.insert(content.to_owned(), number);
        id.into_iter().for_each(|id| self.know(id));
    }

    fn know(&mut self, id: &Value) {
        if let Some(id) = id_of(id) {
            let length = self.known.len().max(id as usize + 1);
            self.known.resize(length, false);
            self.known[id as usize] = true;
        }
    }

    fn id(&self, token: &str) -> Option<TokenId> {
        self.ids.get(token).copied()
    }

    /// The highest id, with its text where that was added.
    fn highest(&self) -> Option<(TokenId, String)> {
        let id = self.known.iter().rposition(|known| *known)? as TokenId;
        let text = self.ids.iter().find(|(_, other)| **other == id).map(|(text, _)| text.clone());
        Some((id, text.unwrap_or_default()))
    }
}

impl Marks {
    pub(super) fn find(tokens: &AddedTokens, config: &Fields, spec: &Spec) -> Result<Self, Error> {
        if let Some((id, token)) = tokens.highest().filter(|(id, _)| *id >= spec.vocabulary) {
            return Err(Error::TokenizerIds { id, token, rows: spec.vocabulary });
        }
        let mask = mask(tokens, config)?;
        if mask.is_none() && spec.objective == Objective::MaskedDiffusion {
            return Err(Error::NoMask);
        }
        let named = |token: &Option<String>| token.as_deref().and_then(|token| tokens.id(token));
        let begin = match named(&tokens.begin) {
            Some(id) => Some(id),
            None => config.optional_id("bos_token_id")?,
        };
        let end = match config.optional_id("eos_token_id")? {
            Some(id) => Some(id),
            None => named(&tokens.end),
        };
        let marks = Self { mask, begin, end, fill_in_middle: fill_in_middle(tokens), specials: Vec::new() };
        marks.within(config, spec).map(|marks| Self { specials: specials(tokens, &marks, spec), ..marks })
    }

    fn within(self, config: &Fields, spec: &Spec) -> Result<Self, Error> {
        const WANTED: &str = "an id below the number of rows";
        let outside = |id: Option<TokenId>| id.is_some_and(|id| id >= spec.vocabulary);
        for (field, id) in [("mask_token_id", self.mask), ("bos_token_id", self.begin), ("eos_token_id", self.end)] {
            if outside(id) {
                return Err(config.wrong(field, WANTED));
            }
        }
        Ok(self)
    }
}

fn mask(tokens: &AddedTokens, config: &Fields) -> Result<Option<TokenId>, Error> {
    let configured = config.optional_id("mask_token_id")?;
    let named = tokens.mask.as_ref().and_then(|token| Some((token, tokens.id(token)?)));
    match (configured, named) {
        (Some(config), Some((token, tokenizer))) if config != tokenizer => {
            Err(Error::MarkIds { token: token.clone(), tokenizer, config })
        }
        (Some(id), _) | (None, Some((_, id))) => Ok(Some(id)),
        (None, None) => Ok(MASKS.iter().find_map(|token| tokens.id(token))),
    }
}

fn fill_in_middle(tokens: &AddedTokens) -> Option<FillInMiddle> {
    FILL_IN_MIDDLE.iter().find_map(|[prefix, suffix, middle]| {
        Some(FillInMiddle { prefix: tokens.id(prefix)?, suffix: tokens.id(suffix)?, middle: tokens.id(middle)? })
    })
}

fn specials(tokens: &AddedTokens, marks: &Marks, spec: &Spec) -> Vec<TokenId> {
    let rows_without_token = (0..spec.vocabulary).filter(|id| !tokens.knows(*id));
    let added = tokens.ids.values().copied().filter(|id| !tokens.is_text(*id));
    let named = [marks.mask, marks.begin, marks.end].into_iter().flatten();
    let mut specials: Vec<TokenId> = rows_without_token.chain(added).chain(named).collect();
    specials.sort_unstable();
    specials.dedup();
    specials
}

fn id_of(value: &Value) -> Option<TokenId> {
    value.as_u64().and_then(|id| TokenId::try_from(id).ok()).filter(|id| *id <= ID_MAX)
}
