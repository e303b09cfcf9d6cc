//! The networks behind the inference service, on libtorch. Nothing else in the workspace links it.
//!
//! [`loader`] turns a model folder into a [`decoder::Decoder`]; [`backend::TorchBackend`] makes that a
//! [`reweave_decode::protocol::Backend`]. [`sentence::SentenceEncoder`] makes vectors of texts.

pub mod backend;
pub mod config;
pub mod decoder;
pub mod device;
pub mod loader;
pub mod sentence;
pub mod service;
