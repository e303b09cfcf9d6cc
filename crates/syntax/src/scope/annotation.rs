//! Types written as strings: `x: "List[int]"`.

use ruff_python_ast::ExprStringLiteral;
use ruff_python_ast::name::Name;
use ruff_python_parser::typing::{ParsedAnnotation, parse_type_annotation};

/// Longest string that is parsed. The parser recurses, and the guard on the file's own depth does not see into strings.
const BYTES_MAX: usize = 512;
/// Most brackets in a string that is parsed, for the same reason.
const BRACKETS_MAX: usize = 64;

/// What a string in a type's place holds.
pub(super) enum Content {
    /// A type, each name at its own bytes.
    Located(ParsedAnnotation),
    /// A type whose names cannot be mapped to bytes (escapes, joined literals), or one too long to parse.
    Words(Vec<Name>),
    /// Something else.
    NoType,
}

/// Reads `string` as a type.
pub(super) fn parse(string: &ExprStringLiteral, source: &str) -> Content {
    let content = string.value.to_str();
    if content.len() > BYTES_MAX || content.matches(['(', '[', '{']).count() > BRACKETS_MAX {
        return Content::Words(words(content));
    }
    match parse_type_annotation(string, source) {
        Ok(parsed) if parsed.kind().is_simple() => Content::Located(parsed),
        Ok(_) => Content::Words(words(content)),
        Err(_) => Content::NoType,
    }
}

fn words(content: &str) -> Vec<Name> {
    content
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .map(Name::new)
        .collect()
}
