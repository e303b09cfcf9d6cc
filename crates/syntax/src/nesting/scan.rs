//! The tokens of JavaScript, TypeScript and Rust, as far as nesting needs them: strings, comments, templates, regular
//! expressions and elements are passed over, for brackets in them nest nothing.

use super::bound::{Bound, Closer, Expect, Opener, Rules};
use super::markup;

/// What a language's texts are made of.
#[derive(Debug)]
pub(super) struct Lexis {
    /// Operators of several characters, longest first.
    operators: &'static [&'static str],
    /// Regular expressions and templates.
    script: bool,
    /// Elements; with `generics`, `<T,>` is none.
    pub(super) markup: bool,
    rules: Rules,
}

/// What the tokens tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Within,
    Beyond,
    /// A token was met whose reading only the parser knows.
    Unsure,
}

const SCRIPT: &[&str] =
    &["===", "!==", "...", "==", "!=", "<=", ">=", "&&", "||", "??", "=>", "?.", "**", "++", "--", "+=", "-="];
/// `&&`, `--` and `**` are two levels before a value.
const RUST: &[&str] = &["..=", "...", "..", "==", "!=", "<=", ">=", "=>", "->", "::", "||", "+=", "-="];

impl Lexis {
    pub(super) const JAVASCRIPT: Self =
        Self { operators: SCRIPT, script: true, markup: true, rules: Rules { generics: false, closures: false } };
    pub(super) const TYPESCRIPT: Self =
        Self { operators: SCRIPT, script: true, markup: false, rules: Rules { generics: true, closures: false } };
    pub(super) const TSX: Self =
        Self { operators: SCRIPT, script: true, markup: true, rules: Rules { generics: true, closures: false } };
    pub(super) const RUST: Self =
        Self { operators: RUST, script: false, markup: false, rules: Rules { generics: true, closures: true } };
}

/// One pass over `text`, without recursion.
pub(super) fn scan(text: &str, limit: usize, lexis: &Lexis) -> Answer {
    let bound = Bound::new(lexis.rules);
    let mut scanner = Scanner { text, at: 0, lexis, bound, first_of_line: true, unsure: false };
    if text.starts_with("#!") && !text.starts_with("#![") {
        scanner.pass_line();
    }
    while scanner.at < text.len() {
        match scanner.bound.innermost() {
            Some(Opener::Tag) => markup::tag(&mut scanner),
            Some(Opener::Children) => markup::children(&mut scanner),
            _ => scanner.code(),
        }
        if scanner.bound.depth() > limit {
            return Answer::Beyond;
        }
    }
    if scanner.unsure { Answer::Unsure } else { Answer::Within }
}

