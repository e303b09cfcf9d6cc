//! Deltas are applied whole or not at all, and asks become queries or faults of their canvas alone.

use proptest::prelude::*;
use reweave_decode::{
    protocol::{Ask, Attention, Backend, Canvas, Cell, Delta, Guidance, Options, Role, Segment},
    scripted::Scripted,
};

use super::*;

fn rules() -> Rules {
    let model = Scripted::new(1).description().clone();
    let model = Description { bounds: reweave_decode::protocol::Bounds { positions_max: 20, ..model.bounds }, ..model };
    let limits = Limits {
        session_positions_max: 60,
        segments_max: 4,
        deltas_max: 100,
        asks_max: 10,
        step_positions_max: 100,
        allowed_max: 100,
    };
    Rules { model, limits }
}

fn canvas() -> Canvas {
    Canvas {
        segments: vec![
            Segment::known(Role::Instruction, &[1, 2]),
            Segment::known(Role::Before, &[3]),
            Segment::hole(2),
            Segment::known(Role::After, &[4]),
        ],
    }
}

fn ask(positions: &[u32]) -> Ask {
    Ask { canvas: 0, positions: positions.to_vec(), allow: Vec::new(), seed: None }
}

fn step(id: u64, deltas: Vec<Delta>, asks: Vec<Ask>, options: Options) -> Step {
    Step { id, deltas, asks, options }
}

/// The one query of a first step that opens the canvas and asks once.
fn query(ask: Ask, options: Options) -> Result<Query, Fault> {
    let opened = vec![Delta::Open { canvas: 0, content: canvas() }];
    let mut planned = Session::default().step(step(1, opened, vec![ask], options), &rules()).unwrap();
    planned.remove(0).query
}

fn greedy() -> Options {
    Options::greedy(Attention::AllVisible, 1)
}

fn guided(scale: f32) -> Options {
    Options { guidance: Guidance { scale, ..Guidance::off() }, ..greedy() }
}

fn cells(tokens: &[i64]) -> Vec<Cell> {
    tokens.iter().map(|token| u32::try_from(*token).ok()).collect()
}

#[test]
fn a_query_shows_the_canvas_and_labels_positions_as_the_caller_counts() {
    let query = query(ask(&[3, 4]), greedy()).unwrap();
    assert_eq!(query.conditional.cells, cells(&[1, 2, 3, -1, -1, 4]));
    assert_eq!((query.conditional.wanted, query.positions), (vec![3, 4], vec![3, 4]));
    assert_eq!(query.unconditional, None);
}

#[test]
fn guidance_adds_the_canvas_without_its_dropped_segments_renumbered() {
    let query = query(ask(&[3, 4]), guided(5.0)).unwrap();
    let other = query.unconditional.unwrap();
    assert_eq!(other.cells, cells(&[3, -1, -1, 4]));
    assert_eq!((other.wanted, query.positions), (vec![1, 2], vec![3, 4]));
}

#[test]
fn guidance_at_scale_1_or_with_nothing_to_drop_runs_one_branch() {
    assert_eq!(query(ask(&[3]), guided(1.0)).unwrap().unconditional, None);
    let nothing = Options { guidance: Guidance { scale: 5.0, dropped: vec![Role::Retrieved] }, ..greedy() };
    assert_eq!(query(ask(&[3]), nothing).unwrap().unconditional, None);
    assert!(query(ask(&[3]), guided(0.0)).unwrap().unconditional.is_some());
}

#[test]
fn under_causal_attention_nothing_from_the_last_wanted_position_on_is_shown() {
    let causal = |scale| Options { attention: Attention::Causal, ..guided(scale) };
    let next = query(ask(&[3]), causal(1.0)).unwrap();
    assert_eq!((next.conditional.cells, next.conditional.wanted), (cells(&[1, 2, 3]), vec![3]));
    let both = query(ask(&[6]), causal(2.0)).unwrap();
    assert_eq!((both.conditional.wanted, both.conditional.cells.len()), (vec![6], 6));
    let other = both.unconditional.unwrap();
    assert_eq!((other.wanted, other.cells), (vec![4], cells(&[3, -1, -1, 4])));
}

#[test]
fn an_ask_may_carry_its_own_seed() {
    let with = |seed| query(Ask { seed, ..ask(&[3]) }, Options { seed: 9, ..greedy() }).unwrap().options.seed;
    assert_eq!((with(None), with(Some(4))), (9, 4));
}

#[test]
fn allow_lists_come_to_the_positions_they_name() {
    let allow = vec![(4, vec![7, 8])];
    assert_eq!(query(Ask { allow, ..ask(&[3, 4]) }, greedy()).unwrap().allow, [None, Some(vec![7, 8])]);
    let end = |end_allowed| {
        let allow = vec![(3, vec![rules().model.end.unwrap()])];
        query(Ask { allow, ..ask(&[3]) }, Options { end_allowed, ..greedy() }).map(|query| query.allow.len())
    };
    assert_eq!(end(true), Ok(1));
    assert_eq!(end(false).unwrap_err().code, FaultCode::Special);
}

fn delta() -> impl Strategy<Value = Delta> {
    (0..8_u8, 0..4_u32, 0..8_u32, 0..12_u32).prop_map(|(kind, canvas, position, other)| match kind {
        0 => Delta::Open { canvas, content: self::canvas() },
        1 => Delta::Set { canvas, position, token: other },
        2 => Delta::Unset { canvas, position },
        3 => Delta::Insert { canvas, position, count: other },
        4 => Delta::Delete { canvas, position, count: other / 3 },
        5 => Delta::Fork { canvas, copy: other / 3 },
        6 => Delta::Truncate { canvas, length: other },
        _ => Delta::Drop { canvas },
    })
}

/// Every canvas by its number.
fn contents(session: &Session) -> Vec<(u32, Vec<Cell>)> {
    let content = |id| Some((id, session.canvases.get(id).ok()?.cells().collect()));
    (0..4).filter_map(content).collect()
}

proptest! {
    #[test]
    fn deltas_are_applied_all_or_none_and_positions_are_counted(
        steps in proptest::collection::vec(proptest::collection::vec(delta(), 0..8), 1..8),
    ) {
        let rules = rules();
        let mut session = Session::default();
        for (id, deltas) in (1..).zip(steps) {
            let before = contents(&session);
            // What happens when each delta is a step of its own says what should happen to all of them.
            let mut apart = Session::default();
            let copies = before.iter().map(|(id, cells)| Delta::Open {
                canvas: *id,
                content: Canvas { segments: vec![Segment { role: Role::Before, cells: cells.clone() }] },
            });
            apart.step(step(1, copies.collect(), vec![], greedy()), &rules).unwrap();
            let alone = (2..).zip(&deltas).all(|(id, delta)| {
                apart.step(step(id, vec![delta.clone()], vec![], greedy()), &rules).is_ok()
            });
            let together = session.step(step(id, deltas, vec![], greedy()), &rules).is_ok();
            prop_assert_eq!(together, alone);
            let after = contents(&session);
            let wanted = if alone { contents(&apart) } else { before };
            prop_assert_eq!(&after, &wanted);
            let counted: usize = after.iter().map(|(_, cells)| cells.len()).sum();
            prop_assert_eq!(session.positions(), counted);
            prop_assert!(counted <= rules.limits.session_positions_max);
        }
    }
}
