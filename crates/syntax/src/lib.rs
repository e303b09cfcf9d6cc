//! Trees, targets by name, typed holes, splice, gates and patch renderings.

mod parsed;

pub use parsed::{ParsedFile, SyntaxError};
