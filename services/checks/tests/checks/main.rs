//! The service over the real sandbox: commands that behave, and commands that do all they can.

mod bad_input;
mod hostile;
mod kit;
mod levels;
mod pytest;
