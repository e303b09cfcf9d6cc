//! JavaScript, TypeScript and TSX by oxc's parser, with the checks that a compiler makes before it runs anything.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use reweave_core::{Language, Span};

use super::{Fault, Reading, Unreadable, on_a_deep_stack};

/// What a file of JavaScript may be.
const JAVASCRIPT: &[SourceType] = &[SourceType::jsx().with_module(true), SourceType::cjs().with_jsx(true)];
/// What a file of TypeScript may be.
const TYPESCRIPT: &[SourceType] = &[SourceType::ts(), SourceType::d_ts()];
/// What a file of TSX may be.
const TSX: &[SourceType] = &[SourceType::tsx()];

pub(crate) fn javascript(text: &str) -> Result<Reading, Unreadable> {
    read(text, JAVASCRIPT)
}

pub(crate) fn typescript(text: &str) -> Result<Reading, Unreadable> {
    read(text, TYPESCRIPT)
}

pub(crate) fn tsx(text: &str) -> Result<Reading, Unreadable> {
    read(text, TSX)
}

/// What a file of `language` may be, the likeliest first; nothing for a language that is no script.
pub(crate) fn kinds(language: Language) -> &'static [SourceType] {
    match language {
        Language::JavaScript => JAVASCRIPT,
        Language::TypeScript => TYPESCRIPT,
        Language::Tsx => TSX,
        Language::Python | Language::Rust | Language::Go | Language::Java | Language::C | Language::Cpp => &[],
    }
}

/// Reads `text` as the first of `kinds` in which it has no error: a file's text does not say whether it is a module, a
/// script or a declaration file. Its errors are those of the likeliest.
fn read(text: &str, kinds: &[SourceType]) -> Result<Reading, Unreadable> {
    let errors = on_a_deep_stack(|| {
        let mut first = None;
        for kind in kinds {
            let errors = faults(text, *kind);
            if errors.is_empty() {
                return errors;
            }
            first.get_or_insert(errors);
        }
        first.unwrap_or_default()
    });
    Ok(Reading { errors, tree: None, python: None })
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
