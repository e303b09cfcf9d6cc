//! Serves a model to many callers. Links no libtorch: the arithmetic comes in as a [`reweave_decode::protocol::Backend`].

pub mod folder;
