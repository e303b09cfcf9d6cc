//! A fill in the layout of its hole: the indentation the file has, its line ends, no more or fewer at its edges.
//!
//! Everything is measured on the text the hole held: a fill laid out as that text was is left alone, so that putting
//! the old text back changes nothing.

use reweave_core::Span;

use crate::ParsedFile;
use crate::language::Layout;

mod indent;
mod lines;

use indent::Step;
use lines::Ends;

/// `fill` as it stands in the hole at `span`. A fill may come with the indentation of its place or with none.
#[must_use]
pub fn fit(parsed: &ParsedFile, span: Span, fill: &str) -> String {
    // Where tabs and blanks are mixed, no rule tells which of them a line had.
    if fill == parsed.slice(span) { fill.to_owned() } else { laid_out(parsed, span, fill) }
}

/// What ends a line of `text`, or most of them, so that what is put in between ends in the same way.
#[must_use]
pub fn line_end(text: &str) -> &'static str {
    match Ends::of(text).map(Ends::prevailing) {
        Some(Ends::Crlf) => "\r\n",
        Some(Ends::Lf | Ends::Mixed { .. }) | None => "\n",
    }
}

fn laid_out(parsed: &ParsedFile, span: Span, fill: &str) -> String {
    let old = parsed.slice(span);
    let ends = Ends::of(old).or_else(|| Ends::of(parsed.text()).map(Ends::prevailing));
    let fill =
        lines::with_edges_of(old, if old.starts_with('\u{feff}') { fill } else { fill.trim_start_matches('\u{feff}') });
    let place = Place::of(parsed, span);
    let laid = place.indented(parsed, &fill);
    ends.map_or_else(|| laid.clone(), |ends| ends.put_on(&laid))
}

/// What the indentation of a fill is measured against.
struct Place<'file> {
    old: &'file str,
    /// The white space before the first code of the hole's line.
    base: &'file str,
    /// Whether the hole begins its line, so that the fill's first line carries its own indentation.
    whole_lines: bool,
    step: Option<Step>,
}

impl<'file> Place<'file> {
    fn of(parsed: &'file ParsedFile, span: Span) -> Self {
        let text = parsed.text();
        let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let before = text[start..span.start].trim_start_matches('\u{feff}');
        let old = parsed.slice(span);
        let whole_lines =
            before.is_empty() && (span.start != start || old.starts_with([' ', '\t']) || old.contains('\n'));
        let first = if whole_lines { old.lines().find(|line| !line.trim().is_empty()).unwrap_or("") } else { before };
        let base = indent::of(first);
        let step = step_of(parsed, old, if whole_lines { None } else { Some(base) });
        let step = step.or_else(|| indent::step(text.lines().filter_map(indent::of_code)));
        Self { old, base, whole_lines, step }
    }

    fn indented(&self, parsed: &ParsedFile, fill: &str) -> String {
        let frozen = lines::verbatim(parsed.language(), fill);
        let placed = self.is_placed(parsed, fill, &frozen);
        let head = if placed { self.base } else { "" };
        let step = step_of(parsed, fill, if self.whole_lines { None } else { Some(head) });
        let mut out = String::with_capacity(fill.len());
        // What the fill's own first line has too much.
        let own = if placed || !self.whole_lines { "" } else { indent::of(first_code(fill)) };
        for (at, line) in fill.split_inclusive('\n').enumerate() {
            let first = at == 0 && !self.whole_lines;
            if first || frozen.contains(&at) || line.trim().is_empty() {
                out.push_str(line);
                continue;
            }
            let blank = indent::of(line);
            let base = if placed { self.base } else { own };
            match blank.strip_prefix(base) {
                Some(further) => {
                    out.push_str(self.base);
                    out.push_str(&indent::converted(further, step, self.step));
                }
                None => out.push_str(blank),
            }
            out.push_str(&line[blank.len()..]);
        }
        out
    }

    /// Whether the fill has the indentation of its place already.
    fn is_placed(&self, parsed: &ParsedFile, fill: &str, frozen: &[usize]) -> bool {
        if self.whole_lines {
            return indent::of(first_code(fill)).starts_with(self.base);
        }
        let own = lines::verbatim(parsed.language(), self.old);
        let least = following(self.old, &own).map(|line| indent::of(line).len()).min();
        let floor = least.unwrap_or(self.base.len()).min(self.base.len());
        let deep = following(fill, frozen).all(|line| indent::of(line).len() >= floor && self.agrees(line, floor));
        deep && (!self.hangs(parsed, fill, frozen) || self.hangs(parsed, self.old, &own))
    }

    fn agrees(&self, line: &str, floor: usize) -> bool {
        line.get(..floor) == self.base.get(..floor)
    }

    /// Whether a head of a block is followed by a line that is no deeper than the place: its body must be.
    fn hangs(&self, parsed: &ParsedFile, text: &str, frozen: &[usize]) -> bool {
        let head = text.lines().next().unwrap_or_default().trim_end();
        parsed.entry().layout == Layout::Indentation
            && head.ends_with(':')
            && following(text, frozen).next().is_some_and(|line| indent::of(line).len() <= self.base.len())
    }
}

fn first_code(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// The lines after the first that hold code and whose indentation is their own.
fn following<'text>(text: &'text str, frozen: &'text [usize]) -> impl Iterator<Item = &'text str> {
    let code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines = text.lines().enumerate().skip(1);
    lines.filter(move |(at, line)| !frozen.contains(at) && code(line)).map(|(_, line)| line)
}

/// The step of `text`, whose first line is indented by `head` where it begins in the middle of a line.
fn step_of(parsed: &ParsedFile, text: &str, head: Option<&str>) -> Option<Step> {
    let frozen = lines::verbatim(parsed.language(), text);
    let own = text.lines().enumerate().skip(usize::from(head.is_some())).filter(|(at, _)| !frozen.contains(at));
    indent::step(head.into_iter().chain(own.filter_map(|(_, line)| indent::of_code(line))))
}

#[cfg(test)]
mod tests;
