//! Rust by syn, which parses what rustc parses, macro bodies aside.

use reweave_core::Span;

use super::{Fault, Reading, Unreadable, on_a_deep_stack};

pub(crate) fn read(text: &str) -> Result<Reading, Unreadable> {
    let errors = on_a_deep_stack(|| match syn::parse_file(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| fault(text, &error)).collect(),
    });
    // Positions are kept for the thread's life otherwise, and a service reads files for ever.
    proc_macro2::extra::invalidate_current_thread_spans();
    Ok(Reading { errors, tree: None, python: None })
}

fn fault(text: &str, error: &syn::Error) -> Fault {
    let (start, end) = (error.span().start(), error.span().end());
    // The lexer's errors carry their place in no other way.
    let body = body(text);
    let start = offset(text, body, start.line, start.column);
    let end = offset(text, body, end.line, end.column);
    Fault { span: Span::new(start, end.max(start)), message: error.to_string() }
}

/// Where syn begins to count: after the byte order mark, and after the first line where that names an interpreter.
fn body(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let named = text[mark..].starts_with("#!") && !text[mark + 2..].trim_start().starts_with('[');
    let line = if named { text[mark..].find('\n').unwrap_or(text.len() - mark) } else { 0 };
    mark + line
}

/// The byte of a 1-based line and a 0-based column in characters, both counted from `body`.
fn offset(text: &str, body: usize, line: usize, column: usize) -> usize {
    let text_of = &text[body..];
    let start = match line.saturating_sub(1) {
        0 => 0,
        before => text_of.match_indices('\n').nth(before - 1).map_or(text_of.len(), |(at, _)| at + 1),
    };
    body + text_of[start..].char_indices().nth(column).map_or(text_of.len(), |(at, _)| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> (usize, String) {
        let fault = read(text).unwrap().errors.into_iter().next().expect("a fault");
        (fault.span.start, fault.message)
    }

    #[test]
    fn a_fault_stands_where_the_text_has_it() {
        let text = "fn a() {}\r\n/* é */ fn b( {}\n";
        assert_eq!(first(text).0, text.find("( {}").unwrap());
        let text = "fn a() {}\nfn b() { let é = 1 +; }\n";
        assert_eq!(first(text).0, text.find("; }").unwrap());
    }

    #[test]
    fn a_mark_and_an_interpreter_line_move_no_fault() {
        for before in ["\u{feff}", "#!/usr/bin/env run\n", "\u{feff}#!/usr/bin/env run\n", "#![no_std]\n"] {
            let text = format!("{before}fn b() {{ 1 + }}\n");
            assert_eq!(first(&text).0, text.find("}\n").unwrap(), "{text:?}");
        }
    }
}
