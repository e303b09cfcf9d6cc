//! A backend under test, and questions to ask it that any model understands.

use reweave_decode::protocol::{
    Attention, Backend, Branch, Cell, Description, Fault, Options, Prediction, Query, TokenId,
};

/// How far two log-probabilities of the same thing may lie apart.
pub(super) const NEAR: f32 = 1e-5;
/// Positions of the queries that most rules ask.
pub(super) const LENGTH: usize = 12;

pub(super) struct Subject<'a> {
    backend: &'a mut dyn Backend,
    pub(super) description: Description,
    pub(super) attention: Attention,
    /// What is being held to.
    rule: &'static str,
    /// Ids of text, ascending; enough for small canvases.
    text: Vec<TokenId>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(backend: &'a mut dyn Backend, attention: Attention, rule: &'static str) -> Self {
        let description = backend.description().clone();
        let is_text = |id: &TokenId| description.specials.binary_search(id).is_err();
        let text: Vec<TokenId> = (0..description.vocabulary).filter(is_text).collect();
        assert!(text.len() > 8, "{rule}: the model has no text to ask about");
        Self { backend, description, attention, rule, text }
    }

    pub(super) fn ask(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        let outcomes = self.backend.predict(batch);
        assert_eq!(outcomes.len(), batch.len(), "{}: one outcome for each query", self.rule);
        outcomes
    }

    /// The predictions of a query that must not fail.
    pub(super) fn alone(&mut self, query: &Query) -> Vec<Prediction> {
        let outcome = self.ask(std::slice::from_ref(query)).pop();
        match outcome {
            Some(Ok(predictions)) if predictions.len() == query.positions.len() => predictions,
            other => panic!("{}: a query for {} positions gave {other:?}", self.rule, query.positions.len()),
        }
    }

    /// A known token; another one for each number, as far as there are.
    pub(super) fn token(&self, number: usize) -> TokenId {
        self.text[(number * 7 + number / 5) % self.text.len()]
    }

    /// Every id of text.
    pub(super) fn text(&self) -> &[TokenId] {
        &self.text
    }

    /// Known tokens, with a hole in their middle third where the model sees all.
    pub(super) fn cells(&self, length: usize, salt: usize) -> Vec<Cell> {
        let hole = match self.attention {
            Attention::AllVisible => length / 3..length - length / 3,
            Attention::Causal => 0..0,
        };
        let cell = |at: usize| (!hole.contains(&at)).then(|| self.token(salt * 31 + at));
        (0..length).map(cell).collect()
    }

    /// A query for the hole, or under causal attention for the last third and what comes next.
    pub(super) fn query(&self, length: usize, salt: usize) -> Query {
        let wanted: Vec<usize> = match self.attention {
            Attention::AllVisible => (length / 3..length - length / 3).collect(),
            Attention::Causal => (length - length / 3..=length).collect(),
        };
        let options = Options::greedy(self.attention, self.description.bounds.top_k_max.min(5));
        self.query_at(self.cells(length, salt), wanted, options)
    }

    pub(super) fn query_at(&self, cells: Vec<Cell>, wanted: Vec<usize>, options: Options) -> Query {
        Query {
            positions: wanted.iter().map(|at| *at as u32).collect(),
            allow: vec![None; wanted.len()],
            conditional: Branch { cells, wanted },
            unconditional: None,
            options,
        }
    }

    /// A query under guidance, whose other branch lacks the first two cells.
    pub(super) fn guided(&self, scale: f32, salt: usize) -> Query {
        let mut query = self.query(LENGTH, salt);
        query.unconditional = Some(Branch {
            cells: query.conditional.cells[2..].to_vec(),
            wanted: query.conditional.wanted.iter().map(|at| at - 2).collect(),
        });
        query.options.guidance.scale = scale;
        query
    }

    /// The same with every id of text reported at each position.
    pub(super) fn full(&self, mut query: Query) -> Query {
        query.allow = vec![Some(self.text.clone()); query.positions.len()];
        query
    }

    /// The two say the same: ids to the last, numbers nearly.
    pub(super) fn same(&self, left: &[Prediction], right: &[Prediction]) {
        assert_eq!(left.len(), right.len(), "{}", self.rule);
        for (left, right) in left.iter().zip(right) {
            let ids = |one: &Prediction| {
                (one.position, one.drawn.token, one.top.iter().map(|top| top.token).collect::<Vec<_>>())
            };
            assert_eq!(ids(left), ids(right), "{}: ids at position {}", self.rule, left.position);
            let numbers = numbers(left).into_iter().zip(numbers(right));
            numbers.for_each(|(left, right)| self.near(left, right));
        }
    }

    pub(super) fn near(&self, left: f32, right: f32) {
        self.within(left, right, NEAR);
    }

    pub(super) fn within(&self, left: f32, right: f32, distance: f32) {
        assert!(left == right || (left - right).abs() <= distance, "{}: {left} beside {right}", self.rule);
    }

    pub(super) fn holds(&self, holds: bool, what: &str) {
        assert!(holds, "{}: {what}", self.rule);
    }
}

/// Every number of a prediction.
fn numbers(one: &Prediction) -> Vec<f32> {
    let scored = one.top.iter().chain([&one.drawn]);
    let scored = scored.flat_map(|scored| [scored.log_prob, scored.conditional, scored.unconditional]);
    let shaped = [one.shaped.probability, one.shaped.margin, one.shaped.entropy, one.entropy];
    let allowed = one.allowed.iter().flat_map(|allowed| allowed.log_probs.iter().copied().chain([allowed.mass]));
    scored.chain(shaped).chain(allowed).collect()
}
