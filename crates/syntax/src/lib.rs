//! Trees, targets by name, typed holes, splice, gates and patch renderings.

pub mod fingerprint;
pub mod gates;
pub mod hole;
pub mod language;
pub mod layout;
pub mod mask;
pub mod names;
mod nesting;
mod parsed;
pub mod patch;
pub mod place;
pub mod scope;
mod strict;
pub mod targets;
pub mod unit;

pub use gates::{Gate, GateReport};
pub use hole::Hole;
pub use parsed::{ParsedFile, SyntaxError, tree_errors};
pub use place::Place;
pub use strict::Strict;
pub use strict::python::PythonFile;
pub use targets::Target;
pub use unit::Unit;
