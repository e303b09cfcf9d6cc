//! Trees, targets by name, typed holes, splice, gates and patch renderings.

mod choices;
pub mod fingerprint;
pub mod gates;
pub mod hole;
pub mod language;
pub mod layout;
pub mod mask;
pub mod names;
mod nesting;
mod operator;
mod parsed;
pub mod patch;
mod place;
pub mod scope;
mod strict;
pub mod targets;
pub mod unit;

pub use choices::{Choices, Literal};
pub use gates::{Gate, GateReport};
pub use hole::Hole;
pub use parsed::{ParsedFile, SyntaxError, tree_errors};
pub use reweave_core::{Place, Unit};
pub use strict::Strict;
pub use strict::python::PythonFile;
pub use targets::Target;
