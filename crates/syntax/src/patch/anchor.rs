//! Where edits belong in a text that has changed since they were made.
//!
//! An edit is looked for only inside the definition that held it, found again by its node path. There it has a place when
//! its lines stand unchanged, beside a neighbour that does, too, or when its old text occurs once before and once now.
//! Whatever is found must have the digest of the old text. Nothing is guessed: an edit without one place is lost.

use std::collections::BTreeMap;

use reweave_core::{Edit, Span};

use super::lines::{LineDiff, Run};
use crate::ParsedFile;
use crate::targets::{self, Target};

/// An edit and where it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) edit: Edit,
    pub(super) from_line: u32,
    pub(super) to_line: u32,
}

/// An edit that has no place any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// In the text the edit was made for, 1-based.
    pub(super) line: u32,
    /// In the present text, where something is to be seen there.
    pub(super) present_line: Option<u32>,
    pub(super) reason: Reason,
}

/// Why an edit has no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    #[error("there is no `{0}` any more")]
    DefinitionGone(String),
    #[error("`{0}` is now defined {1} times, none of them as it was")]
    DefinitionShared(String, usize),
    #[error("the text to be replaced in {0} was changed")]
    TextGone(String),
    #[error("the text to be replaced in {0} now stands there {1} times, and its lines were changed")]
    TextShared(String, usize),
    #[error("the lines around the insertion in {0} were changed")]
    PlaceGone(String),
}

/// Finds a place in `present` for each of `edits`, which are for `base`; or all those that have none.
pub(super) fn place(base: &ParsedFile, edits: &[Edit], present: &ParsedFile) -> Result<Vec<Placed>, Vec<Lost>> {
    if base.text() == present.text() {
        return Ok(edits.iter().map(|edit| unmoved(base, edit)).collect());
    }
    let mut scopes = Scopes::of(base, present);
    let (mut placed, mut lost) = (Vec::with_capacity(edits.len()), Vec::new());
    for edit in edits {
        match scopes.holding(edit.span).and_then(|scope| scope.find(edit.span)) {
            Ok((found, node_path)) => placed.push(Placed {
                from_line: base.line(edit.span.start),
                to_line: present.line(found.start),
                edit: Edit { span: found, node_path, ..edit.clone() },
            }),
            Err(Miss { reason, at }) => {
                lost.push(Lost {
                    line: base.line(edit.span.start),
                    present_line: at.map(|at| present.line(at)),
                    reason,
                });
            }
        }
    }
    if lost.is_empty() { Ok(placed) } else { Err(lost) }
}

fn unmoved(base: &ParsedFile, edit: &Edit) -> Placed {
    let line = base.line(edit.span.start);
    Placed { edit: edit.clone(), from_line: line, to_line: line }
}

/// Why there is no place, and a byte of the present text where that is seen.
#[derive(Clone, Debug)]
struct Miss {
    reason: Reason,
    at: Option<usize>,
}

impl Miss {
    fn new(reason: Reason, at: Option<usize>) -> Self {
        Self { reason, at }
    }
}

/// The definitions of both texts, compared one by one as they are asked for.
struct Scopes<'a> {
    base: &'a ParsedFile,
    present: &'a ParsedFile,
    base_definitions: Vec<Target>,
    present_definitions: Vec<Target>,
    /// By the span of the definition in the base.
    compared: BTreeMap<Span, Result<Scope<'a>, Miss>>,
}

impl<'a> Scopes<'a> {
    fn of(base: &'a ParsedFile, present: &'a ParsedFile) -> Self {
        let (base_definitions, present_definitions) = (targets::definitions(base), targets::definitions(present));
        Self { base, present, base_definitions, present_definitions, compared: BTreeMap::new() }
    }

    /// The innermost definition that holds `span` of the base, beside its like in the present text.
    fn holding(&mut self, span: Span) -> Result<&Scope<'a>, Miss> {
        let around = self.base_definitions.iter().filter(|definition| holds(definition, span));
        let innermost = around.min_by_key(|definition| definition.span.len());
        let whole = innermost.map_or(Span::new(0, self.base.text().len()), |definition| definition.span);
        if !self.compared.contains_key(&whole) {
            let scope = match innermost {
                None => Ok(Scope::new(self.base, whole, self.present, Span::new(0, self.present.text().len()), "")),
                Some(definition) => self
                    .again(definition)
                    .map(|now| Scope::new(self.base, definition.span, self.present, now, &definition.path)),
            };
            self.compared.insert(whole, scope);
        }
        self.compared[&whole].as_ref().map_err(Clone::clone)
    }

    /// Where `definition` of the base stands in the present text.
    fn again(&self, definition: &Target) -> Result<Span, Miss> {
        let named: Vec<Span> = self
            .present_definitions
            .iter()
            .filter(|present| present.path == definition.path && present.kind == definition.kind)
            .map(|present| present.span)
            .collect();
        let old = self.base.slice(definition.span);
        match named.as_slice() {
            [] => Err(Miss::new(Reason::DefinitionGone(definition.path.clone()), None)),
            [only] if self.is_alone(definition) => Ok(*only),
            several => {
                // Overloads and redefinitions are told apart by their text alone.
                let mut same = several.iter().filter(|span| self.present.slice(**span) == old);
                match (same.next(), same.next()) {
                    (Some(span), None) => Ok(*span),
                    _ => {
                        let reason = Reason::DefinitionShared(definition.path.clone(), several.len());
                        Err(Miss::new(reason, several.first().map(|span| span.start)))
                    }
                }
            }
        }
    }

    fn is_alone(&self, definition: &Target) -> bool {
        self.base_definitions.iter().filter(|other| other.path == definition.path).count() == 1
    }
}

