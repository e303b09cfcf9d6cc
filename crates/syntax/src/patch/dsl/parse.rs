//! From a document to its blocks: what can be said without the base.

use super::{ADDED, BLOCK, Block, Error, FILE, FilePatch, NO_NEWLINE, Problem, REMOVED};

/// Reads a document. Anything that [`super`] does not describe is an error on its line.
pub fn parse(document: &str) -> Result<Vec<FilePatch>, Error> {
    let mut reader = Reader::default();
    for (at, line) in document.split_inclusive('\n').enumerate() {
        reader.line = at + 1;
        let text = line.strip_suffix('\n').ok_or_else(|| reader.error(Problem::CutShort))?;
        reader.read(text)?;
    }
    reader.end()
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    /// Of the line under the eye, 1-based.
    line: usize,
    files: Vec<FilePatch>,
    open: Option<Open>,
}

/// A block whose lines are still being read.
struct Open {
    block: Block,
    named: usize,
}

impl Reader {
    fn read(&mut self, text: &str) -> Result<(), Error> {
        if let Some(path) = text.strip_prefix(FILE) {
            return self.begin_file(path);
        }
        if let Some(range) = text.strip_prefix(BLOCK) {
            return self.begin_block(range);
        }
        let line = self.line;
        let Some(Open { block, .. }) = &mut self.open else { return Err(self.error(Problem::Unknown)) };
        if let Some(old) = text.strip_prefix(REMOVED) {
            if !block.added.is_empty() {
                return Err(Error { line, problem: Problem::OldAfterNew });
            }
            block.removed.push(format!("{old}\n"));
        } else if let Some(new) = text.strip_prefix(ADDED) {
            block.added.push(format!("{new}\n"));
        } else if text == NO_NEWLINE {
            end_without_newline(block).map_err(|problem| Error { line, problem })?;
        } else {
            return Err(Error { line, problem: Problem::Unknown });
        }
        Ok(())
    }

    fn begin_file(&mut self, path: &str) -> Result<(), Error> {
        self.close_block()?;
        if self.files.iter().any(|file| file.path.is_none()) {
            return Err(self.error(Problem::Nameless));
        }
        if self.files.last().is_some_and(|file| file.blocks.is_empty()) {
            return Err(self.error(Problem::NoBlock));
        }
        let path = path.parse().map_err(|error| self.error(Problem::BadPath(error)))?;
        if self.files.iter().any(|file| file.path.as_ref() == Some(&path)) {
            return Err(self.error(Problem::NamedBefore(path)));
        }
        self.files.push(FilePatch { path: Some(path), blocks: Vec::new() });
        Ok(())
    }

    fn begin_block(&mut self, range: &str) -> Result<(), Error> {
        self.close_block()?;
        let (first, last) = read_range(range).ok_or_else(|| self.error(Problem::BadRange))?;
        if self.files.is_empty() {
            self.files.push(FilePatch { path: None, blocks: Vec::new() });
        }
        let above = self.files.last().and_then(|file| file.blocks.last());
        if let Some(above) = above {
            let end = above.first + above.removed.len();
            // Two insertions at one place would leave their order to the reader.
            if first < end || (first == end && last < first && above.removed.is_empty()) {
                return Err(self.error(Problem::OutOfOrder { last: end - 1 }));
            }
        }
        let block = Block { line: self.line, first, removed: Vec::new(), added: Vec::new() };
        self.open = Some(Open { block, named: last + 1 - first });
        Ok(())
    }

    fn close_block(&mut self) -> Result<(), Error> {
        let Some(Open { block, named }) = self.open.take() else { return Ok(()) };
        let at_header = |problem| Error { line: block.line, problem };
        if block.removed.len() != named {
            return Err(at_header(Problem::WrongCount { named, shown: block.removed.len() }));
        }
        if block.removed == block.added {
            return Err(at_header(Problem::ChangesNothing));
        }
        let unended = |lines: &[String]| lines.iter().rev().skip(1).any(|line| !line.ends_with('\n'));
        if unended(&block.removed) || unended(&block.added) {
            return Err(at_header(Problem::NotLast));
        }
        self.files.last_mut().expect("a block is opened in a file").blocks.push(block);
        Ok(())
    }

    fn end(mut self) -> Result<Vec<FilePatch>, Error> {
        self.close_block()?;
        match self.files.last() {
            None => Err(Error { line: 1, problem: Problem::Empty }),
            Some(file) if file.blocks.is_empty() => Err(self.error(Problem::NoBlock)),
            Some(_) => Ok(self.files),
        }
    }

    fn error(&self, problem: Problem) -> Error {
        Error { line: self.line, problem }
    }
}

/// Takes the line end from the line read last.
fn end_without_newline(block: &mut Block) -> Result<(), Problem> {
    let lines = if block.added.is_empty() { &mut block.removed } else { &mut block.added };
    let last = lines.last_mut().ok_or(Problem::NothingAbove)?;
    if last.pop().is_none_or(|end| end != '\n') {
        return Err(Problem::NothingAbove);
    }
    Ok(())
}

/// `FIRST-LAST`, where `LAST` may be one less than `FIRST`, and `FIRST` is at least 1.
fn read_range(text: &str) -> Option<(usize, usize)> {
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (text == "0" || !text.starts_with('0'));
        // Lines are counted in 32 bits everywhere else.
        plain.then(|| text.parse::<u32>().ok()).flatten().map(|number| number as usize)
    };
    let (first, last) = (number(first)?, number(last)?);
    (first >= 1 && last + 1 >= first).then_some((first, last))
}
