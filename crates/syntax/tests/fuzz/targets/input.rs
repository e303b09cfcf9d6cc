//! Bytes as a language, a list of choices, a source and the texts to put into it.
//!
//! `LANGUAGE COUNT CHOICE… SOURCE 0xFF FILL 0xFF FILL …`: one byte each for the first two, so that a seed is mostly the
//! source itself. 0xFF occurs in no UTF-8 text.

use reweave_core::{FileText, Language, RefusalCode, RelativePath, Span};
use reweave_syntax::ParsedFile;

const SEPARATOR: u8 = 0xFF;

/// What one run works on.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) language: Language,
    pub(crate) choices: Choices<'a>,
    pub(crate) source: &'a [u8],
    pub(crate) fills: Vec<String>,
}

/// Numbers in the order in which they are asked for; zeros when there are no more.
#[derive(Debug)]
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Absent where there are too few bytes to mean anything.
    pub(crate) fn read(data: &'a [u8]) -> Option<Self> {
        let (&language, rest) = data.split_first()?;
        let (&count, rest) = rest.split_first()?;
        let (choices, rest) = rest.split_at_checked(usize::from(count))?;
        let mut parts = rest.split(|byte| *byte == SEPARATOR);
        let source = parts.next()?;
        let fills = parts.map(|fill| String::from_utf8_lossy(fill).into_owned()).collect();
        let language = Language::ALL[usize::from(language) % Language::ALL.len()];
        Some(Self { language, choices: Choices(choices), source, fills })
    }

    /// The source as the doors read it, or what a door refuses read all the same; absent where the parser's limits
    /// refuse it.
    pub(crate) fn parsed(&self) -> Option<ParsedFile> {
        let path: RelativePath = format!("a.{}", self.language.extensions()[0]).parse().expect("a relative path");
        let decoded = FileText::decode(path.clone(), self.source.to_vec());
        let sound = str::from_utf8(self.source).is_ok_and(|text| !text.is_empty() && !text.contains('\0'));
        assert_eq!(decoded.is_ok(), sound, "{:?}", decoded.err());
        // Fills and texts from other doors may hold what no file may: NUL, or nothing at all.
        let lossy = || FileText { path, text: String::from_utf8_lossy(self.source).into_owned() };
        match ParsedFile::parse(self.language, decoded.unwrap_or_else(|_| lossy())) {
            Ok(parsed) => Some(parsed),
            Err(refusal) => {
                assert!(matches!(refusal.code, RefusalCode::TooDeep | RefusalCode::TooComplex), "{refusal:?}");
                None
            }
        }
    }
}

impl Choices<'_> {
    /// Whether every number was asked for.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    /// A number below `bound`, or 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = usize::from(self.byte()) << 8 | usize::from(self.byte());
        wide % bound.max(1)
    }

    /// A part of `text`, on character boundaries; short ones are likelier.
    pub(crate) fn span(&mut self, text: &str) -> Span {
        let start = text.floor_char_boundary(self.below(text.len() + 1));
        let length = usize::from(self.byte());
        Span::new(start, text.floor_char_boundary((start + length).min(text.len())))
    }
}
