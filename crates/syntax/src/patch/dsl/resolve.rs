//! From blocks to edits: what the base has to say to them.

use reweave_core::{Edit, Edits, Span};

use super::{Block, Error, FilePatch, Problem};

/// Longest text of a base line that is quoted in an error, in characters.
const QUOTED_CHARS: usize = 80;

impl FilePatch {
    /// The edits of `base` that the blocks mean. An error points at the line of the document that `base` contradicts.
    pub fn edits(&self, base: &str) -> Result<Edits, Error> {
        let lines = Lines::of(base);
        let edits = self.blocks.iter().map(|block| edit(block, base, &lines)).collect::<Result<Vec<_>, _>>()?;
        Ok(Edits::new(base, edits).expect("blocks are in order, apart, and hold the lines of the base"))
    }
}

/// Where each line of the base begins, and where the last one ends.
struct Lines(Vec<usize>);

impl Lines {
    fn of(base: &str) -> Self {
        let mut starts = vec![0];
        for line in base.split_inclusive('\n') {
            starts.push(starts[starts.len() - 1] + line.len());
        }
        Self(starts)
    }

    fn count(&self) -> usize {
        self.0.len() - 1
    }

    /// A line by its 1-based number.
    fn get<'a>(&self, base: &'a str, number: usize) -> &'a str {
        &base[self.0[number - 1]..self.0[number]]
    }
}

fn edit(block: &Block, base: &str, lines: &Lines) -> Result<Edit, Error> {
    let last = block.first + block.removed.len() - 1;
    if last > lines.count() {
        return Err(Error { line: block.line, problem: Problem::BeyondBase(lines.count()) });
    }
    let mut line = block.line;
    for (number, old) in (block.first..).zip(&block.removed) {
        line += 1;
        compare(number, old, lines.get(base, number)).map_err(|problem| Error { line, problem })?;
        // A line without its line end is followed by the mark that says so.
        line += usize::from(!old.ends_with('\n'));
    }
    check_ends(block, last, base, lines)?;
    let span = Span::new(lines.0[block.first - 1], lines.0[last]);
    Ok(Edit::of(base, span, block.added.concat(), "lines", ""))
}

fn compare(number: usize, written: &str, found: &str) -> Result<(), Problem> {
    let text = |line: &str| line.trim_end_matches('\n').trim_end_matches('\r').to_owned();
    if written == found {
        Ok(())
    } else if text(written) == text(found) {
        Err(Problem::OtherLineEnd(number))
    } else {
        Err(Problem::OtherLine { line: number, found: text(found).chars().take(QUOTED_CHARS).collect() })
    }
}

/// New lines must not run into what stands around them.
fn check_ends(block: &Block, last: usize, base: &str, lines: &Lines) -> Result<(), Error> {
    let wrong = |problem| Err(Error { line: block.line, problem });
    let unended = block.added.last().is_some_and(|line| !line.ends_with('\n'));
    if unended && last < lines.count() {
        return wrong(Problem::NotLast);
    }
    let above = block.first - 1;
    if !block.added.is_empty() && above > 0 && !lines.get(base, above).ends_with('\n') {
        return wrong(Problem::AfterUnended(above));
    }
    Ok(())
}
