//! Which candidate wins: the pool in rank order, gates in cost order, checks last, within a budget; and how risky the winner is.
//!
//! Sans-IO: [`Search::step`] says what to run, the caller runs it and calls [`Search::answer`]. Rank decides, never the
//! order in which checks finish; the same pool, options and answers give the same verdict.

mod gate;
mod judge;
mod pool;
pub mod risk;
mod search;
mod tally;
mod unproven;
mod verdict;

pub use judge::{BaseResult, judge};
pub use search::{Options, Search, Step, Stop};
pub use verdict::{Proof, Verdict};
