//! Trees, targets by name, typed holes, splice, gates and patch renderings.

pub mod fingerprint;
pub mod gates;
pub mod hole;
pub mod language;
pub mod mask;
pub mod names;
mod nesting;
mod parsed;
pub mod patch;
pub mod scope;
mod strict;
pub mod targets;

pub use gates::{Gate, GateReport};
pub use hole::Hole;
pub use parsed::{ParsedFile, SyntaxError, tree_errors};
pub use strict::Strict;
pub use strict::python::PythonFile;
pub use targets::Target;
