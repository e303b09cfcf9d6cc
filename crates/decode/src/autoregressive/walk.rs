//! The best of a bounded set of token strings under a model of the next token, found exactly.
//!
//! Strings share a radix trie. A node's log-probability is that of its whole prefix, and can only fall on the way down, so
//! the node with the highest is looked at first, and the search ends when no open node can beat what was found: uniform-cost
//! search. Looking at a node costs one forward: the canvas shows its prefix, the positions of its own tokens and the one
//! after them are asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::problem::{Error, Fill, STRINGS_MAX};
use crate::protocol::{Ask, Bounds, Canvas, CanvasId, Delta, Fault, FaultCode, Prediction, TokenId};

/// Nodes looked at in one step, at most: more would be looked at in vain more often.
const BATCH: usize = 8;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    nodes: Vec<Node>,
    /// Open nodes with the log-probability of what stands before their second token.
    open: Vec<(usize, Known)>,
    asked: BTreeMap<CanvasId, (usize, Known)>,
    found: Vec<Fill>,
    /// Position of a string's first token.
    start: usize,
    end: TokenId,
    next_canvas: CanvasId,
}

/// Tokens that are shared by the same strings.
#[derive(Clone, Debug)]
struct Node {
    /// From the root, its own tokens included.
    prefix: Vec<TokenId>,
    /// How many of them are its own; the first of them was scored with its parent.
    own: usize,
    /// Whether a string ends here.
    terminal: bool,
    children: Vec<usize>,
}

/// Log-probabilities of the tokens so far.
type Known = Vec<f32>;

impl Walk {
    pub(super) fn new(strings: &[Vec<TokenId>], old: &[TokenId], end: TokenId, start: usize) -> Result<Self, Error> {
        if strings.len() > STRINGS_MAX {
            return Err(Error::TooManyAllowed(strings.len(), STRINGS_MAX));
        }
        let set: BTreeSet<&[TokenId]> =
            strings.iter().map(Vec::as_slice).filter(|s| !s.is_empty() && *s != old).collect();
        if set.is_empty() {
            return Err(Error::NothingAllowed);
        }
        let sorted: Vec<&[TokenId]> = set.into_iter().collect();
        let mut nodes = vec![Node { prefix: Vec::new(), own: 0, terminal: false, children: Vec::new() }];
        grow(&mut nodes, 0, &sorted);
        let open = vec![(0, Known::new())];
        Ok(Self { nodes, open, asked: BTreeMap::new(), found: Vec::new(), start, end, next_canvas: 0 })
    }

    /// How many forwards there can be.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The best strings found so far, best first.
    pub(super) fn fills(&self, count: usize) -> Vec<Fill> {
        let mut fills = self.found.clone();
        fills.sort_by(|left, right| right.score.total_cmp(&left.score));
        fills.truncate(count.max(1));
        fills
    }

    /// Asks for the most probable open nodes; nothing once none can beat `worst`, the score of the last fill wanted.
    pub(super) fn asks(
        &mut self,
        bounds: &Bounds,
        worst: Option<f32>,
        prompt: &Canvas,
        deltas: &mut Vec<Delta>,
    ) -> Vec<Ask> {
        self.open.sort_by(|left, right| total(&left.1).total_cmp(&total(&right.1)).then(right.0.cmp(&left.0)));
        let (mut asks, mut wanted) = (Vec::new(), 0);
        while let Some((node, known)) = self.open.pop() {
            let positions = self.nodes[node].own.max(1);
            wanted += positions;
            let hopeless = worst.is_some_and(|worst| total(&known) <= f64::from(worst));
            let full = asks.len() >= BATCH.min(bounds.canvases_max as usize) || wanted > bounds.wanted_max as usize;
            if hopeless || (full && !asks.is_empty()) {
                self.open.push((node, known));
                break;
            }
            let canvas = self.next_canvas;
            self.next_canvas += 1;
            deltas.push(Delta::Open { canvas, content: self.canvas(prompt, node) });
            asks.push(self.ask(canvas, node));
            self.asked.insert(canvas, (node, known));
        }
        asks
    }

