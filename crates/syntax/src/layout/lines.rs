//! Lines: how they end, and which of them are the inside of a string.

use reweave_core::Language;

use crate::{language, parsed};

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Lf,
    Crlf,
    /// Both; more of them are CRLF, or not.
    Mixed {
        mostly_crlf: bool,
    },
}

impl Ends {
    /// How the lines of `text` end; nothing where it is one line.
    pub(super) fn of(text: &str) -> Option<Self> {
        let all = text.matches('\n').count();
        let crlf = text.matches("\r\n").count();
        match (all, crlf) {
            (0, _) => None,
            (_, 0) => Some(Self::Lf),
            (all, crlf) if all == crlf => Some(Self::Crlf),
            (all, crlf) => Some(Self::Mixed { mostly_crlf: crlf * 2 > all }),
        }
    }

    /// The one kind that most lines have.
    pub(super) fn prevailing(self) -> Self {
        match self {
            Self::Lf | Self::Mixed { mostly_crlf: false } => Self::Lf,
            Self::Crlf | Self::Mixed { mostly_crlf: true } => Self::Crlf,
        }
    }

    /// `text` with these line ends; where they are mixed, with those it has.
    pub(super) fn put_on(self, text: &str) -> String {
        match self {
            Self::Lf => text.replace("\r\n", "\n"),
            Self::Crlf => text.replace("\r\n", "\n").replace('\n', "\r\n"),
            Self::Mixed { .. } => text.to_owned(),
        }
    }
}

/// `fill` with the line ends before its first and after its last line that `old` had there.
pub(super) fn with_edges_of(old: &str, fill: &str) -> String {
    let ends = ['\r', '\n'];
    let core = fill.trim_end_matches(ends);
    let tail = &old[old.trim_end_matches(ends).len()..];
    let head = &old[..old.len() - old.trim_start_matches(ends).len()];
    if head.len() == old.len() {
        return format!("{}{tail}", core.trim_start_matches(ends));
    }
    format!("{head}{}{tail}", core.trim_start_matches(ends))
}

/// The lines of `text`, from 0, that begin inside a node whose white space means something.
pub(super) fn verbatim(language: Language, text: &str) -> Vec<usize> {
    let kinds = language::entry(language).units.verbatim;
    let tree = parsed::parse_tree(language, text);
    let mut lines = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let (first, last) = (node.start_position().row, node.end_position().row);
        let whole = first == last || kinds.contains(&node.kind());
        if whole && first < last {
            lines.extend(first + 1..=last);
        }
        if (whole || !cursor.goto_first_child()) && !crate::targets::skip(&mut cursor) {
            return lines;
        }
    }
}
