//! The bound at one point of a text in a language of braces: open brackets, and the chain of operators in the innermost.

/// The bound, fed with tokens.
#[derive(Debug, Default)]
pub(super) struct Bound {
    levels: Vec<Level>,
    /// How many of `levels` each closer could close.
    open: [usize; 4],
    /// Sum over `levels`, each counted with its chain.
    enclosing: usize,
    chain: Chain,
    before: Before,
    /// A `;` came: what follows is a new statement unless it is `else`.
    ended: bool,
    pub(super) rules: Rules,
}

/// Where two languages of braces differ in what ends a chain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    /// A comma between `<` and `>` may separate type arguments.
    pub(super) generics: bool,
    /// `|a, b|` are parameters, and the block after `=>` ends its arm.
    pub(super) closures: bool,
}

/// What opened a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opener {
    /// What may follow the closing parenthesis.
    Paren(Expect),
    Bracket,
    /// Whether `=>` stood before it.
    Brace(bool),
    /// `${` in a template.
    Substitution,
    /// `<name` of an element, up to its `>`.
    Tag,
    /// Between an element's tags.
    Children,
}

/// What closes a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closer {
    Paren,
    Bracket,
    Brace,
    /// The end of a tag or an element.
    Markup,
}

/// What may stand at this place: a value, so that `/` begins a regular expression, or an operator, so that it divides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Expect {
    #[default]
    Value,
    Operator,
    Either,
}

#[derive(Debug)]
struct Level {
    opener: Opener,
    chain: Chain,
}

/// The levels of one expression or statement.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    depth: usize,
    /// `<` without their `>`: a comma among type arguments ends nothing.
    angles: usize,
    /// Between the bars of a closure's parameters.
    parameters: bool,
}

/// The token before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    Operand,
    CloseParen(Expect),
    CloseBrace,
    Operator(u8),
    Arrow,
    /// A word that stands before a value or a statement.
    Prefix,
    Else,
    /// Words before a parenthesis that a statement follows.
    Head,
    Dot,
}

/// Words that a value, a type or a statement may follow, each a level deeper.
const PREFIXES: &[&str] = &[
    "abstract",
    "as",
    "asserts",
    "async",
    "await",
    "box",
    "break",
    "const",
    "default",
    "delete",
    "do",
    "dyn",
    "else",
    "extends",
    "for",
    "if",
    "impl",
    "in",
    "infer",
    "instanceof",
    "is",
    "keyof",
    "let",
    "match",
    "move",
    "mut",
    "new",
    "of",
    "raw",
    "readonly",
    "ref",
    "return",
    "satisfies",
    "static",
    "throw",
    "try",
    "typeof",
    "unique",
    "unsafe",
    "void",
    "while",
    "with",
    "yield",
];
/// Of those, words that are names elsewhere, so that an operator may follow.
const CONTEXTUAL: &[&str] = &[
    "abstract",
    "as",
    "asserts",
    "async",
    "await",
    "box",
    "dyn",
    "infer",
    "is",
    "keyof",
    "let",
    "match",
    "move",
    "of",
    "raw",
    "readonly",
    "satisfies",
    "static",
    "unique",
    "yield",
];
/// Words that continue what stands before them, on a new line too.
const CONTINUING: &[&str] =
    &["as", "catch", "else", "extends", "finally", "for", "in", "instanceof", "is", "of", "satisfies", "where"];

impl Bound {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    pub(super) fn depth(&self) -> usize {
        self.enclosing + self.chain.depth
    }

    /// The innermost level.
    pub(super) fn innermost(&self) -> Option<Opener> {
        self.levels.last().map(|level| level.opener)
    }

    pub(super) fn expect(&self) -> Expect {
        match self.before {
            Before::Nothing | Before::Arrow | Before::Else | Before::Head => Expect::Value,
            Before::Operand | Before::Dot => Expect::Operator,
            Before::CloseParen(expect) => expect,
            Before::CloseBrace | Before::Prefix => Expect::Either,
            // A type ends with `>`, and `++` stands on either side.
            Before::Operator(b'>' | b'+' | b'-') => Expect::Either,
            Before::Operator(_) => Expect::Value,
        }
    }

    /// An identifier, a keyword or a number.
    pub(super) fn word(&mut self, word: &str, first_of_line: bool) {
        if self.before == Before::Dot {
            self.before = Before::Operand;
            return;
        }
        let continues = CONTINUING.contains(&word);
        let follows = self.before == Before::CloseBrace || (first_of_line && self.is_operand());
        if (follows && !continues) || (self.ended && word != "else") || word == "case" {
            self.chain = Chain::default();
        }
        self.ended = false;
        if !PREFIXES.contains(&word) {
            self.before = Before::Operand;
            return;
        }
        // `else if` is one level, not two.
        self.chain.depth += usize::from(!(word == "if" && self.before == Before::Else));
        self.before = match word {
            "else" => Before::Else,
            "if" | "while" | "for" | "with" => Before::Head,
            _ if CONTEXTUAL.contains(&word) => Before::Prefix,
            _ => Before::Operator(0),
        };
    }

