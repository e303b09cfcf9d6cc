//! Decoding with a language model, sans-IO: what to mask, what to ask of the device, what to commit.
//!
//! The engine owns policy, the device owns arithmetic; they meet at [`protocol::Step`] and [`protocol::Reply`].

pub mod protocol;

pub mod problem;

pub mod autoregressive;
pub mod diffusion;

pub mod dfa;
pub mod length;
pub mod pattern;
pub mod preset;
mod window;

pub mod noise;
pub mod order;
pub mod quota;
pub mod schedule;

pub mod draw;
pub mod guidance;
pub mod predict;
pub mod vocabulary;

pub mod ngram;
pub mod scripted;

#[cfg(test)]
mod device;
