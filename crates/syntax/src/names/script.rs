//! JavaScript and TypeScript: what is left over when oxc has resolved every reference.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::{GetSpan, SourceType};
use reweave_core::Span;

use super::Unresolved;
use super::globals;
use crate::ParsedFile;
use crate::strict::{on_a_deep_stack, script};

/// The names of values, and of TypeScript's types, that nothing binds. Of a file with errors nobody can tell: what a
/// parser recovers is no ground to refuse a name on.
pub(crate) fn unresolved(file: &ParsedFile) -> Option<Vec<Unresolved>> {
    if !file.errors().is_empty() {
        return None;
    }
    let kinds = script::kinds(file.language());
    let mut found = on_a_deep_stack(|| kinds.iter().find_map(|kind| leftover(file.text(), *kind)).unwrap_or_default());
    found.sort_by_key(|unresolved| unresolved.span.start);
    Some(found)
}

/// Whether `name` is there without being bound: in the language, in browsers, in Node or in a test runner.
pub(crate) fn is_builtin(name: &str) -> bool {
    globals::is_global(name)
}

/// `None` where the text is not of this kind.
fn leftover(text: &str, kind: SourceType) -> Option<Vec<Unresolved>> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind).parse();
    if !parsed.diagnostics.is_empty() || parsed.panicked {
        return None;
    }
    let built = SemanticBuilder::new().with_build_nodes(true).build(&parsed.program);
    let (scoping, nodes) = (built.semantic.scoping(), built.semantic.nodes());
    let place = |id| {
        let span = nodes.get_node(Scoping::get_reference(scoping, id).node_id()).kind().span();
        Span::new(span.start as usize, span.end as usize)
    };
    let names = scoping.root_unresolved_references().iter().filter(|(name, _)| {
        // The assertion `as const` is read as a type of that name.
        name.as_str() != "const" && !is_builtin(name.as_str())
    });
    let uses = names.flat_map(|(name, ids)| ids.iter().map(move |id| (name.to_string(), place(*id))));
    // `typeof name` is how a script asks whether a name is bound.
    let certain = uses.filter(|(_, span)| !text[..span.start].trim_end().ends_with("typeof"));
    Some(certain.map(|(name, span)| Unresolved { name, span }).collect())
}
