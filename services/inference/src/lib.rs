//! Serves a model to many callers. Links no libtorch: the arithmetic comes in as a [`reweave_decode::protocol::Backend`].
//!
//! [`Inference`] is the service: sessions ([`session`]) over one thread that owns the device ([`device`]), with queries of
//! several callers in one batch ([`batch`]). A binary gives [`serve`] a closure that loads; another process of ours hosts
//! the same service with [`Inference::channel`].

pub mod batch;
pub mod config;
pub mod device;
pub mod folder;
pub mod session;
pub mod tokenizer;
pub mod wordpieces;

#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod encoder;
pub mod metrics;
mod score;
mod service;

pub use config::Config;
pub use device::{Loaded, Model, Progress};
pub use encoder::Encoder;
pub use reweave_chassis::model::LOADING;
pub use service::{Error, Inference, serve};
pub use tokenizer::Tokenizer;
