//! Rust by syn, which parses what rustc parses, macro bodies aside.

use reweave_core::Span;

use super::{Fault, Reading};

pub(crate) fn read(text: &str) -> Reading {
    let errors = match syn::parse_file(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| fault(text, &error)).collect(),
    };
    // Positions are kept for the thread's life otherwise, and a service reads files for ever.
    proc_macro2::extra::invalidate_current_thread_spans();
    Reading { errors, tree: None, python: None }
}

fn fault(text: &str, error: &syn::Error) -> Fault {
    let (start, end) = (error.span().start(), error.span().end());
    let start = offset(text, start.line, start.column);
    let end = offset(text, end.line, end.column);
    Fault { span: Span::new(start, end.max(start)), message: error.to_string() }
}

/// The byte of a 1-based line and a 0-based column in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line.saturating_sub(1) {
        0 => 0,
        before => text.match_indices('\n').nth(before - 1).map_or(text.len(), |(at, _)| at + 1),
    };
    text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
}
