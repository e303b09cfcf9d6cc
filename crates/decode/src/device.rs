//! A session of the simplest kind, for tests of the decoders: canvases in a map, every step run on the spot.

use std::collections::BTreeMap;

use crate::protocol::{Answer, Ask, Backend, Branch, Canvas, CanvasId, Delta, Options, Prediction, Query, Reply, Step};

/// See the module. Faults of deltas panic: the decoders under test must not cause any.
pub(crate) struct Device<B> {
    pub(crate) backend: B,
    canvases: BTreeMap<CanvasId, Canvas>,
    /// The most canvases that were open at once.
    pub(crate) most_open: usize,
    /// The most positions that one step wanted.
    pub(crate) most_wanted: usize,
}

impl<B: Backend> Device<B> {
    pub(crate) fn new(backend: B) -> Self {
        Self { backend, canvases: BTreeMap::new(), most_open: 0, most_wanted: 0 }
    }

    pub(crate) fn run(&mut self, step: &Step) -> Reply {
        step.deltas.iter().for_each(|delta| self.apply(delta));
        self.most_open = self.most_open.max(self.canvases.len());
        self.most_wanted = self.most_wanted.max(step.asks.iter().map(|ask| ask.positions.len()).sum());
        let queries: Vec<Query> = step.asks.iter().map(|ask| self.query(ask, &step.options)).collect();
        let forwards = queries.iter().map(|query| 1 + u32::from(query.unconditional.is_some())).sum();
        let results = self.backend.predict(&queries);
        let answer =
            |(ask, predictions): (&Ask, Result<Vec<Prediction>, _>)| Answer { canvas: ask.canvas, predictions };
        Reply { step: step.id, answers: step.asks.iter().zip(results).map(answer).collect(), forwards }
    }

    fn apply(&mut self, delta: &Delta) {
        let mut set = |canvas: &CanvasId, position: u32, cell| {
            *self.open(canvas).cell_mut(position as usize).expect("a position on the canvas") = cell;
        };
        match delta {
            Delta::Open { canvas, content } => {
                assert!(self.canvases.insert(*canvas, content.clone()).is_none(), "canvas {canvas} was open");
            }
            Delta::Set { canvas, position, token } => set(canvas, *position, Some(*token)),
            Delta::Unset { canvas, position } => set(canvas, *position, None),
            Delta::Insert { canvas, position, count } => {
                self.open(canvas).insert(*position as usize, *count as usize).expect("a position on the canvas");
            }
            Delta::Delete { canvas, position, count } => {
                self.open(canvas).delete(*position as usize, *count as usize).expect("a range on the canvas");
            }
            Delta::Fork { canvas, copy } => {
                let copied = self.canvases[canvas].clone();
                assert!(self.canvases.insert(*copy, copied).is_none(), "canvas {copy} was open");
            }
            Delta::Truncate { canvas, length } => self.open(canvas).truncate(*length as usize),
            Delta::Drop { canvas } => assert!(self.canvases.remove(canvas).is_some()),
        }
    }

    fn open(&mut self, canvas: &CanvasId) -> &mut Canvas {
        self.canvases.get_mut(canvas).expect("an open canvas")
    }

    fn query(&self, ask: &Ask, options: &Options) -> Query {
        let canvas = &self.canvases[&ask.canvas];
        assert!(ask.positions.is_sorted_by(|left, right| left < right));
        let wanted: Vec<usize> = ask.positions.iter().map(|position| *position as usize).collect();
        let (kept, places) = canvas.without(&options.guidance.dropped);
        let end = kept.len();
        let place = |position: &usize| places.get(*position).map_or(end, |place| place.expect("the role is kept"));
        let unconditional = Branch { cells: kept.cells().collect(), wanted: wanted.iter().map(place).collect() };
        let listed = |position: &u32| ask.allow.iter().find(|(at, _)| at == position).map(|(_, list)| list.clone());
        Query {
            conditional: Branch { cells: canvas.cells().collect(), wanted },
            unconditional: (options.guidance.scale != 1.0).then_some(unconditional),
            positions: ask.positions.clone(),
            allow: ask.positions.iter().map(listed).collect(),
            options: Options { seed: ask.seed.unwrap_or(options.seed), ..options.clone() },
        }
    }
}
