//! JavaScript, TypeScript and TSX by oxc's parser, with the checks that a compiler makes before it runs anything.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use reweave_core::Span;

use super::{Fault, Reading};

pub(crate) fn javascript(text: &str) -> Reading {
    read(text, SourceType::jsx().with_module(true), &[SourceType::cjs().with_jsx(true)])
}

pub(crate) fn typescript(text: &str) -> Reading {
    read(text, SourceType::ts(), &[SourceType::d_ts()])
}

pub(crate) fn tsx(text: &str) -> Reading {
    read(text, SourceType::tsx(), &[])
}

/// Reads `text` as `first`, or as the first of `others` in which it has no error: a file's text does not say whether it
/// is a module, a script or a declaration file.
fn read(text: &str, first: SourceType, others: &[SourceType]) -> Reading {
    let errors = faults(text, first);
    if !errors.is_empty() && others.iter().any(|kind| faults(text, *kind).is_empty()) {
        return Reading::default();
    }
    Reading { errors, tree: None, python: None }
}

fn faults(text: &str, kind: SourceType) -> Vec<Fault> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind).parse();
    if !parsed.diagnostics.is_empty() || parsed.panicked {
        return parsed.diagnostics.iter().map(fault).collect();
    }
    let checked = SemanticBuilder::new().with_check_syntax_error(true).build(&parsed.program);
    checked.diagnostics.iter().map(fault).collect()
}

fn fault(error: &oxc_diagnostics::OxcDiagnostic) -> Fault {
    let place = error.labels.first().map(|label| (label.offset() as usize, label.len() as usize));
    let span = place.map_or(Span::new(0, 0), |(start, length)| Span::new(start, start + length));
    Fault { span, message: error.message.to_string() }
}
