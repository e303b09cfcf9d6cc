//! The service over the real sandbox: commands that behave, and commands that do all they can.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bad_input;
mod binary;
mod contract;
mod hostile;
mod kit;
mod levels;
mod parsers;
mod pytest;
mod watch;