/// Whether `definition` holds `span`; an insertion right before or behind it is outside.
fn holds(definition: &Target, span: Span) -> bool {
    let whole = definition.span;
    whole.contains(span) && !(span.is_empty() && (span.start == whole.start || span.start == whole.end))
}

/// A part of the base and its like in the present text.
struct Scope<'a> {
    old: &'a str,
    new: &'a str,
    /// Where either begins in its file.
    old_start: usize,
    new_start: usize,
    /// Where each line begins, relative to the part; one more than there are lines.
    old_lines: Vec<usize>,
    new_lines: Vec<usize>,
    runs: Vec<Run>,
    node_path: String,
}

impl<'a> Scope<'a> {
    fn new(base: &'a ParsedFile, was: Span, present: &'a ParsedFile, is: Span, node_path: &str) -> Self {
        let (old, new) = (base.slice(was), present.slice(is));
        Self {
            old,
            new,
            old_start: was.start,
            new_start: is.start,
            old_lines: line_starts(old),
            new_lines: line_starts(new),
            runs: LineDiff::of(old, new).runs(),
            node_path: node_path.to_owned(),
        }
    }

    /// Where the text of `span`, a span of the base, stands in the present file.
    fn find(&self, span: Span) -> Result<(Span, String), Miss> {
        let inside = Span::new(span.start - self.old_start, span.end - self.old_start);
        let start = match self.by_lines(inside) {
            Some(start) => start,
            None => self.by_text(inside)?,
        };
        let start = self.new_start + start;
        Ok((Span::new(start, start + span.len()), self.node_path.clone()))
    }

    /// By the lines that hold it, where they stand unchanged and are not mistaken for others.
    fn by_lines(&self, span: Span) -> Option<usize> {
        let (first, last) = self.touched(span);
        let at = self.runs.partition_point(|run| run.before <= first);
        let run = self.runs[..at].last().filter(|run| last < run.before + run.count)?;
        let has_neighbour = run.count > last + 1 - first;
        let text = &self.old[self.old_lines[first]..self.old_lines[last + 1]];
        if !has_neighbour && (occurrences(self.old, text) != 1 || occurrences(self.new, text) != 1) {
            return None;
        }
        let line = first - run.before + run.after;
        Some(self.new_lines[line] + (span.start - self.old_lines[first]))
    }

    /// First and last line that `span` depends on: those it lies in, and for an insertion between two lines both.
    fn touched(&self, span: Span) -> (usize, usize) {
        let line = |at: usize| (self.old_lines.partition_point(|start| *start <= at) - 1).min(self.count() - 1);
        if !span.is_empty() {
            return (line(span.start), line(span.end - 1));
        }
        let at = line(span.start);
        let between = self.old_lines.contains(&span.start);
        match (between, span.start) {
            (true, at_byte) if at_byte > 0 && at_byte < self.old.len() => (at - 1, at),
            _ => (at, at),
        }
    }

    fn count(&self) -> usize {
        (self.old_lines.len() - 1).max(1)
    }

