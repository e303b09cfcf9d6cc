//! The service over the real stubs, in process, on the scripted backend.

mod pod;
mod session;
