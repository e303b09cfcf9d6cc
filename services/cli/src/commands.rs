//! One module a command.

pub(crate) mod apply;
mod bus;
pub(crate) mod dlq;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod gate;
pub(crate) mod mask;
pub(crate) mod models;
mod outcome_file;
pub(crate) mod patch;
pub(crate) mod publish;
pub(crate) mod run;
pub(crate) mod undo;
pub(crate) mod up;
pub(crate) mod watch;
