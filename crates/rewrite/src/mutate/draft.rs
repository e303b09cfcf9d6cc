//! Changes on their way to becoming candidates: scored, bounded, ranked.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use reweave_core::{Candidate, Edit, Edits, MaskedSpan, Proposer, RiskPart, Span};
use tree_sitter::Node;

use super::rule::{DECAY, PRIOR_MAX, Rule};
use super::site::{Ground, shown};

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) rule: Rule,
    /// How many better alternatives of the rule there are at this place.
    pub(super) nth: usize,
    /// Replacements in base coordinates.
    pub(super) edits: Vec<(Span, String)>,
    /// The smallest node that holds every edit.
    pub(super) masked: Masked,
    /// What it does, where that is more than replacing one piece of code by another.
    pub(super) description: Option<String>,
}

/// What may change: a node, or a point between nodes.
#[derive(Clone, Debug)]
pub(super) struct Masked {
    pub(super) span: Span,
    pub(super) kind: String,
}

impl Masked {
    pub(super) fn node(node: Node<'_>) -> Self {
        Self { span: Span::new(node.start_byte(), node.end_byte()), kind: node.kind().to_owned() }
    }
}

/// The best drafts so far, at most `limit`.
#[derive(Debug)]
pub(super) struct Drafts<'g, 'a> {
    ground: &'g Ground<'a>,
    limit: usize,
    heap: BinaryHeap<Scored>,
    pushed: usize,
}

/// Ordered so that the worst is the greatest: the heap's top is the one to drop.
#[derive(Debug)]
struct Scored {
    score: f64,
    /// Order of arrival, which is file order within a rule.
    arrival: usize,
    draft: Draft,
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.arrival.cmp(&other.arrival))
    }
}

impl<'g, 'a> Drafts<'g, 'a> {
    pub(super) fn new(ground: &'g Ground<'a>, limit: usize) -> Self {
        Self { ground, limit, heap: BinaryHeap::new(), pushed: 0 }
    }

    /// Adds a draft whose place is suspicious to degree `heat`, unless it leaves the lines that may change.
    pub(super) fn push(&mut self, heat: f64, draft: Draft) {
        if draft.edits.iter().all(|(span, _)| self.ground.allows(*span)) {
            self.push_anywhere(heat, draft);
        }
    }

    /// Adds a draft whose place was checked already.
    pub(super) fn push_anywhere(&mut self, heat: f64, draft: Draft) {
        let unchanged = draft.edits.iter().all(|(span, new)| self.ground.text[span.start..span.end] == **new);
        if unchanged {
            return;
        }
        let score = draft.rule.prior() * DECAY.powi(i32::try_from(draft.nth).unwrap_or(i32::MAX)) * heat;
        self.pushed += 1;
        let scored = Scored { score, arrival: self.pushed, draft };
        if self.heap.len() < self.limit {
            self.heap.push(scored);
        } else if self.heap.peek().is_some_and(|worst| scored < *worst) {
            self.heap.pop();
            self.heap.push(scored);
        }
    }

    /// Whether nothing at a place of this heat could still enter.
    pub(super) fn are_better_than(&self, heat: f64) -> bool {
        let worst = self.heap.peek().filter(|_| self.heap.len() >= self.limit);
        worst.is_some_and(|worst| worst.score >= heat * PRIOR_MAX)
    }

    /// The drafts as candidates, best first, each resulting text once.
    pub(super) fn into_candidates(self) -> Vec<Candidate> {
        let mut seen = std::collections::HashSet::new();
        let ground = self.ground;
        self.heap
            .into_sorted_vec()
            .into_iter()
            .filter(|scored| seen.insert(scored.draft.edits.clone()))
            .filter_map(|scored| candidate(ground, scored))
            .collect()
    }
}

/// `None` for edits that overlap, which no operator should make; dropping one is better than failing all.
fn candidate(ground: &Ground<'_>, scored: Scored) -> Option<Candidate> {
    let Scored { score, draft, .. } = scored;
    let path = ground.path().clone();
    let node_path = ground.node_path(draft.masked.span.start);
    let description = draft.description.unwrap_or_else(|| replacement(ground.text, &draft.edits, draft.masked.span));
    let edit = |(span, new): (Span, String)| {
        let kind = if span.is_empty() { "insertion" } else { ground.kind_at(span) };
        Edit::of(ground.text, span, new, kind, &*node_path)
    };
    let edits = Edits::new(ground.text, draft.edits.into_iter().map(edit).collect()).ok()?;
    let masked = MaskedSpan { path: path.clone(), span: draft.masked.span, node_kind: draft.masked.kind, node_path };
    let operator = draft.rule.operator();
    Some(Candidate {
        path,
        edits,
        masked: vec![masked],
        proposer: Proposer::Mutation,
        operator,
        description,
        prior: score.clamp(0.0, 1.0),
        risks: risks(draft.rule),
        scores: Vec::new(),
    })
}

/// "replace `<` by `<=` in `a < b`".
fn replacement(text: &str, edits: &[(Span, String)], masked: Span) -> String {
    let Some((span, new)) = edits.first() else { return String::new() };
    let said = format!("replace `{}` by `{}`", shown(&text[span.start..span.end]), shown(new));
    if *span == masked { said } else { format!("{said} in `{}`", shown(&text[masked.start..masked.end])) }
}

fn risks(rule: Rule) -> Vec<RiskPart> {
    let takes_away = matches!(
        rule,
        Rule::Deletion
            | Rule::OperandDrop
            | Rule::TermDrop
            | Rule::ArgumentDrop
            | Rule::ElementDrop
            | Rule::Unwrap
            | Rule::UnwrapMethod
            | Rule::IndexDrop
            | Rule::ConditionFixed
    );
    let part = || RiskPart {
        name: "deletes_code".to_owned(),
        value: 0.10,
        reason: "it takes code away: what that code was for may be untested".to_owned(),
    };
    if takes_away { vec![part()] } else { Vec::new() }
}
