//! A bound on how deep a file's syntax tree can be, from its tokens alone.
//!
//! Strict parsers are recursive and so is the release of their trees: a file of 100 KB of `[` would end the process.
//! So the bound is taken before the parser runs. It counts every token that can open a level, forgets a level only
//! where the parser must have left it, and is exact enough that only generated or hostile files pass the limit.
//!
//! Languages without a linked strict parser need none: tree-sitter keeps its stacks on the heap, and
//! [`crate::strict::tree`] measures the tree itself.

mod bound;
mod markup;
mod python;
mod scan;

use reweave_core::Language;

use self::scan::{Answer, Lexis};
use crate::strict;

/// Whether a Python text may nest deeper than `limit`, or continue its lines more often.
pub(crate) fn python(text: &str, limit: usize) -> bool {
    python::beyond(text, limit)
}

/// Whether Python's `text` is surely no deeper than `limit`: all but the statements in `changed` is as it was in a text
/// without errors that is.
pub(crate) fn python_edited(text: &str, changed: &str, limit: usize) -> bool {
    python::lines_within(changed, limit) && !python::continues_beyond(text, limit)
}

/// Whether a Rust text may nest deeper than `limit`; macro bodies count as if they were code.
pub(crate) fn rust(text: &str, limit: usize) -> bool {
    scan::scan(text, limit, &Lexis::RUST) != Answer::Within
}

/// Whether a text of JavaScript or JSX may nest deeper than `limit`.
pub(crate) fn javascript(text: &str, limit: usize) -> bool {
    script(text, limit, &Lexis::JAVASCRIPT, Language::JavaScript)
}

/// Whether a text of TypeScript may nest deeper than `limit`.
pub(crate) fn typescript(text: &str, limit: usize) -> bool {
    script(text, limit, &Lexis::TYPESCRIPT, Language::TypeScript)
}

/// Whether a text of TSX may nest deeper than `limit`.
pub(crate) fn tsx(text: &str, limit: usize) -> bool {
    script(text, limit, &Lexis::TSX, Language::Tsx)
}

/// For languages whose tree is measured when it is there.
pub(crate) fn by_the_tree(_text: &str, _limit: usize) -> bool {
    false
}

/// Whether `/` begins a regular expression and `<` an element is the parser's knowledge. Where tokens do not tell,
/// tree-sitter, which does not recurse, must have read the whole text as sound and shallow.
fn script(text: &str, limit: usize, lexis: &Lexis, language: Language) -> bool {
    match scan::scan(text, limit, lexis) {
        Answer::Within => false,
        Answer::Beyond => true,
        Answer::Unsure => {
            let read = strict::tree::read(language, text);
            !read.is_ok_and(|reading| reading.errors.is_empty())
        }
    }
}