    /// Takes the answer for a canvas: closes its node, opens its children.
    pub(super) fn take(&mut self, canvas: CanvasId, answered: Result<&[Prediction], Fault>) -> Result<(), Fault> {
        let fault = || Fault::new(FaultCode::Device, "the reply has no log-probabilities of the allowed ids");
        let (node, mut known) = self.asked.remove(&canvas).ok_or_else(fault)?;
        let (last, own) = answered?.split_last().ok_or_else(fault)?;
        for prediction in own {
            known.push(*prediction.allowed.as_ref().and_then(|allowed| allowed.log_probs.first()).ok_or_else(fault)?);
        }
        let next = self.next(node);
        let allowed =
            last.allowed.as_ref().filter(|allowed| allowed.log_probs.len() == next.len()).ok_or_else(fault)?;
        let log_prob: BTreeMap<TokenId, f32> = next.into_iter().zip(allowed.log_probs.iter().copied()).collect();
        if self.nodes[node].terminal {
            let score = (total(&known) + f64::from(log_prob[&self.end])) as f32;
            let tokens = self.nodes[node].prefix.clone();
            if score.is_finite() {
                self.found.push(Fill { tokens, log_probs: known.clone(), suffix: None, score, sample: 0, cut: None });
            }
        }
        for child in &self.nodes[node].children {
            let first = self.nodes[*child].prefix[known.len()];
            let known: Known = known.iter().copied().chain([log_prob[&first]]).collect();
            self.open.push((*child, known));
        }
        Ok(())
    }

    fn canvas(&self, prompt: &Canvas, node: usize) -> Canvas {
        let mut canvas = prompt.clone();
        let cells = self.nodes[node].prefix.iter().copied().map(Some);
        canvas.segments.last_mut().expect("a prompt ends in its hole").cells = cells.collect();
        canvas
    }

    /// The node's own tokens but for the first, and what follows them.
    fn ask(&self, canvas: CanvasId, node: usize) -> Ask {
        let Node { prefix, own, .. } = &self.nodes[node];
        let first = prefix.len() - own.saturating_sub(1);
        let position = |index: usize| (self.start + index) as u32;
        let mut allow: Vec<(u32, Vec<TokenId>)> =
            (first..prefix.len()).map(|index| (position(index), vec![prefix[index]])).collect();
        allow.push((position(prefix.len()), self.next(node)));
        Ask { canvas, positions: allow.iter().map(|(position, _)| *position).collect(), allow, seed: None }
    }

    /// Tokens that may follow a node, ascending.
    fn next(&self, node: usize) -> Vec<TokenId> {
        let Node { prefix, children, terminal, .. } = &self.nodes[node];
        let heads = children.iter().map(|child| self.nodes[*child].prefix[prefix.len()]);
        let next: BTreeSet<TokenId> = heads.chain(terminal.then_some(self.end)).collect();
        next.into_iter().collect()
    }
}

/// Grows the trie below `at` from sorted distinct `strings`, which all begin with its prefix.
fn grow(nodes: &mut Vec<Node>, at: usize, strings: &[&[TokenId]]) {
    let depth = nodes[at].prefix.len();
    let (ends, longer) = strings.split_at(usize::from(strings.first().is_some_and(|string| string.len() == depth)));
    nodes[at].terminal = !ends.is_empty();
    for group in longer.chunk_by(|left, right| left[depth] == right[depth]) {
        // Of sorted strings, the first and the last share what all share.
        let (first, last) = (group[0], group[group.len() - 1]);
        let shared = first.iter().zip(last).take_while(|(left, right)| left == right).count();
        let child = nodes.len();
        nodes.push(Node {
            prefix: first[..shared].to_vec(),
            own: shared - depth,
            terminal: false,
            children: Vec::new(),
        });
        nodes[at].children.push(child);
        grow(nodes, child, group);
    }
}

fn total(log_probs: &[f32]) -> f64 {
    log_probs.iter().copied().map(f64::from).sum()
}
