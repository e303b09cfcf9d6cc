//! Proposers that need no model: refactor operators and mutation operators.

pub mod mutate;
pub mod refactor;
