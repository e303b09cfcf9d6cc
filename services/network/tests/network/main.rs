//! The networks against what stock `transformers` computes, and their backend against the meaning of a batch.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod batches;
mod contract;
mod fixture;
mod parity;
mod served;
mod vectors;
