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

fn any_ask() -> impl Strategy<Value = Ask> {
    let list = (0..8_u32, proptest::collection::vec(0..270_u32, 0..4));
    let positions = proptest::collection::btree_set(0..8_u32, 0..5);
    (0..3_u32, positions, proptest::collection::vec(list, 0..3), any::<Option<u64>>()).prop_map(
        |(canvas, positions, allow, seed)| Ask { canvas, positions: positions.into_iter().collect(), allow, seed },
    )
}

fn any_options() -> impl Strategy<Value = Options> {
    let numbers = (0..70_u32, -1.0..101.0_f32, -0.1..1.1_f32, -9.0..9.0_f32);
    let roles = proptest::sample::subsequence(vec![Role::Instruction, Role::Before, Role::Hole, Role::After], 0..=4);
    let suppressed = proptest::collection::vec(0..270_u32, 0..3);
    (numbers, roles, suppressed, any::<bool>(), proptest::sample::select(&Attention::ALL[..])).prop_map(
        |((top_k, temperature, top_p, scale), dropped, suppressed, end_allowed, (attention, _))| Options {
            top_k,
            temperature,
            top_p,
            seed: 3,
            suppressed,
            end_allowed,
            guidance: Guidance { scale, dropped },
            attention,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn what_a_session_lets_through_a_backend_answers(
        deltas in proptest::collection::vec(delta(), 0..4),
        asks in proptest::collection::vec(any_ask(), 1..4),
        options in any_options(),
    ) {
        let mut session = Session::default();
        let opened = vec![Delta::Open { canvas: 0, content: canvas() }, Delta::Open { canvas: 1, content: canvas() }];
        session.step(step(1, opened, vec![], greedy()), &rules()).unwrap();
        // Whether they apply is another test's matter.
        _ = session.step(step(2, deltas, vec![], greedy()), &rules());
        let Ok(planned) = session.step(step(3, vec![], asks.clone(), options), &rules()) else { return Ok(()) };
        prop_assert_eq!(planned.len(), asks.len());
        for (planned, ask) in planned.into_iter().zip(asks) {
            prop_assert_eq!(planned.canvas, ask.canvas);
            let Ok(query) = planned.query else { continue };
            match Scripted::new(1).predict(&[query]).remove(0) {
                Ok(predictions) => {
                    let positions: Vec<u32> = predictions.iter().map(|one| one.position).collect();
                    prop_assert_eq!(positions, ask.positions);
                }
                // What is suppressed may be all that a list allows.
                Err(fault) => prop_assert_eq!(fault.code, FaultCode::NothingAllowed, "{}", fault),
            }
        }
    }
}
