//! The rules of the house that no compiler checks: layers, owners of foreign systems, purity of `crates/`, shape of files.
//!
//! Each rule is a function from text to findings, with a test that shows it finding something, and a test that holds
//! the repository to it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic, in its helpers too")]

mod tidy {
    pub(crate) mod defaults;
    pub(crate) mod documents;
    pub(crate) mod examples;
    pub(crate) mod files;
    pub(crate) mod layers;
    pub(crate) mod metadata;
    pub(crate) mod paths;
    pub(crate) mod purity;
    pub(crate) mod repository;
    pub(crate) mod source;
    pub(crate) mod words;
}
