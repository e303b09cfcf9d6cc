//! Any text comes back to the byte; what does not fit is refused by name.
