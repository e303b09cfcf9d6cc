//! Trees, targets by name, typed holes, splice, gates and patch renderings.

pub mod language;
mod nesting;
mod parsed;
pub mod scope;
pub mod targets;

pub use parsed::{ParsedFile, SyntaxError};
pub use targets::Target;
