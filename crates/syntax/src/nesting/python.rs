//! The bound for Python, exact enough from ruff's own tokens.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Whether a Python text may nest deeper than `limit`, or continue its lines more often.
pub(super) fn beyond(text: &str, limit: usize) -> bool {
    exceeds(text, limit) || continues_beyond(text, limit)
}

/// Whether more than `limit` line continuations follow each other: tree-sitter scans all that follow from each of them.
pub(super) fn continues_beyond(text: &str, limit: usize) -> bool {
    let mut run = 0;
    for line in text.split('\n') {
        run = if line.trim_ascii() == "\\" { run + 1 } else { 0 };
        if run > limit {
            return true;
        }
    }
    false
}

/// Whether the tree of `text` may be deeper than `limit`. One pass over the tokens, no recursion.
fn exceeds(text: &str, limit: usize) -> bool {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut bound = Bound::default();
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            token => bound.feed(token),
        }
        if bound.depth() > limit {
            return true;
        }
    }
}

/// Whether whole statements at the left margin stay within `limit` and leave nothing open for what follows them.
pub(super) fn lines_within(lines: &str, limit: usize) -> bool {
    let mut lexer = lexer::lex(lines, Mode::Module);
    let mut bound = Bound::default();
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return bound.leaked == 0 && bound.brackets.is_empty(),
            TokenKind::Unknown => return false,
            token => bound.feed(token),
        }
        if bound.depth() > limit {
            return false;
        }
    }
}

/// The bound at one point of the file.
#[derive(Default)]
struct Bound {
    /// Open blocks.
    blocks: usize,
    /// Levels that a parser recovering from an error might still be in; never forgotten.
    leaked: usize,
    /// Open brackets, each with the levels of its expression so far.
    brackets: Vec<(TokenKind, Chain)>,
    /// Sum over `brackets`, each counted with its chain.
    enclosing: usize,
    /// Levels of the innermost expression.
    chain: Chain,
}

/// Tokens of one expression that may each nest one level deeper.
#[derive(Clone, Copy, Default)]
struct Chain {
    /// Forgotten at a comma: `-a, -b` are side by side.
    until_comma: usize,
    /// Kept over commas: a body on its own line, `yield a, b`.
    until_line: usize,
    /// Lambdas whose colon has not come: a comma among their parameters ends nothing.
    parameters: usize,
}

impl Bound {
    fn depth(&self) -> usize {
        self.blocks + self.leaked + self.enclosing + self.chain.depth()
    }

    fn feed(&mut self, token: TokenKind) {
        match token {
            TokenKind::Indent => self.blocks += 1,
            TokenKind::Dedent => self.blocks = self.blocks.saturating_sub(1),
            TokenKind::Newline | TokenKind::Semi => self.leave_line(),
            TokenKind::Comma if self.chain.parameters == 0 => self.chain.until_comma = 0,
            TokenKind::Comma => {}
            TokenKind::Lambda => {
                self.chain.parameters += 1;
                self.chain.until_comma += 1;
            }
            TokenKind::Colon if self.chain.parameters > 0 => {
                self.chain.parameters -= 1;
                self.chain.until_comma += 1;
            }
            TokenKind::FStringStart | TokenKind::TStringStart => self.open(token),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                self.chain.until_comma += 1;
                self.open(token);
            }
            TokenKind::Rpar => self.close(TokenKind::Lpar),
            TokenKind::Rsqb => self.close(TokenKind::Lsqb),
            TokenKind::Rbrace => self.close(TokenKind::Lbrace),
            TokenKind::FStringEnd => self.close(TokenKind::FStringStart),
            TokenKind::TStringEnd => self.close(TokenKind::TStringStart),
            TokenKind::Yield => self.chain.until_line += 1,
            // A colon outside brackets may begin a body on its own line.
            TokenKind::Colon if self.brackets.is_empty() => self.chain.until_line += 1,
            // No expression holds these: whoever still is inside brackets is recovering from an error.
            TokenKind::Def | TokenKind::Class | TokenKind::While | TokenKind::With | TokenKind::Try => {
                self.leak();
                self.chain.until_line += 1;
            }
            TokenKind::Return | TokenKind::Import | TokenKind::Raise | TokenKind::Assert | TokenKind::Pass => {
                self.leak();
            }
            token if is_flat(token) => {}
            _ => self.chain.until_comma += 1,
        }
    }

    fn open(&mut self, bracket: TokenKind) {
        self.enclosing += 1 + self.chain.depth();
        self.brackets.push((bracket, self.chain));
        self.chain = Chain::default();
    }

    /// A closer of the wrong kind closes nothing: the parser may skip it and stay where it was.
    fn close(&mut self, bracket: TokenKind) {
        if self.brackets.last().is_some_and(|(open, _)| *open == bracket)
            && let Some((_, chain)) = self.brackets.pop()
        {
            self.enclosing -= 1 + chain.depth();
            self.chain = chain;
        }
    }

    fn leave_line(&mut self) {
        self.leak();
        self.chain.until_line = 0;
    }

    fn leak(&mut self) {
        self.leaked += self.enclosing;
        self.enclosing = 0;
        self.brackets.clear();
        self.chain.until_comma = 0;
        self.chain.parameters = 0;
    }
}

impl Chain {
    fn depth(self) -> usize {
        self.until_comma + self.until_line
    }
}

/// Tokens that never nest: leaves, and operators whose operands the parser keeps in one flat list.
fn is_flat(token: TokenKind) -> bool {
    matches!(
        token,
        TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None
            | TokenKind::Ellipsis
            | TokenKind::And
            | TokenKind::Or
            | TokenKind::In
            | TokenKind::Is
            | TokenKind::Equal
            | TokenKind::EqEqual
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessEqual
            | TokenKind::Greater
            | TokenKind::GreaterEqual
    )
}