    /// A string, a character, a regular expression, an element.
    pub(super) fn literal(&mut self, first_of_line: bool) {
        self.end_statement();
        if self.before == Before::CloseBrace || (first_of_line && self.is_operand()) {
            self.chain = Chain::default();
        }
        self.before = Before::Operand;
    }

    /// A template: after an operand it is a call of it.
    pub(super) fn template(&mut self) {
        self.end_statement();
        self.chain.depth += 1;
        self.before = Before::Operand;
    }

    /// A lifetime or a label: it says nothing about what follows.
    pub(super) fn label(&mut self) {
        self.before = Before::Operator(0);
    }

    /// An operator of any length; `>` alone may close type arguments.
    pub(super) fn operator(&mut self, operator: &str, first_of_line: bool) {
        let byte = operator.as_bytes().first().copied().unwrap_or(0);
        match operator {
            ";" => {
                self.ended = true;
                self.before = Before::Nothing;
                return;
            }
            "," => return self.comma(),
            // An attribute or a decorator stands before something new.
            "#" | "@" if self.before == Before::CloseBrace || (first_of_line && self.is_operand()) => self.begin(),
            "<" if self.rules.generics => self.chain.angles += 1,
            ">" => self.chain.angles = self.chain.angles.saturating_sub(1),
            "|" if self.rules.closures => self.bar(),
            _ => {}
        }
        self.end_statement();
        self.chain.depth += 1;
        self.before = match operator {
            "." | "?." => Before::Dot,
            "=>" => {
                self.chain.parameters = false;
                Before::Arrow
            }
            // TypeScript's `x!` stays an operand; `!x` on a new line is a statement.
            "!" if !first_of_line && self.expect() == Expect::Operator => Before::Operand,
            "!" if self.expect() == Expect::Either => Before::Operator(b'>'),
            "++" | "--" => Before::Operator(byte),
            "+" | "-" => Before::Operator(0),
            _ => Before::Operator(byte),
        };
    }

    /// What follows is beside what came, not below it.
    pub(super) fn begin(&mut self) {
        self.chain = Chain::default();
    }

    /// What the closing parenthesis would be followed by, of one that opens here.
    pub(super) fn parenthesis(&self) -> Expect {
        match self.before {
            Before::Head => Expect::Value,
            // `for await (…)`, or `await (…)`.
            Before::Prefix => Expect::Either,
            Before::Nothing
            | Before::Operand
            | Before::CloseParen(_)
            | Before::CloseBrace
            | Before::Operator(_)
            | Before::Arrow
            | Before::Else
            | Before::Dot => Expect::Operator,
        }
    }

    pub(super) fn brace(&self) -> Opener {
        Opener::Brace(self.before == Before::Arrow)
    }

    pub(super) fn open(&mut self, opener: Opener) {
        self.end_statement();
        self.chain.depth += 1;
        self.enclosing += 1 + self.chain.depth;
        self.open[opener.closer() as usize] += 1;
        self.levels.push(Level { opener, chain: self.chain });
        self.chain = Chain::default();
        self.before = Before::Nothing;
    }

    /// Closes the innermost level of that kind with all inside it; says which it was.
    pub(super) fn close(&mut self, closer: Closer) -> Option<Opener> {
        self.ended = false;
        if self.open[closer as usize] == 0 {
            return None;
        }
        loop {
            let level = self.levels.pop()?;
            self.enclosing -= 1 + level.chain.depth;
            self.open[level.opener.closer() as usize] -= 1;
            if level.opener.closer() == closer {
                self.chain = level.chain;
                self.after(level.opener);
                return Some(level.opener);
            }
        }
    }

    fn after(&mut self, opener: Opener) {
        self.before = match opener {
            Opener::Paren(expect) => Before::CloseParen(expect),
            Opener::Brace(arm) => {
                if arm && self.rules.closures {
                    self.chain = Chain::default();
                }
                Before::CloseBrace
            }
            Opener::Bracket | Opener::Substitution | Opener::Tag | Opener::Children => Before::Operand,
        };
    }

    fn comma(&mut self) {
        if self.chain.angles == 0 && !self.chain.parameters {
            self.chain = Chain::default();
        }
        self.before = Before::Operator(b',');
    }

    /// The first bar where a value may stand opens parameters, the next closes them.
    fn bar(&mut self) {
        self.chain.parameters = !self.chain.parameters && self.expect() != Expect::Operator;
    }

    fn is_operand(&self) -> bool {
        matches!(self.before, Before::Operand | Before::CloseParen(Expect::Operator))
    }

    fn end_statement(&mut self) {
        if std::mem::take(&mut self.ended) {
            self.chain = Chain::default();
        }
    }
}

impl Opener {
    fn closer(self) -> Closer {
        match self {
            Self::Paren(_) => Closer::Paren,
            Self::Bracket => Closer::Bracket,
            Self::Brace(_) | Self::Substitution => Closer::Brace,
            Self::Tag | Self::Children => Closer::Markup,
        }
    }
}