    /// By its text, where that occurs once before and once now.
    fn by_text(&self, span: Span) -> Result<usize, Miss> {
        let scope = if self.node_path.is_empty() { "the file".into() } else { format!("`{}`", self.node_path) };
        let text = &self.old[span.start..span.end];
        if text.is_empty() {
            return Err(Miss::new(Reason::PlaceGone(scope), Some(self.new_start)));
        }
        let first = self.new.find(text).map(|at| self.new_start + at);
        match (occurrences(self.old, text), occurrences(self.new, text)) {
            (_, 0) => Err(Miss::new(Reason::TextGone(scope), Some(self.new_start))),
            (1, 1) => Ok(self.new.find(text).expect("it occurs once")),
            (_, now) => Err(Miss::new(Reason::TextShared(scope, now), first)),
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let ends = text.split_inclusive('\n').scan(0, |end, line| {
        *end += line.len();
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// How often `text`, which is not empty, occurs; occurrences that overlap are counted, too, up to [`COUNTED_MAX`].
fn occurrences(whole: &str, text: &str) -> usize {
    let (mut count, mut from) = (0, 0);
    while let Some(at) = whole[from..].find(text).filter(|_| count < COUNTED_MAX) {
        count += 1;
        from += at + whole[from + at..].chars().next().map_or(1, char::len_utf8);
    }
    count
}

/// More occurrences than this are not told apart.
const COUNTED_MAX: usize = 99;

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use reweave_core::{FileText, Language};

    use super::*;

    fn parse(text: &str) -> ParsedFile {
        ParsedFile::parse(Language::Python, FileText { path: "a.py".parse().unwrap(), text: text.to_owned() }).unwrap()
    }

    /// Replaces `old`, which begins at the `nth` place it stands at in `base`, in `present`.
    fn check(base: &str, (old, nth): (&str, usize), present: &str, expected: Expect) {
        let (at, _) = base.match_indices(old).nth(nth).unwrap();
        let edit = Edit::of(base, Span::new(at, at + old.len()), "NEW", "lines", "");
        let (base, present) = (parse(base), parse(present));
        let shown = match place(&base, &[edit], &present) {
            Ok(placed) => {
                let Placed { edit, from_line, to_line } = &placed[0];
                assert_eq!(present.slice(edit.span), old);
                let mut text = present.text().to_owned();
                text.replace_range(edit.span.start..edit.span.end, "NEW");
                format!("line {from_line} is now {to_line}\n{text}")
            }
            Err(lost) => format!("line {} (now {:?}): {}\n", lost[0].line, lost[0].present_line, lost[0].reason),
        };
        expected.assert_eq(&shown);
    }

    const BASE: &str = "def f(x):\n    y = x\n    return x\n\n\ndef g(x):\n    y = x\n    return x\n";

    #[test]
    fn a_definition_that_moved_is_found_by_its_path() {
        check(
            BASE,
            ("return x", 1),
            "def g(x):\n    y = x\n    return x\n\n\ndef f(x):\n    y = x\n    return x\n",
            expect![[r#"
                line 8 is now 3
                def g(x):
                    y = x
                    NEW


                def f(x):
                    y = x
                    return x
            "#]],
        );
    }

    #[test]
    fn a_text_that_stands_twice_is_found_by_its_unchanged_lines() {
        check(
            "def f(x):\n    y = x\n    x = x\n    return x\n",
            ("x", 3),
            "def f(x):\n    log(x)\n    y = x\n    x = x\n    return x\n",
            expect![[r#"
                line 3 is now 4
                def f(x):
                    log(x)
                    y = x
                    x = NEW
                    return x
            "#]],
        );
    }

    #[test]
    fn a_line_that_changed_is_entered_only_where_the_text_is_unmistakable() {
        check(
            "def f(x):\n    return old(x)\n",
            ("old", 0),
            "def f(x, y):\n    return old(x, y)\n",
            expect![[r#"
                line 2 is now 2
                def f(x, y):
                    return NEW(x, y)
            "#]],
        );
        check(
            "def f(x):\n    return old(x)\n",
            ("old", 0),
            "def f(x, y):\n    return old(x, old(y))\n",
            expect![[r#"
                line 2 (now Some(2)): the text to be replaced in `f` now stands there 2 times, and its lines were changed
            "#]],
        );
    }

    #[test]
    fn what_is_gone_is_lost() {
        check(
            BASE,
            ("return x", 0),
            "def g(x):\n    return x\n",
            expect![[r#"
            line 3 (now None): there is no `f` any more
        "#]],
        );
        check(
            BASE,
            ("return x", 0),
            "def f(x):\n    return 1\n\n\ndef g(x):\n    return x\n",
            expect![[r#"
            line 3 (now Some(1)): the text to be replaced in `f` was changed
        "#]],
        );
        check(
            BASE,
            ("return x", 0),
            "def f(x):\n    return x\n\n\ndef f(y):\n    return y\n",
            expect![[r#"
            line 3 (now Some(1)): `f` is now defined 2 times, none of them as it was
        "#]],
        );
    }

    #[test]
    fn redefinitions_are_told_apart_by_their_text() {
        check(
            "def f(x):\n    return x\n\n\ndef f(y):\n    return 1\n",
            ("return", 1),
            "import a\n\n\ndef f(y):\n    return 1\n\n\ndef f(x):\n    return x\n",
            expect![[r#"
                line 6 is now 5
                import a


                def f(y):
                    NEW 1


                def f(x):
                    return x
            "#]],
        );
    }

    #[test]
    fn an_insertion_needs_both_its_neighbours() {
        let base = "import a\nimport b\nx = 1\n";
        let edit = |base: &str| Edit::of(base, Span::new(9, 9), "import c\n", "insertion", "");
        let place = |present: &str| place(&parse(base), &[edit(base)], &parse(present));
        assert_eq!(place("import z\nimport a\nimport b\nx = 1\n").unwrap()[0].edit.span, Span::new(18, 18));
        let reason = Reason::PlaceGone("the file".into());
        assert_eq!(place("import a\nimport z\nimport b\nx = 1\n").unwrap_err()[0].reason, reason);
        assert_eq!(place("").unwrap_err()[0].reason, reason);
    }
}
