//! What of a hole's surroundings fits into the model's window.

use crate::problem::{Error, Problem, Surroundings};
use crate::protocol::TokenId;

/// The instruction keeps at most one part in so many of what control tokens and hole leave; so does what was retrieved.
const SHARE: usize = 4;

/// Trims `problem` to `positions` for a hole of at most `hole` tokens.
///
/// The instruction and what was retrieved lose their ends beyond a quarter each. The code takes what is left: half before the
/// hole and half after it, and where one side needs less, the other has the rest. Before the hole the beginning is lost,
/// after it the end.
///
/// # Errors
/// [`Error::TooLong`] where hole and control tokens alone do not fit.
pub(crate) fn fit(problem: &Problem, hole: usize, positions: usize) -> Result<Surroundings, Error> {
    let control = problem.control.first.len() + problem.control.last.len();
    let Some(free) = positions.checked_sub(control.saturating_add(hole)) else {
        return Err(Error::TooLong { hole, control, window: positions });
    };
    let instruction = head(&problem.instruction, free / SHARE);
    let retrieved = head(&problem.retrieved, free / SHARE);
    let code = free - instruction.len() - retrieved.len();
    let half = code / 2;
    let before = problem.before.len().min(code - problem.after.len().min(half));
    let after = problem.after.len().min(code - before);
    Ok(Surroundings {
        first: problem.control.first.clone(),
        instruction,
        retrieved,
        before: problem.before[problem.before.len() - before..].to_vec(),
        after: head(&problem.after, after),
        last: problem.control.last.clone(),
    })
}

fn head(tokens: &[TokenId], count: usize) -> Vec<TokenId> {
    tokens[..tokens.len().min(count)].to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::problem::{Constraint, Control, Hole};

    fn problem(instruction: usize, before: usize, after: usize) -> Problem {
        let tokens = |count: usize| (0..count as TokenId).collect::<Vec<_>>();
        Problem {
            control: Control { first: vec![1], last: vec![2] },
            instruction: tokens(instruction),
            retrieved: Vec::new(),
            before: tokens(before),
            after: tokens(after),
            hole: Hole { old: Vec::new(), lengths: vec![4], constraint: Constraint::Free },
        }
    }

    #[test]
    fn code_next_to_the_hole_stays_and_the_instruction_keeps_its_share() {
        let window = fit(&problem(50, 100, 100), 4, 46).unwrap();
        assert_eq!(window.instruction, (0..10).collect::<Vec<_>>());
        assert_eq!(window.before, (85..100).collect::<Vec<_>>());
        assert_eq!(window.after, (0..15).collect::<Vec<_>>());
        assert_eq!(window.hole_start(), 26);
    }

    #[test]
    fn a_side_that_needs_less_leaves_the_rest_to_the_other() {
        assert_eq!(fit(&problem(0, 100, 3), 4, 46).unwrap().before.len(), 37);
        assert_eq!(fit(&problem(0, 3, 100), 4, 46).unwrap().after.len(), 37);
    }

    #[test]
    fn a_hole_larger_than_the_window_is_refused() {
        assert_eq!(fit(&problem(0, 9, 9), 45, 46), Err(Error::TooLong { hole: 45, control: 2, window: 46 }));
        assert!(fit(&problem(0, 9, 9), usize::MAX, 46).is_err());
        assert!(fit(&problem(0, 9, 9), 44, 46).unwrap().before.is_empty());
    }

    proptest! {
        #[test]
        fn the_window_is_never_exceeded_and_never_wasted(
            instruction in 0_usize..60, before in 0_usize..60, after in 0_usize..60, hole in 1_usize..20, positions in 0_usize..120,
        ) {
            let problem = problem(instruction, before, after);
            let Ok(window) = fit(&problem, hole, positions) else { return Ok(()) };
            let used = window.canvas(hole).len();
            prop_assert!(used <= positions);
            prop_assert!(used == positions || window.before.len() == before && window.after.len() == after);
        }
    }
}
