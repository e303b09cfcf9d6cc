//! Operator `method_to_function`: a method becomes a function of the module, and every use of it in the file follows.
//!
//! The function stands before the top-level statement that holds its class. There everything that is evaluated at import
//! time sees what it saw in the class body, and whatever uses the method while the class is built finds the function. Only
//! where a default or an annotation needs a name of the class does it stand after.

use reweave_core::{Edit, FileText, Proposal, Refusal};

use super::Call;
use super::edits;
use super::source::Source;

mod body;
mod calls;
mod method;
mod place;
mod risks;

/// Proposes the move, or says why it cannot be done safely.
pub(super) fn propose(source: &Source<'_>, call: &Call, others: &[FileText]) -> Result<Proposal, Refusal> {
    let method = match method::find(source, call)? {
        method::Found::Method(method) => method,
        method::Found::AlreadyFunction(reason) => return Ok(Proposal::Unchanged(reason)),
    };
    method::check_name(source, &method)?;
    super::outside::check_attribute(source, &method.name, others)?;
    let uses = calls::rewrite(source, &method, call)?;
    let moved = body::moved(source, &method, &uses)?;
    let region = place::region(source, &method);
    let place = place::choose(source, &method, &moved, &uses)?;

    let text = source.text();
    let path = method.path(source);
    let mut edits = vec![
        Edit::of(text, region.removed, region.replacement, "function_definition", path.clone()),
        Edit::of(text, place.at, place.wrap(&moved.text), "insertion", ""),
    ];
    for site in uses.rewrites.iter().filter(|site| !region.removed.contains(site.span)) {
        let inside = source.scopes.qualified_name(source.scopes.scope_at(site.span.start));
        edits.push(Edit::of(text, site.span, site.text.clone(), "call", inside));
    }
    let sites = edits.len() - 2;
    let plural = if sites == 1 { "" } else { "s" };
    let description =
        format!("move `{path}` out of its class as function `{}`, with {sites} edit{plural} of uses", method.new_name);
    edits::candidate(source, super::METHOD_TO_FUNCTION.name, description, edits, risks::of(source, &method, &uses))
}
