//! Where to mask, and what: as a person, a spec or a diagnostic names it.

use std::fmt;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A definition by its qualified name.
    Target(String),
    /// Lines from the first to the last, 1-based.
    Lines { first: u32, last: u32 },
    /// 1-based line and column; the column counts characters.
    At { line: u32, column: u32 },
    /// Every node of a kind, or those that begin on a line.
    Kind { kind: String, line: Option<u32> },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(name) => write!(f, "`{name}`"),
            Self::Lines { first, last } => write!(f, "lines {first}-{last}"),
            Self::At { line, column } => write!(f, "line {line}, column {column}"),
            Self::Kind { kind, line: None } => write!(f, "`{kind}`"),
            Self::Kind { kind, line: Some(line) } => write!(f, "`{kind}` on line {line}"),
        }
    }
}

/// What may be masked: what a person or a model calls a part of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A function, class or type as a whole.
    Definition,
    /// A definition up to its body.
    Signature,
    Body,
    Statement,
    /// Whole lines, whatever the tree says of them.
    Lines,
    Expression,
    Arguments,
    Type,
    Import,
    Docstring,
    Comment,
    /// The token between or before operands: `+`, `and`, `!`.
    Operator,
    /// An identifier, wherever it stands.
    Name,
    /// A number, a string on one line, a truth value.
    Literal,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 14] = [
        Self::Definition,
        Self::Signature,
        Self::Body,
        Self::Statement,
        Self::Lines,
        Self::Expression,
        Self::Arguments,
        Self::Type,
        Self::Import,
        Self::Docstring,
        Self::Comment,
        Self::Operator,
        Self::Name,
        Self::Literal,
    ];

    /// The word for it on every door.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Signature => "signature",
            Self::Body => "body",
            Self::Statement => "statement",
            Self::Lines => "lines",
            Self::Expression => "expression",
            Self::Arguments => "arguments",
            Self::Type => "type",
            Self::Import => "import",
            Self::Docstring => "docstring",
            Self::Comment => "comment",
            Self::Operator => "operator",
            Self::Name => "name",
            Self::Literal => "literal",
        }
    }

    /// The unit called `name`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// A part of the file that a request wants refilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoleRequest {
    pub place: Place,
    /// What to mask there; by default what the place says.
    pub unit: Option<Unit>,
}
