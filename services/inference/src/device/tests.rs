//! The thread lives on, whatever its backend and its callers do.
