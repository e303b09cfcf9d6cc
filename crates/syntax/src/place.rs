//! Where to mask: a definition by name, lines, a position as diagnostics give it, or nodes of a kind.

use reweave_core::{EvidenceKind, Place, Refusal, RefusalCode, Span};
use tree_sitter::Node;

use crate::{ParsedFile, targets};

/// The bytes of lines or of a position; refused where the file has none such.
pub(crate) fn span(place: &Place, parsed: &ParsedFile) -> Result<Span, Refusal> {
    let text = parsed.text();
    let outside = || {
        let lines = text.lines().count();
        Refusal::new(RefusalCode::TargetMissing, format!("`{}` has no {place}", parsed.file().path))
            .with(EvidenceKind::Limit, format!("it has {lines} lines"))
            .next("count lines and columns from 1")
    };
    match place {
        Place::Lines { first, last } => {
            let (start, _) = line_at(text, *first).ok_or_else(outside)?;
            let (_, end) = line_at(text, *last).filter(|_| first <= last).ok_or_else(outside)?;
            Ok(Span::new(start, end))
        }
        Place::At { line, column } => {
            let (start, end) = line_at(text, *line).ok_or_else(outside)?;
            let before = column.checked_sub(1).ok_or_else(outside)? as usize;
            let offset = text[start..end].char_indices().map(|(at, _)| at).chain([end - start]).nth(before);
            let at = start + offset.ok_or_else(outside)?;
            // Diagnostics point at the end of a line for what is missing there.
            let at = if at == end && at > start { start + text[start..end].trim_end().len() } else { at };
            Ok(Span::new(at, at))
        }
        Place::Target(name) => targets::find(parsed, name).map(|target| target.span),
        Place::Kind { .. } => Err(outside()),
    }
}

/// The outermost nodes of `kind`, or those that begin on `line`.
pub(crate) fn nodes<'tree>(
    parsed: &'tree ParsedFile,
    kind: &str,
    line: Option<u32>,
) -> Result<Vec<Node<'tree>>, Refusal> {
    if (parsed.entry().grammar)().id_for_node_kind(kind, true) == 0 {
        let language = parsed.language().name();
        return Err(Refusal::new(
            RefusalCode::TargetMissing,
            format!("the grammar of {language} has no node kind `{kind}`"),
        )
        .next("name a kind of the grammar, such as `comment`"));
    }
    let mut nodes = Vec::new();
    let mut cursor = parsed.tree().walk();
    loop {
        let node = cursor.node();
        let wanted = node.kind() == kind && line.is_none_or(|line| parsed.line(node.start_byte()) == line);
        if wanted {
            nodes.push(node);
        }
        if (wanted || !cursor.goto_first_child()) && !targets::skip(&mut cursor) {
            return Ok(nodes);
        }
    }
}

/// Start and end of a 1-based line, without its end and without a byte order mark.
fn line_at(text: &str, line: u32) -> Option<(usize, usize)> {
    let index = line.checked_sub(1)? as usize;
    let start = if index == 0 { 0 } else { text.match_indices('\n').nth(index - 1)?.0 + 1 };
    if start == text.len() && index > 0 {
        return None;
    }
    let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
    let mark = if text[start..end].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Some((start + mark, end))
}