/// A place in a text, with the bound up to it.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) lexis: &'a Lexis,
    pub(super) bound: Bound,
    first_of_line: bool,
    pub(super) unsure: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn code(&mut self) {
        let first = self.rest().chars().next().unwrap_or(' ');
        match first {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                self.at += first.len_utf8();
                self.first_of_line = true;
            }
            _ if first.is_whitespace() || first == '\u{feff}' || first == '\0' => self.at += first.len_utf8(),
            '/' if self.byte(1) == b'/' => self.pass_line(),
            '/' if self.byte(1) == b'*' => self.pass_comment(),
            _ => {
                let first_of_line = std::mem::take(&mut self.first_of_line);
                self.token(first, first_of_line);
            }
        }
    }

    fn token(&mut self, first: char, first_of_line: bool) {
        match first {
            '(' => self.open(Opener::Paren(self.bound.parenthesis())),
            '[' => self.open(Opener::Bracket),
            '{' => self.open(self.bound.brace()),
            ')' => self.close(Closer::Paren),
            ']' => self.close(Closer::Bracket),
            '}' => self.close(Closer::Brace),
            '"' => self.string(first_of_line),
            '\'' if self.lexis.script => self.string(first_of_line),
            '\'' => self.quote(first_of_line),
            '`' if self.lexis.script => {
                self.bound.template();
                self.at += 1;
                self.template_text();
            }
            '/' if self.lexis.script => self.slash(first_of_line),
            '<' if self.lexis.markup && markup::begins(self) => markup::begin(self),
            _ if is_word(first) => self.word(first_of_line),
            _ => self.operator(first_of_line),
        }
    }

    pub(super) fn open(&mut self, opener: Opener) {
        self.at += 1;
        self.bound.open(opener);
    }

    pub(super) fn close(&mut self, closer: Closer) {
        self.at += 1;
        if self.bound.close(closer) == Some(Opener::Substitution) {
            self.template_text();
        }
    }

    /// After the opening quote of a string: past its end, or the end of a script's line.
    fn string(&mut self, first_of_line: bool) {
        self.bound.literal(first_of_line);
        let quote = self.byte(0);
        self.at += 1;
        self.pass_until(|byte, script| byte == quote || (script && byte == b'\n'));
    }

    /// Passes over escapes and everything up to the byte that `ends`, and over that.
    fn pass_until(&mut self, ends: impl Fn(u8, bool) -> bool) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                byte if ends(*byte, self.lexis.script) => break,
                _ => {}
            }
        }
        self.settle();
    }

    /// Moves onto a character's first byte, after bytes were counted.
    fn settle(&mut self) {
        self.at = self.at.min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// A Rust character or a lifetime.
    fn quote(&mut self, first_of_line: bool) {
        let mut ahead = self.rest().chars().skip(1);
        match (ahead.next(), ahead.next()) {
            (Some('\\'), _) => self.string(first_of_line),
            (Some(inner), Some('\'')) => {
                self.at += 2 + inner.len_utf8();
                self.bound.literal(first_of_line);
            }
            _ => {
                self.at += 1;
                self.at += word_length(self.rest());
                self.bound.label();
            }
        }
    }

    fn template_text(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    break;
                }
                b'$' if bytes.get(self.at + 1) == Some(&b'{') => {
                    self.at += 1;
                    self.open(Opener::Substitution);
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.settle();
    }

    fn slash(&mut self, first_of_line: bool) {
        match self.bound.expect() {
            Expect::Operator => return self.operator(first_of_line),
            Expect::Either => self.unsure = true,
            Expect::Value => {}
        }
        self.bound.literal(first_of_line);
        self.at += 1;
        let bytes = self.text.as_bytes();
        let mut class = false;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' if bytes.get(self.at + 1) != Some(&b'\n') => self.at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.at += 1;
                    break;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.settle();
        self.at += word_length(self.rest());
    }

    fn word(&mut self, first_of_line: bool) {
        let rest = self.rest();
        let mut length = word_length(rest);
        let word = &rest[..length];
        if !self.lexis.script && self.raw_string(word) {
            return;
        }
        let number = word.starts_with(|first: char| first.is_ascii_digit());
        let after = rest.as_bytes().get(length..length + 2);
        if number
            && self.bound.expect() != Expect::Operator
            && after.is_some_and(|after| after[0] == b'.' && after[1].is_ascii_digit())
        {
            length += 1;
            length += word_length(&rest[length..]);
        }
        self.at += length;
        self.bound.word(word, first_of_line);
    }

    /// Passes over `r"…"`, `br#"…"#` and the like, and prefixed strings with escapes.
    fn raw_string(&mut self, prefix: &str) -> bool {
        let after = &self.rest()[prefix.len()..];
        let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
        if after.as_bytes().get(hashes) != Some(&b'"') || !matches!(prefix, "r" | "br" | "cr") {
            return false;
        }
        let body = self.at + prefix.len() + hashes + 1;
        let end = format!("\"{}", "#".repeat(hashes));
        self.at = self.text[body..].find(&end).map_or(self.text.len(), |found| body + found + end.len());
        self.bound.literal(false);
        true
    }

    pub(super) fn operator(&mut self, first_of_line: bool) {
        let rest = self.rest();
        if self.lexis.script && (rest.starts_with("<!--") || rest.starts_with("-->")) {
            // A comment in a script, operators in a module.
            self.unsure = true;
        }
        let known = self.lexis.operators.iter().find(|operator| rest.starts_with(**operator));
        let length = known.map_or_else(|| rest.chars().next().map_or(1, char::len_utf8), |operator| operator.len());
        self.at += length;
        self.bound.operator(&rest[..length], first_of_line);
    }

    fn pass_line(&mut self) {
        let ends = |byte: char| matches!(byte, '\n' | '\r' | '\u{2028}' | '\u{2029}');
        let rust = |byte: char| byte == '\n';
        let rest = self.rest();
        let end = if self.lexis.script { rest.find(ends) } else { rest.find(rust) };
        self.at += end.unwrap_or(rest.len());
    }

    pub(super) fn pass_comment(&mut self) {
        let bytes = self.text.as_bytes();
        let mut open = 0_usize;
        while self.at < bytes.len() {
            let two = bytes.get(self.at..self.at + 2).unwrap_or_default();
            self.first_of_line |= bytes[self.at] == b'\n';
            if two == b"/*" && (open == 0 || !self.lexis.script) {
                open += 1;
                self.at += 2;
            } else if two == b"*/" {
                open -= 1;
                self.at += 2;
                if open == 0 {
                    break;
                }
            } else {
                self.at += 1;
            }
        }
        self.settle();
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, '_' | '$' | '\\')
        || (!character.is_ascii() && !character.is_whitespace())
}

pub(super) fn word_length(text: &str) -> usize {
    text.find(|character| !is_word(character)).unwrap_or(text.len())
}
