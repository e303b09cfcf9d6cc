//! The service over the real stubs, in process, on the scripted backend.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bad_input;
mod callers;
mod pod;
mod raw;
mod server;
mod session;
mod vanishing;
mod vectors;
