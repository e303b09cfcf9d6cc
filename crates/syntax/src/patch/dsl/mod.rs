//! The line DSL: a patch as a person, or a model, can write it, and as strictly read as it is written.
//!
//! ```text
//! *** pkg/server.py
//! @@ 41-43
//! - old line 41
//! - old line 42
//! - old line 43
//! + what stands there instead
//! @@ 50-49
//! + put in before line 50
//! @@ 60-60
//! - taken out
//! ```
//!
//! - `*** PATH` begins a file; the path is all that follows the blank. A document over one file may leave it out.
//! - `@@ FIRST-LAST` names lines of the base, 1-based, both included. An insertion names the empty range before a line,
//!   `50-49`; at the end of a file of 60 lines it is `61-60`, in an empty file `1-0`.
//! - `- ` and the text of a line, once for each line named; then `+ ` and the text of each new line, none for a deletion.
//!   The old lines must be those of the base.
//! - Lines end at `\n`, in the document as in the base; a `\r` before it is part of the text, so that CRLF survives.
//! - Below a line that is the last of its file and has no line end stands `\ No newline at end of file`, as in git's diffs.
//! - Blocks stand in the order of the base and do not overlap. The document ends with a line end.

mod parse;
mod resolve;
#[cfg(test)]
mod tests;

use reweave_core::{RelativePath, RelativePathError};

use super::Change;
use super::lines::LineDiff;

pub use parse::parse;

/// Stands before the path of a file.
const FILE: &str = "*** ";
/// Stands before the lines of a block.
const BLOCK: &str = "@@ ";
const REMOVED: &str = "- ";
const ADDED: &str = "+ ";
/// Stands below a line that ends with its file.
const NO_NEWLINE: &str = "\\ No newline at end of file";

/// What a document says about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch {
    /// Absent where the document names no file.
    pub path: Option<RelativePath>,
    blocks: Vec<Block>,
}

/// Lines of the base and what replaces them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    /// Of its header in the document.
    line: usize,
    /// First line of the base, 1-based.
    first: usize,
    /// Each with its line end, where it has one.
    removed: Vec<String>,
    added: Vec<String>,
}

/// What is wrong with a document, and on which of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the patch: {problem}")]
pub struct Error {
    /// 1-based.
    pub line: usize,
    pub problem: Problem,
}

/// What can be wrong with a line of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the document is empty")]
    Empty,
    #[error("the last line has no line end: the document may have been cut short")]
    CutShort,
    #[error("a line begins with `*** `, `@@ `, `- ` or `+ `, the last two inside a block")]
    Unknown,
    #[error("the lines of a block are written `@@ FIRST-LAST`, such as `@@ 41-43`, or `@@ 41-40` for an insertion")]
    BadRange,
    #[error("blocks stand in the order of the base and do not overlap; the one above ends with line {last}")]
    OutOfOrder { last: usize },
    #[error(transparent)]
    BadPath(#[from] RelativePathError),
    #[error("`{0}` was named before; all blocks of a file stand together")]
    NamedBefore(RelativePath),
    #[error("the first file has no `*** PATH`, which a document over several files needs")]
    Nameless,
    #[error("the file above has no block")]
    NoBlock,
    #[error("the block names {named} lines of the base and shows {shown}")]
    WrongCount { named: usize, shown: usize },
    #[error("the block changes nothing")]
    ChangesNothing,
    #[error("old lines stand before new ones")]
    OldAfterNew,
    #[error("only the last line of a file can be without a line end")]
    NotLast,
    #[error("there is no line above that could be without a line end")]
    NothingAbove,
    #[error("the base has {0} lines")]
    BeyondBase(usize),
    #[error("line {line} of the base is `{found}`")]
    OtherLine { line: usize, found: String },
    #[error("line {0} of the base has the same text but another line end")]
    OtherLineEnd(usize),
    #[error("line {0} of the base has no line end; replace it to put something after it")]
    AfterUnended(usize),
}

/// The document of `changes`, each file with its path. It speaks of lines, so that a file must be there before and after.
pub fn render(changes: &[Change<'_>]) -> Result<String, super::Error> {
    let mut text = String::new();
    for change in changes {
        change.said_by_text_alone("the line DSL")?;
        let blocks = blocks(change.before, &change.after());
        if !blocks.is_empty() {
            text.push_str(&format!("{FILE}{}\n{blocks}", change.path));
        }
    }
    Ok(text)
}

/// The blocks that turn `before` into `after`: a document over one file that is known.
#[must_use]
pub fn blocks(before: &str, after: &str) -> String {
    let diff = LineDiff::of(before, after);
    let mut text = String::new();
    for hunk in diff.hunks() {
        text.push_str(&format!("{BLOCK}{}-{}\n", hunk.before.start + 1, hunk.before.end));
        diff.before(hunk.before).for_each(|line| write_line(&mut text, REMOVED, line));
        diff.after(hunk.after).for_each(|line| write_line(&mut text, ADDED, line));
    }
    text
}

fn write_line(text: &mut String, sign: &str, line: &str) {
    text.push_str(sign);
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push_str(&format!("\n{NO_NEWLINE}\n"));
    }
}
