//! One module a command.

mod bus;
pub(crate) mod dlq;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod gate;
pub(crate) mod publish;
pub(crate) mod run;
pub(crate) mod undo;
pub(crate) mod up;
