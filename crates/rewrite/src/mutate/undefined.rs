//! Names that nothing binds: a known module to import, a name that was meant, a member of `self`.

use reweave_core::Span;
use reweave_syntax::scope::{BUILTINS, Reference, ScopeId, ScopeKind};

use super::draft::{Draft, Drafts, Masked};
use super::imports;
use super::names::edit_distance;
use super::rule::Rule;
use super::site::Ground;

/// An unresolved name is suspicious by itself, but less so than one that a diagnostic names.
const UNDIAGNOSED: f64 = 0.6;
/// Most names tried for one that is undefined.
const NAMES_MAX: usize = 8;

pub(super) fn propose(ground: &Ground<'_>, drafts: &mut Drafts<'_, '_>) {
    let mut imported: Vec<&str> = Vec::new();
    for reference in ground.scopes.unresolved() {
        let name = reference.name.as_str();
        let heat = heat(ground, reference);
        if !imported.contains(&name) {
            imported.push(name);
            for draft in imports::propose(ground, name, reference.span) {
                drafts.push_anywhere(heat, draft);
            }
        }
        if !ground.allows(reference.span) {
            continue;
        }
        if let Some(draft) = member_of_self(ground, reference) {
            drafts.push(heat, draft);
        }
        for (nth, meant) in meant(ground, reference) {
            drafts.push(heat, replaced(reference, (Rule::UndefinedName, nth), meant.to_owned()));
        }
    }
}

fn heat(ground: &Ground<'_>, reference: &Reference) -> f64 {
    let line = ground.line(reference.span.start);
    let named = |found: &&reweave_core::Diagnostic| found.undefined_name() == Some(reference.name.as_str());
    let on_line = |found: &reweave_core::Diagnostic| found.line == line;
    match ground.focus.diagnostics.iter().filter(named).map(on_line).max() {
        Some(true) => 1.0,
        Some(false) => 0.95,
        None => UNDIAGNOSED,
    }
}

fn replaced(reference: &Reference, rule: (Rule, usize), new: String) -> Draft {
    Draft {
        rule: rule.0,
        nth: rule.1,
        description: Some(format!("replace undefined `{}` by `{new}`", reference.name)),
        edits: vec![(reference.span, new)],
        masked: Masked { span: reference.span, kind: "identifier".to_owned() },
    }
}

/// Names in scope and builtins that differ by little, each with the number of nearer ones: equally near names rank equal.
fn meant<'g>(ground: &'g Ground<'_>, reference: &Reference) -> Vec<(usize, &'g str)> {
    let name = reference.name.as_str();
    let far = (name.chars().count() / 3).max(1);
    let visible = ground.visible(reference.scope, reference.span.start);
    let known = visible.iter().map(|id| ground.scopes.symbol(*id).name.as_str());
    let known = known.enumerate().map(|(at, known)| (distance(name, known), at, known));
    let builtin = BUILTINS.iter().map(|known| (distance(name, known), usize::MAX, *known));
    let within = |near: &(usize, usize, &str)| near.0 <= far && near.2 != name;
    let mut near: Vec<(usize, usize, &str)> = known.chain(builtin).filter(within).collect();
    near.sort_unstable();
    let nearer = |distance| near.iter().filter(|other| other.0 < distance).count();
    near.iter().take(NAMES_MAX).map(|(distance, _, known)| (nearer(*distance), *known)).collect()
}

/// The edit distance; 1 where the same words stand in another order (`sep_re` for `re_sep`), a slip of its own kind.
fn distance(name: &str, known: &str) -> usize {
    let words = |text: &'_ str| {
        let mut words: Vec<String> = text.split('_').map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    if name.contains('_') && name != known && words(name) == words(known) { 1 } else { edit_distance(name, known) }
}

/// `name` → `self.name`, inside a method of a class that has such a member.
fn member_of_self(ground: &Ground<'_>, reference: &Reference) -> Option<Draft> {
    let scopes = ground.scopes;
    let mut around = scopes.ancestors(reference.scope);
    let method = around.find(|id| {
        let parent = scopes.scope(*id).parent;
        parent.is_some_and(|parent| scopes.scope(parent).kind == ScopeKind::Class)
    })?;
    let class: ScopeId = scopes.scope(method).parent?;
    let name = reference.name.as_str();
    scopes.symbol_in(method, "self")?;
    let defined = scopes.symbol_in(class, name).is_some();
    let span: Span = scopes.scope(class).span;
    let used = ground.text[span.start..span.end].contains(&format!("self.{name}"));
    (defined || used).then(|| replaced(reference, (Rule::SelfInsert, 0), format!("self.{name}")))
}
